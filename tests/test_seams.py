"""The seams of a simulation hold in every product file, as far as reading the source can tell.

Each rule has planted violations that it must catch and look-alikes that it must leave alone; each
exception is written down with its reason, and one that is no longer needed fails.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Final

import pytest

ROOT: Final = Path(__file__).resolve().parent.parent
PACKAGES: Final = ("fx", "iso20022", "switch", "adapters")

LOOP, THREADS, TIME, ENTROPY = "names a loop", "machine", "time", "entropy"
NETWORK, DATABASE, CLEAN_UP = "network door", "database door", "effect in clean-up"
ORDER, TASKS, STATE, RETRY = "order of a set", "starts a task", "module state", "retry library"
MEMO: Final = "module memo"

BANNED: Final[Mapping[str, str]] = MappingProxyType(
    {
        LOOP: (
            "asyncio.AbstractEventLoop asyncio.BaseEventLoop asyncio.Runner "
            "asyncio.get_event_loop asyncio.get_running_loop asyncio.new_event_loop "
            "asyncio.run asyncio.set_event_loop uvloop"
        ),
        THREADS: (
            "_thread asyncio.create_subprocess_exec asyncio.create_subprocess_shell "
            "asyncio.to_thread concurrent ctypes multiprocessing os.fork os.kill os.popen "
            "os.system select selectors signal socket subprocess threading"
        ),
        TIME: (
            "asyncio.sleep datetime.date.today datetime.datetime.now datetime.datetime.today "
            "datetime.datetime.utcnow email.utils.formatdate email.utils.localtime sched time"
        ),
        ENTROPY: "numpy.random os.getrandom os.urandom random secrets ssl.RAND_bytes tempfile uuid",
        NETWORK: (
            "aiohttp.ClientSession aiohttp.TCPConnector aiohttp.request aiohttp.web.AppRunner "
            "aiohttp.web.ServerRunner aiohttp.web.TCPSite aiohttp.web.run_app "
            "asyncio.open_connection asyncio.start_server ftplib http.client http.server "
            "httpx requests smtplib urllib.request"
        ),
        DATABASE: "apsw asyncpg redis sqlite3",
        TASKS: (
            "asyncio.TaskGroup asyncio.as_completed asyncio.create_task asyncio.ensure_future "
            "asyncio.gather asyncio.wait"
        ),
        RETRY: "backoff tenacity",
    }
)
"""Full names behind each seam, with all that is under them."""
BANNED_METHODS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "call_later": TIME,
        "call_at": TIME,
        "create_task": TASKS,
        "run_in_executor": THREADS,
        "run_until_complete": LOOP,
    }
)
EFFECTS: Final = frozenset(
    {"commit", "conclude", "post", "put", "release", "send", "start", "submit", "write"}
)
MUTABLE_CALLS: Final = frozenset(
    [
        "bytearray",
        "collections.Counter",
        "collections.OrderedDict",
        "collections.defaultdict",
        "collections.deque",
        "dict",
        "itertools.count",
        "itertools.cycle",
        "list",
        "set",
        "weakref.WeakKeyDictionary",
        "weakref.WeakSet",
        "weakref.WeakValueDictionary",
    ]
)
MEMOS: Final = frozenset({"functools.cache", "functools.lru_cache"})
SET_CALLS: Final = frozenset({"set", "frozenset"})
ORDERING_CALLS: Final = frozenset({"enumerate", "iter", "list", "next", "tuple", "zip"})

WHY_RUNTIME: Final = "the seam itself: what a process takes from its machine"
WHY_SIMULATION: Final = "the other side of every seam, never imported in production"
ALLOWED: Final[Mapping[str, Mapping[str, str]]] = MappingProxyType(
    {
        "switch/runtime/": dict.fromkeys((LOOP, THREADS, TIME, ENTROPY), WHY_RUNTIME),
        "switch/runtime/tasks.py": {TASKS: "the one way to start a task"},
        "switch/wire/": {NETWORK: "the two doors to the network"},
        "switch/simulation/": dict.fromkeys((LOOP, TIME, TASKS, DATABASE), WHY_SIMULATION),
        "iso20022/": {MEMO: "what is compiled from declarations is the same for every switch"},
        "switch/store/": {DATABASE: "the store's engine and driver"},
        "switch/coordination/": {DATABASE: "what processes share, which may be lost"},
        "switch/feeds.py": {
            RETRY: "fetching a page again moves nothing; sleep and jitter are given"
        },
        "switch/webhooks.py": {
            RETRY: "an event that is sent again is the same one; sleep and jitter are given"
        },
        "switch/stores.py": {
            RETRY: "connecting again at start moves nothing; sleep and jitter are given"
        },
        "switch/pauses.py": {RETRY: "the library's jitter, its chance handed in; it sends nothing"},
    }
)


@dataclass(frozen=True, slots=True, order=True)
class Finding:
    """One violation."""

    path: str
    line: int
    rule: str
    what: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.rule}: {self.what}"


class Reader:
    """Reads one module; imported names are resolved, so an alias hides nothing."""

    def __init__(self, path: str, source: str) -> None:
        self.path = path
        self.tree = ast.parse(source)
        self.names: dict[str, str] = {}
        self.sets: set[str] = set()
        self.annotations = {
            id(part) for noted in _annotations(self.tree) for part in ast.walk(noted)
        }
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                for alias in node.names:
                    top = alias.name if alias.asname else alias.name.partition(".")[0]
                    self.names[alias.asname or top] = top
            elif isinstance(node, ast.ImportFrom) and not node.level:
                for alias in node.names:
                    self.names[alias.asname or alias.name] = f"{node.module}.{alias.name}"
            elif isinstance(node, ast.Assign | ast.AnnAssign) and self.is_set(node.value):
                targets = node.targets if isinstance(node, ast.Assign) else [node.target]
                self.sets.update(ast.unparse(target) for target in targets)

    def dotted(self, node: ast.expr | None) -> str:
        """Return the full name of an expression such as ``web.run_app``, or nothing."""
        if isinstance(node, ast.Name):
            return self.names.get(node.id, node.id)
        if isinstance(node, ast.Attribute):
            owner = self.dotted(node.value)
            return f"{owner}.{node.attr}" if owner else ""
        return ""

    def is_set(self, node: ast.expr | None) -> bool:
        """Tell a set by how it is written or by the name it was given in this module."""
        if isinstance(node, ast.Set | ast.SetComp):
            return True
        if isinstance(node, ast.Call):
            return self.dotted(node.func) in SET_CALLS
        return isinstance(node, ast.Name | ast.Attribute) and ast.unparse(node) in self.sets

    def findings(self) -> Iterator[Finding]:
        """Yield every violation, exceptions not yet taken into account."""
        for node in ast.walk(self.tree):
            for rule, what in (*self.of_names(node), *self.of_order(node), *self.of_ends(node)):
                yield Finding(self.path, getattr(node, "lineno", 0), rule, what)
        yield from self.of_state(self.tree)

    def of_names(self, node: ast.AST) -> Iterator[tuple[str, str]]:
        """Seams 1 to 5, 8, 10: names that belong behind a seam, imported or used."""
        used: list[str] = []
        if isinstance(node, ast.Import):
            used = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and not node.level:
            used = [f"{node.module}.{alias.name}" for alias in node.names]
        elif isinstance(node, ast.Attribute) and id(node) not in self.annotations:
            used = [self.dotted(node)]
            if node.attr in BANNED_METHODS:
                yield BANNED_METHODS[node.attr], node.attr
        elif isinstance(node, ast.Call) and self.dotted(node.func) == "hash":
            yield ENTROPY, "hash() of text differs between processes"
        for rule, banned in BANNED.items():
            for name in used:
                if any(name == one or name.startswith(f"{one}.") for one in banned.split()):
                    yield rule, name

    def of_order(self, node: ast.AST) -> Iterator[tuple[str, str]]:
        """Seam 7: iteration whose order is that of a set."""
        walked: list[ast.expr] = []
        if isinstance(node, ast.For | ast.AsyncFor | ast.comprehension):
            walked = [node.iter]
        elif isinstance(node, ast.Call) and self.dotted(node.func) in ORDERING_CALLS:
            walked = list(node.args)
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            walked = list(node.args) if node.func.attr in {"join", "extend"} else []
        elif isinstance(node, ast.Starred):
            walked = [node.value]
        for one in walked:
            if self.is_set(one):
                yield ORDER, ast.unparse(one)

    def of_ends(self, node: ast.AST) -> Iterator[tuple[str, str]]:
        """Seam 6: what runs when a coroutine is thrown away must have no effect outside."""
        bodies: list[ast.stmt] = []
        if isinstance(node, ast.Try):
            bodies = list(node.finalbody)
        elif isinstance(node, ast.ExceptHandler):
            caught = ast.unparse(node.type) if node.type else "BaseException"
            if "CancelledError" in caught or "BaseException" in caught:
                bodies = list(node.body)
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            ends = node.name in {"__aexit__", "__exit__", "__del__"}
            bodies = list(node.body) if ends else []
        for inner in (inner for body in bodies for inner in ast.walk(body)):
            call = inner.func if isinstance(inner, ast.Call) else None
            if isinstance(call, ast.Attribute) and call.attr in EFFECTS:
                yield CLEAN_UP, ast.unparse(call)

    def of_state(self, scope: ast.Module | ast.ClassDef) -> Iterator[Finding]:
        """Seam 9: mutable values that live as long as the interpreter."""
        for node in _statements(scope.body):
            if isinstance(node, ast.ClassDef):
                yield from self.of_state(node)
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                for decorator in node.decorator_list:
                    call = decorator.func if isinstance(decorator, ast.Call) else decorator
                    if self.dotted(call) in MEMOS:
                        yield Finding(self.path, node.lineno, MEMO, ast.unparse(decorator))
            if isinstance(node, ast.Assign | ast.AnnAssign) and self.is_mutable(node.value):
                targets = node.targets if isinstance(node, ast.Assign) else [node.target]
                names = [ast.unparse(target) for target in targets]
                if not all(name.startswith("__") for name in names):
                    yield Finding(self.path, node.lineno, STATE, ", ".join(names))
        if isinstance(scope, ast.Module):
            for inner in ast.walk(scope):
                if isinstance(inner, ast.Global):
                    yield Finding(self.path, inner.lineno, STATE, "global")

    def is_mutable(self, node: ast.expr | None) -> bool:
        """Tell a mutable container by how it is made."""
        if isinstance(
            node, ast.List | ast.Dict | ast.Set | ast.ListComp | ast.DictComp | ast.SetComp
        ):
            return True
        return isinstance(node, ast.Call) and self.dotted(node.func) in MUTABLE_CALLS


def _annotations(tree: ast.Module) -> Iterator[ast.expr]:
    """Yield every annotation: to name a type there is to use nothing."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.returns:
            yield node.returns
        elif isinstance(node, ast.arg | ast.AnnAssign) and node.annotation:
            yield node.annotation


