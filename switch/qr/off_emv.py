"""Codes that are no EMV text: links, and the bare digits that a payer shows.

Both are read by what the scheme file says of them; keys with a place among EMV objects are put
there, so that one kind of content serves every code. Positions count code points from the start of
the text. The surprise: an empty value of a link is as good as none, because many makers of such
links print every key they know.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, NamedTuple
from urllib.parse import unquote_to_bytes

from switch.qr.check import CONTROL, is_amount
from switch.qr.content import QrContent
from switch.qr.emv import HALVES
from switch.qr.errors import CODE_AMOUNT_ZERO, Fault, fault

if TYPE_CHECKING:
    from collections.abc import Mapping

    from switch.qr.rules import Account, Link, PayerCode, Scheme

_KEY: Final = 4
_HEADER: Final = 7
_HALF_ESCAPE: Final = re.compile("%(?![0-9A-Fa-f]{2})")
_QUERY_KEY: Final = re.compile("[A-Za-z0-9_.-]{1,32}")


class Said(NamedTuple):
    """One value of a link and where its key stands."""

    value: str
    start: int

    def __repr__(self) -> str:
        return f"Said(start={self.start}, length={len(self.value)})"


class OffEmv(NamedTuple):
    """What a scheme reads in a link or in digits; ``fields`` are for showing, ``paths`` for use."""

    scheme: Scheme
    account: Account
    faults: tuple[Fault, ...]
    fields: dict[str, object]
    paths: Mapping[str, str]

    def __repr__(self) -> str:
        return f"OffEmv(scheme={self.scheme.scheme!r}, faults={self.faults!r})"

    def content(self, payload: str) -> QrContent:
        """Return the content of a code without faults."""
        index = {path: place for place, path in enumerate(self.paths)}
        return QrContent(self.scheme, self.account, payload, tuple(self.paths.values()), index)


def read_off_emv(payload: str, schemes: tuple[Scheme, ...]) -> OffEmv | None:
    """Return what the first scheme that claims ``payload`` reads, or nothing for EMV text."""
    for scheme in schemes:
        for link in scheme.links:
            if link.claims.match(payload, 0, link.longest) is not None:
                return _read_link(scheme, link, payload)
        code = scheme.payer_code
        if code is not None and code.claims.fullmatch(payload) is not None:
            return _read_digits(scheme, code, payload)
    return None


def _refused(scheme: Scheme, account: Account, found: Fault) -> OffEmv:
    return OffEmv(scheme, account, (found,), {}, {})


def _read_digits(scheme: Scheme, code: PayerCode, payload: str) -> OffEmv:
    if not (payload.isascii() and payload.isdigit()):
        return _refused(scheme, code.account, fault("network", "not_numeric", "", 0))
    form = code.forms.get(len(payload))
    if form is None or not payload.startswith(form.starts):
        return _refused(scheme, code.account, fault("network", "length_reserved", "", 0))
    fields: dict[str, object] = dict(form.says)
    paths: dict[str, str] = {}
    found: list[Fault] = []
    at = 0
    for name, size in form.parts:
        value = payload[at : at + size]
        fields[name] = paths[f"{code.account.tag}/{name}"] = value
        if form.values.get(name, value) != value:
            found.append(fault("network", "not_a_payment_code", name, at))
        at += size
    return OffEmv(scheme, code.account, tuple(found), fields, paths)


def _read_link(scheme: Scheme, link: Link, payload: str) -> OffEmv:
    if len(payload) > link.longest:
        return _refused(scheme, link.account, fault("tlv", "too_long", "", 0))
    half = HALVES.search(payload)
    if half is not None:
        return _refused(scheme, link.account, fault("tlv", "not_unicode", "", half.start()))
    match = link.reads.fullmatch(payload)
    if match is None:
        return _refused(scheme, link.account, fault("network", "not_a_payment_code", "", 0))
    groups = match.groupdict()
    found: list[Fault] = []
    said = {
        name: Said(value, match.start(name))
        for name, value in groups.items()
        if value and name not in {"held", "size"}
    }
    if link.holds != "path":
        held, start = groups["held"], match.start("held")
        if link.holds == "query":
            said.update(_query(held, start, found))
            _check_keys(link, said, found)
        elif int(groups["size"]) != len(held):
            found.append(fault("tlv", "wrong_length", "", match.start("size")))
        else:
            said.update(_objects(held, start, found))
    _check_fields(link.account, said, found)
    paths = _paths(link, said)
    _check_amount(link, said, paths, found)
    fields: dict[str, object] = {key: item.value for key, item in said.items()}
    return OffEmv(scheme, link.account, tuple(found), fields, paths)


def _query(held: str, start: int, found: list[Fault]) -> dict[str, Said]:
    """Read keys and values. A key is there twice in any case of letters, and with any value.

    Some readers do not tell ``PA`` from ``pa``, and an empty value may be the one they keep.
    """
    said: dict[str, Said] = {}
    seen: set[str] = set()
    at = start
    for part in held.split("&"):
        key, _, raw = part.partition("=")
        if _HALF_ESCAPE.search(raw) is not None or "#" in part:
            # What stands behind a number sign, other readers do not read.
            found.append(fault("tlv", "escape_broken", "", at))
        try:
            value = unquote_to_bytes(raw).decode()
        except UnicodeError:
            found.append(fault("tlv", "not_unicode", "", at))
            value = ""
        if key.lower() in seen:
            found.append(fault("schema", "duplicate_key", "", at))
        elif part and _QUERY_KEY.fullmatch(key) is None:
            found.append(fault("field", "key_format", "", at))
        elif value:
            said[key] = Said(value, at)
        if part:
            seen.add(key.lower())
        at += len(part) + 1
    return said


def _check_keys(link: Link, said: Mapping[str, Said], found: list[Fault]) -> None:
    """Refuse a key that some readers take for one of the scheme's and others do not."""
    declared = {key.lower(): key for key in (*link.account.fields, *link.paths)}
    for key, item in said.items():
        if declared.get(key.lower(), key) != key:
            found.append(fault("field", "key_format", "", item.start))


