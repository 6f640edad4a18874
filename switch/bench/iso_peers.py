"""Other software at the work of an ISO 20022 message: libxml2 alone, xmlschema, pyiso20022.

``lxml`` with our guideline schemas is the limit: nobody who parses and checks a message does less.
The rest is what Python users have. None of them does what ours does, so each carries a phrase that
says what it does; whatever fields it gives are held against ours. The surprise: pyiso20022 has no
parser, it is models for ``xsdata``, and knows neither our envelope nor any schema.
"""

from __future__ import annotations

import html
import re
import sys
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib import import_module, metadata
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

import xmlschema
from lxml import etree

from iso20022.declare import Declaration, paths
from iso20022.messages import DOCUMENTS, HEADERS
from iso20022.schema import GUIDELINE, compiled
from switch.bench.race import Job, NotThere, repeated

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from switch.runtime.clock import Clock

FOLDER: Final = Path(".venv/peers")
"""Where ``make bench`` puts pyiso20022; it is looked for where the benchmark is run."""

_PARSER: Final = etree.XMLParser(
    resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False, dtd_validation=False
)
_CONTENT: Final = re.compile(r'(?<=>)([^<>]+)(?=<)|(?<=Ccy=")([A-Z]{3})(?=")')


@dataclass(frozen=True, slots=True)
class Sample:
    """One message in its envelope, and its fields as text by our names."""

    document: str
    header: str
    raw: bytes = field(repr=False)
    fields: Mapping[str, str] = field(repr=False)


def limits(clock: Clock, sample: Sample) -> dict[str, Job]:
    """Reading with libxml2 alone: parsed and checked, then every field in two ways."""
    raw = sample.raw
    head, body = compiled(sample.header), compiled(sample.document)
    fromstring = etree.fromstring

    def checked() -> Any:
        root = fromstring(raw, _PARSER)
        assert head.validate(root[0]), "the guideline admits the header"
        assert body.validate(root[1]), "the guideline admits the document"
        return root

    def walked() -> list[tuple[str, str | None]]:
        return [(element.tag, element.text) for element in checked().iter()]

    tree = checked()
    named = _named(sample, tree)
    ways = tuple(named.values())

    def found() -> list[str | None]:
        root = checked()
        return [root.findtext(way) for way in ways]

    texts = dict(zip(named, (text or "" for text in found()), strict=True))
    return {
        "lxml: parse, both schemas (the limit)": _job(clock, checked, "both schemas"),
        "lxml: the same, tag and text of all": _job(clock, walked, "both schemas"),
        f"lxml: the same, {len(ways)} fields by findtext": _job(
            clock, found, "both schemas", answer=texts
        ),
    }


def _named(sample: Sample, root: Any) -> dict[str, str]:
    """Our name → where lxml finds it, of every element that holds text."""
    tree = root.getroottree()
    places = {
        path: name
        for declared in (HEADERS[sample.header], DOCUMENTS[sample.document])
        for name, path in _paths(declared).items()
    }
    found: dict[str, str] = {}
    for element in root.iter():
        if len(element) == 0:
            way = tree.getelementpath(element)
            local = "/" + re.sub(r"\{[^}]*\}|\[[0-9]+\]", "", way)
            found[places[local]] = way
    return found


def _paths(declared: Declaration) -> Mapping[str, str]:
    prefix = "header:" if declared.name in HEADERS else ""
    return {f"{prefix}{name}": path for name, path in paths(declared).items()}


def explainer(clock: Clock, sample: Sample) -> tuple[str, Job]:
    """The validator that explains refusals here, at every message."""
    raw = sample.raw
    header, document = (
        xmlschema.XMLSchema(str(GUIDELINE / f"{name}.xsd"), allow="local")
        for name in (sample.header, sample.document)
    )

    def read() -> None:
        root = etree.fromstring(raw, _PARSER)
        header.validate(xmlschema.XMLResource(root[0], allow="none"), use_location_hints=False)
        document.validate(xmlschema.XMLResource(root[1], allow="none"), use_location_hints=False)

    name = f"PyPI xmlschema {metadata.version('xmlschema')}: parse, validate"
    return name, _job(clock, read, "both schemas, no fields")