def _statements(body: list[ast.stmt]) -> Iterator[ast.stmt]:
    """Yield the statements of a scope, those inside ``if``, ``try`` and ``with`` included."""
    for node in body:
        yield node
        for part in ("body", "orelse", "finalbody"):
            if isinstance(node, ast.If | ast.Try | ast.With | ast.For):
                yield from _statements(getattr(node, part, []))


def excuse(finding: Finding) -> str | None:
    """Return the key of the exception that covers a finding."""
    for prefix, rules in ALLOWED.items():
        covered = finding.path == prefix or (prefix[-1] == "/" and finding.path.startswith(prefix))
        if covered and finding.rule in rules:
            return f"{prefix} {finding.rule}"
    return None


def product_findings() -> list[Finding]:
    """Read every product file."""
    found: list[Finding] = []
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            relative = path.relative_to(ROOT).as_posix()
            found += Reader(relative, path.read_text("utf-8")).findings()
    return found


def test_product_keeps_the_seams() -> None:
    broken = sorted({finding for finding in product_findings() if excuse(finding) is None})

    assert broken == [], "\n" + "\n".join(map(str, broken))


def test_every_exception_is_needed() -> None:
    used = {excuse(finding) for finding in product_findings()}

    named = {f"{prefix} {rule}" for prefix, rules in ALLOWED.items() for rule in rules}
    assert named - used == set()


