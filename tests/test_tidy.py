"""The house rules that a machine can check hold for every file of the tree.

Each rule is a pure function from a source to the faults it finds, and each is shown to find a
planted fault, so that no rule passes because it looks at nothing. Ruff and mypy judge the rest.
"""

from __future__ import annotations

import ast
import re
from collections import Counter
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Final

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

ROOT: Final = Path(__file__).resolve().parent.parent
PRODUCT: Final = ("fx", "iso20022", "switch", "adapters")
FOLDERS: Final = (*PRODUCT, "config", "deploy", "docs", "tests", ".ci")
TEXT_SUFFIXES: Final = frozenset(
    {".py", ".md", ".toml", ".lock", ".html", ".css", ".js", ".sh", ".yml", ".yaml", ".sql", ""}
)
CODE_SUFFIXES: Final = frozenset({".py", ".toml", ".html", ".css", ".js", ".sh", ".sql", ""})

FILES: Final = frozenset({"CHANGELOG.md", "LICENSE", "Makefile", "README.md", "pyproject.toml"})
"""What stands at the top beside folders, locks and what begins with a dot."""

FILE_LINES_MAX: Final = 400
FUNCTION_LINES_MAX: Final = 60
COLUMNS_MAX: Final = 100
MODULE_DOCSTRING_LINES: Final = range(3, 13)
NAMELESS: Final = frozenset(
    {"util", "utils", "helper", "helpers", "common", "manager", "managers", "misc"}
)

# Spelled in pieces, so that this file does not hold what it forbids.
UNFINISHED: Final = re.compile(r"\b(" + "|".join(("TO" + "DO", "FIX" + "ME", "HA" + "CK")) + r")\b")
MACHINE_PATH: Final = re.compile(
    r"(?<![\w.$}-])/(" + "|".join(("wo" + "rk", "ro" + "ot", "ho" + "me", "Us" + "ers")) + r")/"
)
REGISTRY_HOST: Final = re.compile(
    "|".join(("py" + r"pi\.org", "python" + r"hosted\.org", "npm" + r"js\.", "crates" + r"\.io"))
)


@dataclass(frozen=True)
class Source:
    """One text file: its path inside the project and its content."""

    path: str
    text: str

    @property
    def name(self) -> PurePosixPath:
        return PurePosixPath(self.path)

    @property
    def in_product(self) -> bool:
        return self.name.parts[0] in PRODUCT

    @cached_property
    def tree(self) -> ast.Module:
        return ast.parse(self.text if self.name.suffix == ".py" else "")


def sources(root: Path = ROOT) -> Iterator[Source]:
    """Yield every text file that belongs to the project, by path."""
    found = [path for path in root.iterdir() if path.is_file()]
    for folder in FOLDERS:
        found += (root / folder).rglob("*")
    for path in sorted(found):
        if path.suffix in TEXT_SUFFIXES and path.is_file() and "__pycache__" not in path.parts:
            if path.name.startswith(".coverage"):
                continue
            yield Source(path.relative_to(root).as_posix(), path.read_text(encoding="utf-8"))


def long_file(source: Source) -> list[str]:
    """Find code files above the ceiling; data tables in TOML are free."""
    count = source.text.count("\n")
    if source.name.suffix not in {".py", ".js", ".css", ".html"} or count <= FILE_LINES_MAX:
        return []
    return [f"{count} lines, at most {FILE_LINES_MAX}: split by concept"]


def stray_file(source: Source) -> list[str]:
    """Find files beside the folders that have no business there."""
    known = source.path in FILES or source.name.suffix == ".lock" or source.path[0] == "."
    return [] if known or "/" in source.path else ["stands at the top"]


