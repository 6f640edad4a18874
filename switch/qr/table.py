"""A TOML table whose keys are taken one by one, so that a misspelt one is noticed.

Every wrong key or value is a :class:`SchemeError` that names the file, the table and the key. The
invariant: after :meth:`Table.done` nothing of the file went unread. The surprise is that defaults
live with the caller: an absent key is never guessed here but for the empty list and ``false``.
"""

from __future__ import annotations

import re
import tomllib
from typing import TYPE_CHECKING, TypeGuard

if TYPE_CHECKING:
    from collections.abc import Mapping


class SchemeError(ValueError):
    """A scheme file that cannot be used; the text names the file and the key."""


class Table:
    """One table of a file; ``place`` names file and table in messages."""

    def __init__(self, content: Mapping[str, object], place: str) -> None:
        self.content = dict(content)
        self.place = place

    def wrong(self, key: str, wanted: str) -> SchemeError:
        """Return the error that says what ``key`` must be."""
        return SchemeError(f"{self.place}: {key} must be {wanted}")

    def text(self, key: str, default: str | None = None) -> str:
        """Take a text; required unless there is a default."""
        value = self.content.pop(key, default)
        if not isinstance(value, str):
            raise self.wrong(key, "text")
        return value

    def optional(self, key: str) -> str | None:
        """Take a text that may be absent."""
        return self.text(key) if key in self.content else None

    def texts(self, key: str) -> tuple[str, ...]:
        """Take a list of texts; absent means none."""
        value = self.content.pop(key, [])
        if not _is_list(value) or not all(isinstance(item, str) for item in value):
            raise self.wrong(key, "a list of texts")
        return tuple(str(item) for item in value)

    def pairs(self, key: str) -> tuple[tuple[str, int], ...]:
        """Take a table of whole numbers, in the order of the file."""
        inner = self.table(key)
        return tuple((name, inner.number(name, 0)) for name in tuple(inner.content))

    def named(self, key: str) -> dict[str, str]:
        """Take a table of texts."""
        inner = self.table(key)
        return {name: inner.text(name) for name in tuple(inner.content)}

    def number(self, key: str, default: int) -> int:
        """Take a whole number."""
        value = self.content.pop(key, default)
        if type(value) is not int:
            raise self.wrong(key, "a whole number")
        return value

    def flag(self, key: str) -> bool:
        """Take true or false; absent means false."""
        value = self.content.pop(key, False)
        if not isinstance(value, bool):
            raise self.wrong(key, "true or false")
        return value

    def pattern(self, key: str) -> re.Pattern[str] | None:
        """Take a regular expression that may be absent."""
        value = self.optional(key)
        return None if value is None else self._compiled(key, value)

    def expression(self, key: str) -> re.Pattern[str]:
        """Take a regular expression."""
        return self._compiled(key, self.text(key))

    def patterns(self, key: str) -> tuple[re.Pattern[str], ...]:
        """Take a list of regular expressions; absent means none."""
        return tuple(self._compiled(key, value) for value in self.texts(key))

    def _compiled(self, key: str, value: str) -> re.Pattern[str]:
        try:
            return re.compile(value, re.ASCII)
        except re.error as error:
            raise self.wrong(key, "a regular expression") from error

    def table(self, key: str) -> Table:
        """Take a table; absent means an empty one."""
        value = self.content.pop(key, {})
        if not _is_table(value):
            raise self.wrong(key, "a table")
        return Table(value, f"{self.place}: {key}")

    def tables(self, key: str) -> list[Table]:
        """Take a list of tables; absent means none."""
        value = self.content.pop(key, [])
        if not _is_list(value):
            raise self.wrong(key, "a list of tables")
        found = []
        for number, item in enumerate(value, 1):
            if not _is_table(item):
                raise self.wrong(key, "a list of tables")
            found.append(Table(item, f"{self.place}: {key} {number}"))
        return found

    def done(self) -> None:
        """Refuse keys that nobody took."""
        if self.content:
            raise SchemeError(f"{self.place}: unknown key {min(self.content)}")


def open_table(text: str, name: str) -> Table:
    """Return the root table of a file's text; ``name`` is used in messages."""
    try:
        return Table(tomllib.loads(text), name)
    except tomllib.TOMLDecodeError as error:
        raise SchemeError(f"{name}: {error}") from error


def _is_list(value: object) -> TypeGuard[list[object]]:
    return isinstance(value, list)


def _is_table(value: object) -> TypeGuard[dict[str, object]]:
    return isinstance(value, dict)