PLANTED: Final = (
    (LOOP, "import asyncio\nasyncio.get_running_loop()"),
    (LOOP, "import uvloop"),
    (LOOP, "loop.run_until_complete(x)"),
    (THREADS, "import threading"),
    (THREADS, "from concurrent.futures import ThreadPoolExecutor"),
    (THREADS, "import asyncio as a\na.to_thread(f)"),
    (THREADS, "loop.run_in_executor(None, f)"),
    (THREADS, "import os\nos.kill(1, 9)"),
    (TIME, "import time"),
    (TIME, "from time import monotonic as now"),
    (TIME, "from datetime import datetime as d\nd.now()"),
    (TIME, "import datetime\ndatetime.datetime.utcnow()"),
    (TIME, "from datetime import date\ndate.today()"),
    (TIME, "from asyncio import sleep"),
    (TIME, "loop.call_later(1, f)"),
    (ENTROPY, "def f():\n    import uuid"),
    (ENTROPY, "import random"),
    (ENTROPY, "from secrets import token_hex"),
    (ENTROPY, "from os import urandom"),
    (ENTROPY, "hash('x')"),
    (NETWORK, "import aiohttp\naiohttp.ClientSession()"),
    (NETWORK, "from aiohttp import web\nweb.run_app(app)"),
    (NETWORK, "import httpx"),
    (NETWORK, "from urllib.request import urlopen"),
    (DATABASE, "import sqlite3"),
    (CLEAN_UP, "try:\n    f()\nfinally:\n    store.commit(x)"),
    (CLEAN_UP, "try:\n    f()\nexcept asyncio.CancelledError:\n    ledger.release(x)\n    raise"),
    (CLEAN_UP, "class A:\n    async def __aexit__(self, *a):\n        await self.t.send(x)"),
    (CLEAN_UP, "class A:\n    def __del__(self):\n        self.post(x)"),
    (ORDER, "for x in {1, 2}:\n    pass"),
    (ORDER, "[x for x in set(y)]"),
    (ORDER, "KEYS = frozenset(y)\nlist(KEYS)"),
    (ORDER, "def f(self):\n    self.open = set()\n    for x in self.open:\n        pass"),
    (ORDER, "def f():\n    a = set()\n    (*a,)"),
    (ORDER, "','.join({x for x in y})"),
    (TASKS, "import asyncio\nasyncio.create_task(f())"),
    (TASKS, "import asyncio\nasyncio.gather(f())"),
    (TASKS, "import asyncio\ndone, _ = await asyncio.wait(x)"),
    (TASKS, "group.create_task(f())"),
    (STATE, "CACHE = {}"),
    (STATE, "from typing import Final\nSEEN: Final = []"),
    (STATE, "from collections import defaultdict\nSEEN = defaultdict(int)"),
    (STATE, "if x:\n    SEEN = set()"),
    (STATE, "class A:\n    seen = {}"),
    (MEMO, "from functools import lru_cache\n@lru_cache\ndef f(): ..."),
    (MEMO, "import functools\n@functools.lru_cache(maxsize=1)\ndef f(): ..."),
    (STATE, "def f():\n    global COUNT\n    COUNT = 1"),
    (RETRY, "from tenacity import retry"),
)

