"""A proof shows one payment whole, with the public key alone, and nobody else's.

Whatever is changed in a proof, it is refused with a reason; a hostile file is refused before
anything is computed from it.
"""

from __future__ import annotations

import copy
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

import orjson
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from switch.lifecycle import Event
from switch.store import proof as proofs
from switch.store.awaited import Awaited
from switch.store.check_proof import PROOF_BYTES_MAX, BadProof, check_proof
from switch.store.proof import NotProvable, prove
from tests.contract.contract_engines import KEY, MemoryPlace
from tests.contract.journal_chain import told
from tests.switch_core.core_values import buried, concluded, enquired, opened, payment, uetr

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from tests.contract.contract_engines import AnyEngine, Place

PUBLIC: Final = (KEY.public_key(),)
Heads = dict[tuple[int, int], bytes]


def now(work: Coroutine[Any, Any, dict[str, object]]) -> dict[str, Any]:
    """What reads in this process give, which wait for nothing."""
    with pytest.raises(StopIteration) as ended:
        work.send(None)
    found: dict[str, Any] = ended.value.value
    return found


def proof_of(engine: AnyEngine, number: int, heads: Heads | None = None) -> dict[str, Any]:
    return now(prove(Awaited(engine), uetr(number), heads or {}))


def text(proof: object) -> bytes:
    return orjson.dumps(proof)


def why(proof: object) -> str:
    with pytest.raises(BadProof) as refused:
        check_proof(text(proof), PUBLIC)
    return str(refused.value)


@pytest.mark.parametrize(
    ("number", "kinds", "state"),
    [
        (1, ["opened", "accepted"], "accepted"),
        (2, ["opened", "not_sent"], "refused"),
        (3, ["opened", "lost", "enquired"], "unknown"),
        (4, ["refused"], "refused"),
    ],
)
def test_a_payment_is_proven_from_its_first_entry_to_its_last(
    number: int, kinds: list[str], state: str
) -> None:
    proven = check_proof(text(proof_of(told().engine, number)), PUBLIC)

    assert [entry["kind"] for entry in proven.entries] == kinds
    assert {entry["uetr"] for entry in proven.entries} == {uetr(number)}
    assert proven.entries[-1]["state"] == state


def test_two_entries_in_one_block_are_both_proven() -> None:
    engine = MemoryPlace().open()
    held = payment(1)
    engine.execute([opened(held), concluded(held, Event.LOST)])
    unknown = engine.payment(uetr(1)) or held
    engine.execute([enquired(unknown), opened(payment(2, quote="q"))])
    proven = check_proof(text(proof_of(engine, 1)), PUBLIC)

    assert [entry["kind"] for entry in proven.entries] == ["opened", "lost", "enquired"]


def test_a_proof_shows_nothing_of_another_payment() -> None:
    story = told()
    shown = text(proof_of(story.engine, 1))
    contents = [orjson.loads(text) for _, leaves in story.chain for _, text in leaves]
    others = [content for content in contents if content.get("uetr") not in (None, uetr(1))]

    assert others
    for content in others:
        for name in ("uetr", "frozen", "answer"):
            if content.get(name) is not None:
                assert str(content[name]).encode() not in shown


def test_a_proof_leads_to_the_next_published_head() -> None:
    story = told()
    heads = {(1, n): story.chain[n - 1][0].hash() for n in (4, 6)}
    proof = proof_of(story.engine, 1, heads)
    proven = check_proof(text(proof), PUBLIC)

    assert [(head.number, head.hash) for head in proven.heads] == [(4, heads[1, 4])]
    assert [chain["published"] for chain in proof["chains"]] == [True]
    assert [len(chain["links"]) for chain in proof["chains"]] == [2]


def test_entries_far_apart_lead_to_heads_of_their_own() -> None:
    story = told()
    heads = {(1, n): story.chain[n - 1][0].hash() for n in (2, 3, 6)}
    proof = proof_of(story.engine, 3, heads)
    proven = check_proof(text(proof), PUBLIC)

    assert [head.number for head in proven.heads] == [2, 6]
    assert [len(chain["links"]) for chain in proof["chains"]] == [0, 2]


