"""The report of a check: as text, as JSON, and as a page that a partner can print and sign.

All three say the same: what was checked, when, each case with its demand and what came of it, and
why a case does not apply or was not run. The surprise: a check with a case that was not run is not
a pass, because nobody has seen it hold.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Final

import orjson

from adapters.conformance.run import Result, Verdict

if TYPE_CHECKING:
    from datetime import datetime

_WORDS: Final = (
    (Verdict.PASSED, "passed"),
    (Verdict.FAILED, "FAILED"),
    (Verdict.NOT_APPLICABLE, "does not apply"),
    (Verdict.NOT_RUN, "not run"),
)

_PAGE: Final = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Conformance of {network}</title>
<style>
body {{ font: 11pt/1.4 sans-serif; max-width: 60em; margin: 2em auto; padding: 0 1em; }}
table {{ border-collapse: collapse; width: 100%; }}
td, th {{ border: 1px solid #999; padding: .3em .5em; text-align: left; vertical-align: top; }}
.passed {{ background: #e7f5e7; }} .failed {{ background: #f9d9d9; }}
.not_run {{ background: #fff3cf; }} .not_applicable {{ color: #666; }}
.sign td {{ height: 4em; width: 50%; }}
</style></head><body>
<h1>Conformance of {network}</h1>
<p>Checked against {far} from {began} to {ended}. {summary}</p>
<table><tr><th>Case</th><th>Demand</th><th>Result</th></tr>
{rows}
</table>
<h2>Signed</h2>
<table class="sign"><tr><td>For the network: name, date, signature</td>
<td>For the switch: name, date, signature</td></tr></table>
</body></html>
"""


@dataclass(frozen=True, slots=True)
class Report:
    """The results of one check."""

    network: str
    far: str
    began: datetime
    ended: datetime
    results: tuple[Result, ...]

    @property
    def passed(self) -> bool:
        """Whether every case that applies was run and holds."""
        return not any(each.verdict in (Verdict.FAILED, Verdict.NOT_RUN) for each in self.results)

    def counts(self) -> dict[str, int]:
        """How many cases came to each verdict."""
        counted = Counter(each.verdict for each in self.results)
        return {verdict.value: counted[verdict] for verdict in Verdict}

    def summary(self) -> str:
        """The counts in words."""
        counts = self.counts()
        told = ", ".join(f"{counts[verdict]} {word}" for verdict, word in _WORDS)
        return f"{len(self.results)} cases: {told}."

    def text(self) -> str:
        """For people at a terminal."""
        words = dict(_WORDS)
        lines = [f"{self.network}, checked against {self.far}"]
        for each in self.results:
            why = f": {each.why}" if each.why else ""
            lines.append(f"{each.case.number}  {words[each.verdict]:14}  {each.case.title}{why}")
        return "\n".join((*lines, self.summary()))

    def json(self) -> bytes:
        """For machines."""
        shown = {
            "network": self.network,
            "far": self.far,
            "began": self.began.isoformat(),
            "ended": self.ended.isoformat(),
            "passed": self.passed,
            "counts": self.counts(),
            "cases": [
                {
                    "number": each.case.number,
                    "title": each.case.title,
                    "demands": each.case.demands,
                    "verdict": each.verdict.value,
                    "why": each.why,
                }
                for each in self.results
            ],
        }
        return orjson.dumps(shown, option=orjson.OPT_INDENT_2) + b"\n"

    def html(self) -> str:
        """For print and signature; nothing is fetched from anywhere."""
        words = dict(_WORDS)
        rows = "\n".join(
            f'<tr class="{each.verdict.value}"><td>{each.case.number}</td>'
            f"<td><strong>{escape(each.case.title)}.</strong> {escape(each.case.demands)}</td>"
            f"<td>{words[each.verdict]}{escape(f': {each.why}' if each.why else '')}</td></tr>"
            for each in self.results
        )
        return _PAGE.format(
            network=escape(self.network),
            far=escape(self.far),
            began=self.began.isoformat(timespec="seconds"),
            ended=self.ended.isoformat(timespec="seconds"),
            summary=escape(self.summary()),
            rows=rows,
        )
