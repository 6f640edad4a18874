"""admi.002: a message could not be used at all.

It answers what has no trusted reference (unreadable, unknown version, wrong signature); a payment
that was read and refused is answered by pacs.002 instead. ``ErrLctn`` is an XPath.
"""

from __future__ import annotations

from iso20022 import rules
from iso20022.declare import Declaration, Group, Leaf
from iso20022.scalars import MOMENT, TEXT_35, TEXT_350

REJECT = Declaration(
    "admi.002.001.01",
    Group(
        "Document",
        (
            Group(
                "admi.002.001.01",
                (
                    Group(
                        "RltdRef",
                        (Leaf("Ref", "related_reference", TEXT_35, required=True),),
                        required=True,
                    ),
                    Group(
                        "Rsn",
                        (
                            Leaf("RjctgPtyRsn", "reason_code", TEXT_35, required=True),
                            Leaf("RjctnDtTm", "rejected_at", MOMENT),
                            Leaf("ErrLctn", "error_location", TEXT_350),
                            Leaf("RsnDesc", "reason_description", TEXT_350),
                        ),
                        required=True,
                    ),
                ),
                required=True,
            ),
        ),
        required=True,
    ),
    (rules.DEFINITION_MATCHES,),
)

ADMI = (REJECT,)
