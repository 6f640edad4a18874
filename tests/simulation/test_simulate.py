"""The simulation itself: one seed is one run, plans are kept, made smaller and judged.

Ten thousand payments are played in ``test_seeds``. Seeds that found faults are kept in
``tests/seeds`` and played again here.
"""

from __future__ import annotations

import ast
import json
import subprocess
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Final

import pytest
from aiohttp import web_protocol
from click.testing import CliRunner

from switch.cli.simulate import command
from switch.simulation import contradictions, evidence, families, mishaps, oracle
from switch.simulation.choices import CHOICES
from switch.simulation.contradictions import unresolved
from switch.simulation.evidence import Finding, Left, Told, Word
from switch.simulation.oracle import judge
from switch.simulation.plan import Kind, Mishap, Payment, Plan, Store, plan_of, read_plan
from switch.simulation.shrink import shrunk
from switch.simulation.trial import Outcome, Simulator
from tests.simulation import chunks

SIMULATOR: Final = cache(Simulator)
KEPT: Final = Path(__file__).parent.parent / "seeds"


def test_a_seed_is_one_run_byte_for_byte() -> None:
    """Also across processes and hash seeds: see ``test_trace``."""
    traces = {SIMULATOR().run(plan_of(seed, 10, CHOICES)).trace for seed in (3, 3, 4)}

    assert len(traces) == 2


def test_the_command_tells_what_happened() -> None:
    told = CliRunner().invoke(command, ["--seed", "5", "--payments", "8", "--json"])

    assert told.exit_code == 0
    view = json.loads(told.stdout)
    assert view["payments"] == 8
    assert (view["lost"], view["duplicated"], view["unbalanced"]) == (0, 0, 0)
    assert view["trace"] == SIMULATOR().run(plan_of(5, 8, CHOICES)).trace


@pytest.mark.parametrize("how", [["--no-shrink"], []])
def test_a_seed_that_fails_is_told_with_the_command_that_plays_it_again(
    monkeypatch: pytest.MonkeyPatch, how: list[str]
) -> None:
    """Here every run with payment 3 fails."""
    run = Simulator.run

    def failing(simulator: Simulator, plan: Plan) -> Outcome:
        outcome = run(simulator, plan)
        has = any(payment.number == 3 for payment in plan.payments)
        return replace(outcome, findings=[Finding("lost", "made up")] if has else [])

    monkeypatch.setattr(Simulator, "run", failing)
    told = CliRunner().invoke(command, ["--seed", "5", "--payments", "4", *how])
    said = told.stderr.splitlines()

    assert told.exit_code == 1
    assert "made up" in said[0]
    assert said[1] == "again: bakong-switch simulate --seed 5 --payments 4"
    assert ("smaller: 1 payments" in told.stderr) is (not how)


def test_a_chunk_that_fails_says_which_seed_and_makes_it_smaller(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked = []

    def ended(*words: str, within_s: float) -> subprocess.CompletedProcess[str]:
        asked.append(words)
        assert within_s > 0
        smaller = "--no-shrink" not in words
        said = "smaller: 2 payments\n" if smaller else "again: … --seed 1007 --payments 9\n"
        return subprocess.CompletedProcess(words, 1, "", said)

    monkeypatch.setattr(chunks, "_command", ended)
    with pytest.raises(AssertionError, match=r"(?s)--seed 1007 .*smaller: 2 payments"):
        chunks.played(1_001, 10, 9)

    assert asked[1][-4:] == ("--seed", "1007", "--payments", "9")


def test_a_plan_is_written_and_read_again() -> None:
    plan = plan_of(7, 12, CHOICES)

    assert read_plan(plan.text()) == plan
    with pytest.raises(ValueError, match="not a plan"):
        read_plan('{"seed": 1}\n')


def test_what_is_not_needed_is_left_out() -> None:
    """What fails here is any plan with payment 3 and a clock that steps."""

    def fails(plan: Plan) -> bool:
        numbers = [payment.number for payment in plan.payments]
        return 3 in numbers and any(mishap.kind is Kind.CLOCK for mishap in plan.mishaps)

    payments = tuple(Payment(number, 0, "member thailand", 100, copies=2) for number in range(20))
    mishaps = tuple(
        Mishap(kind, payment) for payment in range(20) for kind in (Kind.LOST, Kind.CLOCK)
    )
    small = shrunk(Plan(1, Store.DISK, (), payments, mishaps), fails)

    assert [(payment.number, payment.copies) for payment in small.payments] == [(3, 1)]
    assert [mishap.kind for mishap in small.mishaps] == [Kind.CLOCK]


def test_a_payment_that_only_brings_a_mishap_is_left_out() -> None:
    def fails(plan: Plan) -> bool:
        clock = any(mishap.kind is Kind.CLOCK for mishap in plan.mishaps)
        return clock and any(payment.number == 1 for payment in plan.payments)

    payments = tuple(Payment(number, 0, "member thailand", 100) for number in range(3))
    plan = Plan(1, Store.DISK, (), payments, (Mishap(Kind.CLOCK, 0), Mishap(Kind.LOST, 2)))
    small = shrunk(plan, fails)

    assert [payment.number for payment in small.payments] == [1]
    assert small.mishaps == (Mishap(Kind.CLOCK, 1),)


def steps(path: Path) -> set[str]:
    """The functions of a file by the names that their tasks and handles have."""
    found = set()
    for node in ast.parse(path.read_text("utf-8")).body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            found.add(node.name)
        elif isinstance(node, ast.ClassDef):
            made = (
                each
                for each in node.body
                if isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef)
            )
            found |= {f"{node.name}.{each.name}" for each in made}
    return found


