"""The XML signature in the business header: two fixed profiles, signed and verified here.

Everything else than the profile is refused by shape before any cryptography, and only the tree that
the digests covered is handed on, so a wrapped signature has nothing to wrap. A general library is
not used on this path: it costs two to four times as much, and what it is general in (transforms,
references, key look-up) is what a fixed profile must not have; the tests let one judge both sides.
The surprise: ``KeyInfo`` never chooses the key. Whoever makes the verifier pins a certificate or a
key, and a message does not choose what judges it.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Collection
from datetime import datetime
from typing import TYPE_CHECKING, Final
from xml.sax.saxutils import escape

from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509 import Certificate
from lxml import etree

from iso20022 import elements as e
from iso20022.declare import XMLDSIG
from iso20022.reader import ENVELOPE, SIZE_BYTES_MAX, Message, parse, read_document
from iso20022.signature_profile import (
    DS,
    ONE,
    Part,
    Profile,
    XmlPublicKey,
    children,
    decode,
    encode,
    is_blank,
    method_of,
    promised,
    refusal,
    signed_info,
)
from iso20022.signing_keys import is_used, sign, verifies

if TYPE_CHECKING:
    from lxml.etree import _Element

XmlPrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey

_EMPTY: Final = b"<Sgntr></Sgntr></AppHdr>"
_HEADER_END: Final = b"</AppHdr>"
_OPEN: Final = f"<{ENVELOPE}>".encode()
_CLOSE: Final = f"</{ENVELOPE}>".encode()
_OPENING: Final = _OPEN + b'<AppHdr xmlns="'

_DIGEST_CHARACTERS: Final = 44
"""A SHA-256 digest in base64."""

_SIGNATURE_END: Final = b"</SignatureValue></Signature></Sgntr></AppHdr>"
_DIGEST_END: Final = b"</DigestValue>"
_INFO_END: Final = b"</SignedInfo>"

_UNUSUAL: Final = (b"xmlns:", b"<!", b"<?", b" Id=", b" ID=", b" id=")
"""Never in a message of the plain form; with none of them no name, value or id has two readings."""

_IDS: Final = etree.XPath(
    "//@*[local-name()='Id' or local-name()='ID' or local-name()='id']", smart_strings=False
)
_TYPED: Final = etree.XPath(
    "boolean(//@xsi:type)", namespaces={"xsi": "http://www.w3.org/2001/XMLSchema-instance"}
)


class XmlSigner:
    """Signs business messages with one key in one profile; equal input gives equal output."""

    def __init__(
        self,
        private_key: XmlPrivateKey,
        certificate: Certificate | None = None,
        *,
        profile: Profile = ONE,
        key_name: str = "",
    ) -> None:
        """Take the key and the certificate that partners pin; they must belong together.

        Where the profile signs ``KeyInfo`` it names the certificate by issuer and serial number,
        or the key by ``key_name`` where there is no certificate.
        """
        public = private_key.public_key()
        assert is_used(public), "RSA of 2048 bits or more, or P-256"
        assert certificate is None or public == certificate.public_key(), "key and certificate"
        self._key: Final = private_key
        self._profile: Final = profile
        self._method: Final = method_of(public)
        der = public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        self._key_id: Final = f"key-{hashlib.sha256(der).hexdigest()[:16]}"
        named = _issuer_serial(certificate) if certificate else _key_name(key_name)
        start = f'<KeyInfo xmlns="{XMLDSIG}" Id="{self._key_id}">'
        self._key_digest: Final = _sha256(f"{start}{named}</KeyInfo>".encode())
        self._key_info: Final = (
            f'<KeyInfo Id="{self._key_id}">{named}</KeyInfo>' if profile.signs_key_info else ""
        )

    def sign(self, envelope: bytes, *, at_most: int = SIZE_BYTES_MAX) -> bytes:
        """Return the ``BizMsg`` in canonical form with its signature in ``AppHdr/Sgntr``.

        Raises :class:`IsoError` when the bytes are not an unsigned ``BizMsg`` of this guideline
        (elements without prefixes, no ``Rltd``).
        """
        root = parse(envelope, at_most)
        header, document = _halves(root)
        if header.find(_sgntr(header)) is not None or next(root.iter(f"{DS}*"), None) is not None:
            raise refusal("the message is signed already")
        etree.SubElement(header, _sgntr(header))
        if self._profile.signs_key_info:
            parts = _canonical(header), _canonical(document)
            canonical = f"<{ENVELOPE}>".encode() + b"".join(parts) + f"</{ENVELOPE}>".encode()
        else:
            canonical = _canonical(root)
        if canonical.count(_EMPTY) != 1:
            raise refusal("the header is not written without prefixes")
        return self._signed(canonical)

    def sign_canonical(self, envelope: bytes) -> bytes:
        """Sign what :func:`iso20022.builder.build` wrote with a header: as :meth:`sign`, unparsed.

        The builder writes canonical form (a property of it that is tested for every message), so
        nothing is left to be brought into it.
        """
        assert envelope.startswith(_OPENING), "an envelope of the builder"
        canonical = envelope.replace(_HEADER_END, _EMPTY)
        assert canonical.count(_EMPTY) == 1, "one header, unsigned"
        return self._signed(canonical)

    def _signed(self, canonical: bytes) -> bytes:
        """Put the signature into the empty ``Sgntr`` of a message in canonical form."""
        digests: dict[Part, bytes] = {"key_info": self._key_digest}
        if self._profile.signs_key_info:
            header, _, document = canonical.partition(_EMPTY)
            digests["header"] = _sha256(header[len(_OPEN) :] + _EMPTY)
            digests["document"] = _sha256(document[: -len(_CLOSE)])
        else:
            digests["message"] = _sha256(canonical)
        info = signed_info(self._profile, self._method, self._key_id, digests)
        signed = info.replace("<SignedInfo>", f'<SignedInfo xmlns="{XMLDSIG}">', 1)
        value = encode(sign(self._key, signed.encode()))
        signature = (
            f'<Sgntr><Signature xmlns="{XMLDSIG}">{info}'
            f"<SignatureValue>{value}</SignatureValue>{self._key_info}</Signature></Sgntr></AppHdr>"
        )
        return canonical.replace(_EMPTY, signature.encode(), 1)


class XmlVerifier:
    """Verifies messages of one partner, in one profile, against its pinned certificate or key."""

    def __init__(self, pinned: Certificate | XmlPublicKey, *, profile: Profile = ONE) -> None:
        """Take the partner's certificate or key: RSA of 2048 bits or more, or ECDSA on P-256."""
        key = pinned.public_key() if isinstance(pinned, Certificate) else pinned
        assert isinstance(key, XmlPublicKey), "the profiles are RSA and ECDSA"
        assert is_used(key), "RSA of 2048 bits or more, or P-256"
        self._key: Final = key
        self._method: Final = method_of(key)
        self._profile: Final = profile
        self._certificate: Final = pinned if isinstance(pinned, Certificate) else None
        self._texts: Final = _texts(profile, self._method)

    def verify(
        self, raw: bytes, *, at: datetime | None = None, at_most: int = SIZE_BYTES_MAX
    ) -> _Element:
        """Return the covered ``BizMsg``, without ``Sgntr``; read nothing but this.

        ``at`` (aware) also checks the period of a pinned certificate. Raises :class:`IsoError`
        ``security`` with DS0A (no signature), DS0B (not correct), DS0D (certificate not active), or
        what :func:`iso20022.reader.parse` refuses; ``at_most`` is its bound.
        """
        self._check_period(at)
        plain = self._plain(raw, at_most)
        return self._covered(raw, at_most) if plain is None else plain

    def _plain(self, raw: bytes, at_most: int = SIZE_BYTES_MAX) -> _Element | None:
        """Return the tree of a message that is byte for byte what was signed; None for any other.

        When the bytes around the signature already have the digest that ``SignedInfo`` promises,
        they are the canonical form that the signer had, and ``SignedInfo`` is the text that the
        profile fixes: nothing has to be parsed or canonicalised to know it. What is read is those
        bytes, without the empty ``Sgntr``. A message in any other form is judged by
        :meth:`_covered`; nothing is refused here but by the parser.
        """
        start, middle = self._texts
        begin = raw.find(start)
        if begin < 0 or self._profile.signs_key_info:
            return None
        digest_at = begin + len(start)
        value_at = digest_at + _DIGEST_CHARACTERS + len(middle)
        end = raw.find(_SIGNATURE_END, value_at)
        tail = end + len(_SIGNATURE_END)
        if end < 0 or not raw.startswith(middle, digest_at + _DIGEST_CHARACTERS):
            return None
        before, after = raw[:begin], raw[tail:]
        if any(mark in raw for mark in _UNUSUAL) or not _is_one(before, after):
            return None
        promise = raw[digest_at : digest_at + _DIGEST_CHARACTERS]
        covered = _sha256(before + _EMPTY + after)
        if not hmac.compare_digest(encode(covered).encode(), promise):
            return None
        try:
            value = base64.b64decode(raw[value_at:end], validate=True)
        except (binascii.Error, ValueError):
            return None
        if encode(value).encode() != raw[value_at:end]:
            return None
        if not verifies(self._key, value, self._signed_info(promise)):
            return None
        root = parse(before + _HEADER_END + after, at_most)
        _halves(root)
        return root

    def _signed_info(self, promise: bytes) -> bytes:
        """``SignedInfo`` in canonical form, with the digest that was promised."""
        start, middle = self._texts
        info = start[start.index(b"<SignedInfo>") :] + promise + middle
        info = info[: info.index(_INFO_END) + len(_INFO_END)]
        return info.replace(b"<SignedInfo>", f'<SignedInfo xmlns="{XMLDSIG}">'.encode(), 1)

    def _covered(self, raw: bytes, at_most: int = SIZE_BYTES_MAX) -> _Element:
        """Return the covered tree of a message in any form that the profile allows."""
        root = parse(raw, at_most)
        header, document = _halves(root)
        envelope, signature = _only_signature(root, header)
        _refuse_confusion(root)
        info, value, key_info = _parts(signature, self._profile)
        key_id = "" if key_info is None else _key_id(key_info, self._profile)
        expected = promised(self._profile, info, self._method, key_id)
        signed = _canonical(info)
        canonical: dict[Part, bytes] = {}
        if self._profile.signs_key_info and key_info is not None:
            canonical["key_info"] = _canonical(key_info)
        # The enveloped-signature transform takes out the element and leaves the text around it.
        envelope.text = (envelope.text or "") + (signature.tail or "")
        envelope.remove(signature)
        if self._profile.signs_key_info:
            canonical |= {"header": _canonical(header), "document": _canonical(document)}
        else:
            canonical["message"] = _canonical(root)
        for part, digest in expected.items():
            if not hmac.compare_digest(_sha256(canonical[part]), digest):
                raise refusal("the message is not the one that was signed")
        if not verifies(self._key, value, signed):
            raise refusal("the signature is not by the expected key")
        header.remove(envelope)
        return root

    def _check_period(self, at: datetime | None) -> None:
        pinned = self._certificate
        if at is None or pinned is None:
            return
        if not pinned.not_valid_before_utc <= at <= pinned.not_valid_after_utc:
            raise refusal("the certificate is not valid at this time", "DS0D")


