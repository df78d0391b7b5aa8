"""A device and a level for every node: the cluster's configuration as a whole."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Sequence

from fence_kdump_admin.checks import Check, bad, ok, unknown
from fence_kdump_admin.doctor import commands
from fence_kdump_admin.doctor.cib import Configuration, Level
from fence_kdump_admin.doctor.options import action_limit, is_true, of_cluster, serves

__all__ = ["checks"]

# Pacemaker 3.0: fencing is concurrent by default, however it was built
_CONCURRENT_SINCE = (3, 20)


def checks(
    cluster: Configuration, nodes: Sequence[str], together: int, default: Callable[[], bool | None]
) -> list[Check]:
    """Whether every node has a fence_kdump device, and power fencing after it.

    nodes -- names of all nodes, Pacemaker Remote nodes too
    together -- how many nodes may crash at once and still be fenced, as `quorum` has it
    default -- finds out whether Pacemaker fences concurrently if it is not told; None if that is
        not known
    """
    found = [_fencing(cluster)]
    if not cluster.ours:
        text = "the cluster has no fence_kdump device: nobody listens when a node dumps"
        return [*found, bad("device", text, commands.create(nodes))]
    for node in nodes:
        found += [_device(cluster, node), *_level(cluster, node)]
    return [*found, *_concurrent(cluster, nodes, default)] if together > 1 else found


def _fencing(cluster: Configuration) -> Check:
    value, name = of_cluster(cluster.properties, "fencing-enabled")
    if is_true(value or "true"):
        return ok("fencing", "fencing is on in the cluster")
    text = f"{name} is off: no node is fenced, and no agent listens"
    return bad("fencing", text, commands.set_property(name, "true"))


def _device(cluster: Configuration, node: str) -> Check:
    devices = [device for device in cluster.ours if serves(device, node)]
    if not devices:
        first = cluster.ours[0]
        listed = f"{first.options.get('pcmk_host_list', '')} {node}".strip()
        remedy = commands.set_options(first.id, pcmk_host_list=listed)
        return bad("device", f"no fence_kdump device is for {node}", remedy, node)
    if not any(device.enabled for device in devices):
        device = devices[0]
        text = f"the fence_kdump device for {node}, {device.id}, is stopped"
        return bad("device", text, commands.enable(device.id), node)
    names = ", ".join(device.id for device in devices)
    return ok("device", f"{node} has the fence_kdump device {names}", node)


def _level(cluster: Configuration, node: str) -> list[Check]:
    ours = {device.id for device in cluster.ours if serves(device, node)}
    if not ours:
        return []
    kdump = min(ours)
    power = next((d.id for d in cluster.devices if not d.is_ours and serves(d, node)), "POWER")
    levels = sorted(levels_of(cluster, node), key=lambda level: level.index)
    fault = _fault(levels, ours)
    if not fault:
        at = next(level.index for level in levels if ours & set(level.devices))
        text = f"{node}: fence_kdump at level {at}, {', '.join(levels[-1].devices)} after it"
        return [ok("level", text, node)]
    if fault == _LAST:
        remedy = commands.add_level(levels[-1].index + 1, node, power)
    else:
        add = [commands.add_level(1, node, kdump), commands.add_level(2, node, power)]
        remedy = " && ".join(filter(None, [*[commands.clear_levels(node)] * bool(levels), *add]))
    return [bad("level", f"{node} {fault}", remedy, node)]


_LAST = "has no fencing level after fence_kdump's: if it crashes without a dump, nothing fences it"


def _fault(levels: Sequence[Level], ours: Collection[str]) -> str:
    """What is wrong with a node's levels, as the rest of a sentence; "" if nothing is.

    levels -- lowest first
    ours -- ids of the fence_kdump devices for that node
    """
    at = [number for number, level in enumerate(levels) if set(level.devices) & set(ours)]
    if not levels:
        return (
            "has no fencing level: when the agent fails, all other nodes run it, one after the"
            " other, and each of them waits"
        )
    if not at:
        return "has fencing levels, but none of them has a fence_kdump device"
    if set(levels[at[0]].devices) - set(ours):
        both = " and ".join(levels[at[0]].devices)
        return f"has {both} on one level. Both must succeed, so its power is cut during a dump"
    if at[0] > 0:
        return f"has {', '.join(levels[0].devices)} before fence_kdump: its power is cut at once"
    later = {device for level in levels[at[0] + 1 :] for device in level.devices}
    return "" if later - set(ours) else _LAST


def levels_of(cluster: Configuration, node: str) -> Iterable[Level]:
    """The fencing levels of a node.

    By name, else by pattern, else by attribute, as the fencer looks for them (fenced_commands.c);
    of one kind alone
    """
    attributes = cluster.nodes.get(node, {})
    ways = (
        lambda level: level.target.lower() == node.lower(),
        lambda level: bool(level.pattern) and _matches(level.pattern, node),
        lambda level: (
            level.attribute[0] != "" and attributes.get(level.attribute[0]) == level.attribute[1]
        ),
    )
    for way in ways:
        found = [level for level in cluster.levels if way(level)]
        if found:
            return found
    return []


def _matches(pattern: str, node: str) -> bool:
    try:
        return re.search(pattern, node) is not None
    except re.error:
        return False


def _concurrent(
    cluster: Configuration, nodes: Sequence[str], default: Callable[[], bool | None]
) -> list[Check]:
    """Whether nodes that crash together are waited for together, by every device.

    Where not, an agent that waits in vain for one node holds up the next. That one is heard late,
    or too late: the fencer allows each a time of 1.2 * pcmk_off_timeout from when all were lost.
    """
    found = []
    value = cluster.properties.get("concurrent-fencing", "")
    together: bool | None = is_true(value)
    if not value:
        together = cluster.feature_set >= _CONCURRENT_SINCE or default()
    remedy = commands.set_property("concurrent-fencing", "true")
    if together:
        found.append(ok("concurrent-fencing", "nodes that crash together are fenced together"))
    elif together is None:
        text = "concurrent-fencing is not set, and its default depends on how Pacemaker was built"
        found.append(unknown("concurrent-fencing", text, remedy))
    else:
        text = "concurrent-fencing is off: nodes that crash together are fenced one after the other"
        found.append(bad("concurrent-fencing", text, remedy))
    for device in cluster.ours:
        if sum(serves(device, node) for node in nodes) < 2:
            continue
        if action_limit(device) == 1:
            text = (
                f"{device.id} listens for one node at a time. While it waits in vain for one, it"
                " does not hear others that crashed, too, and their power may be cut"
            )
            remedy = commands.set_options(device.id, pcmk_action_limit="-1")
            found.append(bad("action-limit", text, remedy, device.id))
        else:
            text = f"{device.id} listens for several nodes at once"
            found.append(ok("action-limit", text, device.id))
    return found
