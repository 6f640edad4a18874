"""The simulator's own reading and writing of SOAP and pain messages, apart from the adapter's.

Requests are judged strictly: namespace, parts and their order, no XML declaration around the ISO
message inside. Answers have the abbreviated shape of the genuine ones: escaped, with a declaration,
without a group header. The surprise: a SOAP 1.1 Fault comes with HTTP status 500.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from html import escape
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from lxml import etree

from adapters.sandbox_kit import Reply

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from adapters.bakong.sandbox.ledger import Transfer
    from fx.money import Money

ENVELOPE_NAMESPACE: Final = "http://schemas.xmlsoap.org/soap/envelope/"
SERVICE_NAMESPACE: Final = "http://webservice.nbc.org.kh/"
CONTENT_TYPE: Final = "text/xml; charset=utf-8"

PARTS: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType({
    "makeFullFundTransfer": ("cm_user_name", "cm_password", "iso_message", "ext_ref"),
    "getOutgoingTransaction": (
        "cm_user_name", "cm_password", "payer_participant_code", "ext_ref",
    ),
    "getIncomingTransaction": ("cm_user_name", "cm_password", "payee_participant_code", "size"),
    "makeAcknowledgement": ("cm_user_name", "cm_password", "content_message"),
    "makeReverseTransaction": ("cm_user_name", "cm_password", "content_message"),
})  # fmt: skip


_UUID4: Final = re.compile(
    r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}", re.ASCII
)
_REFERENCE: Final = re.compile(
    r"XB([0-9A-F]{8})([0-9A-F]{4})([0-9A-F]{4})([0-9A-F]{4})([0-9A-F]{12})", re.ASCII
)


class CallError(ValueError):
    """A call that gets a SOAP Fault; ``word`` is what the Fault says."""

    def __init__(self, word: str) -> None:
        super().__init__(word)
        self.word = word


@dataclass(frozen=True, slots=True)
class Call:
    """One call of the service with its parts as text."""

    operation: str
    parts: Mapping[str, str] = field(repr=False)


def read_call(raw: bytes) -> Call:
    """Read a request; raises :class:`CallError` ``WRONG_REQUEST_DATA`` for any other shape."""
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, encoding="utf-8"
    )
    try:
        root = etree.fromstring(raw, parser)
    except etree.XMLSyntaxError:
        raise CallError("WRONG_REQUEST_DATA") from None
    body = root.find(f"{{{ENVELOPE_NAMESPACE}}}Body")
    named = root.tag == f"{{{ENVELOPE_NAMESPACE}}}Envelope"
    if b"<!DOCTYPE" in raw or not named or body is None or len(body) != 1:
        raise CallError("WRONG_REQUEST_DATA")
    namespace, _, operation = str(body[0].tag)[1:].partition("}")
    names = PARTS.get(operation)
    if namespace != SERVICE_NAMESPACE or names is None:
        raise CallError("WRONG_REQUEST_DATA")
    if [child.tag for child in body[0]] != [f"{{{SERVICE_NAMESPACE}}}{name}" for name in names]:
        raise CallError("WRONG_REQUEST_DATA")
    texts = [(child.text or "") if len(child) == 0 else "" for child in body[0]]
    return Call(operation, MappingProxyType(dict(zip(names, texts, strict=True))))


def read_inner(text: str) -> bytes:
    """The ISO message inside a call; raises :class:`CallError` when it has an XML declaration."""
    inner = text.strip()
    if not inner.startswith("<Document"):
        raise CallError("WRONG_REQUEST_DATA")
    return inner.encode()


def uetr_of(ext_ref: str, notes: tuple[str, ...]) -> str:
    """The UETR that a reference is derived from, or that a note names; empty without one."""
    derived = _REFERENCE.fullmatch(ext_ref)
    candidates = ["-".join(derived.groups()).lower()] if derived is not None else []
    candidates += [note.removeprefix("uetr:") for note in notes]
    return next((each for each in candidates if _UUID4.fullmatch(each) is not None), "")


def fault(word: str) -> Reply:
    """A SOAP Fault with this word."""
    return _envelope(
        "<SOAP-ENV:Fault><faultcode>SOAP-ENV:Server</faultcode>"
        f"<faultstring>{escape(word)}</faultstring></SOAP-ENV:Fault>",
        500,
    )


def response(operation: str, returns: Sequence[str]) -> Reply:
    """The response of an operation; each return is XML already."""
    inner = "".join(f"<ns2:return>{value}</ns2:return>" for value in returns)
    return _envelope(
        f'<ns2:{operation}Response xmlns:ns2="{SERVICE_NAMESPACE}">{inner}'
        f"</ns2:{operation}Response>",
        200,
    )


def _envelope(content: str, status: int) -> Reply:
    text = (
        f'<SOAP-ENV:Envelope xmlns:SOAP-ENV="{ENVELOPE_NAMESPACE}">'
        f"<SOAP-ENV:Body>{content}</SOAP-ENV:Body></SOAP-ENV:Envelope>"
    )
    return Reply(text.encode(), CONTENT_TYPE, status)


def spoil(reply: Reply) -> Reply:
    """Alter an answer as a stranger would give it: another service's namespace."""
    altered = reply.body.replace(SERVICE_NAMESPACE.encode(), b"http://webservice.example/")
    return Reply(altered, reply.content_type, reply.status)