def test_every_step_at_which_a_process_ends_is_there() -> None:
    """A step that was renamed would be struck no more, and nobody would see that."""
    ours = Path(mishaps.__file__).parent.parent.rglob("*.py")
    named = set().union(*map(steps, ours), steps(Path(str(web_protocol.__file__))))

    assert set(mishaps.PLACES) - named == set()


PASSING: Final = (Kind.LOST, Kind.DELAYED, Kind.RESET, Kind.REORDERED)


def test_half_of_what_happens_to_messages_happens_where_the_payment_passes() -> None:
    plan = plan_of(2, 1_000, CHOICES)
    words = {payment.number: payment.way.split(" ") for payment in plan.payments}
    guests = [
        mishap for mishap in plan.mishaps
        if mishap.kind in PASSING and words[mishap.payment][0] == "guest"
    ]  # fmt: skip
    own = [each for each in guests if each.where == f"{words[each.payment][1]}>switch"]

    assert len(guests) > 10
    assert len(guests) // 3 < len(own) < len(guests)


@pytest.mark.parametrize("path", sorted(KEPT.glob("*.json")), ids=lambda path: path.stem)
def test_a_seed_that_found_a_fault_finds_none_now(path: Path) -> None:
    assert [
        str(finding) for finding in SIMULATOR().run(read_plan(path.read_text("utf-8"))).findings
    ] == []


def _imported(node: ast.Import | ast.ImportFrom) -> str:
    """The module that is imported, also where it is named as a part of its package."""
    if isinstance(node, ast.Import):
        return node.names[0].name
    of_package = node.module == "switch.simulation"
    return f"{node.module}.{node.names[0].name}" if of_package else node.module or ""


def test_the_oracle_shares_nothing_with_what_it_judges() -> None:
    named = {
        _imported(node)
        for module in (oracle, evidence, families, contradictions)
        for node in ast.walk(ast.parse(Path(str(module.__file__)).read_text("utf-8")))
        if isinstance(node, ast.Import | ast.ImportFrom)
    }

    own = {f"switch.simulation.{name}" for name in ("evidence", "families", "contradictions")}
    assert named - own == {
        "__future__", "collections", "collections.abc", "dataclasses", "decimal", "json", "types",
        "typing",
    }  # fmt: skip


def left_by_one(**changes: object) -> Left:
    """What one good payment of 5.00 baht for 600 riel leaves, with something changed."""
    who = {"payer_side": "A", "payee_side": "thailand", "holder": "H", "fee_taker": "F"}
    terms = {"debit": 60_000, "fee": 0, "source": 60_000, "destination": 500, "quote_id": "q",
             "payer_currency": "KHR", "payee_currency": "THB"}  # fmt: skip
    frozen = {"direction": "outbound", "terms": terms, "institutions": who, "origin": "A"}
    lines = [("A/member/KHR/deferred", "debit", "KHR", 60_000),
             ("H/holder/KHR/deferred", "credit", "KHR", 60_000),
             ("H/holder/THB/deferred", "debit", "THB", 500),
             ("thailand/network/THB/deferred", "credit", "THB", 500)]  # fmt: skip
    entries = [
        {"entry_id": number + 10 * posted, "uetr": "u", "account": account, "side": side,
         "currency": code, "minor": minor, "phase": "posted" if posted else "pending",
         "pending_entry": number if posted else None}
        for posted in (0, 1)
        for number, (account, side, code, minor) in enumerate(lines)
    ]  # fmt: skip
    accounts = [
        {"key": account, "debits_pending": 0, "credits_pending": 0,
         "debits_posted": minor * (side == "debit"), "credits_posted": minor * (side == "credit")}
        for account, side, _, minor in lines
    ]  # fmt: skip
    payment = {"uetr": "u", "network": "thailand", "reference": "r", "state": "accepted",
               "disputed": 0, "reservation": 0, "reason": None,
               "frozen": json.dumps(frozen)}  # fmt: skip
    line = {"uetr": "u", "reference": "r", "status": "booked", "currency": "THB", "amount": "5.00",
            "direction": "outbound"}  # fmt: skip
    told = Told(0, uetr="u", debit=("KHR", "600"), credit=("THB", "5.00"),
                words=[Word("ACCC", "u", 0, b"paid")])  # fmt: skip
    rows: dict[str, object] = {
        "payment": [{**payment, **changes}],
        "entry": entries,
        "account": accounts,
        "answer": [{"uetr": "u"}],
        "binding": [{"uetr": "u", "scope": "A", "key": "k"}],
        "exchange": [{"uetr": "u", "operation": "pay"}],
    }
    return Left(rows, {"thailand": [line]}, [told])  # type: ignore[arg-type]


