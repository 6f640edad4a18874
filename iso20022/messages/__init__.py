"""The messages of the switch, one declaration each, grouped by family.

``DOCUMENTS`` and ``HEADERS`` map a message's name to its declaration; nothing else in the package
lists messages. Adding one is adding a declaration here and regenerating what is generated.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from iso20022.messages import acmt, admi, camt, enquiry, head, pacs, pain

if TYPE_CHECKING:
    from collections.abc import Mapping

    from iso20022.declare import Declaration

__all__ = ["DOCUMENTS", "HEADERS"]

HEADERS: Final[Mapping[str, Declaration]] = MappingProxyType({d.name: d for d in head.HEADERS})
"""Business application headers by name."""

DOCUMENTS: Final[Mapping[str, Declaration]] = MappingProxyType(
    {
        d.name: d
        for d in (*pacs.PACS, *acmt.ACMT, *camt.CAMT, *enquiry.ENQUIRY, *pain.PAIN, *admi.ADMI)
    }
)
"""Documents by name."""
