"""Write a table anew: ``codes FILE`` or ``rules``; commit the result.

The rules' table is part of the documentation, so it is written below the folder that this is run
in, the root of the project.
"""

from __future__ import annotations

import sys
from pathlib import Path

from iso20022.external_codes import DATA
from iso20022.make.external_codes import render
from iso20022.make.rule_table import PAGE, rule_table

if __name__ == "__main__":
    match sys.argv[1:]:
        case ["codes", file]:
            DATA.write_text(render(Path(file).read_text("utf-8")), "utf-8")
        case ["rules"]:
            Path(PAGE).write_text(rule_table(), "utf-8")
        case _:
            sys.exit("python -m iso20022.make codes FILE | rules")
