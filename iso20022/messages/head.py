"""head.001, the business application header: 02 of CBPR+ and FedNow, 03 of Fedwire, 04 inside.

``Sgntr`` stands last because ``Rltd`` is not in the guideline: a signature can therefore be spliced
in right before the closing tag. Version 02 has no market practice and no processing date.
"""

from __future__ import annotations

from iso20022 import elements as e
from iso20022.declare import Group, Leaf, Node, Signature, family, since
from iso20022.messages import blocks as b
from iso20022.scalars import FLAG, ID, MOMENT, TEXT_35, codes

_COPY = codes("CopyDuplicate", "CODU", "COPY", "DUPL")


def _party(tag: str, field: str) -> Group:
    return Group(tag, (b.agent(e.FI_IDENTIFICATION, field, required=True),), required=True)


def _practice() -> Group:
    return Group(
        e.MARKET_PRACTICE,
        (
            Leaf(e.REGISTRY, "market_practice_registry", TEXT_35, required=True),
            Leaf(e.IDENTIFICATION, "market_practice", TEXT_35, required=True),
        ),
    )


_PARTS: tuple[Node, ...] = (
    _party(e.FROM, "from_bic"),
    _party(e.TO, "to_bic"),
    Leaf(e.BUSINESS_MESSAGE_IDENTIFIER, "business_message_id", ID, required=True),
    Leaf(e.MESSAGE_DEFINITION_IDENTIFIER, "message_definition", TEXT_35, required=True),
    Leaf(e.BUSINESS_SERVICE, "business_service", TEXT_35),
    since(3, _practice()),
    Leaf(e.CREATION_DATE, "created_at", MOMENT, required=True),
    since(3, Leaf(e.BUSINESS_PROCESSING_DATE, "processing_at", MOMENT)),
    Leaf(e.COPY_DUPLICATE, "copy_duplicate", _COPY),
    Leaf(e.POSSIBLE_DUPLICATE, "possible_duplicate", FLAG),
    Signature(),
)

HEADERS = family("head.001.001", (2, 3, 4), Group(e.APPLICATION_HEADER, _PARTS, required=True))
