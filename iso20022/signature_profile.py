"""The two forms of XML signature that are made and taken here, as data, and their ``SignedInfo``.

A profile says which parts of a message are digested and how each reference is written; everything
that ``SignedInfo`` could choose besides is fixed: exclusive canonical form, SHA-256, no transform
but the enveloped one. ``ONE`` digests the whole envelope. ``PIX`` is what the schemes of Brazil and
the United Kingdom use with ISO 20022: key information, header and document are digested apart. The
surprise: in ``PIX`` the reference ``URI=""`` means ``AppHdr`` and the one without ``URI`` means
``Document``, against W3C XML Signature, which has the first mean the whole file.
"""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, Literal

from cryptography.hazmat.primitives.asymmetric import ec, rsa

from iso20022 import elements as e
from iso20022.declare import XMLDSIG
from iso20022.errors import IsoError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lxml.etree import _Element

Part = Literal["message", "key_info", "header", "document"]

EXCLUSIVE: Final = "http://www.w3.org/2001/10/xml-exc-c14n#"
ENVELOPED: Final = XMLDSIG + "enveloped-signature"
DIGEST_SHA256: Final = "http://www.w3.org/2001/04/xmlenc#sha256"
RSA_SHA256: Final = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"
ECDSA_SHA256: Final = "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256"

XmlPublicKey = rsa.RSAPublicKey | ec.EllipticCurvePublicKey

PLACE: Final = f"{e.AT_HEADER}/{e.SIGNATURE}"
DS: Final = f"{{{XMLDSIG}}}"

_XML_SPACE: Final = " \t\r\n"


@dataclass(frozen=True, slots=True)
class Reference:
    """One part of the message that is digested.

    ``uri`` is the attribute: a value, None for absent, ``#`` for the ``Id`` of ``KeyInfo``;
    ``enveloped`` says that the signature stands in the part and is taken out of it first.
    """

    part: Part
    uri: str | None
    enveloped: bool = False


@dataclass(frozen=True, slots=True)
class Profile:
    """A form of signature: its name, and its references in the order in which they are written."""

    name: str
    references: tuple[Reference, ...]

    @property
    def signs_key_info(self) -> bool:
        """Whether ``KeyInfo`` is digested, and so must be there."""
        return any(reference.part == "key_info" for reference in self.references)


ONE: Final = Profile("one", (Reference("message", "", enveloped=True),))
PIX: Final = Profile(
    "pix",
    (
        Reference("key_info", "#"),
        Reference("header", "", enveloped=True),
        Reference("document", None),
    ),
)
PROFILES: Final = MappingProxyType({profile.name: profile for profile in (ONE, PIX)})
"""Every profile by its name."""


def method_of(key: XmlPublicKey) -> str:
    """The signature algorithm of a key; the message has no choice."""
    return RSA_SHA256 if isinstance(key, rsa.RSAPublicKey) else ECDSA_SHA256


def signed_info(profile: Profile, method: str, key_id: str, digests: Mapping[Part, bytes]) -> str:
    """Return ``SignedInfo`` in exclusive canonical form, but for the namespace declaration."""
    written = []
    for reference in profile.references:
        uri = f"#{key_id}" if reference.uri == "#" else reference.uri
        attribute = "" if uri is None else f' URI="{uri}"'
        steps = [ENVELOPED, EXCLUSIVE] if reference.enveloped else [EXCLUSIVE]
        transforms = "".join(f'<Transform Algorithm="{step}"></Transform>' for step in steps)
        written.append(
            f"<Reference{attribute}><Transforms>{transforms}</Transforms>"
            f'<DigestMethod Algorithm="{DIGEST_SHA256}"></DigestMethod>'
            f"<DigestValue>{encode(digests[reference.part])}</DigestValue></Reference>"
        )
    return (
        f'<SignedInfo><CanonicalizationMethod Algorithm="{EXCLUSIVE}"></CanonicalizationMethod>'
        f'<SignatureMethod Algorithm="{method}"></SignatureMethod>{"".join(written)}</SignedInfo>'
    )


def promised(profile: Profile, info: _Element, method: str, key_id: str) -> Mapping[Part, bytes]:
    """Check every choice that ``SignedInfo`` makes; return the digest it promises of each part.

    References may stand in any order, for the schemes differ in it and it means nothing. Raises
    :class:`IsoError` ``security`` DS0B.
    """
    count = len(profile.references)
    canonical, signing, *references = children(
        info, "CanonicalizationMethod", "SignatureMethod", *["Reference"] * count
    )
    _algorithm(canonical, EXCLUSIVE)
    _algorithm(signing, method)
    found: dict[Part, bytes] = {}
    for element in references:
        reference = _recognised(profile, element, key_id)
        if reference.part in found:
            raise refusal("the signature refers to one part of the message twice")
        found[reference.part] = _digest(element, reference)
    return found


def _recognised(profile: Profile, element: _Element, key_id: str) -> Reference:
    for reference in profile.references:
        uri = f"#{key_id}" if reference.uri == "#" else reference.uri
        if element.items() == ([] if uri is None else [("URI", uri)]):
            return reference
    raise refusal("the signature refers to something else than the parts that the profile names")


def _digest(element: _Element, reference: Reference) -> bytes:
    transforms, hashing, value = children(element, "Transforms", "DigestMethod", "DigestValue")
    if transforms.items():
        raise refusal("the signature is not built as the profile says")
    steps = [ENVELOPED, EXCLUSIVE] if reference.enveloped else [EXCLUSIVE]
    given = children(transforms, *["Transform"] * len(steps))
    for step, allowed in zip(given, steps, strict=True):
        _algorithm(step, allowed)
    _algorithm(hashing, DIGEST_SHA256)
    return decode(value, lines=False)


def children(element: _Element, *tags: str, also: str = "") -> list[_Element]:
    """Return the children when they are exactly these, with ``also`` admitted at the end.

    Text between them would be signed by nobody or mean nothing, so there is none but white space.
    """
    found = [child.tag for child in element]
    expected = [DS + tag for tag in tags]
    if found != expected and (not also or found != [*expected, DS + also]):
        raise refusal("the signature is not built as the profile says")
    if not is_blank(element.text) or not all(is_blank(child.tail) for child in element):
        raise refusal("the signature holds text where none belongs")
    return list(element)


def is_blank(text: str | None) -> bool:
    """Whether this is nothing, or only what XML calls white space."""
    return not text or not text.strip(_XML_SPACE)


def _algorithm(element: _Element, allowed: str) -> None:
    if element.items() != [("Algorithm", allowed)] or len(element) or not is_blank(element.text):
        raise refusal("the signature uses an algorithm or a parameter that is not allowed")


def decode(element: _Element, *, lines: bool) -> bytes:
    """Return the bytes of a base64 element that has no attribute and no child.

    ``lines`` admits the line breaks that some signers write every 76 characters. There is one
    spelling otherwise: no other white space inside, no stray bits, the padding in full.
    """
    if len(element) or element.items():
        raise refusal("the signature is not built as the profile says")
    text = (element.text or "").strip(_XML_SPACE)
    if lines:
        text = text.translate({ord(space): None for space in _XML_SPACE})
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise refusal("the signature holds something that is not base64") from None
    if not data or encode(data) != text:
        raise refusal("the signature holds something that is not plain base64")
    return data


def encode(data: bytes) -> str:
    """Return base64 on one line."""
    return base64.b64encode(data).decode()


def refusal(detail: str, code: str = "DS0B") -> IsoError:
    """The error for a signature that is not good; DS0B is *invalid or wrong* (ISO list)."""
    return IsoError("security", code, PLACE, detail)
