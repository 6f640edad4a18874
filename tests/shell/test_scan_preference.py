"""A sticker of several networks is looked up through the first corridor that pays one of them.

Which network pays which code is told by the networks' facts, in which order by the corridors. The
networks here are made up; the codes are of real ones, and of one that an adapter package brings.
"""

from __future__ import annotations

import binascii
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import pytest

from fx.money import Money
from switch.config import ConfigError
from switch.model import Finality
from switch.port import InboundLookup, Merchant, Operation
from switch.qr import SCHEMES
from switch.reasons import Reason
from switch.refusals import Refusal
from switch.routing import read_routing
from switch.scans import Scans
from tests.shell.shell_rig import BANKS, MEMBER, SHOP, STALL, changed_corridor, ends
from tests.shell.toy_network import BAKONG, THAILAND, ToyAdapter

if TYPE_CHECKING:
    from switch.config import Config, Corridor
    from tests.shell.shell_rig import Shell

LAO_AND_UNIONPAY: Final = (
    "15312738041800520446mch123456789012",
    "3866" + "0016A005266284662577" + "010827710418" + "0203002" + "0323" + "M" * 23,
    *("52045812", "5303418", "5802LA", "5908Lao Shop", "6009Vientiane"),
)
KHQR_AND_UNIONPAY: Final = (
    "15311974011600520446ACLB10002312081",
    "2915" + "0011stall7@abaa",
    *("52045812", "5303116", "5802KH", "5907Stall 7", "6010Phnom Penh"),
)
MADE_UP: Final = (
    "2625" + "0012BN.TARUS.PAY" + "010512345",
    *("52045812", "5303096", "5802BN", "5905Kedai", "6003BSB"),
)
TARUS: Final = """
scheme = "tarus"
countries = ["BN"]
currencies = ["096"]

[[account]]
tag = "26"
kind = "merchant"
ids = ["BN.TARUS.PAY"]

[[account.field]]
sub = "01"
name = "merchant_id"
required = true
pattern = "[0-9]{5}"
"""


def code(objects: tuple[str, ...]) -> str:
    """A static code of these objects."""
    text = "000201010211" + "".join(objects) + "6304"
    return f"{text}{binascii.crc_hqx(text.encode(), 0xFFFF):04X}"


@dataclass
class BringingAdapter(ToyAdapter):
    """A network whose package describes its own codes."""

    scheme_files: tuple[tuple[str, str], ...] = (("tarus.toml", TARUS),)


def network(name: str, *schemes: str, **changes: object) -> ToyAdapter:
    """A network that pays these codes and has a shop behind each of them."""
    facts = replace(THAILAND, network=name, schemes=schemes, **changes)  # type: ignore[arg-type]
    return ToyAdapter(facts, merchant=Merchant(SHOP, "", "5812", "THB", None))


def corridors(config: Config, *names: str) -> dict[tuple[str, str], Corridor]:
    """Corridors from home to these networks, in this order, as in a file."""
    known = config.corridors["bakong", "thailand"]
    return {("bakong", name): replace(known, destination_network=name) for name in names}


def scans(shell: Shell, config: Config, *adapters: ToyAdapter) -> Scans:
    """Scans of a switch that is linked to these networks and to home."""
    linked = {each.facts.network: each for each in (ToyAdapter(BAKONG), *adapters)}
    return Scans(
        quoting=shell.quoting_of(config),
        transport=shell.wire,
        adapters=linked,
        routing=read_routing(linked, config.corridors.values()),
        banks=BANKS,
        clock=shell.clock,
        ids=shell.ids,
        slot=1,
        log=shell.log,
    )


async def looked_up(shell: Shell, order: tuple[str, ...], *adapters: ToyAdapter) -> str:
    """The network that is asked about the sticker of two networks."""
    config = replace(shell.config, corridors=corridors(shell.config, *order))
    found = await scans(shell, config, *adapters).scan(MEMBER, code(LAO_AND_UNIONPAY), None)
    assert shell.transport.tried == [(found.network, "/lookup")]
    return found.network


@pytest.mark.parametrize("order", [("laos", "china"), ("china", "laos")])
async def test_first_corridor_of_the_file_is_asked(shell: Shell, order: tuple[str, ...]) -> None:
    pair = (network("laos", "laoqr"), network("china", "unionpay"))

    assert await looked_up(shell, order, *pair) == order[0]


async def test_network_without_a_corridor_is_not_asked(shell: Shell) -> None:
    pair = (network("laos", "laoqr"), network("china", "unionpay"))

    assert await looked_up(shell, ("china",), *pair) == "china"


async def test_network_that_pays_none_of_them_is_passed_over(shell: Shell) -> None:
    three = (network("laos", "vietqr"), network("japan", "jpqr"), network("china", "unionpay"))

    assert await looked_up(shell, ("laos", "japan", "china"), *three) == "china"


async def test_network_that_cannot_be_asked_is_passed_over(shell: Shell) -> None:
    silent = network("laos", "laoqr", "unionpay", operations=(Operation.PAY, Operation.ENQUIRE))

    assert await looked_up(shell, ("laos", "china"), silent, network("china", "unionpay")) == (
        "china"
    )


async def test_network_with_several_schemes_is_asked_through_the_one_it_pays(shell: Shell) -> None:
    pair = (network("laos", "laoqr"), network("hub", "vietqr", "unionpay"))

    assert await looked_up(shell, ("hub", "laos"), *pair) == "hub"