def test_a_head_that_is_not_the_journals_is_not_led_to() -> None:
    with pytest.raises(NotProvable):
        proof_of(told().engine, 1, {(1, 4): bytes(32)})


@pytest.mark.parametrize(("heads", "alone"), [((40,), True), ((), True), ((15,), False)])
def test_a_block_far_from_a_head_stands_alone(
    monkeypatch: pytest.MonkeyPatch, heads: tuple[int, ...], alone: bool
) -> None:
    """What a proof reads and holds is bounded, however long the journal and its entries are."""
    monkeypatch.setattr(proofs, "CHAIN_MAX", 30)
    monkeypatch.setattr(proofs, "TAIL_MAX", 20)
    story = told()
    for number in range(7, 41):
        story.engine.execute([buried(number + 10)])
    shown = proof_of(story.engine, 3, {(1, n): story.chain[n - 1][0].hash() for n in heads})
    proven = check_proof(text(shown), PUBLIC)

    assert [entry["kind"] for entry in proven.entries] == ["opened", "lost", "enquired"]
    assert [head.number for head in proven.heads] == ([2, 4, 5] if alone else [15])
    assert {chain["published"] for chain in shown["chains"]} == {not alone}


def test_headers_are_read_in_pages_and_others_have_their_turn(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(proofs, "PAGE", 5)
    story = told()
    for number in range(7, 30):
        story.engine.execute([buried(number + 10)])
    turns: list[int] = []

    async def pause() -> None:
        turns.append(1)

    heads = {(1, 29): story.chain[28][0].hash()}
    shown = now(prove(Awaited(story.engine), uetr(1), heads, pause))

    assert len(shown["chains"][0]["links"]) == 27
    assert len(turns) == 2 + 6


def test_entries_of_more_bytes_than_a_proof_holds_are_not_proven(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(proofs, "ENTRIES_BYTES_MAX", 1_000)
    with pytest.raises(NotProvable, match="more than 1000 bytes"):
        proof_of(told().engine, 3)


@pytest.mark.parametrize("depth", [17, 300, 400, 30_000])
def test_an_entry_of_any_depth_is_refused_with_a_reason(depth: int) -> None:
    shown = proof_of(told().engine, 1)
    shown["entries"][0]["content"] = '{"a":' + "[" * depth + "]" * depth + "}"

    assert why(shown) in (
        "entries[0].content: is deeper than 16",
        "entries[0].content: is not JSON",
    )


def test_without_a_published_head_it_leads_to_the_end() -> None:
    story = told()
    proof = proof_of(story.engine, 1)

    assert check_proof(text(proof), PUBLIC).heads[-1].hash == story.chain[-1][0].hash()
    assert [chain["published"] for chain in proof["chains"]] == [False]


def test_what_is_not_in_the_journal_is_not_proven() -> None:
    story = told()
    with pytest.raises(NotProvable):
        proof_of(story.engine, 99)
    held = story.tables.payments[uetr(1)]
    story.tables.payments[uetr(1)] = replace(held, block=None)
    with pytest.raises(NotProvable):
        proof_of(story.engine, 1)
    story.tables.payments[uetr(1)] = replace(held, block=(1 << 34) + 1)
    with pytest.raises(NotProvable):
        proof_of(story.engine, 1)


def test_the_contract_holds_on_every_engine(place: Place) -> None:
    engine = place.open()
    held = payment(1)
    engine.execute([opened(held)])
    engine.execute([concluded(engine.payment(uetr(1)) or held, Event.ACCEPTED)])
    proven = check_proof(text(proof_of(engine, 1)), PUBLIC)
    engine.close()

    assert [entry["kind"] for entry in proven.entries] == ["opened", "accepted"]


def test_another_key_refuses_it() -> None:
    other = Ed25519PrivateKey.from_private_bytes(bytes(32)).public_key()
    proof = text(proof_of(told().engine, 1))
    with pytest.raises(BadProof) as refused:
        check_proof(proof, (other,))

    assert str(refused.value) == "chains[0].block: is not signed under the journal's key"
    assert check_proof(proof, (other, *PUBLIC)).uetr == uetr(1)


@given(st.data())
def test_no_value_of_a_proof_can_be_changed(data: st.DataObject) -> None:
    """Every text, number and list of it is bound, but whether a head was said to be published."""
    proof = proof_of(PROVEN.engine, 3)
    # An end that is left out is another matter, below.
    spots = [path for path in places(proof) if path != ("entries",)]
    path = data.draw(st.sampled_from(spots))
    changed = copy.deepcopy(proof)
    at = changed
    for step in path[:-1]:
        at = at[step]
    at[path[-1]] = other_than(at[path[-1]], data)

    if path[-1] != "published":
        assert why(changed)


PROVEN: Final = told()


def places(value: Any, path: tuple[Any, ...] = ()) -> Any:
    """Every place of a value in a nest of objects and lists."""
    steps = value.items() if isinstance(value, dict) else enumerate(value)
    for step, inner in steps:
        yield (*path, step)
        if isinstance(inner, dict | list):
            yield from places(inner, (*path, step))


def other_than(value: Any, data: st.DataObject) -> Any:
    """Another value, close to the one that is there or of another kind."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, int):
        return data.draw(st.sampled_from([value + 1, -1, 2**63, str(value), None, 1.5]))
    if isinstance(value, list):
        return (
            data.draw(st.sampled_from([[*value, "00"], value[:-1], None, {}, "x"]))
            if value
            else ["00" * 32]
        )
    if isinstance(value, dict):
        return data.draw(st.sampled_from([{}, [], None, {**value, "more": 1}]))
    place = data.draw(st.integers(0, max(0, len(value) - 1)))
    swapped = value[:place] + ("1" if value[place : place + 1] == "0" else "0") + value[place + 1 :]
    return data.draw(
        st.sampled_from([swapped, value + "0", value[:-1], None, 7, value.upper() + " "])
    )


def test_an_entry_cannot_be_left_out_put_elsewhere_or_told_twice() -> None:
    proof = proof_of(told().engine, 3)
    first, second, third = proof["entries"]
    for entries in (
        *([first, third], [second, third], [first, third, second], [first, first, second, third]),
        *([], [second]),
    ):
        assert why({**proof, "entries": entries})


def test_an_end_that_is_left_out_shows_in_the_version_only() -> None:
    """A proof tells the payment up to its last entry shown: the head says of which time that is."""
    proof = proof_of(told().engine, 3)
    earlier = {**proof, "entries": proof["entries"][:2]}

    assert check_proof(text(earlier), PUBLIC).entries[-1]["version"] == 2


def test_another_payments_entry_is_refused() -> None:
    story = told()
    one, two = proof_of(story.engine, 1), proof_of(story.engine, 2)

    assert "is of another payment" in why({**one, "entries": two["entries"]})


@pytest.mark.parametrize(
    ("file", "reason"),
    [
        (b"", "the file is not JSON"),
        (b"\xff\xfe", "the file is not JSON"),
        (b"[" * 100_000, "the file is not JSON"),
        (b"null", "the proof: is not an object of chains, entries, kind, uetr, version"),
        (b"[]", "the proof: is not an object of chains, entries, kind, uetr, version"),
        (b'{"kind":1}', "the proof: is not an object of chains, entries, kind, uetr, version"),
        (
            b'{"kind":"bakong-switch payment proof","version":2,"uetr":"","entries":0,"chains":0}',
            "the file is not a payment proof of a version that is known here",
        ),
    ],
)
def test_a_hostile_file_is_refused_with_a_reason(file: bytes, reason: str) -> None:
    with pytest.raises(BadProof) as refused:
        check_proof(file, PUBLIC)

    assert str(refused.value) == reason


def test_a_file_that_is_too_large_is_not_parsed() -> None:
    with pytest.raises(BadProof, match="larger than"):
        check_proof(b" " * (PROOF_BYTES_MAX + 1), PUBLIC)


@given(st.binary(max_size=200) | st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(
        st.sampled_from(["kind", "version", "uetr", "entries", "chains"]), inner, max_size=5
    ),
).map(orjson.dumps))  # fmt: skip
def test_no_file_raises_anything_but_a_reason(file: bytes) -> None:
    with pytest.raises(BadProof):
        check_proof(file, PUBLIC)
