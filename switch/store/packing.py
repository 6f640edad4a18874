"""Compression of records before they are sealed, against dictionaries that travel with the program.

A dictionary is one made-up record of its kind, so all that our own builders always write costs next
to nothing. The first byte of a packed record names its dictionary for ever: a new one gets a new
number, and an old one is never changed or removed. What comes out is bounded before anything is
unpacked. The surprise: sealing hides the length only roughly, as it would without compression.
"""

from __future__ import annotations

from importlib.resources import files
from typing import Final

import zstandard
from zstandard import (
    DICT_TYPE_RAWCONTENT,
    FORMAT_ZSTD1_MAGICLESS,
    STRATEGY_FAST,
    ZstdCompressionDict,
    ZstdCompressionParameters,
    ZstdCompressor,
    ZstdDecompressor,
    ZstdError,
)

DICTIONARIES: Final = (
    (1, "opening", "opening-1.bin"),
    (2, "enquiry", "enquiry-1.bin"),
    (3, "evidence", "evidence-1.bin"),
    (4, "answer", "answer-1.bin"),
    (5, "leaf", "leaf-1.bin"),
)
"""Number, kind of record and file; of several for a kind the last is written with."""

LEAF: Final = "leaf"
"""Kind of the journal's entries, which are packed but not sealed."""

NO_DICTIONARY: Final = 0
HASH_LOG: Final = 13
"""Tables of 32 KiB, which a core keeps near. Those of a usual level are twenty times as large, for
records of a few thousand bytes that come out no smaller by them."""

WINDOW_LOG: Final = 17
"""How far back a large record refers to itself: 128 KiB."""

MATCH_MIN: Final = 5

RECORD_BYTES_MAX: Final = 4 << 20
"""Largest record: well above the largest body that is taken from a member or a partner."""


class PackError(ValueError):
    """What is unpacked is no packed record, or one of another program's dictionary."""


class Packing:
    """Packs and unpacks; for one thread, because a compressor is."""

    __slots__ = ("_readers", "_writers")

    def __init__(self) -> None:
        parameters = ZstdCompressionParameters(
            strategy=STRATEGY_FAST,
            window_log=WINDOW_LOG,
            hash_log=HASH_LOG,
            chain_log=HASH_LOG,
            search_log=1,
            min_match=MATCH_MIN,
            format=FORMAT_ZSTD1_MAGICLESS,
            write_content_size=1,
            write_checksum=0,
            write_dict_id=0,
        )
        plain = ZstdCompressor(compression_params=parameters)
        self._writers: dict[str, tuple[bytes, ZstdCompressor]] = {"": (bytes([0]), plain)}
        self._readers = {NO_DICTIONARY: ZstdDecompressor(format=FORMAT_ZSTD1_MAGICLESS)}
        folder = files("switch.store") / "dictionaries"
        for number, kind, name in DICTIONARIES:
            content = (folder / name).read_bytes()
            held = ZstdCompressionDict(content, dict_type=DICT_TYPE_RAWCONTENT)
            held.precompute_compress(compression_params=parameters)
            writer = ZstdCompressor(dict_data=held, compression_params=parameters)
            self._writers[kind] = (bytes([number]), writer)
            self._readers[number] = ZstdDecompressor(dict_data=held, format=FORMAT_ZSTD1_MAGICLESS)

    def pack(self, kind: str, plain: bytes) -> bytes:
        """A record, shorter where it is like others of its kind."""
        assert len(plain) <= RECORD_BYTES_MAX, "what is sealed came through a smaller bound"
        number, writer = self._writers.get(kind) or self._writers[""]
        return number + writer.compress(plain)

    def unpack(self, packed: bytes) -> bytes:
        """The record of :meth:`pack`. Raises :class:`PackError`."""
        reader = self._readers.get(packed[0]) if packed else None
        if reader is None:
            raise PackError("a record names a dictionary that this program does not have")
        try:
            size = zstandard.get_frame_parameters(
                packed[1:], format=FORMAT_ZSTD1_MAGICLESS
            ).content_size
            if size > RECORD_BYTES_MAX:
                raise PackError("a record is larger than any that is written")
            return reader.decompress(packed[1:], allow_extra_data=False)
        except ZstdError:
            raise PackError("a record cannot be unpacked") from None
