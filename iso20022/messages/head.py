"""head.001, the business application header, versions 02 (outward) and 04 (inside).

Both versions have the same elements here. ``Sgntr`` stands last because ``Rltd`` is not in the
guideline: a signature can therefore be spliced in right before the closing tag.
"""

from __future__ import annotations

from iso20022.declare import Declaration, Group, Leaf, Signature
from iso20022.messages.blocks import agent
from iso20022.scalars import FLAG, ID, MOMENT, TEXT_35


def _party(tag: str, field: str) -> Group:
    return Group(tag, (agent("FIId", field, required=True),), required=True)


def _header(version: str) -> Declaration:
    return Declaration(
        f"head.001.001.{version}",
        Group(
            "AppHdr",
            (
                _party("Fr", "from_bic"),
                _party("To", "to_bic"),
                Leaf("BizMsgIdr", "business_message_id", ID, required=True),
                Leaf("MsgDefIdr", "message_definition", TEXT_35, required=True),
                Leaf("BizSvc", "business_service", TEXT_35),
                Leaf("CreDt", "created_at", MOMENT, required=True),
                Leaf("PssblDplct", "possible_duplicate", FLAG),
                Signature(),
            ),
            required=True,
        ),
    )


HEADERS = (_header("02"), _header("04"))
