"""A plugin of pytest that writes down which rows of the state table each test takes.

``pytest -p tests.simulation.row_recorder TESTS`` with ``ROWS_TO`` naming a file: what the product
commits is noted, whichever shell drives it. An opening is noted by the state that it leads to.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest

from switch import decide, lifecycle
from switch.commands import Done
from switch.model import State
from switch.states import MOVES

if TYPE_CHECKING:
    from collections.abc import Generator

    from switch.states import Event

COMMITTED: Final = ("switch.decide", "switch.resolutions")
TAKEN: Final[dict[str, dict[str, None]]] = {}

_advance, _open, _refuse = lifecycle.advance, decide._open, decide._refuse
_now: list[str] = []


def _note(payment: Any, state: State, event: Event) -> None:
    if _now:
        TAKEN.setdefault(_now[-1], {})[f"{payment.flow} {state} {event}"] = None


def _advanced(payment: Any, event: Any, **given: Any) -> Any:
    """Advance, and note the row where it is committed."""
    verdict, after = _advance(payment, event, **given)
    if verdict is lifecycle.Verdict.MOVE and sys._getframe(1).f_globals["__name__"] in COMMITTED:
        _note(payment, payment.state, event)
    return verdict, after


def _began(result: Any) -> Any:
    """Note how a payment began: one event leads from nothing to its first state."""
    if isinstance(result, Done) and result.payment is not None:
        moves = MOVES[result.payment.flow]
        state = result.payment.state
        event = next(each for at, each, to in moves if at is State.RECEIVED and to is state)
        _note(result.payment, State.RECEIVED, event)
    return result


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None]:
    """Note rows under the name of the test that runs, whatever it is given."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lifecycle, "advance", _advanced)
        patch.setattr(decide, "_open", lambda *given: _began(_open(*given)))
        patch.setattr(decide, "_refuse", lambda *given: _began(_refuse(*given)))
        _now.append(item.nodeid.partition("[")[0])
        yield
        _now.pop()


def pytest_sessionfinish() -> None:
    """Write them down."""
    rows = {name: sorted(taken) for name, taken in TAKEN.items()}
    Path(os.environ["ROWS_TO"]).write_text(json.dumps(rows), "utf-8")
