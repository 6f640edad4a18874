"""The sandbox's own messages: plain templates, written without the adapter's mapping.

Element names are spelled out here a second time on purpose, from the message definitions, so that a
field put in the wrong place by the adapter meets a partner that does not make the same mistake.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final
from xml.sax.saxutils import escape

from iso20022 import SIZE_BYTES_MAX, Message, read_document
from iso20022.xmldsig import XmlSigner, XmlVerifier
from switch.settlement_port import FILE_BYTES_MAX

if TYPE_CHECKING:
    from datetime import datetime

    from adapters.iso_profile.sandbox_country import Country
    from adapters.sandbox_kit import SandboxContext
    from fx.money import Money

ISO: Final = "urn:iso:std:iso:20022:tech:xsd:"
QUESTION: Final = "acmt.023.001.04"
ANSWER: Final = "acmt.024.001.04"
TRANSFER: Final = "NORM"
"""Priority of what is paid to a person: it may be accepted before it is posted."""

UNPOSTED: Final = "ACWP"

PAYMENT: Final = "pacs.008.001.08"
STATUS: Final = "pacs.002.001.10"
ENQUIRY: Final = "pacs.028.001.03"
RETURN: Final = "pacs.004.001.09"
RECALL: Final = "camt.056.001.08"
RESOLUTION: Final = "camt.029.001.09"
STATEMENT: Final = "camt.053.001.08"
REJECT: Final = "admi.002.001.01"

_ENQUIRY_SPACE: Final = "urn:bakong-switch:xsd:enquiry.1"
_PAYMENT_SPACE: Final = "urn:bakong-switch:xsd:payment.1"


def element(tag: str, text: object) -> str:
    """Return an element with text, or nothing when there is no text."""
    return f"<{tag}>{escape(str(text))}</{tag}>" if text else ""


def amount(tag: str, money: Money) -> str:
    """Return an element with an amount and its currency."""
    return f'<{tag} Ccy="{money.currency.code}">{money}</{tag}>'


def moment(at: datetime) -> str:
    """Return a time as this network writes it: UTC, milliseconds, ``Z``."""
    return at.isoformat(timespec="milliseconds").removesuffix("+00:00") + "Z"


def agent(tag: str, bic: str) -> str:
    """Return an institution by its BIC."""
    return f"<{tag}><FinInstnId><BICFI>{bic}</BICFI></FinInstnId></{tag}>"


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A signed message and its identification."""

    message_id: str
    body: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class StatusOf:
    """What a pacs.002 says, and about which message."""

    message_id: str
    transaction_id: str
    uetr: str
    status: str
    reason: str = ""
    proprietary: str = ""
    name: str = PAYMENT


@dataclass(frozen=True, slots=True)
class Credit:
    """What a pacs.008 of this network carries when its customer pays abroad."""

    transaction_id: str
    uetr: str
    end_to_end_id: str = field(repr=False)
    accepted_at: datetime
    debit: Money
    credit: Money
    debtor_name: str = field(repr=False)
    debtor_account: str = field(repr=False)
    creditor_name: str = field(repr=False)
    creditor_account: str = field(repr=False)
    creditor_agent: str
    payload: str = field(repr=False)
    quote_token: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Found:
    """A merchant as acmt.024 tells it."""

    name: str = field(repr=False)
    account: str = field(repr=False)
    agent: str
    city: str
    category: str
    fixed: Money | None
    bill_number: str = field(repr=False)
    store_label: str
    terminal_label: str

    def party(self) -> str:
        """``UpdtdPtyAndAcctId``."""
        return (
            f"<UpdtdPtyAndAcctId><Pty>{element('Nm', self.name)}</Pty>"
            f"<Acct><Id><Othr>{element('Id', self.account)}</Othr></Id></Acct>"
            f"{agent('Agt', self.agent)}</UpdtdPtyAndAcctId>"
        )

    def supplement(self) -> str:
        """``SplmtryData``."""
        return (
            f'<SplmtryData><Envlp><QrMrchnt xmlns="{_ENQUIRY_SPACE}">'
            f"{element('City', self.city)}{element('MrchntCtgy', self.category)}"
            + (amount("Amt", self.fixed) if self.fixed is not None else "")
            + element("StoreLbl", self.store_label)
            + element("TermnlLbl", self.terminal_label)
            + element("BllNb", self.bill_number)
            + "</QrMrchnt></Envlp></SplmtryData>"
        )


