"""What is sealed opens only as it was sealed: same payment, kind, record and keys."""

from __future__ import annotations

import hmac

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from hypothesis import given
from hypothesis import strategies as st

from switch.commands import Binding
from switch.model import Particulars, Party
from switch.runtime.entropy import SeededEntropy
from switch.store.packing import Packing
from switch.store.rows import particulars_bytes, particulars_of
from switch.store.vault import DataKey, Erased, Vault, VaultError, erasure_mark, wrapping_of
from switch.store.wrapping import HeldKeys
from switch.upkeep import is_erased
from tests.switch_core.core_values import NOW, uetr

KEK = bytes(range(32))
INDEX = bytes(range(32, 64))
SECRET = "Sok Dara 000123456"


@pytest.fixture
def vault() -> Vault:
    """A vault with a known wrapping key."""
    return a_vault()


def a_vault(index: bytes = INDEX, **wrapping: bytes) -> Vault:
    """A vault with these wrapping keys, ``_`` for the hyphen in their names."""
    held = {name.strip("_").replace("_", "-"): key for name, key in wrapping.items()}
    wrapper = HeldKeys(lambda: held or {"vault": KEK})
    return Vault(wrapper, index, SeededEntropy(f"vault {sorted(held)}"), Packing())


@given(st.binary(max_size=5_000), st.integers(1, 2**63 - 1))
def test_what_is_sealed_is_given_back(plain: bytes, record_id: int) -> None:
    vault = a_vault()
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
        vault.unseal(DataKey(uetr(2), key.cipher, key.commitment), 1, "pay", blob)


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
        a_vault(vault=bytes(32)).open_key(uetr(1), wrapped)
    with pytest.raises(VaultError):
        a_vault(_2026_11=KEK).open_key(uetr(1), wrapped)


def test_a_short_wrapping_key_is_refused() -> None:
    with pytest.raises(AssertionError):
        a_vault(vault=KEK[:16])
    with pytest.raises(AssertionError):
        a_vault(index=INDEX[:16])


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
    key, _ = vault.new_key(uetr(1))
    first = vault.commitments(key, "scope", content)

    assert vault.commitments(key, "scope", dict(reversed(content.items()))) == first
    assert {len(digest) for digest in first.values()} == {16}
    assert vault.commitments(key, "other", content)["amount"] != first["amount"]
    assert vault.commitments(key, "scope", {"fee": "345.00"})["fee"] != first["amount"]


def test_commitments_of_two_payments_have_nothing_in_common(vault: Vault) -> None:
    """So they tell nothing once the data key is destroyed, not even that two payers are one."""
    content = {"debtor.name": SECRET}
    one, _ = vault.new_key(uetr(1))
    two, _ = vault.new_key(uetr(2))

    assert vault.commitments(one, "s", content) != vault.commitments(two, "s", content)


def test_a_key_is_found_whatever_wraps_the_data_keys() -> None:
    found = a_vault().lookup("scope", "key-1")

    assert a_vault(_2026_11=bytes(32)).lookup("scope", "key-1") == found
    assert len(found) == 32
    assert a_vault(index=bytes(32)).lookup("scope", "key-1") != found
    assert a_vault().lookup("other", "key-1") != found


def test_the_first_field_that_differs_is_named(vault: Vault) -> None:
    key, _ = vault.new_key(uetr(1))
    content = {"amount": "345.00", "creditor": SECRET}
    held = Binding("scope", "found", vault.commitments(key, "scope", content), uetr(1))

    assert vault.difference(held, key, content) is None
    assert vault.difference(held, key, {**content, "creditor": "other"}) == "creditor"
    assert vault.difference(held, key, {**content, "amount": "1", "creditor": "x"}) == "amount"
    assert vault.difference(held, key, {**content, "tip": "1"}) == "tip"
    assert vault.difference(held, key, {"amount": "345.00"}) == "creditor"


def test_without_its_data_key_a_key_alone_decides(vault: Vault) -> None:
    key, _ = vault.new_key(uetr(1))
    held = Binding("scope", "found", vault.commitments(key, "scope", {"a": "1"}), uetr(1))

    assert vault.difference(held, None, {"a": "2"}) is None


def test_what_was_bound_before_data_keys_committed_is_still_compared(vault: Vault) -> None:
    """Those commitments are 128 bits, under what has become the index key."""
    digest = hmac.digest(INDEX, f"scope\x00name\x00{SECRET}".encode(), "sha256")[:16].hex()
    held = Binding("scope", "found", {"name": digest}, uetr(1))

    assert vault.difference(held, None, {"name": SECRET}) is None
    assert vault.difference(held, None, {"name": "other"}) == "name"


def test_records_and_keys_from_before_are_still_opened(vault: Vault) -> None:
    """Records were not compressed, and a wrapped key did not name its wrapping key."""
    raw, nonce = bytes(range(100, 132)), bytes(12)
    wrapped = nonce + AESGCM(KEK).encrypt(nonce, raw, uetr(1).encode())
    blob = nonce + AESGCM(raw).encrypt(nonce, b"body", f"{uetr(1)}/7/pay".encode())

    assert wrapping_of(wrapped) == "vault"
    assert vault.unseal(vault.open_key(uetr(1), wrapped), 7, "pay", blob) == b"body"


def test_a_data_key_is_wrapped_anew_under_the_newest_and_stays_the_same() -> None:
    old, new = a_vault(_2026_10=KEK), a_vault(_2026_10=KEK, _2026_11=bytes(32))
    key, wrapped = old.new_key(uetr(1))
    blob = old.seal(key, 1, "pay", b"body")
    again = new.rewrap(uetr(1), wrapped)
    assert again is not None

    assert (wrapping_of(wrapped), wrapping_of(again)) == ("2026-10", "2026-11")
    assert len(again) == len(wrapped)
    assert new.rewrap(uetr(1), again) is None
    only = a_vault(_2026_11=bytes(32))
    assert only.unseal(only.open_key(uetr(1), again), 1, "pay", blob) == b"body"
    with pytest.raises(Erased, match="no wrapping key"):
        only.open_key(uetr(1), wrapped)


@pytest.mark.parametrize("cause", ["request", "retention"])
def test_what_was_erased_says_why_and_when(vault: Vault, cause: str) -> None:
    mark = erasure_mark(cause, NOW)
    _, wrapped = vault.new_key(uetr(1))
    with pytest.raises(Erased) as caught:
        vault.open_key(uetr(1), mark)

    assert (caught.value.cause, caught.value.at) == (cause, NOW)
    assert str(caught.value) == f"erased ({cause})"
    assert len(mark) == len(wrapped)
    assert vault.rewrap(uetr(1), mark) is None
    assert is_erased(mark)
    assert not is_erased(wrapped)


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