@contextmanager
def peers_on_path() -> Iterator[None]:
    """Let the folder of the peers be imported from, last of all."""
    folder = str(FOLDER.resolve())
    sys.path.append(folder)
    try:
        yield
    finally:
        sys.path.remove(folder)


def models(clock: Clock, sample: Sample) -> tuple[str, Job, Job]:
    """Name, reading and writing by pyiso20022, which is not installed for every developer.

    Raises :class:`NotThere`.
    """
    try:
        version = metadata.version("pyiso20022")
        document: Any = import_module("pyiso20022.pacs." + sample.document.replace(".", "_"))
        header: Any = import_module("pyiso20022.head." + sample.header.replace(".", "_"))
        parsers = import_module("xsdata.formats.dataclass.parsers")
        serializers = import_module("xsdata.formats.dataclass.serializers")
        config = import_module("xsdata.formats.dataclass.serializers.config")
    except ImportError:
        raise NotThere(
            "PyPI pyiso20022 is not here: `make bench` installs it where there is a registry"
        ) from None
    parser = parsers.XmlParser()
    writer = serializers.XmlSerializer(config=config.SerializerConfig(xml_declaration=False))
    root = etree.fromstring(sample.raw, _PARSER)
    # It has no envelope, so both halves are cut out for it before the clock starts.
    halves = (
        (etree.tostring(root[0]), header.AppHdr, {None: HEADERS[sample.header].namespace}),
        (etree.tostring(root[1]), document.Document, {None: DOCUMENTS[sample.document].namespace}),
    )

    def read() -> tuple[Any, ...]:
        return tuple(parser.from_bytes(half, model) for half, model, _ in halves)

    made = read()
    spaces = tuple(space for *_, space in halves)

    def write() -> str:
        return "".join(
            writer.render(model, ns_map=space) for model, space in zip(made, spaces, strict=True)
        )

    read_job = _job(clock, read, "nothing; types of values", checked=False, answer=_few(made[1]))
    write_job = _job(clock, write, "nothing; objects made before", checked=False)
    return f"PyPI pyiso20022 {version}, xsdata {metadata.version('xsdata')}", read_job, write_job


def _few(document: Any) -> Mapping[str, str]:
    """Some fields of its objects by our names: a group, an amount, a party, an account."""
    message = document.fito_ficstmr_cdt_trf
    payment = message.cdt_trf_tx_inf
    payment = payment[0] if isinstance(payment, list) else payment
    return {
        "message_id": message.grp_hdr.msg_id,
        "uetr": payment.pmt_id.uetr,
        "settlement_amount": str(payment.intr_bk_sttlm_amt.value),
        "exchange_rate": str(payment.xchg_rate),
        "creditor_name": payment.cdtr.nm,
        "creditor_account": payment.cdtr_acct.id.othr.id,
    }


def template(clock: Clock, sample: Sample) -> tuple[str, Job]:
    """The limit of writing: texts that are ready, escaped and joined with what stands between."""
    parts = _CONTENT.split(sample.raw.decode())
    # Each match leaves two groups, one of them empty: content between tags, or a currency.
    fixed = tuple(parts[0::3])
    texts = tuple(
        html.unescape(content or code)
        for content, code in zip(parts[1::3], parts[2::3], strict=True)
    )
    form = "{}".join(text.replace("{", "{{").replace("}", "}}") for text in fixed)
    escape = html.escape

    def write() -> bytes:
        return form.format(*[escape(text, quote=False) for text in texts]).encode()

    name = f"bare template: {len(texts)} texts escaped (the limit)"
    return name, _job(clock, write, "nothing; values are text already", answer=write().decode())


def _job(
    clock: Clock,
    call: Callable[[], object],
    checks: str,
    *,
    checked: bool = True,
    answer: Mapping[str, str] | str = MappingProxyType({}),
) -> Job:
    return Job(repeated(clock, call), checks, checked, answer)
