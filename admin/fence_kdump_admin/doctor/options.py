"""The options of a fencing device, as Pacemaker and the agent read them."""

from __future__ import annotations

import re
from collections.abc import Mapping

from fence_kdump_admin.doctor.cib import Device
from fence_kdump_protocol.times import seconds

__all__ = [
    "action_limit",
    "host_map",
    "hosts",
    "is_true",
    "limit",
    "of_cluster",
    "serves",
    "wait",
]

_TRUE = ("true", "on", "yes", "y", "1")  # Pacemaker's crm_str_to_boolean
_LIMIT = 60.0  # seconds, Pacemaker's default of stonith-timeout
_WAIT = 50.0  # seconds, the agent's default of timeout


def wait(device: Device) -> float:
    """How long the agent waits for a message, in seconds; its default for what is no time."""
    value = seconds(device.options.get("timeout", ""))
    return value if value and 0 < value <= 7 * 86400 else _WAIT


def limit(device: Device, properties: Mapping[str, str]) -> tuple[float, str]:
    """When Pacemaker kills the agent, in seconds, and the option that says so."""
    own = seconds(device.options.get("pcmk_off_timeout", ""))
    if own:
        return own, "pcmk_off_timeout"
    value, name = of_cluster(properties, "fencing-timeout")
    every = seconds(value)
    return (every, name) if every else (_LIMIT, "pcmk_off_timeout, which is not set")


def of_cluster(properties: Mapping[str, str], name: str) -> tuple[str, str]:
    """An option of the cluster, "" if it is not set, and the name that it is set by.

    name -- as Pacemaker 3.0.3 has it: fencing-enabled; before, and still as a second name, it was
        stonith-enabled (pacemaker-schedulerd(7), pacemaker-controld(7))
    """
    older = name.replace("fencing-", "stonith-", 1)
    set_by = next((known for known in (name, older) if known in properties), name)
    return properties.get(set_by, ""), set_by


def action_limit(device: Device) -> int:
    """How many actions of a device a node runs at once; negative: any number.

    As pacemaker-fenced's get_action_limit: 0, and what is no number, stand for the default.
    """
    try:
        return int(device.options.get("pcmk_action_limit", "")) or 1
    except ValueError:
        return 1


def is_true(text: str) -> bool:
    """Whether Pacemaker takes a value for true."""
    return text.lower() in _TRUE


def host_map(device: Device) -> dict[str, str]:
    """node -> what it is called for the agent, by pcmk_host_map.

    Entries end with a semicolon or blanks; a backslash takes the meaning of the next character.
    """
    found: dict[str, str] = {}
    text = re.sub(
        r"\\(.)", lambda match: f"\0{ord(match[1])}\0", device.options.get("pcmk_host_map", "")
    )
    for entry in re.split(r"[;\s]+", text):
        name, colon, value = entry.partition(":")
        if colon and name:
            found[_plain(name)] = _plain(value)
    return found


def _plain(text: str) -> str:
    return re.sub("\0(\\d+)\0", lambda match: chr(int(match[1])), text)


def hosts(device: Device) -> tuple[str, ...] | None:
    """The nodes that a device names as its own; None if it may fence any."""
    listed = device.options.get("pcmk_host_list", "")
    mapped = host_map(device)
    check = device.options.get("pcmk_host_check", "")
    if check == "none" or not (listed or mapped):
        return None
    names = [*filter(None, re.split(r"[,;\s]+", listed)), *mapped]
    return tuple(dict.fromkeys(names))


def serves(device: Device, node: str) -> bool:
    """Whether a device may fence a node; names compare without regard to case."""
    names = hosts(device)
    return names is None or node.lower() in {name.lower() for name in names}
