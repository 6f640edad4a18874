"""Only a member's own fresh signature over exactly this request opens the door."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from iso20022.jws import JwsSigner, PublicKey
from switch.client import sign_request
from switch.runtime.clock import SystemClock
from switch.wire.authenticate import HEADER, MemberAuthenticator, NotAuthenticated

NOW = datetime(2026, 11, 21, 3, 0, tzinfo=UTC)
ABA, CANADIA = "ABAAKHPPXXX", "CADIKHPPXXX"
ELLIPTIC = ec.derive_private_key(7, ec.SECP256R1())
EDWARDS = ed25519.Ed25519PrivateKey.from_private_bytes(bytes(32))
STRANGER = ec.derive_private_key(8, ec.SECP256R1())
BODY = b'{"a":1}'
PATH = "/v1/payments"


@dataclass
class StoodClock(SystemClock):
    """A wall clock that a test moves."""

    at: datetime = field(default=NOW)

    def now(self) -> datetime:
        return self.at


@pytest.fixture
def clock() -> StoodClock:
    """The clock of the authenticator."""
    return StoodClock()


@pytest.fixture
def door(clock: StoodClock) -> MemberAuthenticator:
    """Two members are known; three requests are remembered."""
    keys: dict[str, PublicKey] = {ABA: ELLIPTIC.public_key(), CANADIA: EDWARDS.public_key()}
    return MemberAuthenticator(keys, clock, age_s_max=300, kept_max=3)


def token(
    signer: JwsSigner | None = None,
    body: bytes = BODY,
    *,
    jti: str = "j1",
    now: datetime = NOW,
    method: str = "POST",
    path: str = PATH,
    key: str | None = None,
) -> str:
    """A signature as a member makes it."""
    signer = signer or JwsSigner(ELLIPTIC, ABA)
    return sign_request(signer, method, path, body, now=now, jti=jti, idempotency_key=key)[HEADER]


def refused(
    door: MemberAuthenticator,
    *tokens: str,
    body: bytes = BODY,
    path: str = PATH,
    keys: list[str] | None = None,
) -> tuple[str, str]:
    """The code told and the word logged."""
    with pytest.raises(NotAuthenticated) as caught:
        door.verify("POST", path, tokens, body, keys)
    return caught.value.reason.iso, caught.value.why


@pytest.mark.parametrize(("key", "bic"), [(ELLIPTIC, ABA), (EDWARDS, CANADIA)])
def test_signed_request_is_its_members(door: MemberAuthenticator, key: Any, bic: str) -> None:
    assert bic == door.verify("POST", PATH, [token(JwsSigner(key, bic))], BODY)


def test_missing_signature(door: MemberAuthenticator) -> None:
    assert refused(door) == ("DS0A", "missing")


def test_two_signatures_are_none(door: MemberAuthenticator) -> None:
    assert refused(door, token(), token(jti="j2")) == ("DS0B", "repeated")


@pytest.mark.parametrize("text", ["", "x", "a.b.c", "..", "a..b", "=" * 9000, "\u00e9..x"])
def test_malformed_signature(door: MemberAuthenticator, text: str) -> None:
    assert refused(door, text) == ("DS0B", "malformed")


def test_unknown_member_and_wrong_signature_are_told_the_same(door: MemberAuthenticator) -> None:
    unknown = refused(door, token(JwsSigner(STRANGER, "WIGCKHPPXXX")))
    wrong = refused(door, token(JwsSigner(STRANGER, ABA)))

    assert unknown == ("DS0B", "key")
    assert wrong == ("DS0B", "signature")


def test_key_of_another_member_does_not_sign_for_this_one(door: MemberAuthenticator) -> None:
    assert refused(door, token(JwsSigner(EDWARDS, ABA))) == ("DS0B", "algorithm")


def test_algorithm_of_partners_is_not_for_members(clock: StoodClock) -> None:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    door = MemberAuthenticator({ABA: key.public_key()}, clock, age_s_max=300, kept_max=3)

    assert refused(door, token(JwsSigner(key, ABA))) == ("DS0B", "algorithm")


def test_one_changed_byte_of_the_body(door: MemberAuthenticator) -> None:
    assert refused(door, token(), body=BODY + b" ") == ("DS0B", "signature")


def test_signature_over_an_encoded_body_is_not_taken(door: MemberAuthenticator) -> None:
    protected = {"iat": int(NOW.timestamp()), "jti": "j", "htm": "POST", "htp": PATH}
    encoded = JwsSigner(ELLIPTIC, ABA).sign_detached(BODY, protected, unencoded=False)

    assert refused(door, encoded) == ("DS0B", "encoded")


@pytest.mark.parametrize(
    ("method", "path"), [("GET", PATH), ("POST", "/v1/scans"), ("POST", f"{PATH}?a=1")]
)
def test_signature_of_another_request(door: MemberAuthenticator, method: str, path: str) -> None:
    assert refused(door, token(method=method, path=path)) == ("DS0B", "other_request")


@pytest.mark.parametrize(
    "change",
    [
        {"iat": None},
        {"iat": "1795230000"},
        {"iat": True},
        {"iat": 1795230000.0},
        {"jti": None},
        {"jti": ""},
        {"jti": 5},
        {"jti": "a b"},
        {"jti": "j" * 65},
    ],
)
def test_incomplete_header(door: MemberAuthenticator, change: dict[str, object]) -> None:
    protected = {"iat": int(NOW.timestamp()), "jti": "j", "htm": "POST", "htp": PATH} | change
    present = {name: value for name, value in protected.items() if value is not None}

    assert refused(door, JwsSigner(ELLIPTIC, ABA).sign_detached(BODY, present)) == (
        "DS0B",
        "malformed",
    )


@pytest.mark.parametrize(("seconds", "taken"), [(-301, 0), (-300, 1), (300, 1), (301, 0)])
def test_age_is_bounded_both_ways(door: MemberAuthenticator, seconds: int, taken: int) -> None:
    signed = token(now=NOW + timedelta(seconds=seconds))

    if taken:
        assert door.verify("POST", PATH, [signed], BODY) == ABA
    else:
        assert refused(door, signed) == ("TM01", "age")


def test_iat_beyond_any_calendar(door: MemberAuthenticator) -> None:
    protected = {"iat": 10**300, "jti": "j", "htm": "POST", "htp": PATH}

    assert refused(door, JwsSigner(ELLIPTIC, ABA).sign_detached(BODY, protected)) == ("TM01", "age")


def test_replay(door: MemberAuthenticator) -> None:
    door.verify("POST", PATH, [token()], BODY)

    assert refused(door, token()) == ("DUPL", "replay")


def test_same_jti_of_two_members_is_no_replay(door: MemberAuthenticator) -> None:
    door.verify("POST", PATH, [token()], BODY)

    assert door.verify("POST", PATH, [token(JwsSigner(EDWARDS, CANADIA))], BODY) == CANADIA


def test_refused_request_is_not_remembered(door: MemberAuthenticator) -> None:
    refused(door, token(), body=b"other")

    assert door.verify("POST", PATH, [token()], BODY) == ABA


def test_memory_is_bounded_and_forgets_the_oldest(door: MemberAuthenticator) -> None:
    for number in range(4):
        door.verify("POST", PATH, [token(jti=f"j{number}")], BODY)

    assert len(door._seen[ABA]) == 3
    assert refused(door, token(jti="j1")) == ("DUPL", "replay")
    assert door.verify("POST", PATH, [token(jti="j0")], BODY) == ABA


def test_memory_lets_go_of_what_is_too_old_anyway(
    door: MemberAuthenticator, clock: StoodClock
) -> None:
    door.verify("POST", PATH, [token(jti="j0")], BODY)
    clock.at = NOW + timedelta(seconds=301)
    door.verify("POST", PATH, [token(jti="j1", now=clock.at)], BODY)

    assert list(door._seen[ABA]) == ["j1"]


def test_busy_member_pushes_out_nobody_elses_request(door: MemberAuthenticator) -> None:
    quiet = token(JwsSigner(EDWARDS, CANADIA))
    door.verify("POST", PATH, [quiet], BODY)
    for number in range(10):
        door.verify("POST", PATH, [token(jti=f"j{number}")], BODY)

    assert refused(door, quiet) == ("DUPL", "replay")


@pytest.mark.parametrize(
    ("signed", "sent"), [("k", ["j"]), ("k", []), (None, ["k"]), ("k", ["k", "k"]), ("", [])]
)
def test_key_that_was_not_signed(
    door: MemberAuthenticator, signed: str | None, sent: list[str]
) -> None:
    assert refused(door, token(key=signed), keys=sent) == ("DS0B", "other_key")


@pytest.mark.parametrize(("signed", "sent"), [("k", ["k"]), ("", [""]), (None, []), ("k", None)])
def test_signed_key_is_taken(
    door: MemberAuthenticator, signed: str | None, sent: list[str] | None
) -> None:
    assert door.verify("POST", PATH, [token(key=signed)], BODY, sent) == ABA


@pytest.mark.parametrize("idk", [None, 5, ["k"], True])
def test_signed_key_is_text(door: MemberAuthenticator, idk: object) -> None:
    protected = {"iat": int(NOW.timestamp()), "jti": "j", "htm": "POST", "htp": PATH, "idk": idk}
    signed = JwsSigner(ELLIPTIC, ABA).sign_detached(BODY, protected)

    assert refused(door, signed, keys=["k"]) == ("DS0B", "other_key")
    assert refused(door, signed, keys=[]) == ("DS0B", "other_key")