async def test_closed_corridor_is_passed_over(shell: Shell) -> None:
    table = corridors(shell.config, "laos", "china")
    table["bakong", "laos"] = replace(table["bakong", "laos"], enabled=False)
    config = replace(shell.config, corridors=table)
    linked = scans(shell, config, network("laos", "laoqr"), network("china", "unionpay"))

    assert (await linked.scan(MEMBER, code(LAO_AND_UNIONPAY), None)).network == "china"


async def test_khqr_with_unionpay_goes_abroad_through_unionpay(shell: Shell) -> None:
    config = replace(shell.config, corridors=corridors(shell.config, "china"))
    linked = scans(shell, config, network("china", "unionpay"))

    assert (await linked.scan(MEMBER, code(KHQR_AND_UNIONPAY), None)).network == "china"


def test_khqr_with_unionpay_is_a_khqr_to_a_network_that_asks_us(shell: Shell) -> None:
    amount = Money.parse("41000", "KHR")
    asked = InboundLookup(code(KHQR_AND_UNIONPAY), amount, {})
    merchant, offer = shell.scans.scanned_abroad("thailand", asked)

    assert merchant.party.account == STALL.account
    assert offer.quote.destination == amount


async def test_code_that_nobody_pays_is_refused(shell: Shell) -> None:
    config = replace(shell.config, corridors=corridors(shell.config, "japan"))
    linked = scans(shell, config, network("japan", "jpqr"))

    with pytest.raises(Refusal) as refusal:
        await linked.scan(MEMBER, code(LAO_AND_UNIONPAY), None)
    assert refusal.value.reason is Reason.QR_UNROUTABLE
    assert shell.transport.tried == []


async def test_sound_code_that_nobody_abroad_can_pay_is_unroutable_and_not_unreadable(
    shell: Shell,
) -> None:
    config = replace(shell.config, corridors=corridors(shell.config, "vietnam"))
    linked = scans(shell, config, network("vietnam", "vietqr"))
    transfer = "3857" + "0010A0000007270127000697040301130011012345678" + "0208QRIBFTTA"

    for objects, reason in (
        ((transfer, "5303704", "5802VN"), Reason.QR_UNROUTABLE),
        ((transfer, "5303704", "5802VN", "5802VN"), Reason.QR_INVALID),
    ):
        with pytest.raises(Refusal) as refusal:
            await linked.scan(MEMBER, code(objects), None)
        assert refusal.value.reason is reason
    assert shell.transport.tried == []


def test_preference_is_that_of_corridors_and_then_of_facts(shell: Shell) -> None:
    table = corridors(shell.config, "hub", "laos")
    linked = {
        each.facts.network: each
        for each in (
            ToyAdapter(BAKONG),
            network("laos", "laoqr", "unionpay"),
            network("hub", "vietqr", "unionpay"),
        )
    }
    routing = read_routing(linked, table.values())

    assert routing.abroad == ("hub", "laos")
    assert routing.preferred == ("vietqr", "unionpay", "laoqr")
    assert [routing.network(word) for word in routing.preferred] == ["hub", "hub", "laos"]
    assert routing.network("khqr") is None
    assert (routing.domestic("khqr"), routing.domestic("unionpay")) == (True, False)


def test_built_in_schemes_suffice_where_no_package_brings_one(shell: Shell) -> None:
    assert read_routing(shell.adapters, shell.config.corridors.values()).schemes is SCHEMES


def test_fact_that_names_no_scheme_refuses_the_start(shell: Shell) -> None:
    wrong = {"laos": network("laos", "laoqr", "laosqr")}

    with pytest.raises(ConfigError, match=r"^laos/facts\.toml: schemes: laosqr: "):
        read_routing(wrong, [])


def test_three_legs_to_a_network_that_takes_no_confirmation_refuse_the_start(
    shell: Shell,
) -> None:
    waits = changed_corridor(shell.config, ends(inbound=False), finality=Finality.THREE_LEG)

    with pytest.raises(ConfigError, match=r"\.finality: the network's facts name no confirm$"):
        read_routing(shell.adapters, waits.corridors.values())


async def test_package_brings_the_scheme_of_its_codes(shell: Shell) -> None:
    facts = replace(THAILAND, network="brunei", schemes=("tarus",))
    brunei = BringingAdapter(facts, merchant=Merchant(SHOP, "", "5812", "THB", None))
    config = replace(shell.config, corridors=corridors(shell.config, "brunei"))
    linked = scans(shell, config, brunei)
    examined = linked.examine(code(MADE_UP))

    assert (await linked.scan(MEMBER, code(MADE_UP), None)).network == "brunei"
    assert (examined.valid, examined.network) == (True, "tarus")
    assert shell.scans.examine(code(MADE_UP)).networks == ()


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("scheme = ", r"^brunei/tarus\.toml: "),
        (TARUS + 'colour = "red"\n', r"^brunei/tarus\.toml: .*colour"),
        (TARUS.replace('"tarus"', '"khqr"'), r"^brunei/tarus\.toml: khqr: "),
        (TARUS.replace("BN.TARUS.PAY", "A0000006150001"), r"^brunei/tarus\.toml: tarus: ids: "),
    ],
    ids=["not TOML", "unknown key", "name of another", "identifier of another"],
)
def test_scheme_file_that_cannot_be_used_refuses_the_start(text: str, says: str) -> None:
    facts = replace(THAILAND, network="brunei", schemes=())
    brunei = BringingAdapter(facts, scheme_files=(("tarus.toml", text),))

    with pytest.raises(ConfigError, match=says):
        read_routing({"brunei": brunei}, [])
