"""Pacemaker's configuration, read as a file: it need not run.

Who the nodes are, and their addresses, fence_kdump_cluster's `cib` tells. The CIB's elements are
those of Pacemaker's schemas (xml/*.rng in its sources). Pacemaker replaces the file whole, so it
needs no lock.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from xml.etree.ElementTree import Element, TreeBuilder
from xml.parsers import expat

from fence_kdump_cluster import files
from fence_kdump_cluster.cib import MOST

__all__ = ["CibError", "Configuration", "Device", "Level", "parse", "read", "tree"]

AGENT = "fence_kdump"


class CibError(Exception):
    """There is no configuration to be had; the text says why."""


@dataclass(frozen=True)
class Device:
    """A fencing device.

    agent -- its fence agent
    options -- name -> value, as the configuration has it
    enabled -- it is not stopped by its target-role, nor are all resources
    """

    id: str
    agent: str
    options: Mapping[str, str]
    enabled: bool = True

    @property
    def is_ours(self) -> bool:
        """Whether its agent is fence_kdump."""
        return self.agent == AGENT


@dataclass(frozen=True)
class Level:
    """A fencing level: devices that must all succeed.

    index -- from 1; the lowest is tried first
    devices -- ids
    target, pattern, attribute -- which nodes it is for: a name, a regular expression for names, or
        a node attribute as (name, value); the others are ""
    """

    index: int
    devices: tuple[str, ...]
    target: str = ""
    pattern: str = ""
    attribute: tuple[str, str] = ("", "")


@dataclass(frozen=True)
class Configuration:
    """What is of interest here.

    nodes -- name -> its attributes, of all that have any
    devices -- fencing devices
    levels -- fencing levels
    properties -- cluster properties
    feature_set -- the version of Pacemaker's features, as (3, 16, 2)
    """

    nodes: Mapping[str, Mapping[str, str]]
    devices: tuple[Device, ...]
    levels: tuple[Level, ...]
    properties: Mapping[str, str]
    feature_set: tuple[int, ...] = ()

    @property
    def ours(self) -> tuple[Device, ...]:
        """The fence_kdump devices."""
        return tuple(device for device in self.devices if device.is_ours)


def read(path: str) -> Configuration:
    """The configuration in a file. Raises CibError, and FileNotFoundError."""
    try:
        data = files.read(path, MOST)
    except FileNotFoundError:
        raise
    except PermissionError as error:
        raise CibError(f"{path} cannot be read: run it as root") from error
    except OSError as error:
        raise CibError(f"{path}: {error.strerror}") from error
    try:
        return parse(data)
    except CibError as error:
        raise CibError(f"{path}: {error}") from error


def parse(data: bytes) -> Configuration:
    """The configuration in a CIB. Raises CibError."""
    top = tree(data)
    configuration = top.find("configuration")
    if top.tag != "cib" or configuration is None:
        raise CibError("no CIB")
    properties = _values(configuration, "crm_config/cluster_property_set")
    return Configuration(
        nodes=_nodes(configuration),
        devices=tuple(_devices(configuration, properties)),
        levels=tuple(_levels(configuration)),
        properties=properties,
        feature_set=_numbers(top.get("crm_feature_set", "")),
    )


def tree(data: bytes) -> Element:
    """The elements of a document that Pacemaker has written. Raises CibError."""
    # No DOCTYPE: entities are how a small file becomes a large one, and a CIB never has any.
    builder = TreeBuilder()
    parser = expat.ParserCreate()
    parser.StartElementHandler = builder.start
    parser.EndElementHandler = builder.end
    parser.StartDoctypeDeclHandler = _refuse
    try:
        parser.Parse(data, True)
        return builder.close()
    except (expat.ExpatError, ValueError, AssertionError) as error:
        raise CibError(f"no XML: {error}") from error


def _refuse(*_: object) -> None:
    raise CibError("it has a DOCTYPE, which no CIB has")


def _nodes(configuration: Element) -> dict[str, Mapping[str, str]]:
    found: dict[str, Mapping[str, str]] = {}
    for node in configuration.iterfind("nodes/node"):
        name = node.get("uname") or node.get("id") or ""
        found[name] = _values(node, "instance_attributes")
    return found


def _devices(configuration: Element, properties: Mapping[str, str]) -> Iterator[Device]:
    templates = {t.get("id", ""): t for t in configuration.iter("template")}
    stopped = properties.get("stop-all-resources", "").lower() in ("true", "yes", "on", "1")
    for primitive in configuration.iter("primitive"):
        template = templates.get(primitive.get("template", ""))
        kind = primitive if template is None else template
        if kind.get("class") != "stonith":
            continue
        options: dict[str, str] = {}
        meta: dict[str, str] = {}
        for one in (kind, primitive):
            options.update(_values(one, "instance_attributes"))
            meta.update(_values(one, "meta_attributes"))
        is_stopped = meta.get("target-role", "").lower() == "stopped" or stopped
        yield Device(primitive.get("id", ""), kind.get("type", ""), options, not is_stopped)


def _levels(configuration: Element) -> Iterator[Level]:
    for level in configuration.iterfind("fencing-topology/fencing-level"):
        index = level.get("index", "")
        yield Level(
            index=int(index) if index.isascii() and index.isdigit() else 0,
            devices=tuple(filter(None, level.get("devices", "").replace(" ", "").split(","))),
            target=level.get("target", ""),
            pattern=level.get("target-pattern", ""),
            attribute=(level.get("target-attribute", ""), level.get("target-value", "")),
        )


def _values(element: Element, sets: str) -> dict[str, str]:
    """The name-value pairs below an element; of several with one name the first counts."""
    found: dict[str, str] = {}
    for pair in element.iterfind(f"{sets}/nvpair"):
        found.setdefault(pair.get("name", ""), pair.get("value", ""))
    return found


def _numbers(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in text.split(".") if part.isascii() and part.isdigit())