def report(status: str, ledger_hash: str = "", reason: str = "") -> str:
    """A pain.002 in the backbone's abbreviated shape, escaped for a ``return`` element."""
    why = f"<StsRsnInf><Rsn><Cd>{escape(reason)}</Cd></Rsn></StsRsnInf>" if reason else ""
    noted = (
        f"<OrgnlTxRef><RmtInf><Ustrd>{ledger_hash}</Ustrd></RmtInf></OrgnlTxRef>"
        if ledger_hash
        else ""
    )
    return escape(
        '<?xml version="1.0"?>'
        '<Document xmlns="urn:iso:std:iso:20022:tech:xsd:pain.002.001.06"><CstmrPmtStsRpt>'
        f"<TxInfAndSts><TxSts>{status}</TxSts>{why}{noted}</TxInfAndSts>"
        "</CstmrPmtStsRpt></Document>",
        quote=False,
    )


def item(transfer: Transfer, stage: str) -> str:
    """One transaction as getOutgoingTransaction and getIncomingTransaction list it (assumed)."""
    fields = (
        ("hash", transfer.ledger_hash),
        ("status", stage),
        ("reason", transfer.reason),
        ("payer_participant_code", transfer.payer),
        ("payee_participant_code", transfer.payee),
        ("ext_ref", transfer.ext_ref),
        ("content_message", '<?xml version="1.0"?>' + transfer.document),
    )
    return "".join(
        f"<ns2:{name}>{escape(value, quote=False)}</ns2:{name}>" for name, value in fields if value
    )


def incoming_document(
    payer: str, payee: str, reference: str, amount: Money, at: datetime, note: str = ""
) -> str:
    """A pain.001 as another participant sends it, with what it notes for the payee."""
    code = amount.currency.code
    noted = f"<RmtInf><Ustrd>{escape(note)}</Ustrd></RmtInf>" if note else ""
    return (
        '<Document xmlns="urn:iso:std:iso:20022:tech:xsd:pain.001.001.05"><CstmrCdtTrfInitn>'
        f"<GrpHdr><MsgId>{reference}</MsgId><CreDtTm>{at.isoformat()}</CreDtTm>"
        f"<NbOfTxs>1</NbOfTxs><InitgPty><Nm>{payer}</Nm></InitgPty></GrpHdr>"
        f"<PmtInf><PmtInfId>{payer}/{payee}/{reference}</PmtInfId><PmtMtd>TRF</PmtMtd>"
        f"<ReqdExctnDt>{at.date().isoformat()}</ReqdExctnDt><Dbtr><Nm>{payer}</Nm></Dbtr>"
        f"<DbtrAgt><FinInstnId><BICFI>{payer}</BICFI></FinInstnId></DbtrAgt><CdtTrfTxInf>"
        f"<PmtId><EndToEndId>{reference}</EndToEndId></PmtId>"
        f'<Amt><InstdAmt Ccy="{code}">{amount.short()}</InstdAmt></Amt>'
        f"<CdtrAgt><FinInstnId><BICFI>{payee}</BICFI></FinInstnId></CdtrAgt>"
        f"<Cdtr><Nm>{payee}</Nm></Cdtr>{noted}</CdtTrfTxInf></PmtInf></CstmrCdtTrfInitn></Document>"
    )


def reversal_document(
    payer: str,
    payee: str,
    reference: str,
    amount: Money,
    at: datetime,
    original: tuple[str, str] | None = None,
) -> str:
    """A pain.007 by which a payee gives money back: its debtor agent is the one paid now.

    ``original`` is the transfer that it reverses: its message and its ``PmtInfId``.
    """
    code = amount.currency.code
    message_id, information_id = original or ("", f"{payee}/{payer}/{reference}")
    named = (
        f"<OrgnlGrpInf><OrgnlMsgId>{message_id}</OrgnlMsgId>"
        "<OrgnlMsgNmId>pain.001.001.05</OrgnlMsgNmId></OrgnlGrpInf>"
        if message_id
        else ""
    )
    return (
        '<Document xmlns="urn:iso:std:iso:20022:tech:xsd:pain.007.001.05"><CstmrPmtRvsl>'
        f"<GrpHdr><MsgId>{reference}</MsgId><CreDtTm>{at.isoformat()}</CreDtTm>"
        f"<NbOfTxs>1</NbOfTxs><DbtrAgt><FinInstnId><BICFI>{payee}</BICFI></FinInstnId></DbtrAgt>"
        f"<CdtrAgt><FinInstnId><BICFI>{payer}</BICFI></FinInstnId></CdtrAgt></GrpHdr>"
        f"{named}<OrgnlPmtInfAndRvsl><OrgnlPmtInfId>{information_id}</OrgnlPmtInfId>"
        f"<TxInf><RvslId>{reference}</RvslId>"
        f'<OrgnlInstdAmt Ccy="{code}">{amount.short()}</OrgnlInstdAmt>'
        f'<RvsdInstdAmt Ccy="{code}">{amount.short()}</RvsdInstdAmt>'
        "</TxInf></OrgnlPmtInfAndRvsl></CstmrPmtRvsl></Document>"
    )
