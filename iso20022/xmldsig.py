"""The XML signature in the business header: one fixed profile, signed and verified here.

``AppHdr/Sgntr`` holds an enveloped signature over the whole ``BizMsg``: RSA-SHA256, exclusive
canonical form, one reference with ``URI=""``. Everything else is refused by shape before any
cryptography, and only the tree that the digest covered is handed on, so a wrapped signature has
nothing to wrap. The surprise: ``KeyInfo`` is never looked at; the certificate is pinned by whoever
makes the verifier, and a message does not choose the key that judges it.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Collection
from datetime import datetime
from typing import TYPE_CHECKING, Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.x509 import Certificate
from lxml import etree

from iso20022.declare import XMLDSIG
from iso20022.errors import IsoError
from iso20022.reader import ENVELOPE, Message, parse, read_document

if TYPE_CHECKING:
    from lxml.etree import _Element

KEY_BITS_MIN: Final = 2048
"""Shortest RSA key (NIST SP 800-57)."""

EXCLUSIVE: Final = "http://www.w3.org/2001/10/xml-exc-c14n#"
ENVELOPED: Final = XMLDSIG + "enveloped-signature"
RSA_SHA256: Final = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"
DIGEST_SHA256: Final = "http://www.w3.org/2001/04/xmlenc#sha256"

_PLACE: Final = "/AppHdr/Sgntr"
_DS: Final = f"{{{XMLDSIG}}}"
_EMPTY: Final = b"<Sgntr></Sgntr></AppHdr>"

# Already in exclusive canonical form, so that it can be signed and embedded as it stands.
_SIGNED_INFO: Final = (
    f'<SignedInfo><CanonicalizationMethod Algorithm="{EXCLUSIVE}"></CanonicalizationMethod>'
    f'<SignatureMethod Algorithm="{RSA_SHA256}"></SignatureMethod>'
    f'<Reference URI=""><Transforms><Transform Algorithm="{ENVELOPED}"></Transform>'
    f'<Transform Algorithm="{EXCLUSIVE}"></Transform></Transforms>'
    f'<DigestMethod Algorithm="{DIGEST_SHA256}"></DigestMethod>'
    "<DigestValue>%s</DigestValue></Reference></SignedInfo>"
)


class XmlSigner:
    """Signs business messages with one key; equal input gives equal output."""

    def __init__(self, private_key: RSAPrivateKey, certificate: Certificate) -> None:
        """Take the key and the certificate that partners pin; they must belong together."""
        assert private_key.public_key() == certificate.public_key(), "key and certificate differ"
        assert private_key.key_size >= KEY_BITS_MIN, "the RSA key is too short"
        self._key: Final = private_key

    def sign(self, envelope: bytes) -> bytes:
        """Return the ``BizMsg`` in canonical form with its signature in ``AppHdr/Sgntr``.

        Raises :class:`IsoError` when the bytes are not an unsigned ``BizMsg`` of this guideline
        (elements without prefixes, no ``Rltd``).
        """
        root = parse(envelope)
        header = _header(root)
        if header.find(_sgntr(header)) is not None:
            raise _refusal("the message is signed already")
        etree.SubElement(header, _sgntr(header))
        canonical = _canonical(root)
        if canonical.count(_EMPTY) != 1:
            raise _refusal("the header is not written without prefixes")
        info = _SIGNED_INFO % _encode(hashlib.sha256(canonical).digest())
        signed = info.replace("<SignedInfo>", f'<SignedInfo xmlns="{XMLDSIG}">', 1)
        value = self._key.sign(signed.encode(), PKCS1v15(), SHA256())
        signature = (
            f'<Sgntr><Signature xmlns="{XMLDSIG}">{info}'
            f"<SignatureValue>{_encode(value)}</SignatureValue></Signature></Sgntr></AppHdr>"
        )
        return canonical.replace(_EMPTY, signature.encode(), 1)


class XmlVerifier:
    """Verifies messages of one partner against its pinned certificate."""

    def __init__(self, certificate: Certificate) -> None:
        """Take the partner's certificate, which must hold an RSA key of 2048 bits or more."""
        key = certificate.public_key()
        assert isinstance(key, RSAPublicKey), "the profile is RSA-SHA256"
        assert key.key_size >= KEY_BITS_MIN, "the RSA key is too short"
        self._key: Final = key
        self._from: Final = certificate.not_valid_before_utc
        self._until: Final = certificate.not_valid_after_utc

    def verify(self, raw: bytes, *, at: datetime | None = None) -> _Element:
        """Return the covered ``BizMsg``, without ``Sgntr``; read nothing but this.

        ``at`` (aware) also checks the certificate's period. Raises :class:`IsoError` ``security``
        with DS0A (no signature), DS0B (not correct), DS0D (certificate not active), or what
        :func:`iso20022.reader.parse` refuses.
        """
        root = parse(raw)
        if at is not None and not self._from <= at <= self._until:
            raise _refusal("the certificate is not valid at this time", "DS0D")
        envelope, signature = _only_signature(root)
        info, value = _parts(signature)
        digest = _profile(info)
        signed = _canonical(info)
        # The enveloped-signature transform takes out the element and leaves the text around it.
        envelope.text = (envelope.text or "") + (signature.tail or "")
        envelope.remove(signature)
        if not hmac.compare_digest(hashlib.sha256(_canonical(root)).digest(), digest):
            raise _refusal("the message is not the one that was signed")
        try:
            self._key.verify(value, signed, PKCS1v15(), SHA256())
        except InvalidSignature:
            raise _refusal("the signature is not by the expected key") from None
        header = envelope.getparent()
        assert header is not None, "Sgntr stands in AppHdr"
        header.remove(envelope)
        return root


