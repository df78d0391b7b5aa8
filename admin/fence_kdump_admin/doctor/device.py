"""The options of each fence_kdump device: do they do what they were set for?"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from fence_kdump_admin.checks import Check, bad, ok
from fence_kdump_admin.doctor import commands
from fence_kdump_admin.doctor.cib import Configuration, Device
from fence_kdump_admin.doctor.options import host_map, hosts, limit, wait
from fence_kdump_cluster.addresses import literal
from fence_kdump_protocol import PORT
from fence_kdump_protocol.times import seconds

__all__ = ["checks"]

_ROOM = 0.75  # of Pacemaker's limit: enough for the agent to say what came
_TWICE = 0.7  # of the limit: what failed sooner is tried again (pacemaker-fenced's stonith_action)
_TIMES = ("timeout", "pcmk_off_timeout", "pcmk_reboot_timeout")


def checks(cluster: Configuration, nodes: Mapping[str, Collection[str]], port: int) -> list[Check]:
    """Check the options of all fence_kdump devices.

    nodes -- name -> addresses of each node
    port -- UDP port that the crash kernel sends to
    """
    found = []
    for device in cluster.ours:
        found += [
            *_times(device),
            _limit(device, cluster),
            _retries(device, cluster),
            *_reboot(device),
            *_target(device, nodes),
            *_names(device, nodes),
            *_monitor(device),
            _port(device, port),
        ]
    return found


def _times(device: Device) -> list[Check]:
    return [
        bad(
            "time",
            f"{device.id}: {name}={device.options[name]!r} is no time",
            commands.set_options(device.id, **{name: "60" if name.startswith("pcmk") else "45"}),
            device.id,
        )
        for name in _TIMES
        if name in device.options and not seconds(device.options[name])
    ]


def _limit(device: Device, cluster: Configuration) -> Check:
    most, option = limit(device, cluster.properties)
    waits = wait(device)
    if waits < most:
        text = f"{device.id} waits {waits:g} s for a message, less than {most:g} s ({option})"
        return ok("timeout", text, device.id)
    text = (
        f"{device.id} waits {waits:g} s for a message, but Pacemaker kills it after {most:g} s"
        f" ({option}). Then it cannot log what it received"
    )
    set_limit = option.startswith("pcmk_off_timeout") and waits > most
    better = (
        {"pcmk_off_timeout": f"{waits / _ROOM:.0f}"}
        if set_limit
        else {"timeout": f"{most * _ROOM:.0f}"}
    )
    return bad("timeout", text, commands.set_options(device.id, **better), device.id)


def _retries(device: Device, cluster: Configuration) -> Check:
    most, _ = limit(device, cluster.properties)
    waits = wait(device)
    if device.options.get("pcmk_off_retries") == "1":
        return ok("retries", f"Pacemaker runs {device.id} once", device.id)
    if waits >= _TWICE * most:
        text = f"{device.id} waits {waits:g} s of {most:g} s: Pacemaker has no time to run it twice"
        return ok("retries", text, device.id)
    text = (
        f"{device.id} waits {waits:g} s of {most:g} s. If no message comes, Pacemaker runs it a"
        " second time, and the next level starts twice as late"
    )
    remedy = commands.set_options(device.id, pcmk_off_retries="1")
    return bad("retries", text, remedy, device.id)


def _reboot(device: Device) -> list[Check]:
    value = device.options.get("pcmk_reboot_timeout")
    if value is None:
        return []
    text = (
        f"{device.id}: pcmk_reboot_timeout={value} has no effect. Pacemaker turns reboot into off,"
        " and pcmk_off_timeout counts"
    )
    options = {"pcmk_reboot_timeout": ""}
    if "pcmk_off_timeout" not in device.options and seconds(value):
        options = {"pcmk_off_timeout": value, **options}
    return [bad("reboot-timeout", text, commands.set_options(device.id, **options), device.id)]


def _target(device: Device, nodes: Mapping[str, Collection[str]]) -> list[Check]:
    """plug, port and nodename, which Pacemaker sets by itself to the node that it fences."""
    found = []
    for name in ("plug", "port"):
        value = device.options.get(name)
        if value is None:
            continue
        if value.isascii() and value.isdigit() and 1 <= int(value[:6]) <= 65535:
            text = f"{device.id}: {name}={value} sets the name of a node. The UDP port is ipport"
            remedy = commands.set_options(device.id, **{name: "", "ipport": value})
        else:
            text = (
                f"{device.id}: {name}={value} is set. So the agent waits for {value}, whichever"
                " node is fenced"
            )
            remedy = commands.set_options(device.id, **{name: ""})
        found.append(bad("fixed-target", text, remedy, device.id))
    value = device.options.get("nodename")
    if value is not None:
        found += _nodename(device, value, nodes)
    return found or [
        ok("fixed-target", f"{device.id} expects the node that Pacemaker fences", device.id)
    ]


def _of_others(names: Sequence[str], own: str, nodes: Mapping[str, Collection[str]]) -> bool:
    """Whether one of the names is another node's, or its address."""
    others = {
        text.lower()
        for node, addresses in nodes.items()
        if node.lower() != own.lower()
        for text in (node, *addresses)
    }
    return any(name.lower() in others for name in names)