def _objects(held: str, start: int, found: list[Fault]) -> dict[str, Said]:
    said: dict[str, Said] = {}
    at = 0
    while at < len(held):
        key, size = held[at : at + _KEY], held[at + _KEY : at + _HEADER]
        if not (len(size) == _HEADER - _KEY and size.isascii() and size.isdigit()):
            found.append(fault("tlv", "length_not_numeric", "", start + at))
            break
        stop = at + _HEADER + int(size)
        if stop > len(held):
            found.append(fault("tlv", "wrong_length", "", start + at))
            break
        if key in said:
            found.append(fault("schema", "duplicate_key", "", start + at))
        else:
            said[key] = Said(held[at + _HEADER : stop], start + at)
        at = stop
    return said


def _check_fields(account: Account, said: Mapping[str, Said], found: list[Fault]) -> None:
    for key, rule in account.fields.items():
        item = said.get(key)
        if item is None:
            if rule.required:
                found.append(fault("network", rule.missing, key, 0))
            continue
        reason = rule.broken(item.value)
        if reason is not None:
            found.append(fault("network", reason, key, item.start))
    found.extend(
        fault("field", "control_character", "", item.start)
        for item in said.values()
        if CONTROL.search(item.value) is not None
    )


def _paths(link: Link, said: Mapping[str, Said]) -> dict[str, str]:
    """Return values by the places that content knows; what the link leaves out is added."""
    tag = link.account.tag
    paths = {f"{tag}/{key}": said[key].value for key in link.account.fields if key in said}
    paths.update({path: said[key].value for key, path in link.paths.items() if key in said})
    return {**link.says, **paths}


def _check_amount(
    link: Link, said: Mapping[str, Said], paths: Mapping[str, str], found: list[Fault]
) -> None:
    text = paths.get("54")
    if text is None:
        return
    key = next(key for key, path in link.paths.items() if path == "54")
    if not is_amount(text, paths.get("53")):
        found.append(fault("field", "amount_format", key, said[key].start))
    elif not text.strip("0."):
        found.append(fault("field", "amount_format", key, said[key].start, CODE_AMOUNT_ZERO))