def lied_about(*, borne: bool, disputed: bool = False, settled: bool = True) -> Left:
    """What a payment leaves that its network refused in words and booked all the same."""
    left = left_by_one(state="refused", disputed=int(disputed))
    rows = dict(left.rows)
    reserved = [entry for entry in left.rows["entry"] if entry["phase"] == "pending"]
    voided = [
        {**entry, "entry_id": 10 + number, "phase": "voided", "pending_entry": number}
        for number, entry in enumerate(reserved)
    ]
    loss = [
        ("F/bearer/THB/deferred/exposure", "debit"),
        ("thailand/network/THB/deferred", "credit"),
    ]
    bears = [
        {"entry_id": 20 + number, "uetr": "u", "account": account, "side": side, "currency": "THB",
         "minor": 500, "phase": "posted", "pending_entry": None}
        for number, (account, side) in enumerate(loss)
    ]  # fmt: skip
    rows["entry"] = [*reserved, *voided, *(bears if borne else [])]
    sides = {entry["account"]: entry["side"] for entry in bears if borne}
    rows["account"] = [
        {"key": account, "debits_pending": 0, "credits_pending": 0,
         "debits_posted": 500 * (sides.get(account) == "debit"),
         "credits_posted": 500 * (sides.get(account) == "credit")}
        for account in dict.fromkeys([*(entry["account"] for entry in reserved), *sides])
    ]  # fmt: skip
    kinds = ["disputed", *(["settled"] if settled else [])]
    claim = f"u@1:{'book' if borne else 'uphold'}::operator-1:digest"
    rows["leaf"] = [
        {"content": json.dumps({"kind": kind, "uetr": "u", "state": "refused", "claim": claim})}
        for kind in kinds
    ]
    told = replace(left.told[0], words=[Word("RJCT", "u", 0, b"no")])
    return replace(left, rows=rows, told=[told], lies=frozenset({("thailand", "r")}))


def test_what_a_network_booked_against_its_word_is_good_once_somebody_bears_it() -> None:
    assert judge(lied_about(borne=True)) == []
    assert unresolved(lied_about(borne=True)) == 0


@pytest.mark.parametrize(
    ("left", "what"),
    [
        (lied_about(borne=False), "nobody bears it"),
        (lied_about(borne=True, disputed=True), "nobody has settled it"),
        (replace(lied_about(borne=True), lies=frozenset()), "nobody contradicted anybody"),
        (replace(lied_about(borne=True), lies=frozenset()), "money was posted"),
    ],
)
def test_a_contradiction_that_is_not_settled_is_found(left: Left, what: str) -> None:
    assert [finding for finding in judge(left) if what in finding.what] != []


def test_a_good_payment_is_judged_good() -> None:
    assert judge(left_by_one()) == []


@pytest.mark.parametrize(
    ("spoil", "kind"),
    [
        (lambda left: left.books["thailand"].clear(), "lost"),
        (lambda left: left.books["thailand"].append(left.books["thailand"][0]), "duplicated"),
        (lambda left: left.books["thailand"][0].update(amount="5.01"), "lost"),
        (lambda left: left.books["thailand"][0].update(uetr="v", reference="s"), "lost"),
        (lambda left: left.rows["entry"].pop(), "unbalanced"),
        (lambda left: left.rows["account"][0].update(debits_posted=1), "unbalanced"),
        (lambda left: left.rows["payment"][0].update(state="refused"), "lost"),
        (lambda left: left.rows["payment"][0].update(state="sending"), "stuck"),
        (lambda left: left.rows["payment"].clear(), "lost"),
        (lambda left: left.rows["binding"].append(left.rows["binding"][0]), "duplicated"),
        (lambda left: left.told[0].words.append(Word("RJCT", "u", 1, b"no")), "changed"),
        (lambda left: left.told[0].words.append(Word("ACCC", "u", 1, b"paid!")), "changed"),
        (lambda left: left.told[0].words.append(Word("PDNG", "u", 1)), "changed"),
        (lambda left: left.told[0].words.append(Word("ACCC", "w", 1, b"paid")), "duplicated"),
        (lambda left: setattr(left.told[0], "debit", ("KHR", "601")), "misquoted"),
        (lambda left: left.rows["exchange"].clear(), "record"),
    ],
)  # fmt: skip
def test_whatever_is_wrong_is_found(spoil: object, kind: str) -> None:
    left = left_by_one()
    assert callable(spoil)
    spoil(left)

    assert kind in {finding.kind for finding in judge(left)}


def test_each_network_refuses_and_lies_in_words_of_its_own() -> None:
    said = {
        (network, word)
        for network, faults in CHOICES.faults.items()
        for _, does, word in faults
        if word and does in ("contradict", "pretend", "refuse")
    }
    in_numbers = {network for network, word in said if word.isdigit()}

    assert in_numbers == {"unionpay", "vietnam"}
    assert {network for network, word in said if not word.isdigit()}.isdisjoint(in_numbers)
