"""Files that say something of each other which is not so refuse the start, and name the row."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from switch.config import ConfigError, default_folder, load_config

if TYPE_CHECKING:
    from pathlib import Path

FEE = '[[fee]]\nsource_network = "bakong"\ndestination_network = "{}"'
RULES = "# One row judges both directions."
RELATIONSHIP = """[[relationship]]
member = "ABAAKHPPXXX"
sponsor = "*"
corridor = "bakong-{}"
providers = ["acleda"]

"""
CAP = 'institution = "ANTISGSGXXX"\nrole = "{}"'


@pytest.mark.parametrize(
    ("file", "old", "new", "told"),
    [
        ("providers.toml", FEE.format("unionpay"), FEE.format("unionpai"), "bakong-unionpai"),
        ("providers.toml", RULES, RELATIONSHIP.format("thialand") + RULES, "bakong-thialand"),
        ("providers.toml", 'holder = "ACLBKHPPXXX"', 'holder = "ACLBKHPP"', "eleven characters"),
        ("members.toml", 'bic = "CADIKHPPXXX"', 'bic = "ABAAKHPPXXX"', "is there twice"),
        ("members.toml", 'bic = "CADIKHPPXXX"', 'bic = "CADIKHPP"', "eleven characters"),
        ("limits.toml", CAP.format("holder"), CAP.format("network"), "holds another one"),
    ],
    ids=["fee", "relationship", "holder", "member twice", "member", "role"],
)
def test_what_would_mean_nothing_or_one_twice_refuses_the_start(
    file: str, old: str, new: str, told: str, tmp_path: Path
) -> None:
    folder = shutil.copytree(default_folder(), tmp_path / "config")
    text = (folder / file).read_text("utf-8")
    assert old in text
    (folder / file).write_text(text.replace(old, new), "utf-8")

    with pytest.raises(ConfigError, match=told) as refused:
        load_config(folder)
    assert str(refused.value).startswith(f"{file}: ")


def test_a_relationship_of_a_corridor_that_is_there_is_taken(tmp_path: Path) -> None:
    folder = shutil.copytree(default_folder(), tmp_path / "config")
    path = folder / "providers.toml"
    text = path.read_text("utf-8")
    path.write_text(text.replace(RULES, RELATIONSHIP.format("thailand") + RULES), "utf-8")

    rows = load_config(folder).market.relationships
    assert ("ABAAKHPPXXX", "bakong-thailand") in {(row.member, row.corridor) for row in rows}
