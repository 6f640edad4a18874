"""The table of rules in the documentation, taken from the rule objects themselves.

A rule is applied in up to two places: where the switch reads and writes the messages it declares,
and where any file is judged. The surprise: the first is found by asking which rules the declared
types and messages name, so a rule that nobody applies shows with two empty columns, and a test
forbids that.
"""

from __future__ import annotations

import inspect
import re
from typing import Final, NamedTuple

from iso20022 import rules, scalars
from iso20022.errors import Rule
from iso20022.messages import DOCUMENTS
from iso20022.rules import MessageRule
from iso20022.tree_rules import TREE_RULES
from iso20022.tree_values import VALUE_RULES

PAGE: Final = "docs/network-engineer/iso20022-rules.md"

_HEAD: Final = """\
# ISO 20022: rules beyond the schema

Written by `python -m iso20022.make rules` from `iso20022/rules.py`; do not edit.

*The switch* says where a message that the switch reads or writes is held to the rule: every value
of a type, or the messages named; *written* means that others may do otherwise. *Any file* says
whether `bakong-switch iso validate` holds every ISO 20022 message to it. Where two codes stand, the
first is for the debtor's side and the second for the creditor's.

| rule | a message is refused because | source | code | the switch | any file |
|---|---|---|---|---|---|
"""


class Row(NamedTuple):
    """One rule and where it is applied."""

    rule: Rule
    code: str
    switch: str
    any_file: bool


def rows() -> list[Row]:
    """Return every rule of :mod:`iso20022.rules`, by id."""
    by_type = set(re.findall(r"rules\.([A-Z_]+)\b", inspect.getsource(scalars)))
    sides = {entry.rule.id: "/".join(entry.codes) for entry in VALUE_RULES if entry.codes}
    anywhere = {entry.rule.id for entry in (*TREE_RULES, *VALUE_RULES)} | {
        rules.STATUS_KNOWN.rule.id,
        rules.EXTERNAL_CODE.id,
    }
    found = []
    for name, value in vars(rules).items():
        if isinstance(value, MessageRule):
            rule, switch = value.rule, _families(value)
        elif isinstance(value, Rule):
            rule, switch = value, "every value" if name in by_type else ""
        else:
            continue
        code = sides.get(rule.id, rule.code)
        found.append(Row(rule, code, switch, rule.id in anywhere))
    return sorted(found, key=lambda row: row.rule.id)


def _families(rule: MessageRule) -> str:
    named = sorted({name.rpartition(".001.")[0] for name in _with(rule)})
    return ", ".join(named) + (" (written)" if rule.emitted_only else "")


def _with(rule: MessageRule) -> list[str]:
    return [name for name, declared in DOCUMENTS.items() if rule in declared.rules]


def rule_table() -> str:
    """Return the page."""
    lines = [
        f"| {row.rule.id} | {row.rule.detail} | {row.rule.source} | {row.code} "
        f"| {row.switch or '–'} | {'yes' if row.any_file else '–'} |"  # noqa: RUF001 - a dash
        for row in rows()
    ]
    return _HEAD + "\n".join(lines) + "\n"