def read_verified(
    raw: bytes, verifier: XmlVerifier, *, names: Collection[str], at: datetime | None = None
) -> Message:
    """Verify, then read the covered tree only; raises :class:`IsoError`."""
    return read_document(verifier.verify(raw, at=at), names=names, header=True)


def _refusal(detail: str, code: str = "DS0B") -> IsoError:
    return IsoError("security", code, _PLACE, detail)


def _encode(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _canonical(element: _Element) -> bytes:
    try:
        return etree.tostring(
            element, method="c14n", exclusive=True, with_comments=False, with_tail=False
        )
    except etree.LxmlError:
        raise _refusal("the message has no canonical form") from None


def _header(root: _Element) -> _Element:
    names = [etree.QName(child).localname for child in root]
    if root.tag != ENVELOPE or names != ["AppHdr", "Document"]:
        raise _refusal("the message is not one AppHdr and one Document in BizMsg", "DS0A")
    if etree.QName(root[0]).namespace is None:
        raise _refusal("the header has no namespace", "DS0A")
    return root[0]


def _sgntr(header: _Element) -> str:
    return f"{{{etree.QName(header).namespace}}}Sgntr"


def _only_signature(root: _Element) -> tuple[_Element, _Element]:
    """Return ``Sgntr`` and the signature in it; there is one in the tree and it stands there."""
    header = _header(root)
    found = list(root.iter(f"{_DS}Signature"))
    if not found:
        raise _refusal("the message is not signed", "DS0A")
    envelope = header[-1] if len(header) else header
    if (
        len(found) != 1
        or envelope.tag != _sgntr(header)
        or len(envelope) != 1
        or envelope[0] is not found[0]
    ):
        raise _refusal("a signature stands elsewhere than at the end of AppHdr")
    return envelope, found[0]


def _children(element: _Element, *tags: str, also: str = "") -> list[_Element]:
    """Return the children when they are exactly these, with ``also`` admitted at the end."""
    found = [child.tag for child in element]
    expected = [_DS + tag for tag in tags]
    if found not in (expected, [*expected, _DS + also]):
        raise _refusal("the signature is not built as the profile says")
    return list(element)


def _algorithm(element: _Element, allowed: str) -> None:
    if element.items() != [("Algorithm", allowed)] or len(element):
        raise _refusal("the signature uses an algorithm or a parameter that is not allowed")


def _parts(signature: _Element) -> tuple[_Element, bytes]:
    info, value, *_ = _children(signature, "SignedInfo", "SignatureValue", also="KeyInfo")
    return info, _decode(value)


def _profile(info: _Element) -> bytes:
    """Check every choice that ``SignedInfo`` makes; return the digest it promises."""
    canonical, method, reference = _children(
        info, "CanonicalizationMethod", "SignatureMethod", "Reference"
    )
    _algorithm(canonical, EXCLUSIVE)
    _algorithm(method, RSA_SHA256)
    if reference.items() != [("URI", "")]:
        raise _refusal("the signature does not refer to the whole message")
    transforms, hashing, promised = _children(
        reference, "Transforms", "DigestMethod", "DigestValue"
    )
    first, second = _children(transforms, "Transform", "Transform")
    _algorithm(first, ENVELOPED)
    _algorithm(second, EXCLUSIVE)
    _algorithm(hashing, DIGEST_SHA256)
    return _decode(promised)


def _decode(element: _Element) -> bytes:
    if len(element):
        raise _refusal("the signature is not built as the profile says")
    try:
        return base64.b64decode("".join((element.text or "").split()), validate=True)
    except (binascii.Error, ValueError):
        raise _refusal("the signature holds something that is not base64") from None
