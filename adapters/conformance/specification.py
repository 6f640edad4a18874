"""The specification as a page, made from the list of cases.

``docs/network-engineer/conformance.md`` is this text; a test compares them, so that no case can
change without its page. The surprise: what is written about the plan's sections is here as well,
since a page that is made is made as a whole.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from adapters.conformance.cases import CASES

if TYPE_CHECKING:
    from adapters.conformance.case import Case

_HEAD: Final = """# Conformance of a network

Each network that the switch is linked to is held to the cases below, together with its adapter:

    bakong-switch adapter check thailand
    bakong-switch adapter check thailand --json
    bakong-switch adapter check thailand --html report.html
    bakong-switch adapter check thailand --url https://test.partner.example --data var
    bakong-switch adapter check thailand --url https://test.partner.example --data var --door 8080

Without `--url` the far side is the network's simulator, served on a free port for the check. With
`--url` it is a partner's test system: the switch's keys come from `--data`, and cases that need the
far side to be steered are *not run* unless it has the controls of a simulator
(`adapters/sandbox_kit/README.md`). What the network itself has to begin (`inbound` below) is asked
for there too: `POST /control/pay-khqr` has a customer of it pay, `/control/return` has a shop give
back, `/control/enquire` and `/control/notify` do what their names say. With `--door` a switch waits
for it on that port, with rows of its own and the backbone's simulator behind it; without, each such
case is *not run* and says so. The command ends with status 0 when every case that applies was
run and holds, else with 1. `bakong-switch adapter cases` prints this page.

A case that fails says what was demanded and what was seen. A case does not apply where the facts of
the network rule it out (an operation it lacks, whether "never seen" is a promise), or where its
plan gives a reason. The plan is `conformance.toml` beside the adapter:

| Section | What it holds |
| --- | --- |
| `amounts` | amounts that the network must take, in its currency |
| `texts` | names that it must take |
| `[payment]` | `payload`, a code without an amount; `amount`; `rate`, `rate_of`, `payer_currency` |
| `[payee]` | `name`, `account`, `agent` of who is paid, where the network has no lookup |
| `[unknown_code]` | `payload` of a code of nobody, and the `reason` (ISO) of the refusal |
| `[refused]` | an `amount` that the network refuses by itself, and the `reason` |
| `[[refusals]]` | a `code` of the network, and the `reason` (ISO) that it means |
| `[inbound]` | `payload` of a KHQR; `amount`, `more`; `advice`: the customer is debited first |
| `[contradiction]` | what makes the simulator send news that says the opposite |
| `[not_applicable]` | numbers of cases that do not apply, each with its reason |

Where each code of a network is an order that is paid once, `{number}` (ten digits) and `{amount}`
(minor units) stand in the `payload`, and every payment gets a code of its own. A reference that was
used is never used again, so a check can be repeated against a system that remembers. Numbers are
never given to another case. No case is about three legs: they are
agreed for a corridor, and the checks know no corridor.

## Cases

"Needs" names the operations of the network without which a case does not apply. A star says that
the far side must be steered.

| Case | Title | Demand | Needs |
| --- | --- | --- | --- |
"""


def specification() -> str:
    """The page."""
    return _HEAD + "".join(f"{_row(case)}\n" for case in CASES)


def _row(case: Case) -> str:
    needs = ", ".join(each.value for each in case.needs)
    if case.inbound:
        needs = f"{needs}, inbound" if needs else "inbound"
    if case.asked:
        needs = f"{needs}; nothing comes in"
    star = " *" if case.steered else ""
    return f"| {case.number}{star} | {case.title} | {case.demands} | {needs} |"
