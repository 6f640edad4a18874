"""Who may not be paid or pay: exact entries of lists, kept as keyed hashes and compared as such.

A list holds no name: each entry is an HMAC-SHA256 of a name or account in one normal form, under a
secret of the key folder, so that the file tells nothing to whoever reads it. A hit says which list,
never whom. The surprise: only an exact entry is found here; another way of looking (by sound, by a
provider's service) is another :class:`Screening`.
"""

from __future__ import annotations

import hmac
import unicodedata
from dataclasses import dataclass, field, replace
from hashlib import sha256
from typing import TYPE_CHECKING, Annotated, Final, Literal, Protocol

from pydantic import BaseModel, ConfigDict, Field

from switch.model import Direction, Funding, UseCase

if TYPE_CHECKING:
    from collections.abc import Mapping

    from switch.model import Particulars, Payment

SCREENING: Final = "screening.toml"
"""The file of the lists, where there are any."""

KEYED_BY: Final = "screening"
"""Name of the secret in the key folder under which entries are made."""

NAME, ACCOUNT = "name", "account"

LISTED_BY: Final = "screening_list"
LISTED_AS: Final = "screening_met"
"""Particulars of what was held: which list, and whether a payer's or payee's name or account."""

UNSEEN: Final = (
    *(range(0x34F, 0x350), range(0x115F, 0x1161), range(0x17B4, 0x17B6)),
    *(range(0x180B, 0x1810), range(0x3164, 0x3165), range(0xFE00, 0xFE10)),
    *(range(0xFFA0, 0xFFA1), range(0xE0100, 0xE01F0)),
)
"""Marks and letters that Unicode calls ignorable (Default_Ignorable_Code_Point), beside formats."""

Digest = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class ListRow(BaseModel):
    """One ``[[lists]]`` of ``screening.toml``: its name, and its entries."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    name: Annotated[str, Field(min_length=1, max_length=35, pattern=r"^[A-Za-z0-9 ._\-]+$")]
    digests: list[Digest]


class ScreeningFile(BaseModel):
    """``screening.toml``: what a hit does to each use case, how long people may look, the lists.

    ``hold_s`` ends sooner where the quote does.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    merchant: Literal["refuse", "hold"] = "refuse"
    transfer: Literal["refuse", "hold"] = "hold"
    hold_s: Annotated[int, Field(ge=1, le=14_400)] = 14_400
    lists: Annotated[list[ListRow], Field(default_factory=list)]


@dataclass(frozen=True, slots=True)
class Hit:
    """Somebody is listed. ``hold_s`` is how long people may look; zero where it is refused.

    ``party`` and ``kind`` say where the entry was met: debtor or creditor, name or account.
    """

    listed: str
    hold_s: int
    party: str
    kind: str

    def may_hold(self, payment: Payment) -> bool:
        """Whether people look at it first: it is ours to send, and its money is at hand."""
        ours = payment.direction is Direction.OUTBOUND and payment.funding is not Funding.GROSS
        return ours and self.hold_s > 0

    def noted(self, particulars: Particulars) -> Particulars:
        """The particulars with what whoever decides must know; they are sealed."""
        told = {LISTED_BY: self.listed, LISTED_AS: f"{self.party} {self.kind}"}
        return replace(particulars, extra={**particulars.extra, **told})


class Screening(Protocol):
    """Looks a payment's parties up before anything is reserved or sent."""

    def hit(self, particulars: Particulars, use_case: UseCase) -> Hit | None:
        """The first hit, or None."""


class NobodyListed:
    """No list: nobody is looked for."""

    def hit(self, particulars: Particulars, use_case: UseCase) -> Hit | None:
        """None, always."""
        del particulars, use_case
        return None


@dataclass(frozen=True, slots=True)
class ListedExactly:
    """Entries by their digest, and what a hit does."""

    key: bytes = field(repr=False)
    rules: ScreeningFile = field(repr=False)
    entries: Mapping[str, str] = field(repr=False)

    def hit(self, particulars: Particulars, use_case: UseCase) -> Hit | None:
        """Payer first, then payee; name before account."""
        for role, party in (("debtor", particulars.debtor), ("creditor", particulars.creditor)):
            for kind, text in ((NAME, party.name), (ACCOUNT, party.account)):
                listed = self.entries.get(digest(self.key, kind, text)) if text else None
                if listed is not None:
                    merchant = use_case is UseCase.MERCHANT
                    does = self.rules.merchant if merchant else self.rules.transfer
                    return Hit(listed, self.rules.hold_s if does == "hold" else 0, role, kind)
        return None


def screening_of(rules: ScreeningFile, secret: str) -> ListedExactly:
    """What a file and its secret make."""
    entries = {each: row.name for row in rules.lists for each in row.digests}
    return ListedExactly(secret.encode(), rules, entries)


def normal(text: str) -> str:
    """One form for what people write in many: case, width, accents' form, spaces and points.

    What nobody sees joins what stands beside it: a name is not hidden by a joiner inside it.
    Marks stay: without its vowel signs a Khmer or Thai name would be another.
    """
    seen = "".join(sign for sign in text if not _unseen(sign))
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", seen).casefold())
    return " ".join("".join(sign if _kept(sign) else " " for sign in folded).split())


def _unseen(sign: str) -> bool:
    return unicodedata.category(sign) == "Cf" or any(ord(sign) in each for each in UNSEEN)


def _kept(sign: str) -> bool:
    return sign == "@" or sign.isalnum() or unicodedata.category(sign).startswith("M")


def digest(key: bytes, kind: str, text: str) -> str:
    """An entry: 64 hexadecimal digits. A number of an account is one however it is spaced."""
    form = normal(text)
    if kind == ACCOUNT and "@" not in form:
        form = form.replace(" ", "")
    return hmac.new(key, f"{kind}\n{form}".encode(), sha256).hexdigest()