def _nodename(device: Device, value: str, nodes: Mapping[str, Collection[str]]) -> list[Check]:
    served = hosts(device) or ()
    names = [name.strip() for name in value.split(",") if name.strip()]
    if len(served) == 1:
        own = {served[0].lower(), *(a.lower() for a in nodes.get(served[0], ()))}
        if {name.lower() for name in names} <= own:
            return []
        text = (
            f"{device.id}: {served[0]} is not known by nodename={value}. The agent may ignore a"
            " message from there"
        )
        options = {"nodename": ""}
        if not _of_others(names, served[0], nodes):
            text += f". Map it to {served[0]} only if it is an address of that node itself"
            own_names = ",".join(name.replace(":", r"\:") for name in names)
            options["pcmk_host_map"] = f"{served[0]}:{own_names}"
        remedy = commands.set_options(device.id, **options)
        return [bad("fixed-target", text, remedy, device.id)]
    text = f"{device.id}: nodename={value} is set, but this device fences several nodes"
    return [bad("fixed-target", text, commands.set_options(device.id, nodename=""), device.id)]


def _names(device: Device, nodes: Mapping[str, Collection[str]]) -> list[Check]:
    known = {name.lower() for name in nodes}
    strangers = [name for name in hosts(device) or () if name.lower() not in known]
    found = [
        bad(
            "host-list",
            f"{device.id}: {name} is not a node of the cluster. crm_node -l prints the names",
            commands.set_options(device.id, pcmk_host_list=" ".join(nodes)),
            device.id,
        )
        for name in strangers
    ]
    owners = {a: node for node, addresses in nodes.items() for a in addresses}
    for node, value in host_map(device).items():
        for name in value.split(","):
            owner = owners.get(literal(name) or "", "") or next(
                (n for n in nodes if n.lower() == name.lower()), ""
            )
            if owner and owner.lower() != node.lower():
                text = f"{device.id}: pcmk_host_map gives {node} {name}, which is {owner}'s"
                remedy = commands.set_options(device.id, pcmk_host_map="")
                found.append(bad("host-map", text, remedy, device.id))
    return found or [ok("host-list", f"{device.id} names only nodes of the cluster", device.id)]


def _monitor(device: Device) -> list[Check]:
    value = device.options.get("pcmk_monitor_action", "")
    if not value or value == "monitor":
        return [ok("monitor", f"{device.id}: its monitor checks the node", device.id)]
    text = (
        f"{device.id}: pcmk_monitor_action={value} hides that a node cannot dump, or that its"
        " crash image is stale"
    )
    remedy = commands.set_options(device.id, pcmk_monitor_action="")
    return [bad("monitor", text, remedy, device.id)]


def _port(device: Device, port: int) -> Check:
    value = device.options.get("ipport", str(PORT))
    if value == str(port):
        return ok("port", f"{device.id} listens on UDP {port}, which this node sends to", device.id)
    text = f"{device.id} listens on UDP {value}, but this node's crash kernel sends to {port}"
    remedy = commands.set_options(device.id, ipport="" if port == PORT else str(port))
    return bad("port", text, remedy, device.id)
