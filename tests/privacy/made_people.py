"""People made for one run: names in three scripts, accounts and references that exist nowhere else.

Every text is long and random, so that finding it anywhere means that it was put there.
"""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final
from urllib.parse import quote, quote_plus
from xml.sax.saxutils import escape

if TYPE_CHECKING:
    import random
    from collections.abc import Iterator

KHMER: Final = ("កខគឃងចឆជឈញដឋឌឍណតថទធនបផពភមយរលវសហឡអ", "ាិីឹឺុូេែោ")
THAI: Final = ("กขคงจฉชซญดตถทธนบปผพฟภมยรลวสหอ", "ะาิีึืุู")
LATIN: Final = ("BCDFGHJKLMNPQRSTVWXZ", "aeiou")
SYLLABLES: Final = 7


def made_text(drawn: random.Random, script: tuple[str, str], syllables: int = SYLLABLES) -> str:
    """A name of syllables that nobody bears."""
    letters, vowels = script
    return "".join(drawn.choice(letters) + drawn.choice(vowels) for _ in range(syllables))


@dataclass(frozen=True, slots=True)
class Person:
    """Who pays or is paid, with everything of theirs that must not be found."""

    name: str = field(repr=False)
    account: str = field(repr=False)
    reference: str = field(repr=False)
    remittance: str = field(repr=False)

    @property
    def secrets(self) -> tuple[str, ...]:
        """All of it."""
        return self.name, self.account, self.reference, self.remittance


def made_people(drawn: random.Random) -> tuple[Person, ...]:
    """A Khmer, a Thai and a Latin person."""
    people = []
    for script in (KHMER, THAI, LATIN):
        latin = made_text(drawn, LATIN)
        people.append(
            Person(
                name=f"{made_text(drawn, script)} {made_text(drawn, script)}",
                account=f"{made_text(drawn, LATIN).lower()}@abaa",
                reference=f"{latin.upper()}-{drawn.randrange(10**6, 10**7)}",
                remittance=f"{made_text(drawn, script)} {made_text(drawn, LATIN)}",
            )
        )
    return tuple(people)


def disguises(secret: str) -> Iterator[bytes]:
    """The ways in which a text may lie in a file."""
    raw = secret.encode()
    for encoded in (raw, secret.encode("utf-16-le"), secret.encode("utf-16-be")):
        yield encoded
        yield encoded.hex().encode()
        for cut in range(3):
            # Base64 of a longer text holds that of a part at one of three offsets.
            wrapped = base64.b64encode(encoded[cut : cut + (len(encoded) - cut) // 3 * 3])
            yield wrapped
            yield wrapped.replace(b"+", b"-").replace(b"/", b"_")
    yield json.dumps(secret)[1:-1].encode()
    yield escape(secret).encode("ascii", "xmlcharrefreplace")
    yield quote(secret).encode()
    yield quote_plus(secret).encode()


def leaks(secrets: tuple[str, ...], content: bytes) -> list[str]:
    """Those of the texts that stand in a content in any disguise."""
    return [secret for secret in secrets if any(each in content for each in disguises(secret))]
