"""The envelope: business header, document and signature in one ``BizMsg``, both ways.

Nothing is read before its signature holds, and only what the signature covers is read. The partner
is pinned by its certificate: a key that comes inside a message is nobody's. What goes out is signed
with our own key, refusals included, so that the partner can tell our word from anybody's.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from adapters.iso_profile.mapping import HEADER, REJECT, Sides, given, same_agent
from iso20022 import SIZE_BYTES_MAX, IsoError, Message, build, read_document
from iso20022 import elements as e
from iso20022.xmldsig import XmlSigner, XmlVerifier

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from datetime import datetime

    from lxml.etree import _Element

    from adapters.iso_profile.profile import Profile
    from switch.port import AdapterContext

BUSINESS_SERVICE: Final = "kh.xb.instant.01"
"""``BizSvc`` of all our messages (A)."""

CONTENT_TYPE: Final = "application/xml"

_INSTITUTION: Final = (e.FI_IDENTIFICATION, e.FINANCIAL_INSTITUTION_IDENTIFICATION, e.BIC)

UNKNOWN_REFERENCE: Final = "NOTPROVIDED"
"""``RltdRef`` of a rejection when the message had no readable identification."""


class Envelope:
    """Writes and opens the messages of one link.

    Our private key and its certificate are named ``switch-<network>``, the partner's pinned
    certificate ``<network>``.
    """

    def __init__(self, context: AdapterContext, profile: Profile) -> None:
        self.sides: Final = Sides(context.own_bic, context.partner_bic, profile)
        keys, own = context.keys, f"switch-{profile.network}"
        self._signer = XmlSigner(keys.message_private(own), keys.certificate(own))
        self._verifier = XmlVerifier(keys.certificate(profile.network))

    def write(
        self, name: str, values: Mapping[str, object], message_id: str, at: datetime
    ) -> bytes:
        """Return the signed message; raises :class:`IsoError` for a value that cannot be sent."""
        header = {
            "from_bic": self.sides.own,
            "to_bic": self.sides.partner,
            "business_message_id": message_id,
            "message_definition": name,
            "business_service": BUSINESS_SERVICE,
            "created_at": at,
        }
        return self._signer.sign_canonical(build(name, values, header_name=HEADER, header=header))

    def write_reject(
        self, related: str, code: str, message_id: str, at: datetime, *, path: str, detail: str
    ) -> bytes:
        """Return a signed admi.002: a message that could not be used at all."""
        values = given({
            "related_reference": related or UNKNOWN_REFERENCE,
            "reason_code": code,
            "rejected_at": at,
            "error_location": path,
            "reason_description": detail,
        })  # fmt: skip
        return self.write(REJECT, values, message_id, at)

    def verify(
        self, raw: bytes, at: datetime | None = None, *, at_most: int = SIZE_BYTES_MAX
    ) -> _Element:
        """Return the tree that the partner's signature covers; raises :class:`IsoError`.

        ``at`` also checks that the pinned certificate is valid then; ``at_most`` bounds its bytes.
        """
        return self._verifier.verify(raw, at=at, at_most=at_most)

    def open(self, raw: bytes, names: Collection[str], *, at_most: int = SIZE_BYTES_MAX) -> Message:
        """Verify, then read; raises :class:`IsoError`."""
        return self.read(self.verify(raw, at_most=at_most), names)

    def read(self, tree: _Element, names: Collection[str]) -> Message:
        """Read a verified tree; raises :class:`IsoError`."""
        message = read_document(tree, names=names, header=True)
        if message.header_name != HEADER:
            raise IsoError("schema", "FF01", e.AT_HEADER, "the header's version is not accepted")
        return message

    def between_us(self, message: Message) -> bool:
        """Whether the header says that the message went from the partner to us."""
        header = message.header or {}
        return same_agent(header.get("from_bic"), self.sides.partner) and same_agent(
            header.get("to_bic"), self.sides.own
        )

    def addressed(self, tree: _Element) -> bool:
        """Whether a verified tree that could not be read went from the partner to us."""
        space = f"{{urn:iso:std:iso:20022:tech:xsd:{HEADER}}}"

        def bic(side: str) -> str | None:
            tags = (e.APPLICATION_HEADER, side, *_INSTITUTION)
            return tree.findtext("/".join(space + tag for tag in tags))

        return same_agent(bic(e.FROM), self.sides.partner) and same_agent(bic(e.TO), self.sides.own)
