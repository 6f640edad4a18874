"""The one reader of scheme files: TOML text in, frozen rules out.

Every key is taken by name and a misspelt, missing or wrong one is a :class:`SchemeError` with file
and key. There is no parser per network: what a country's codes look like is a file, and an adapter
package may bring one. The surprise is what a file cannot say: that a code need not state its
currency and country, because then it would claim everybody's.
"""

from __future__ import annotations

import re
from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from switch.qr.emv import LENGTH_MAX, VALUE_LENGTH_MAX
from switch.qr.judge import judge_account, judge_base, judge_link, judge_payer_code, judge_scheme
from switch.qr.rules import (
    Account,
    Base,
    Decoy,
    Digits,
    Expected,
    Field,
    Kind,
    LastDay,
    Link,
    PayerCode,
    Scheme,
    Unpayable,
    Validity,
)
from switch.qr.table import SchemeError, Table, open_table

if TYPE_CHECKING:
    from collections.abc import Mapping

_KINDS: Final[Mapping[str, Kind]] = MappingProxyType(
    {"emv": "emv", "link": "link", "digits": "digits"}
)
_TAGS: Final = re.compile("([0-9]{2})(?:-([0-9]{2}))?")
_ACCOUNTS: Final = tuple(f"{tag:02d}" for tag in range(2, 52))


def _field(table: Table, path: str) -> Field:
    word = path.replace("/", "_")
    found = Field(
        name=table.text("name", ""),
        required=table.flag("required"),
        missing=table.text("missing", f"missing_{word}"),
        shortest=table.number("shortest", 1),
        longest=table.number("longest", VALUE_LENGTH_MAX),
        length=table.text("length", f"length_{word}"),
        pattern=table.pattern("pattern"),
        format=table.text("format", f"format_{word}"),
        sets=tuple(sorted(table.named("sets").items())),
    )
    table.done()
    return found


def _tags(table: Table) -> tuple[str, ...]:
    """Return the tags of ``tag = "26"``, ``tag = "26-45"`` or ``tags = ["26-39", "41"]``."""
    key = "tags" if "tags" in table.content else "tag"
    found: list[str] = []
    for text in table.texts("tags") if key == "tags" else (table.text("tag"),):
        match = _TAGS.fullmatch(text)
        first, last = (match[1], match[2] or match[1]) if match else ("", "")
        if not (first in _ACCOUNTS and last in _ACCOUNTS and first <= last):
            raise table.wrong(key, "two digits from 02 to 51, or a range of them")
        found += _ACCOUNTS[_ACCOUNTS.index(first) : _ACCOUNTS.index(last) + 1]
    if not found or len(set(found)) < len(found):
        raise table.wrong(key, "tags, each once")
    return tuple(found)


def _by(table: Table, items: list[Table], key: str) -> dict[str, Table]:
    """Return tables by the text of one key, each once."""
    found: dict[str, Table] = {}
    for item in items:
        name = item.text(key)
        if name in found:
            raise SchemeError(f"{item.place}: {key} is there twice in {table.place}")
        found[name] = item
    return found


class _Groups:
    """Fields that several account objects share, by the name of their group."""

    def __init__(self, root: Table) -> None:
        self.groups: dict[str, list[Table]] = {}
        for name, group in _by(root, root.tables("group"), "name").items():
            self.groups[name] = group.tables("field")
            group.done()
        self.unused = dict.fromkeys(self.groups)

    def fields_of(self, account: Table) -> list[Table]:
        """Return the fields of the groups that an account names, and its own."""
        found: list[Table] = []
        for name in account.texts("groups"):
            if name not in self.groups:
                raise account.wrong("groups", "names of groups of this file")
            self.unused.pop(name, None)
            found += [Table(item.content, item.place) for item in self.groups[name]]
        return found + account.tables("field")


def _account(table: Table, groups: _Groups) -> list[Account]:
    tags = _tags(table)
    inner = _by(table, groups.fields_of(table), "sub")
    fields = {sub: _field(item, f"{tags[0]}/{sub}") for sub, item in sorted(inner.items())}
    types = table.table("payer_types")
    day = table.table("last_day")
    account = Account(
        tag=tags[0],
        kind=table.text("kind"),
        ids=table.texts("ids"),
        id_patterns=table.patterns("id_patterns"),
        any_id=table.flag("any_id"),
        opaque=table.flag("opaque"),
        cross_border=table.flag("cross_border"),
        straight=table.flag("straight"),
        never=tuple(_never(item) for item in table.tables("never")),
        fields=MappingProxyType(fields),
        one_of=table.texts("one_of"),
        one_of_missing=table.text("one_of_missing", f"missing_{tags[0]}"),
        only_one=table.flag("only_one"),
        last_day=_last_day(day) if day.content else None,
        payer_types=_payer_types(types) if types.content else None,
        expected=tuple(_expected(item) for item in table.tables("expected")),
    )
    table.done()
    judge_account(account, tags, table.place)
    return [replace(account, tag=tag) for tag in tags]


def _never(table: Table) -> tuple[str, str]:
    pair = table.text("country"), table.text("currency")
    table.done()
    return pair


def _last_day(table: Table) -> LastDay:
    day = LastDay(table.text("sub"), table.number("zone_hours", 0), table.text("format"))
    table.done()
    return day