def read_verified(
    raw: bytes, verifier: XmlVerifier, *, names: Collection[str], at: datetime | None = None
) -> Message:
    """Verify, then read the covered tree only; raises :class:`IsoError`."""
    return read_document(verifier.verify(raw, at=at), names=names, header=True)


def _texts(profile: Profile, method: str) -> tuple[bytes, bytes]:
    """Return the texts around the digest of a signature in the plain form, up to its value."""
    digests: dict[Part, bytes] = dict.fromkeys(("message", "key_info", "header", "document"), b"")
    info = signed_info(profile, method, "", digests).encode()
    start, _, rest = info.partition(_DIGEST_END)
    opening = f'<Sgntr><Signature xmlns="{XMLDSIG}">'.encode()
    return opening + start, _DIGEST_END + rest + b"<SignatureValue>"


def _is_one(before: bytes, after: bytes) -> bool:
    """Whether the signature stands in the only header, in front of the only document."""
    return (
        before.startswith(_OPENING)
        and before.count(b"AppHdr") == 1
        and b"AppHdr" not in after
        and before.count(b"<Document") == 0
        and after.count(b"<Document") == 1
        and b"<Signature" not in before
        and b"<Signature" not in after
    )


def _sha256(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()


def _canonical(element: _Element) -> bytes:
    try:
        return etree.tostring(
            element, method="c14n", exclusive=True, with_comments=False, with_tail=False
        )
    except etree.LxmlError:
        raise refusal("the message has no canonical form") from None


def _halves(root: _Element) -> tuple[_Element, _Element]:
    """Return header and document of an envelope that holds nothing else, text included."""
    names = [etree.QName(child).localname for child in root]
    if root.tag != ENVELOPE or root.attrib or names != [e.APPLICATION_HEADER, e.DOCUMENT]:
        raise refusal("the message is not one AppHdr and one Document in BizMsg", "DS0A")
    if not is_blank(root.text) or not all(is_blank(child.tail) for child in root):
        raise refusal("the envelope holds text of its own")
    if etree.QName(root[0]).namespace is None:
        raise refusal("the header has no namespace", "DS0A")
    return root[0], root[1]


def _sgntr(header: _Element) -> str:
    return f"{{{etree.QName(header).namespace}}}Sgntr"


def _only_signature(root: _Element, header: _Element) -> tuple[_Element, _Element]:
    """Return ``Sgntr`` and the signature in it; there is one in the tree and it stands there."""
    found = list(root.iter(f"{DS}Signature"))
    if not found:
        raise refusal("the message is not signed", "DS0A")
    envelope = header[-1] if len(header) else header
    if (
        len(found) != 1
        or envelope.tag != _sgntr(header)
        or envelope.attrib
        or len(envelope) != 1
        or envelope[0] is not found[0]
    ):
        raise refusal("a signature stands elsewhere than at the end of AppHdr")
    if not is_blank(envelope.text) or not is_blank(found[0].tail):
        raise refusal("the signature holds text where none belongs")
    return envelope, found[0]


def _refuse_confusion(root: _Element) -> None:
    """Refuse what another reader of the same bytes could take otherwise than this one.

    A second header or document, however deep, could be found by its name. An ``Id`` that is given
    twice may be resolved either way. ``xsi:type`` names a type by a prefix, and exclusive canonical
    form does not cover what a prefix in a value is bound to.
    """
    if sum(1 for _ in root.iter("{*}AppHdr", "{*}Document")) != 2:  # noqa: PLR2004 - one of each
        raise refusal("the message holds more than one AppHdr and one Document")
    ids = _IDS(root)
    assert isinstance(ids, list), "the expression selects attributes"
    if len(set(ids)) != len(ids):
        raise refusal("an Id is given twice")
    if _TYPED(root):
        raise refusal("xsi:type is not accepted in a signed message")


def _parts(signature: _Element, profile: Profile) -> tuple[_Element, bytes, _Element | None]:
    """Return ``SignedInfo``, the signature value, and ``KeyInfo`` if there is one."""
    if signature.keys() not in ([], ["Id"]):
        raise refusal("the signature is not built as the profile says")
    info, value, *rest = children(signature, "SignedInfo", "SignatureValue", also="KeyInfo")
    if info.attrib or (profile.signs_key_info and not rest):
        raise refusal("the signature is not built as the profile says")
    return info, decode(value, lines=True), rest[0] if rest else None


def _key_id(key_info: _Element, profile: Profile) -> str:
    """Return the ``Id`` that a reference has to name where ``KeyInfo`` is signed."""
    if not profile.signs_key_info:
        return ""
    if key_info.keys() != ["Id"] or not key_info.get("Id"):
        raise refusal("the signature is not built as the profile says")
    return key_info.get("Id", "")


def _issuer_serial(certificate: Certificate) -> str:
    issuer = escape(certificate.issuer.rfc4514_string())
    return (
        f"<X509Data><X509IssuerSerial><X509IssuerName>{issuer}</X509IssuerName>"
        f"<X509SerialNumber>{certificate.serial_number}</X509SerialNumber>"
        "</X509IssuerSerial></X509Data>"
    )


def _key_name(name: str) -> str:
    return f"<KeyName>{escape(name)}</KeyName>"
