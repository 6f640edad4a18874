"""What is sealed opens only as it was sealed: same payment, kind, record and keys."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from switch.model import Particulars, Party
from switch.runtime.entropy import SeededEntropy
from switch.store.rows import particulars_bytes, particulars_of
from switch.store.vault import DataKey, Vault, VaultError
from tests.switch_core.core_values import uetr

KEK = bytes(range(32))
SECRET = "Sok Dara 000123456"


@pytest.fixture
def vault() -> Vault:
    """A vault with a known wrapping key."""
    return Vault(KEK, SeededEntropy("vault"))


@given(st.binary(max_size=5_000), st.integers(1, 2**63 - 1))
def test_what_is_sealed_is_given_back(plain: bytes, record_id: int) -> None:
    vault = Vault(KEK, SeededEntropy("round trip"))
    key, wrapped = vault.new_key(uetr(1))
    blob = vault.seal(key, record_id, "particulars", plain)
    again = vault.open_key(uetr(1), wrapped)

    assert vault.unseal(again, record_id, "particulars", blob) == plain


def test_the_same_bytes_are_never_sealed_the_same(vault: Vault) -> None:
    key, _ = vault.new_key(uetr(1))

    assert vault.seal(key, 1, "k", b"same") != vault.seal(key, 1, "k", b"same")
    assert SECRET.encode() not in vault.seal(key, 1, "k", SECRET.encode())


@pytest.mark.parametrize(("record_id", "kind"), [(2, "pay"), (1, "evidence"), (11, "pay")])
def test_a_record_that_was_moved_does_not_open(vault: Vault, record_id: int, kind: str) -> None:
    key, _ = vault.new_key(uetr(1))
    blob = vault.seal(key, 1, "pay", b"body")
    with pytest.raises(VaultError):
        vault.unseal(key, record_id, kind, blob)


def test_a_record_does_not_open_under_another_payments_key(vault: Vault) -> None:
    key, _ = vault.new_key(uetr(1))
    other, _ = vault.new_key(uetr(2))
    blob = vault.seal(key, 1, "pay", b"body")
    with pytest.raises(VaultError):
        vault.unseal(other, 1, "pay", blob)
    with pytest.raises(VaultError):
        vault.unseal(DataKey(uetr(2), key.cipher), 1, "pay", blob)


def test_a_record_altered_in_any_byte_does_not_open(vault: Vault) -> None:
    key, _ = vault.new_key(uetr(1))
    blob = vault.seal(key, 1, "pay", b"body")
    for place in range(len(blob)):
        altered = bytearray(blob)
        altered[place] ^= 1
        with pytest.raises(VaultError):
            vault.unseal(key, 1, "pay", bytes(altered))


@pytest.mark.parametrize("kept", [12, 20, 27])
def test_a_record_that_was_cut_does_not_open(vault: Vault, kept: int) -> None:
    key, wrapped = vault.new_key(uetr(1))
    blob = vault.seal(key, 1, "pay", b"body")
    with pytest.raises(VaultError):
        vault.unseal(key, 1, "pay", blob[:kept])
    with pytest.raises(VaultError):
        vault.open_key(uetr(1), wrapped[:kept])


def test_a_data_key_opens_only_for_its_payment_and_unaltered(vault: Vault) -> None:
    _, wrapped = vault.new_key(uetr(1))
    with pytest.raises(VaultError):
        vault.open_key(uetr(2), wrapped)
    for place in range(len(wrapped)):
        altered = bytearray(wrapped)
        altered[place] ^= 1
        with pytest.raises(VaultError):
            vault.open_key(uetr(1), bytes(altered))


def test_a_data_key_does_not_open_under_another_wrapping_key(vault: Vault) -> None:
    _, wrapped = vault.new_key(uetr(1))
    with pytest.raises(VaultError):
        Vault(bytes(32), SeededEntropy("other")).open_key(uetr(1), wrapped)


def test_a_short_wrapping_key_is_refused() -> None:
    with pytest.raises(AssertionError):
        Vault(KEK[:16], SeededEntropy("short"))


def test_nothing_shows_in_a_repr_or_an_error(vault: Vault) -> None:
    key, wrapped = vault.new_key(uetr(1))
    blob = vault.seal(key, 1, "pay", SECRET.encode())
    with pytest.raises(VaultError) as caught:
        vault.unseal(key, 2, "pay", blob)
    shown = f"{key!r} {vault!r} {caught.value!r}"

    assert repr(key) == f"DataKey(uetr='{uetr(1)}')"
    for secret in (KEK, wrapped, blob, SECRET.encode()):
        assert secret.hex() not in shown
        assert repr(secret) not in shown


def test_commitments_are_equal_for_equal_content_only(vault: Vault) -> None:
    content = {"amount": "345.00", "creditor": SECRET}
    first = vault.commitments("scope", content)

    assert vault.commitments("scope", dict(reversed(content.items()))) == first
    assert {len(digest) for digest in first.values()} == {32}
    assert vault.commitments("other", content)["amount"] != first["amount"]
    assert vault.commitment("scope", "fee", "345.00") != first["amount"]
    assert Vault(bytes(32), SeededEntropy(1)).commitments("scope", content) != first


PARTIES = st.builds(
    Party, name=st.text(), account=st.text(), agent=st.text(), town=st.text(), country=st.text()
)
PARTICULARS = st.builds(
    Particulars,
    debtor=PARTIES,
    creditor=PARTIES,
    end_to_end_id=st.text(),
    qr_payload=st.text(),
    merchant_category=st.text(),
    store_label=st.text(),
    terminal_label=st.text(),
    bill_number=st.text(),
    remittance=st.text(),
    extra=st.dictionaries(st.text(), st.text()),
)


@given(PARTICULARS)
def test_particulars_are_given_back_as_they_were(particulars: Particulars) -> None:
    assert particulars_of(particulars_bytes(particulars)) == particulars


def test_particulars_show_nothing_in_a_repr() -> None:
    person = Party(SECRET, SECRET, "ACLBKHPPXXX", SECRET, "KH")
    held = Particulars(
        debtor=person,
        creditor=person,
        end_to_end_id=SECRET,
        qr_payload=SECRET,
        store_label=SECRET,
        terminal_label=SECRET,
        bill_number=SECRET,
        remittance=SECRET,
        extra={SECRET: SECRET},
    )

    assert SECRET not in repr(held)
    assert SECRET not in repr(person)
