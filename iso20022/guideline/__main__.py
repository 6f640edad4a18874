"""Write every guideline schema from its declaration.

Run after a declaration has changed, and commit the result: the reader validates against the files,
never against the declarations in memory, so that a partner can be given exactly what is enforced.
"""

from __future__ import annotations

from iso20022.schema import GUIDELINE, generate

if __name__ == "__main__":
    for name, text in generate().items():
        (GUIDELINE / name).write_text(text, "utf-8")