INNOCENT: Final = (
    "from datetime import datetime, timedelta\ndatetime.fromisoformat(x)\nclock.now()",
    "await clock.sleep(1)\nrow.time\nself.random.bytes(3)",
    "from types import MappingProxyType\nTABLE = MappingProxyType({'a': 1})\nKEYS = ('a',)",
    "__all__ = ['a']\nFROZEN = frozenset({'a'})\n'a' in FROZEN",
    "for x in sorted({1, 2}):\n    pass",
    "def f():\n    seen = set()\n    seen.add(1)\n    cache = {}\n    return cache",
    "from aiohttp import web\nweb.Application()",
    "import aiohttp\ndef f(s: aiohttp.ClientSession) -> aiohttp.ClientSession: ...",
    "tasks.start('x', f())\nasyncio.timeout(3)",
    "try:\n    f()\nfinally:\n    guard.finish()",
    "try:\n    f()\nexcept ValueError:\n    store.commit(x)",
    "from dataclasses import dataclass, field\nclass A:\n    seen: list[int] = field()",
)


@pytest.mark.parametrize(("rule", "source"), PLANTED)
def test_planted_violation_is_caught(rule: str, source: str) -> None:
    found = {finding.rule for finding in Reader("switch/x.py", source).findings()}

    assert found == {rule}


@pytest.mark.parametrize("source", INNOCENT)
def test_look_alike_is_left_alone(source: str) -> None:
    assert list(Reader("switch/x.py", source).findings()) == []


def test_exceptions_cover_their_place_only() -> None:
    def excused(path: str, rule: str) -> bool:
        return excuse(Finding(path, 1, rule, "")) is not None

    assert excused("switch/runtime/clock.py", TIME)
    assert not excused("switch/runtime_of.py", TIME)
    assert not excused("switch/wire/transport.py", TIME)
    assert not excused("switch/runtime/clock.py", NETWORK)
    assert not excused("adapters/thailand/adapter.py", DATABASE)