class Desk:
    """Writes, signs, verifies and reads for one sandbox."""

    def __init__(self, context: SandboxContext, country: Country) -> None:
        self.own: Final = context.options["own_bic"]
        self.partner: Final = context.options["partner_bic"]
        self._clock, self._ids = context.clock, context.ids
        keys, name = context.keys, country.network
        self._country = country
        self._signer = XmlSigner(keys.message_private(name), keys.certificate(name))
        self._verifier = XmlVerifier(keys.certificate(f"switch-{name}"))

    def open(self, raw: bytes, *names: str) -> Message:
        """Verify and read one message of the switch; raises ``IsoError``."""
        return read_document(self._verifier.verify(raw), names=names, header=True)

    def identification(self) -> str:
        """Return a new MsgId or TxId in the format of this link, 35 characters."""
        millisecond, counter = divmod(self._ids.ordered(), 1 << 20)
        number = f"{millisecond % 86_400_000:010d}{counter:07d}"
        return f"{self._country.code}{self._clock.now():%Y%m%d}{self.own[:8]}{number}"

    def write(self, name: str, body: str, message_id: str) -> Outgoing:
        """Sign one message of ours."""
        envelope = (
            f'<BizMsg><AppHdr xmlns="{ISO}head.001.001.02">'
            f"<Fr>{agent('FIId', self.own)}</Fr><To>{agent('FIId', self.partner)}</To>"
            f"<BizMsgIdr>{message_id}</BizMsgIdr><MsgDefIdr>{name}</MsgDefIdr>"
            f"{element('BizSvc', self._country.business_service)}"
            f"<CreDt>{moment(self._clock.now())}</CreDt></AppHdr>"
            f'<Document xmlns="{ISO}{name}">{body}</Document></BizMsg>'
        )
        # A statement of a day may be much larger than a message.
        at_most = FILE_BYTES_MAX if name == STATEMENT else SIZE_BYTES_MAX
        return Outgoing(message_id, self._signer.sign(envelope.encode(), at_most=at_most))

    def heading(self, message_id: str) -> str:
        """``MsgId`` and ``CreDtTm``."""
        return f"<MsgId>{message_id}</MsgId><CreDtTm>{moment(self._clock.now())}</CreDtTm>"

    def reject(self, related: str, code: str, words: str) -> Outgoing:
        """admi.002: the message could not be used."""
        body = (
            f"<admi.002.001.01><RltdRef>{element('Ref', related or 'NOTPROVIDED')}</RltdRef>"
            f"<Rsn><RjctgPtyRsn>{code}</RjctgPtyRsn>"
            f"<RjctnDtTm>{moment(self._clock.now())}</RjctnDtTm>"
            f"{element('RsnDesc', words)}</Rsn></admi.002.001.01>"
        )
        return self.write(REJECT, body, self.identification())

    def status(self, of: StatusOf) -> Outgoing:
        """pacs.002: what became of a payment."""
        message_id = self.identification()
        why = element("Cd", of.reason) or element("Prtry", of.proprietary)
        body = (
            f"<FIToFIPmtStsRpt><GrpHdr>{self.heading(message_id)}</GrpHdr><TxInfAndSts>"
            f"<StsId>{message_id}</StsId>"
            f"<OrgnlGrpInf>{element('OrgnlMsgId', of.message_id)}"
            f"<OrgnlMsgNmId>{of.name}</OrgnlMsgNmId></OrgnlGrpInf>"
            f"{element('OrgnlTxId', of.transaction_id)}<OrgnlUETR>{of.uetr}</OrgnlUETR>"
            f"<TxSts>{of.status}</TxSts>"
            + (f"<StsRsnInf><Rsn>{why}</Rsn></StsRsnInf>" if why else "")
            + f"{agent('InstgAgt', self.own)}{agent('InstdAgt', self.partner)}"
            "</TxInfAndSts></FIToFIPmtStsRpt>"
        )
        return self.write(STATUS, body, message_id)

    def report(self, question: str, original: str, found: Found | str) -> Outgoing:
        """acmt.024: the merchant of a code, or the reason why there is none."""
        message_id = self.identification()
        if isinstance(found, str):
            verdict, more = f"<Vrfctn>false</Vrfctn><Rsn><Cd>{found}</Cd></Rsn></Rpt>", ""
        else:
            verdict, more = f"<Vrfctn>true</Vrfctn>{found.party()}</Rpt>", found.supplement()
        body = (
            f"<IdVrfctnRpt><Assgnmt>{self.heading(message_id)}"
            f"<Assgnr>{agent('Agt', self.own)}</Assgnr>"
            f"<Assgne>{agent('Agt', self.partner)}</Assgne></Assgnmt>"
            f"<OrgnlAssgnmt>{element('MsgId', question)}</OrgnlAssgnmt>"
            f"<Rpt>{element('OrgnlId', original)}{verdict}{more}</IdVrfctnRpt>"
        )
        return self.write(ANSWER, body, message_id)

    def question(self, payload: str, wanted: Money | None) -> Outgoing:
        """acmt.023 asks who is behind this KHQR, and what it costs here."""
        message_id = self.identification()
        sum_wanted = amount("Amt", wanted) if wanted is not None else ""
        body = (
            f"<IdVrfctnReq><Assgnmt>{self.heading(message_id)}"
            f"<Assgnr>{agent('Agt', self.own)}</Assgnr>"
            f"<Assgne>{agent('Agt', self.partner)}</Assgne></Assgnmt>"
            f"<Vrfctn><Id>{message_id}</Id>"
            f"<PtyAndAcctId>{agent('Agt', self.partner)}</PtyAndAcctId></Vrfctn>"
            f'<SplmtryData><Envlp><QrEnqry xmlns="{_ENQUIRY_SPACE}">'
            f"{element('QrPyld', payload)}{sum_wanted}</QrEnqry></Envlp></SplmtryData>"
            "</IdVrfctnReq>"
        )
        return self.write(QUESTION, body, message_id)

    def payment(self, of: Credit) -> Outgoing:
        """pacs.008: credit a KHQR merchant, settled in our currency."""
        message_id = self.identification()
        body = (
            f"<FIToFICstmrCdtTrf><GrpHdr>{self.heading(message_id)}<NbOfTxs>1</NbOfTxs>"
            "<SttlmInf><SttlmMtd>CLRG</SttlmMtd><ClrSys>"
            f"{element(self._country.clearing_tag, self._country.clearing)}"
            "</ClrSys></SttlmInf></GrpHdr>"
            f"<CdtTrfTxInf><PmtId><InstrId>{of.transaction_id}</InstrId>"
            f"{element('EndToEndId', of.end_to_end_id)}<TxId>{of.transaction_id}</TxId>"
            f"<UETR>{of.uetr}</UETR></PmtId><PmtTpInf><InstrPrty>HIGH</InstrPrty></PmtTpInf>"
            f"{amount('IntrBkSttlmAmt', of.debit)}"
            f"<AccptncDtTm>{moment(of.accepted_at)}</AccptncDtTm>"
            f"{amount('InstdAmt', of.debit)}<ChrgBr>SLEV</ChrgBr>"
            f"{agent('InstgAgt', self.own)}{agent('InstdAgt', self.partner)}"
            f"<Dbtr>{element('Nm', of.debtor_name)}<PstlAdr>"
            f"<Ctry>{self._country.code}</Ctry></PstlAdr></Dbtr>"
            f"<DbtrAcct><Id><Othr>{element('Id', of.debtor_account)}</Othr></Id></DbtrAcct>"
            f"{agent('DbtrAgt', self.own)}{agent('CdtrAgt', of.creditor_agent)}"
            f"<Cdtr>{element('Nm', of.creditor_name)}<PstlAdr><Ctry>KH</Ctry></PstlAdr></Cdtr>"
            f"<CdtrAcct><Id><Othr>{element('Id', of.creditor_account)}</Othr></Id></CdtrAcct>"
            f"<Purp><Cd>GDDS</Cd></Purp>"
            f'<SplmtryData><Envlp><QrPaymt xmlns="{_PAYMENT_SPACE}">'
            f"{element('QrPyld', of.payload)}{element('QtTkn', of.quote_token)}"
            "</QrPaymt></Envlp></SplmtryData></CdtTrfTxInf></FIToFICstmrCdtTrf>"
        )
        return self.write(PAYMENT, body, message_id)

    def giving_back(self, return_id: str, transaction_id: str, uetr: str, money: Money) -> Outgoing:
        """pacs.004: part or all of what the switch paid goes back."""
        message_id = self.identification()
        body = (
            f"<PmtRtr><GrpHdr>{self.heading(message_id)}<NbOfTxs>1</NbOfTxs>"
            "<SttlmInf><SttlmMtd>CLRG</SttlmMtd><ClrSys>"
            f"{element(self._country.clearing_tag, self._country.clearing)}"
            "</ClrSys></SttlmInf></GrpHdr>"
            f"<TxInf><RtrId>{return_id}</RtrId>"
            f"<OrgnlTxId>{transaction_id}</OrgnlTxId><OrgnlUETR>{uetr}</OrgnlUETR>"
            f"{amount('RtrdIntrBkSttlmAmt', money)}<ChrgBr>SLEV</ChrgBr>"
            f"{agent('InstgAgt', self.own)}{agent('InstdAgt', self.partner)}"
            "<RtrRsnInf><Rsn><Cd>CUST</Cd></Rsn></RtrRsnInf></TxInf></PmtRtr>"
        )
        return self.write(RETURN, body, message_id)

    def statement(self, body: str) -> Outgoing:
        """camt.053: what was booked, as an account of the switch's."""
        return self.write(STATEMENT, body, self.identification())

    def enquiry(self, message_id: str, of: Credit) -> Outgoing:
        """pacs.028 asks what became of our pacs.008 ``message_id``."""
        return self.asking(message_id, PAYMENT, of.transaction_id, of.uetr)

    def asking(self, message_id: str, name: str, identification: str, uetr: str) -> Outgoing:
        """pacs.028 asks what became of what our message of this name and id instructed."""
        own_id = self.identification()
        body = (
            f"<FIToFIPmtStsReq><GrpHdr>{self.heading(own_id)}</GrpHdr><TxInf>"
            f"<OrgnlGrpInf><OrgnlMsgId>{message_id}</OrgnlMsgId>"
            f"<OrgnlMsgNmId>{name}</OrgnlMsgNmId></OrgnlGrpInf>"
            f"<OrgnlTxId>{identification}</OrgnlTxId><OrgnlUETR>{uetr}</OrgnlUETR>"
            f"{agent('InstgAgt', self.own)}{agent('InstdAgt', self.partner)}"
            "</TxInf></FIToFIPmtStsReq>"
        )
        return self.write(ENQUIRY, body, own_id)
