"""Write every guideline schema and the page of all messages from the declarations.

Run after a declaration has changed, and commit the result: the reader validates against the files,
never against the declarations in memory, so that a partner can be given exactly what is enforced.
"""

from __future__ import annotations

from iso20022.schema import GUIDELINE, generate
from iso20022.tables import PAGE, messages_page

if __name__ == "__main__":
    for name, text in generate().items():
        (GUIDELINE / name).write_text(text, "utf-8")
    PAGE.write_text(messages_page(), "utf-8")
