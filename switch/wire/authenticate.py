"""Who sent a member's request: a detached JWS over the raw body, bound to one method and path.

Nothing of a body is parsed before its signature holds. The key that ``kid`` (the member's BIC)
names decides the algorithm; ``iat`` and ``jti`` make a captured request useless soon or at once.
The surprise: an unknown member and a wrong signature give one and the same answer, so that nobody
learns who is connected; only the log tells them apart.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from iso20022.jws import JwsError, named_key, verify_detached
from switch.reasons import Reason

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from iso20022.jws import PublicKey
    from switch.runtime.clock import Clock

HEADER: Final = "x-jws-signature"
"""Name of the HTTP header that carries the signature, in requests and in answers."""

KEY_HEADER: Final = "Idempotency-Key"
"""Name of the HTTP header that names a payment for repeats; its value is signed as ``idk``."""

ALGORITHMS: Final = ("ES256", "EdDSA")
"""What a member may sign with: both are deterministic, so a seed replays a run."""

_JTI: Final = re.compile(r"\A[!-~]{1,64}\Z", re.ASCII)


class NotAuthenticated(Exception):  # noqa: N818  the name says what happened
    """A request that is nobody's: HTTP 401, and nothing is bound.

    ``reason`` is told to the caller; ``why`` is one fixed word for the log.
    """

    def __init__(self, reason: Reason, why: str) -> None:
        super().__init__(why)
        self.reason = reason
        self.why = why


class MemberAuthenticator:
    """Verifies requests against the members' public keys, by BIC.

    ``age_s_max`` is how old or early ``iat`` may be; ``kept_max`` how many signed requests of each
    member are remembered against replay by this instance, its oldest being forgotten first: a busy
    member pushes out nobody else's.
    """

    def __init__(
        self, keys: Mapping[str, PublicKey], clock: Clock, *, age_s_max: int, kept_max: int
    ) -> None:
        self._keys = dict(keys)
        self._clock = clock
        self._age_s_max = age_s_max
        self._kept_max = kept_max
        self._seen: dict[str, dict[str, int]] = {member: {} for member in self._keys}

    @property
    def names(self) -> Collection[str]:
        """Whose requests are verified."""
        return self._keys.keys()

    def claimed(self, tokens: Sequence[str]) -> str:
        """Who says to have signed a request whose body is not read yet: good for a bound, no more.

        Raises :class:`NotAuthenticated`, for a name that is not known here too.
        """
        try:
            name = named_key(_one(tokens))
        except JwsError as error:
            raise NotAuthenticated(Reason.SIGNATURE_INVALID, error.code) from None
        if name not in self._keys:
            raise NotAuthenticated(Reason.SIGNATURE_INVALID, "key")
        return name

    def verify(
        self,
        method: str,
        path: str,
        tokens: Sequence[str],
        body: bytes,
        keys: Sequence[str] | None = None,
    ) -> str:
        """Return the BIC of the member that signed this request. Raises :class:`NotAuthenticated`.

        ``path`` is the request target as sent, query included; ``tokens`` are the values of
        :data:`HEADER`; ``body`` is raw; ``keys`` are the values of :data:`KEY_HEADER` where the
        operation takes one, and nothing of them is looked at where it does not. In order: present
        (DS0A), well-formed, known member, allowed algorithm, signature, method and path, key (all
        DS0B), age (TM01), replay (DUPL).
        """
        token = _one(tokens)
        try:
            header = verify_detached(token, body, self._keys, algorithms=ALGORITHMS)
        except JwsError as error:
            raise NotAuthenticated(Reason.SIGNATURE_INVALID, error.code) from None
        member, issued_at, jti = header["kid"], header.get("iat"), header.get("jti")
        assert isinstance(member, str), "a verified token names its key"
        if header.get("b64", True):
            raise NotAuthenticated(Reason.SIGNATURE_INVALID, "encoded")
        if type(issued_at) is not int or not isinstance(jti, str) or _JTI.match(jti) is None:
            raise NotAuthenticated(Reason.SIGNATURE_INVALID, "malformed")
        if header.get("htm") != method or header.get("htp") != path:
            raise NotAuthenticated(Reason.SIGNATURE_INVALID, "other_request")
        if keys is not None and list(keys) != ([header["idk"]] if "idk" in header else []):
            # Whoever carries the request could otherwise make a second payment of one, or none.
            raise NotAuthenticated(Reason.SIGNATURE_INVALID, "other_key")
        self._once(member, jti, issued_at)
        return member

    def _once(self, member: str, jti: str, issued_at: int) -> None:
        """Refuse what is too old or too early, and what was seen before; remember the rest."""
        now_s = int(self._clock.now().timestamp())
        if abs(now_s - issued_at) > self._age_s_max:
            raise NotAuthenticated(Reason.TOO_OLD, "age")
        seen = self._seen[member]
        if jti in seen:
            raise NotAuthenticated(Reason.REPLAYED, "replay")
        while seen:
            oldest = next(iter(seen))
            if len(seen) < self._kept_max and seen[oldest] + self._age_s_max >= now_s:
                break
            del seen[oldest]
        seen[jti] = issued_at


def _one(tokens: Sequence[str]) -> str:
    if not tokens:
        raise NotAuthenticated(Reason.SIGNATURE_MISSING, "missing")
    if len(tokens) > 1:
        raise NotAuthenticated(Reason.SIGNATURE_INVALID, "repeated")
    return tokens[0]