def _payer_types(table: Table) -> tuple[str, str]:
    pair = table.text("sub"), table.text("value")
    table.done()
    return pair


def _expected(table: Table) -> Expected:
    found = Expected(table.text("sub", ""), table.expression("pattern"), table.text("note"))
    table.done()
    return found


def _validity(table: Table) -> Validity | None:
    if not table.content:
        return None
    validity = Validity(
        template=table.text("template"),
        created=table.text("created"),
        expires=table.text("expires"),
        needed_with_amount=table.flag("needed_with_amount"),
    )
    table.done()
    return validity


def _decoy(table: Table) -> Decoy:
    decoy = Decoy(table.text("last"), table.text("tag"), table.expression("pattern"))
    table.done()
    return decoy


def _unpayable(table: Table) -> Unpayable:
    found = Unpayable(
        why=table.text("why"),
        path=table.text("path", ""),
        values=table.texts("values"),
        kinds=table.texts("kinds"),
    )
    table.done()
    if bool(found.path and found.values) is bool(found.kinds):
        raise SchemeError(f"{table.place}: give either path with values, or kinds")
    return found


def _off_emv(table: Table) -> tuple[Account, dict[str, str]]:
    """Return the account rule of a link or a payer's code, and the EMV places of its keys."""
    kind = table.text("kind")
    fields: dict[str, Field] = {}
    paths: dict[str, str] = {}
    for key, inner in _by(table, table.tables("field"), "key").items():
        paths[key] = inner.text("path", f"{kind}/{key}")
        fields[key] = _field(inner, key)
    return Account(tag=kind, kind=kind, opaque=True, fields=MappingProxyType(fields)), paths


def _link(table: Table) -> Link:
    account, paths = _off_emv(table)
    holds = table.text("holds")
    if holds not in {"query", "objects", "path"}:
        raise table.wrong("holds", "query, objects or path")
    link = Link(
        account=account,
        claims=table.expression("claims"),
        reads=table.expression("reads"),
        holds="query" if holds == "query" else "objects" if holds == "objects" else "path",
        longest=table.number("longest", LENGTH_MAX),
        paths=MappingProxyType(paths),
        says=MappingProxyType(table.named("says")),
    )
    table.done()
    judge_link(link, table.place)
    return link


def _payer_code(table: Table) -> PayerCode | None:
    if not table.content:
        return None
    account, _ = _off_emv(table)
    forms = [_digits(inner) for inner in table.tables("form")]
    if len({form.length for form in forms}) < len(forms):
        raise table.wrong("form", "one of each length")
    code = PayerCode(
        account=account,
        claims=table.expression("claims"),
        forms=MappingProxyType({form.length: form for form in forms}),
    )
    table.done()
    judge_payer_code(code, table.place)
    return code


def _digits(table: Table) -> Digits:
    found = Digits(
        length=table.number("length", 0),
        starts=table.text("starts", ""),
        parts=table.pairs("parts"),
        says=table.pairs("says"),
        values=MappingProxyType(table.named("values")),
    )
    table.done()
    return found


def read_scheme(text: str, name: str) -> Scheme:
    """Read a scheme file's text; ``name`` is used in the message of :class:`SchemeError`."""
    table = open_table(text, name)
    word = table.text("scheme")
    kind = _KINDS.get(table.text("kind", "emv"))
    if kind is None:
        raise table.wrong("kind", "emv, link or digits")
    accepts = table.table("accepts")
    groups = _Groups(table)
    scheme = Scheme(
        scheme=word,
        kind=kind,
        countries=table.texts("countries"),
        currencies=table.texts("currencies"),
        guest=table.flag("guest"),
        tolerates=frozenset(table.texts("tolerates")),
        accepts=MappingProxyType({path: accepts.texts(path) for path in sorted(accepts.content)}),
        templates=table.texts("templates"),
        plain=table.texts("plain"),
        one_account=table.flag("one_account"),
        dynamic_needs_amount=table.flag("dynamic_needs_amount"),
        accounts=tuple(one for inner in table.tables("account") for one in _account(inner, groups)),
        validity=_validity(table.table("validity")),
        decoys=tuple(_decoy(inner) for inner in table.tables("decoy")),
        unpayable=tuple(_unpayable(inner) for inner in table.tables("unpayable")),
        links=tuple(_link(inner) for inner in table.tables("link")),
        payer_code=_payer_code(table.table("payer_code")),
        numbers=MappingProxyType(dict(table.pairs("numbers"))),
    )
    table.done()
    if groups.unused:
        raise SchemeError(f"{name}: group: no account names {min(groups.unused)}")
    judge_scheme(scheme, name)
    return scheme


def read_base(text: str, name: str) -> Base:
    """Read the file of the rules about every code."""
    table = open_table(text, name)
    fields: dict[str, Field] = {}
    nested: dict[str, dict[str, Field]] = {}
    for path, inner in _by(table, table.tables("field"), "path").items():
        tag, _, sub = path.partition("/")
        if sub:
            nested.setdefault(tag, {})[sub] = _field(inner, path)
        else:
            fields[tag] = _field(inner, path)
    base = Base(
        required=table.texts("required"),
        tolerates=frozenset(table.texts("tolerates")),
        fields=MappingProxyType(fields),
        nested=MappingProxyType({tag: MappingProxyType(subs) for tag, subs in nested.items()}),
    )
    table.done()
    judge_base(base, name)
    return base
