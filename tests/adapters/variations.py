"""The same message written otherwise: what a partner may do from one day to the next.

Names in another order, names that we do not know, white space, characters written as escapes. A
message that means the same must be read the same, once it is signed anew. The surprise: names that
are not known are added at every depth, because partners add theirs where it suits them.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from hypothesis import strategies as st

if TYPE_CHECKING:
    from hypothesis.strategies import DrawFn

UNKNOWN: Final = ("extInfo", "additionalData", "x-note", "traceSpan", "promo_code2")
VALUES: Final = st.one_of(
    st.sampled_from(("text", "ຂອບໃຈ", "0", "1.5")),
    st.none(),
    st.just({"deeper": "text", "list": ["a", "b"]}),
    st.just(["a", {"b": "c"}]),
)
WHITE: Final = (None, 0, 1, 4)
SEPARATORS: Final = ((",", ":"), (", ", ": "), (" ,", " : "))


@st.composite
def reordered(draw: DrawFn, value: Any, *, unknown: bool = True) -> Any:
    """A value with its names in another order, and with names that nobody knows."""
    if isinstance(value, dict):
        items = [(name, draw(reordered(each, unknown=unknown))) for name, each in value.items()]
        if unknown:
            more = draw(st.dictionaries(st.sampled_from(UNKNOWN), VALUES, max_size=2))
            items += [(name, each) for name, each in more.items() if name not in value]
        return dict(draw(st.permutations(items)))
    if isinstance(value, list):
        return [draw(reordered(each, unknown=unknown)) for each in value]
    return value


@st.composite
def rewritten(draw: DrawFn, value: Any, *, unknown: bool = True) -> bytes:
    """A JSON document that says the same."""
    return json.dumps(
        draw(reordered(value, unknown=unknown)),
        indent=draw(st.sampled_from(WHITE)),
        separators=draw(st.sampled_from(SEPARATORS)),
        ensure_ascii=draw(st.booleans()),
    ).encode()
