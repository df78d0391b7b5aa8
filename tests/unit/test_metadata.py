"""The metadata is an interface: pcs and Pacemaker read it. The golden file guards it."""

from __future__ import annotations

import os
import xml.etree.ElementTree as ET

from fence_kdump.metadata import metadata
from fence_kdump.options import ACTIONS, PARAMETERS

GOLDEN = os.path.join(os.path.dirname(__file__), "metadata.xml")


def test_golden_file() -> None:
    with open(GOLDEN, encoding="utf-8") as file:
        assert metadata() == file.read()


def test_names_of_the_c_agent_are_kept() -> None:
    root = ET.fromstring(metadata())  # noqa: S314  our own text
    names = {parameter.get("name") for parameter in root.iter("parameter")}
    c_agent = {
        *("nodename", "ipport", "family", "action", "timeout", "verbose", "version", "usage"),
    }
    assert names == c_agent | {"plug", "port", "auth", "key"}
    assert root.get("name") == "fence_kdump"


def test_types_and_defaults() -> None:
    root = ET.fromstring(metadata())  # noqa: S314
    found = {}
    for parameter in root.iter("parameter"):
        content = parameter.find("content")
        assert content is not None
        found[parameter.get("name")] = (content.get("type"), content.get("default"))
    assert found["ipport"] == ("integer", "7410")
    assert found["timeout"] == ("second", "50")
    assert found["action"] == ("string", "off")
    assert found["verbose"] == ("boolean", None)


def test_actions() -> None:
    root = ET.fromstring(metadata())  # noqa: S314
    assert tuple(action.get("name") for action in root.iter("action")) == ACTIONS
    assert ACTIONS == ("off", "monitor", "metadata", "validate-all")


def test_every_parameter_has_its_own_letter() -> None:
    letters = [parameter.letter for parameter in PARAMETERS if parameter.letter]
    assert len(set(letters)) == len(letters)
