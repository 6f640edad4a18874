"""The examples of the RFCs, to the byte: what is signed, and that it verifies.

The tokens of the RFCs name no key, so they are laid against the functions beneath the token: what
goes into a signature, and whether one is by a key. RFC 7797 has an example with a shared secret
only; what goes into it is the same.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from dataclasses import dataclass

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from iso20022.jws import JwsError, PublicKey, signing_input, verify_detached
from iso20022.signing_keys import PSS, sign, verifies


def decode(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def number(text: str) -> int:
    return int.from_bytes(decode(text), "big")


CLAIMS = b'{"iss":"joe",\r\n "exp":1300819380,\r\n "http://example.com/is_root":true}'
ED_PRIVATE = ed25519.Ed25519PrivateKey.from_private_bytes(
    decode("nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A")
)
EC_PRIVATE = ec.EllipticCurvePrivateNumbers(
    number("jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI"),
    ec.EllipticCurvePublicNumbers(
        number("f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU"),
        number("x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"),
        ec.SECP256R1(),
    ),
).private_key()
RSA_PUBLIC = rsa.RSAPublicNumbers(
    65537,
    number(
        "ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0"
        "Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS"
        "5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH"
        "7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ"
    ),
).public_key()


@dataclass(frozen=True)
class Vector:
    """One example: the encoded header, the payload, the key, and the encoded signature."""

    header: str
    payload: bytes
    key: PublicKey
    signature: str


VECTORS = {
    "rfc_8037_a4": Vector(
        "eyJhbGciOiJFZERTQSJ9",
        b"Example of Ed25519 signing",
        ED_PRIVATE.public_key(),
        "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg",
    ),
    "rfc_7515_a3": Vector(
        "eyJhbGciOiJFUzI1NiJ9",
        CLAIMS,
        EC_PRIVATE.public_key(),
        "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q",
    ),
    "rfc_7515_a2": Vector(
        "eyJhbGciOiJSUzI1NiJ9",
        CLAIMS,
        RSA_PUBLIC,
        "cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2F"
        "p5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQB"
        "MHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeY"
        "I2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw",
    ),
}


@pytest.mark.parametrize("name", VECTORS)
def test_the_signature_of_an_example_verifies(name: str) -> None:
    vector = VECTORS[name]
    data = signing_input(vector.header, vector.payload, unencoded=False)
    signature = decode(vector.signature)

    assert verifies(vector.key, signature, data)
    assert not verifies(vector.key, signature, data + b" ")
    assert not verifies(vector.key, signature[:-1], data)
    assert not verifies(vector.key, signature, data, PSS) or name != "rfc_7515_a2"


def test_ed25519_makes_the_signature_of_its_example() -> None:
    vector = VECTORS["rfc_8037_a4"]
    data = signing_input(vector.header, vector.payload, unencoded=False)

    assert sign(ED_PRIVATE, data) == decode(vector.signature)


def test_ecdsa_takes_its_nonce_from_the_key_and_the_message() -> None:
    """RFC 6979 appendix A.2.5, with SHA-256 and the message "sample"."""
    key = ec.derive_private_key(
        0xC9AFA9D845BA75166B5C215767B1D6934E50C3DB36E89B127B8A622B120F6721, ec.SECP256R1()
    )

    assert sign(key, b"sample").hex().upper() == (
        "EFD48B2AACB6A8FD1140DD9CD45E81D69D2C877B56AAF991C34D0EA84EAF3716"
        "F7CB1C942D657C41D436C7A1B6E29F65F3E900DBB9AFF4064DC4AB2F843ACDA8"
    )


@pytest.mark.parametrize(
    ("header", "unencoded", "signature"),
    [
        ("eyJhbGciOiJIUzI1NiJ9", False, "5mvfOroL-g7HyqJoozehmsaqmvTYGEq5jTI1gVvoEoQ"),
        (
            "eyJhbGciOiJIUzI1NiIsImI2NCI6ZmFsc2UsImNyaXQiOlsiYjY0Il19",
            True,
            "A5dxf2s96_n5FLueVuW1Z_vh161FwXZC4YLPff6dmDY",
        ),
    ],
)
def test_what_is_signed_is_as_in_the_unencoded_example(
    header: str, unencoded: bool, signature: str
) -> None:
    """RFC 7797 sections 4.1 and 4.2; the token itself is refused, for its secret is shared."""
    secret = (
        "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow"
    )
    data = signing_input(header, b"$.02", unencoded=unencoded)

    assert hmac.new(decode(secret), data, hashlib.sha256).digest() == decode(signature)
    with pytest.raises(JwsError):
        verify_detached(f"{header}..{signature}", b"$.02", {"x": ED_PRIVATE.public_key()})


def test_a_signature_has_one_scalar() -> None:
    """RFC 8032 section 5.1.7: the order of the group added to S verifies nowhere."""
    vector = VECTORS["rfc_8037_a4"]
    data = signing_input(vector.header, vector.payload, unencoded=False)
    signature = decode(vector.signature)
    order = 2**252 + 27742317777372353535851937790883648493
    moved = int.from_bytes(signature[32:], "little") + order

    assert not verifies(vector.key, signature[:32] + moved.to_bytes(32, "little"), data)
