"""The sandbox's own messages: plain templates, written without the adapter's mapping.

Element names are spelled out here a second time, from the message definitions, so that a field put
in the wrong place by the adapter meets a partner that does not make the same mistake.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final
from xml.sax.saxutils import escape

from adapters.malaysia.sandbox_wire import Wire

if TYPE_CHECKING:
    from datetime import datetime

    from adapters.iso_profile.sandbox_country import Code
    from adapters.malaysia.sandbox_wire import Outgoing
    from fx.money import Money

ISO: Final = "urn:iso:std:iso:20022:tech:xsd:"
QUESTION: Final = "acmt.023.001.02"
ANSWER: Final = "acmt.024.001.02"
PAYMENT: Final = "pacs.008.001.08"
STATUS: Final = "pacs.002.001.10"
SEARCH: Final = "camt.005.001.08"
FOUND: Final = "camt.006.001.08"
REJECT: Final = "admi.002.001.01"

_ENQUIRY_SPACE: Final = "urn:bakong-switch:xsd:enquiry.1"


def element(tag: str, text: object) -> str:
    """Return an element with text, or nothing when there is no text."""
    return f"<{tag}>{escape(str(text))}</{tag}>" if text else ""


def amount(tag: str, money: Money) -> str:
    """Return an element with an amount and its currency."""
    return f'<{tag} Ccy="{money.currency.code}">{money}</{tag}>'


def moment(at: datetime) -> str:
    """Return a time as this network writes it: UTC, milliseconds, ``Z``."""
    return at.isoformat(timespec="milliseconds").removesuffix("+00:00") + "Z"


def _agent(tag: str, bic: str) -> str:
    return f"<{tag}><FinInstnId><BICFI>{bic}</BICFI></FinInstnId></{tag}>"


def _account(tag: str, number: str) -> str:
    return f"<{tag}><Id><Othr>{element('Id', number)}</Othr></Id></{tag}>"


@dataclass(frozen=True, slots=True)
class StatusOf:
    """What a pacs.002 says, and about which transfer."""

    transaction_id: str
    uetr: str
    status: str
    code: str


@dataclass(frozen=True, slots=True)
class Transfer:
    """What a 031 of this network carries: a customer's payment, or money given back.

    ``chain`` is the first message of its chain. ``returned`` is the transfer that is given back.
    """

    transaction_id: str
    chain: str
    uetr: str
    accepted_at: datetime
    settled: Money
    payer: tuple[str, str] = field(repr=False)
    payee: tuple[str, str, str] = field(repr=False)
    returned: str = ""


class Desk(Wire):
    """Writes for one sandbox."""

    def _write(self, name: str, body: str, business_id: str) -> Outgoing:
        message = (
            f'<BizMsg><AppHdr xmlns="{ISO}head.001.001.02">'
            f"<Fr>{_agent('FIId', self.own)}</Fr><To>{_agent('FIId', self.partner)}</To>"
            f"<BizMsgIdr>{business_id}</BizMsgIdr><MsgDefIdr>{name}</MsgDefIdr>"
            f"<BizSvc>RPP</BizSvc><CreDt>{moment(self.now())}</CreDt></AppHdr>"
            f'<Document xmlns="{ISO}{name}">{body}</Document></BizMsg>'
        )
        return self.wrap(business_id, name, message)

    def _heading(self, business_id: str) -> str:
        return f"<MsgId>{business_id}</MsgId><CreDtTm>{moment(self.now())}</CreDtTm>"

    def status(self, of: StatusOf) -> Outgoing:
        """pacs.002: what became of a transfer."""
        business_id = self.identification("031")
        body = (
            f"<FIToFIPmtStsRpt><GrpHdr>{self._heading(business_id)}</GrpHdr><TxInfAndSts>"
            f"<StsId>{business_id}</StsId>"
            f"<OrgnlGrpInf>{element('OrgnlMsgId', of.transaction_id)}"
            f"<OrgnlMsgNmId>{PAYMENT}</OrgnlMsgNmId></OrgnlGrpInf>"
            f"{element('OrgnlTxId', of.transaction_id)}<OrgnlUETR>{of.uetr}</OrgnlUETR>"
            f"<TxSts>{of.status}</TxSts><StsRsnInf><Rsn>{element('Prtry', of.code)}</Rsn>"
            f"</StsRsnInf>{_agent('InstgAgt', self.own)}{_agent('InstdAgt', self.partner)}"
            "</TxInfAndSts></FIToFIPmtStsRpt>"
        )
        return self._write(STATUS, body, business_id)

    def report(self, question: str, found: Code | str) -> Outgoing:
        """acmt.024: the merchant of a code with U000, or the code why there is none."""
        business_id = self.identification("521")
        if isinstance(found, str):
            verdict = f"<Vrfctn>false</Vrfctn><Rsn>{element('Prtry', found)}</Rsn></Rpt>"
        else:
            shop = found.shop
            verdict = (
                "<Vrfctn>true</Vrfctn><Rsn><Prtry>U000</Prtry></Rsn>"
                f"<UpdtdPtyAndAcctId><Pty>{element('Nm', shop.name)}</Pty>"
                f"<Acct><Othr>{element('Id', shop.account)}</Othr></Acct>"
                f"{_agent('Agt', shop.agent)}</UpdtdPtyAndAcctId></Rpt>"
                f'<SplmtryData><Envlp><QrMrchnt xmlns="{_ENQUIRY_SPACE}">'
                f"{element('City', shop.city)}{element('MrchntCtgy', shop.category)}"
                + (amount("Amt", found.amount) if found.amount is not None else "")
                + element("StoreLbl", found.store_label)
                + element("TermnlLbl", found.terminal_label)
                + element("BllNb", found.bill_number)
                + "</QrMrchnt></Envlp></SplmtryData>"
            )
        body = (
            f"<IdVrfctnRpt><Assgnmt>{self._heading(business_id)}"
            f"<Assgnr>{_agent('Agt', self.own)}</Assgnr>"
            f"<Assgne>{_agent('Agt', self.partner)}</Assgne></Assgnmt>"
            f"<OrgnlAssgnmt>{element('MsgId', question)}</OrgnlAssgnmt>"
            f"<Rpt>{element('OrgnlId', question)}{verdict}</IdVrfctnRpt>"
        )
        return self._write(ANSWER, body, business_id)

    def found(
        self, query: str, transaction_id: str, told: StatusOf | str, transfer: Transfer | None
    ) -> Outgoing:
        """camt.006: status and code of a transfer, or the word why there is none."""
        business_id = self.identification("630")
        if isinstance(told, str):
            outcome = f"<BizErr><Err>{element('Prtry', told)}</Err></BizErr>"
        else:
            assert transfer is not None, "a status is of a transfer"
            outcome = (
                f"<Tx><Pmt>{element('MsgId', told.transaction_id)}"
                f"<Sts><Cd>{element('Prtry', told.status)}</Cd>"
                f"<Rsn>{element('Prtry', told.code)}</Rsn></Sts>"
                f"<InstdAmt>{amount('AmtWthCcy', transfer.settled)}</InstdAmt>"
                f"{element('EndToEndId', transfer.chain)}</Pmt></Tx>"
            )
        body = (
            f"<RtrTx><MsgHdr>{self._heading(business_id)}<OrgnlBizQry>{element('MsgId', query)}"
            "</OrgnlBizQry></MsgHdr><RptOrErr><BizRpt><TxRpt><PmtId>"
            f"{element('TxId', transaction_id)}</PmtId><TxOrErr>{outcome}</TxOrErr></TxRpt>"
            "</BizRpt></RptOrErr></RtrTx>"
        )
        return self._write(FOUND, body, business_id)

    def not_found_out(self, query: str, code: str) -> Outgoing:
        """camt.006: the enquiry itself failed."""
        business_id = self.identification("630")
        body = (
            f"<RtrTx><MsgHdr>{self._heading(business_id)}<OrgnlBizQry>{element('MsgId', query)}"
            f"</OrgnlBizQry></MsgHdr><RptOrErr><OprlErr><Err>{element('Prtry', code)}</Err>"
            "</OprlErr></RptOrErr></RtrTx>"
        )
        return self._write(FOUND, body, business_id)

    def question(self, payload: str, wanted: Money | None, guest: str) -> Outgoing:
        """acmt.023 of code 521 asks who is behind this KHQR, and what it costs in ringgit."""
        business_id = self.identification("521")
        sum_wanted = amount("Amt", wanted) if wanted is not None else ""
        body = (
            f"<IdVrfctnReq><Assgnmt>{self._heading(business_id)}"
            f"<Cretr><Pty>{element('Nm', guest)}</Pty></Cretr>{_agent('FrstAgt', 'MBBEMYKL')}"
            f"<Assgnr>{_agent('Agt', self.own)}</Assgnr>"
            f"<Assgne>{_agent('Agt', self.partner)}</Assgne></Assgnmt>"
            f"<Vrfctn><Id>{business_id}</Id>"
            f"<PtyAndAcctId>{_agent('Agt', self.partner)}</PtyAndAcctId></Vrfctn>"
            f'<SplmtryData><Envlp><QrEnqry xmlns="{_ENQUIRY_SPACE}">'
            f"{element('QrPyld', payload)}{sum_wanted}</QrEnqry></Envlp></SplmtryData>"
            "</IdVrfctnReq>"
        )
        return self._write(QUESTION, body, business_id)

    def transfer(self, of: Transfer) -> Outgoing:
        """pacs.008 of code 031."""
        name, number, bic = of.payee
        why = "<Purp><Cd>GDDS</Cd></Purp>"
        if of.returned:
            why = (
                "<Purp><Prtry>REFUND</Prtry></Purp><RmtInf><Strd><CdtrRefInf><Tp><CdOrPrtry>"
                f"<Cd>RPIN</Cd></CdOrPrtry></Tp>{element('Ref', of.returned)}</CdtrRefInf></Strd>"
                "</RmtInf>"
            )
        body = (
            f"<FIToFICstmrCdtTrf><GrpHdr>{self._heading(of.transaction_id)}<NbOfTxs>1</NbOfTxs>"
            "<SttlmInf><SttlmMtd>CLRG</SttlmMtd><ClrSys><Prtry>RPP</Prtry></ClrSys></SttlmInf>"
            f"</GrpHdr><CdtTrfTxInf><PmtId>{element('EndToEndId', of.chain)}"
            f"{element('TxId', of.transaction_id)}<UETR>{of.uetr}</UETR></PmtId>"
            "<PmtTpInf><LclInstrm><Prtry>031</Prtry></LclInstrm></PmtTpInf>"
            f"{amount('IntrBkSttlmAmt', of.settled)}"
            f"<AccptncDtTm>{moment(of.accepted_at)}</AccptncDtTm>"
            f"{amount('InstdAmt', of.settled)}<ChrgBr>SLEV</ChrgBr>"
            f"{_agent('InstgAgt', self.own)}{_agent('InstdAgt', self.partner)}"
            f"<Dbtr>{element('Nm', of.payer[0])}<PstlAdr><Ctry>MY</Ctry></PstlAdr></Dbtr>"
            f"{_account('DbtrAcct', of.payer[1])}{_agent('DbtrAgt', 'MBBEMYKL')}"
            f"{_agent('CdtrAgt', bic)}"
            f"<Cdtr>{element('Nm', name)}<PstlAdr><Ctry>KH</Ctry></PstlAdr></Cdtr>"
            f"{_account('CdtrAcct', number)}{why}</CdtTrfTxInf></FIToFICstmrCdtTrf>"
        )
        return self._write(PAYMENT, body, of.transaction_id)

    def search(self, of: Transfer) -> Outgoing:
        """camt.005 of code 630 asks what became of our transfer."""
        business_id = self.identification("630")
        body = (
            f"<GetTx><MsgHdr>{self._heading(business_id)}</MsgHdr><TxQryDef><TxCrit><NewCrit>"
            f"<SchCrit><PmtSch>{element('MsgId', of.transaction_id)}"
            f"<PmtId>{element('TxId', of.transaction_id)}</PmtId>"
            f"{element('EndToEndId', of.chain)}</PmtSch></SchCrit></NewCrit></TxCrit></TxQryDef>"
            "</GetTx>"
        )
        return self._write(SEARCH, body, business_id)