def long_function(source: Source) -> list[str]:
    """Find functions above the ceiling, docstring included."""
    return [
        f"{node.lineno}: {node.name} has {length} lines, at most {FUNCTION_LINES_MAX}"
        for node in ast.walk(source.tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (length := (node.end_lineno or node.lineno) - node.lineno + 1) > FUNCTION_LINES_MAX
    ]


def long_line(source: Source) -> list[str]:
    """Find lines above the width; documents may hold tables and locks hold hashes."""
    if source.name.suffix not in CODE_SUFFIXES or source.path == "LICENSE":
        return []
    return [
        f"{number}: {len(line)} columns, at most {COLUMNS_MAX}"
        for number, line in enumerate(source.text.splitlines(), 1)
        if len(line) > COLUMNS_MAX
    ]


def stray_space(source: Source) -> list[str]:
    """Find space at line ends, tabs in Python, carriage returns, and a missing last newline."""
    faults = [
        f"{number}: space at the end of the line"
        for number, line in enumerate(source.text.split("\n"), 1)
        if line != line.rstrip()
    ]
    if source.name.suffix == ".py" and "\t" in source.text:
        faults.append("tab in Python")
    if source.text and not source.text.endswith("\n"):
        faults.append("no newline at the end")
    if source.text.endswith("\n\n"):
        faults.append("empty line at the end")
    return faults


def nameless_module(source: Source) -> list[str]:
    """Find folders and modules without a domain name."""
    parts = (*source.name.parent.parts, source.name.stem)
    return [f"{part!r} names no concept" for part in parts if part in NAMELESS]


def floating_point(source: Source) -> list[str]:
    """Find calls that make a float in the packages that see money."""
    if not source.in_product:
        return []
    return [
        f"{node.lineno}: a float is made"
        for node in ast.walk(source.tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id == "float"
    ]


def unfinished(source: Source) -> list[str]:
    """Find marks of unfinished work: what is missing is named in a document with an owner."""
    return [f"mark of unfinished work: {m[0]}" for m in UNFINISHED.finditer(source.text)]


def foreign_address(source: Source) -> list[str]:
    """Find paths of one machine, package registries, and any address in a lock."""
    faults = [f"path of one machine: {m[0]}" for m in MACHINE_PATH.finditer(source.text)]
    faults += [f"package registry: {m[0]}" for m in REGISTRY_HOST.finditer(source.text)]
    if source.name.suffix == ".lock" and "://" in source.text:
        faults.append("an address in a lock")
    return faults


def silent_module(source: Source) -> list[str]:
    """Find modules without a docstring, and product modules whose docstring is not 3-12 lines."""
    if source.name.suffix != ".py":
        return []
    docstring = ast.get_docstring(source.tree)
    if not docstring:
        return ["no module docstring"]
    count = docstring.count("\n") + 1
    free = not source.in_product or source.name.name in {"__init__.py", "__main__.py"}
    if free or count in MODULE_DOCSTRING_LINES:
        return []
    return [f"module docstring of {count} lines, 3 to 12 wanted: purpose, invariant, surprise"]


RULES: Final = (
    long_file,
    stray_file,
    long_function,
    long_line,
    stray_space,
    nameless_module,
    floating_point,
    unfinished,
    foreign_address,
    silent_module,
)


def packages(tree: Sequence[Source]) -> list[str]:
    """Name the product folders that hold modules, and the top ones; folders of data have none."""
    modules = [s.name for s in tree if s.in_product and s.name.suffix == ".py"]
    return sorted({str(m.parent) for m in modules if m.name != "__init__.py" or len(m.parts) == 2})


def missing_readmes(tree: Sequence[Source]) -> list[str]:
    """Find packages whose README is absent or lacks what it owns, never does, and keeps true."""
    wanted = {
        "what it owns": re.compile(r"^Owns ", re.MULTILINE),
        "what it must never do": re.compile(r"\bmust never\b"),
        "three numbered invariants": re.compile(r"^1\. .*^2\. .*^3\. ", re.MULTILINE | re.DOTALL),
    }
    texts = {source.path: source.text for source in tree}
    faults = []
    for package in packages(tree):
        path = f"{package}/README.md"
        if path in texts:
            faults += [f"{path}: lacks {w}" for w, p in wanted.items() if not p.search(texts[path])]
        else:
            faults.append(f"{path}: missing")
    return faults


def imported_names(source: Source) -> Iterator[str]:
    """Yield every dotted name that a module imports, as module and as attribute."""
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


NOT_IMPORTED: Final = {
    "switch.lifecycle_diagram": "run by name to write docs/developer/states.md",
    "switch.machines_page": "run by name to write docs/developer/machines.md",
    "switch.postings_page": "run by name to write docs/developer/postings.md",
    "switch.store.memory": "the model that the engines are held to by the contract tests",
    "switch.simulation.town": "the whole switch in one simulated world, started by its tests",
}
"""Modules that no module of the product imports, and who uses them."""


def unreferenced(tree: Sequence[Source], others: Sequence[str] = ()) -> list[str]:
    """Find product modules nobody imports, and documents and data that nothing names.

    ``others`` are paths of files that are not text of ours (schemas, pictures). Tests do not count
    as a user of a product module; an entry point in pyproject.toml does.
    """
    project = next((s.text for s in tree if s.path == "pyproject.toml"), "")
    used = {name for s in tree if s.in_product for name in imported_names(s)}
    used |= set(re.findall(r'"([\w.]+):\w+"', project))
    # A command is loaded by its dotted name when it is used.
    dotted_text = re.compile(r'"(\w+(?:\.\w+)+)"')
    used |= {name for s in tree if s.in_product for name in dotted_text.findall(s.text)}
    used |= set(NOT_IMPORTED)
    faults = []
    for path in (*(s.path for s in tree), *others):
        name = PurePosixPath(path)
        if name.suffix == ".py":
            dotted = ".".join(name.with_suffix("").parts)
            entry = name.name in {"__init__.py", "__main__.py"} or name.parts[0] not in PRODUCT
            if not entry and dotted not in used:
                faults.append(f"{path}: no module of the product imports it")
        elif len(name.parts) > 1 and name.name not in {"README.md", "py.typed", "run"}:
            # By its own name, or by that of a folder which the code reads as a whole.
            named = rf"\b{re.escape(name.stem)}\b"
            if name.parts[0] in PRODUCT:
                named += rf"|[\".]{re.escape(name.parent.name)}\""
            if not any(re.search(named, s.text) for s in tree if s.path != path):
                faults.append(f"{path}: nothing names it")
    return faults


def listed(faults: Sequence[str]) -> str:
    return "\n".join(faults)


@pytest.fixture(scope="module")
def tree() -> list[Source]:
    """Every text file of the project, read once."""
    return list(sources())


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_every_file_keeps_the_rule(rule: Callable[[Source], list[str]], tree: list[Source]) -> None:
    """Lesson 20: among the rules, that money is never a float."""
    faults = [f"{source.path}: {fault}" for source in tree for fault in rule(source)]

    assert not faults, listed(faults)


def test_every_package_has_a_readme_with_three_invariants(tree: list[Source]) -> None:
    faults = missing_readmes(tree)

    assert not faults, listed(faults)


def test_every_top_package_says_that_it_is_typed() -> None:
    assert [f for f in PRODUCT if not (ROOT / f / "py.typed").is_file()] == []


def test_nothing_lies_about_unused(tree: list[Source]) -> None:
    known = {source.path for source in tree}
    others = [
        path.relative_to(ROOT).as_posix()
        for folder in (*PRODUCT, "config", "docs")
        for path in sorted((ROOT / folder).rglob("*"))
        if path.is_file() and "__pycache__" not in path.parts
    ]
    faults = unreferenced(tree, [path for path in others if path not in known])

    assert not faults, listed(faults)


def test_test_modules_have_unique_names(tree: list[Source]) -> None:
    names = Counter(s.name.name for s in tree if s.path.startswith("tests/"))
    twice = [n for n, count in names.items() if count > 1 and re.match(r"test_.*\.py$", n)]

    assert twice == []


def test_the_tree_was_read(tree: list[Source]) -> None:
    paths = {source.path for source in tree}

    assert {"pyproject.toml", "requirements.lock", "requirements-dev.lock", "Makefile"} <= paths
    assert {"fx/money.py", "tests/test_tidy.py", ".ci/run"} <= paths


@pytest.mark.parametrize(
    ("rule", "path", "text"),
    [
        (long_file, "fx/a.py", "x = 1\n" * 401),
        (stray_file, "notes.md", ""),
        (long_function, "fx/a.py", "def f():\n" + "    x = 1\n" * 60),
        (long_function, "fx/a.py", "async def f():\n" + "    x = 1\n" * 60),
        (long_line, "fx/a.py", "#" * 101 + "\n"),
        (stray_space, "docs/a.md", "word \n"),
        (stray_space, "docs/a.md", "word\r\n"),
        (stray_space, "docs/a.md", "word"),
        (stray_space, "fx/a.py", "if x:\n\ty = 1\n"),
        (nameless_module, "switch/utils.py", ""),
        (nameless_module, "switch/common/money.py", ""),
        (floating_point, "adapters/thailand/mapping.py", "x = float('1')\n"),
        (unfinished, "docs/a.md", "TO" + "DO: later\n"),
        (foreign_address, "docs/a.md", "see /wo" + "rk/main\n"),
        (foreign_address, "docs/a.md", "from py" + "pi.org\n"),
        (foreign_address, "requirements.lock", "--index-url https://example.org\n"),
        (silent_module, "tests/test_a.py", "x = 1\n"),
        (silent_module, "fx/a.py", '"""Too short."""\n'),
        (silent_module, "fx/a.py", '"""One.\n' + "more\n" * 12 + '"""\n'),
    ],
)
def test_a_planted_fault_is_found(
    rule: Callable[[Source], list[str]], path: str, text: str
) -> None:
    assert len(rule(Source(path, text))) == 1


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_a_clean_file_has_no_fault(rule: Callable[[Source], list[str]]) -> None:
    text = '"""Purpose.\n\nInvariant.\n"""\n\nseconds: float = 1\nurl = "/v1/work/x"\n'

    assert rule(Source("fx/a.py", text)) == []


README: Final = "# a\n\nOwns a.\n\nIt must never b.\n\n1. a\n2. b\n3. c\n"


@pytest.mark.parametrize(
    ("readme", "count"),
    [(README, 0), (None, 1), (README.replace("3. c\n", ""), 1), ("# a\n", 3)],
    ids=["complete", "missing", "two invariants", "empty"],
)
def test_a_poor_readme_is_found(readme: str | None, count: int) -> None:
    planted = [Source("fx/a.py", "")]
    if readme is not None:
        planted.append(Source("fx/README.md", readme))

    assert len(missing_readmes(planted)) == count


def test_an_unused_module_document_and_table_are_found() -> None:
    planted = [
        Source("pyproject.toml", 'demo = "switch.cli:main"\n'),
        Source("switch/cli.py", "from switch import used\nimport fx.known\n"),
        Source("switch/used.py", ""),
        Source("fx/known.py", "TABLE = 'rates'\n"),
        Source("fx/alone.py", ""),
        Source("tests/test_alone.py", "import fx.alone\n"),
        Source("docs/lost.md", "docs/lost.md\n"),
        Source("config/rates.toml", ""),
    ]

    faults = unreferenced(planted, ["iso20022/guideline/gone.xsd"])

    assert [fault.partition(":")[0] for fault in faults] == [
        "fx/alone.py",
        "docs/lost.md",
        "iso20022/guideline/gone.xsd",
    ]
