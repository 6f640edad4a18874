"""Our end of the link to Alipay+: settings, keys, and signed exchanges in either role.

One client id and one key serve both roles; the network's keys are pinned by version, so it can
change its key while messages under the old one are on their way. The surprise: an answer is signed
over the path of its request, so it can pass for the answer to no other call.
"""

from __future__ import annotations

import hmac
from typing import TYPE_CHECKING, Final

from adapters.alipayplus import signature, wire
from adapters.alipayplus.mapping import Sides
from adapters.alipayplus.signature import NotSigned, Signer, Verifier, rsa_public
from switch.port import Exchange

if TYPE_CHECKING:
    from collections.abc import Mapping

    from switch.port import AdapterContext, Operation, Planning, WireAnswer

OWN_KEY: Final = "switch-alipayplus"
"""Name of our private key towards Alipay+."""

PARTNER_CERTIFICATE: Final = "alipayplus"
"""Name of the network's pinned certificate under key version 1."""

DEFAULTS: Final = (
    ("key_version", "1"),
    ("pinned", f"1={PARTNER_CERTIFICATE}"),
    ("khr_exponent", "2"),
    ("notify_url", ""),
)
REQUIRED: Final = ("client_id", "partner_client_id", "acquirer_id", "psp_id")

_SERVER_ERROR: Final = 500
_EXPONENTS: Final = ("0", "2")


def options_of(given: Mapping[str, str]) -> dict[str, str]:
    """Return the settings with what is left out. Raises ``ValueError`` naming the option."""
    for name in sorted(given.keys() - {*REQUIRED, *dict(DEFAULTS)}):
        raise ValueError(f"options.{name}: no such option")
    for name in REQUIRED:
        if not given.get(name):
            raise ValueError(f"options.{name}: is missing")
    options = {**dict(DEFAULTS), **given}
    if options["khr_exponent"] not in _EXPONENTS:
        raise ValueError("options.khr_exponent: is 0 or 2")
    return options


def pinned_names(pinned: str) -> dict[str, str]:
    """Return certificate names by key version. Raises ``ValueError``."""
    names: dict[str, str] = {}
    for entry in pinned.split(","):
        version, equals, name = entry.strip().partition("=")
        if not (version and equals and name) or version in names:
            raise ValueError("options.pinned: version=certificate, separated by commas")
        names[version] = name
    return names


class Link:
    """Writes and opens the messages of one link. Raises ``ValueError`` for a bad setting."""

    def __init__(self, context: AdapterContext) -> None:
        options, keys = options_of(context.options), context.keys
        self.sides: Final = Sides(options["acquirer_id"], options["psp_id"])
        self.amounts: Final = wire.Amounts(int(options["khr_exponent"]))
        self.notify_url: Final = options["notify_url"]
        self._signer = Signer(
            options["client_id"], options["key_version"], keys.rsa_private(OWN_KEY)
        )
        publics = {
            version: rsa_public(keys.certificate(name).public_key())
            for version, name in pinned_names(options["pinned"]).items()
        }
        self._naming = keys.naming()
        self._verifier = Verifier(options["partner_client_id"], publics)

    def exchange(  # the parts of one exchange
        self,
        operation: Operation,
        call: str,
        values: Mapping[str, object],
        planning: Planning,
        *,
        reference: str,
        within_ms: int,
    ) -> Exchange:
        """Plan a signed request. Its headers are made once and go with every copy of it."""
        path, body = wire.PREFIX + call, wire.body_of(values)
        at = wire.instant(planning.now)
        signed = self._signer.headers(path, at, body, signature.REQUEST_TIME)
        return Exchange(
            exchange_id=planning.message_number,
            uetr=planning.uetr,
            network="alipayplus",
            operation=operation,
            reference=reference,
            method="POST",
            path=path,
            headers=(("Content-Type", signature.CONTENT_TYPE), *signed),
            body=body,
            send_by=planning.send_by,
            answer_within_ms=within_ms,
        )

    def opened(self, exchange: Exchange, answer: WireAnswer) -> bytes | None:
        """Return the body of an answer that the network signed, else None."""
        if answer.status >= _SERVER_ERROR:
            return None
        try:
            self._verifier.verify(
                answer.headers, exchange.path, answer.body, signature.RESPONSE_TIME
            )
        except NotSigned:
            return None
        return answer.body

    def request_time(self, headers: Mapping[str, str], path: str, body: bytes) -> str:
        """Return the time of a request that the network signed. Raises :class:`NotSigned`."""
        return self._verifier.verify(headers, path, body, signature.REQUEST_TIME)

    def answer_headers(self, path: str, body: bytes, at: str) -> tuple[tuple[str, str], ...]:
        """Return the headers that sign an answer of ours."""
        return tuple(self._signer.headers(path, at, body, signature.RESPONSE_TIME))

    def token(self, purpose: str, *parts: str) -> str:
        """Return 32 letters that stand for texts: the same texts, the same letters.

        Nobody without our key can find the texts by trying, as a plain hash would let them. That
        key is not the one that signs: a name must outlive every change of that.
        """
        text = "\n".join(("alipayplus", purpose, *parts)).encode("utf-8", "replace")
        return hmac.digest(self._naming, text, "sha256").hex()[:32]
