"""A token whose header is nested deeper than anybody writes is nobody's, and breaks nothing."""

from __future__ import annotations

import base64

import pytest

from switch.wire.authenticate import MemberAuthenticator, NotAuthenticated
from tests.api import test_authenticate as parts
from tests.api.test_authenticate import clock, door  # noqa: F401

NESTED = b'{"a":' + b"[" * 300 + b"]" * 300 + b',"alg":"ES256","kid":"x"}'
TOKEN = base64.urlsafe_b64encode(NESTED).rstrip(b"=").decode() + "..AAAA"


def test_a_nested_token_is_nobodys(door: MemberAuthenticator) -> None:  # noqa: F811
    with pytest.raises(NotAuthenticated):
        door.verify("POST", parts.PATH, [TOKEN], parts.BODY)


def test_a_nested_token_names_nobody(door: MemberAuthenticator) -> None:  # noqa: F811
    with pytest.raises(NotAuthenticated):
        door.claimed([TOKEN])
