"""Can this node, and the others, prove who they are?"""

from __future__ import annotations

import contextlib
import os
import shlex
from collections.abc import Sequence

from fence_kdump_admin.checks import OK, Check, bad, ok, unknown
from fence_kdump_admin.doctor import commands
from fence_kdump_admin.doctor.cib import Device
from fence_kdump_admin.doctor.here import Here
from fence_kdump_admin.doctor.options import serves
from fence_kdump_cluster import corosync, keyfiles
from fence_kdump_cluster.corosync import fold
from fence_kdump_image.image import manifest
from fence_kdump_protocol import keys

__all__ = ["checks"]

_FOLDER = f"install -d -m 700 {os.path.dirname(keyfiles.MASTER)}"
# a key of its own on each node would lose every dump
MAKE = (
    f"copy {keyfiles.MASTER} from another cluster node. Only if no node has it, on one node:"
    f" {_FOLDER} && (umask 077; head -c 64 /dev/urandom >{keyfiles.MASTER})"
)
OWN_KEY = f"{_FOLDER} && install -m 600 {keyfiles.COROSYNC} {keyfiles.MASTER}"
REFRESH = "fence-kdump refresh"
AGAIN = "fence-kdump doctor"
TELL = "systemctl enable --now fence-kdump-announce.service"
_MOST_NAMES = 5  # in one line


def checks(here: Here) -> list[Check]:
    """The key in the image, the one that the devices are told to use, and the other nodes'."""
    devices = here.cluster.ours if here.cluster else ()
    demanding = [d for d in devices if d.options.get("auth", "").lower() not in ("", "off")]
    found = [_image(here)] if here.plan.key or demanding else []
    for device in demanding:
        found += _device(here, device)
        if _is_required(device):
            found += _nodes(here, device)
    if here.plan.key:
        found += _ready(here, [d for d in devices if not _is_required(d)])
    return found


def _is_required(device: Device) -> bool:
    """The agent takes an unknown word for required, too."""
    return device.options.get("auth", "").lower() not in ("", "off", "prefer")


def _image(here: Here) -> Check:
    key = here.plan.key
    if not key:
        told = "this node has no key: its crash kernel cannot prove which node it is"
        return bad("key", told, MAKE if here.text(corosync.PATH) else _own_key(here.plan.node))
    inside = here.manifest.get("key", {}) if isinstance(here.manifest, dict) else None
    if inside is None:
        return unknown(
            "key", "the crash image could not be read: whether it has a key is not known"
        )
    if not inside:
        return bad("key", "the crash image has no key of this node", REFRESH)
    return ok("key", f"the crash image has the key of {key.name}, made of {key.source}")


def _device(here: Here, device: Device) -> list[Check]:
    path = _path(here, device)
    asks = f"{device.id} has auth={device.options['auth']}"
    try:
        _master(here, path)
    except keyfiles.BadKeyFile as error:
        if os.geteuid():
            return [unknown("auth", f"{error}: run it as root", about=device.id)]
        return [bad("auth", f"{asks}, but this node has no key: {error}", MAKE, device.id)]
    exposure = keyfiles.exposure(here.root + path)
    if exposure:
        return [bad("auth", exposure, f"chmod 600 {shlex.quote(path)}", device.id)]
    if path == keyfiles.COROSYNC and _is_required(device):
        text = (
            f"{asks} and uses {path}. When that file is replaced, nodes with the old key in their"
            " crash images are not believed"
        )
        return [bad("auth", text, f"on every cluster node: {OWN_KEY}", device.id)]
    return [ok("auth", f"{asks}, and this node has the key ({path})", device.id)]


def _path(here: Here, device: Device) -> str:
    return device.options.get("key") or keyfiles.master(here.root)


def _master(here: Here, path: str) -> bytes:
    """Raises BadKeyFile."""
    data = keyfiles.read(here.root + path)
    if len(data) < keys.LEAST_MASTER:
        raise keyfiles.BadKeyFile(f"{path}: it has less than {keys.LEAST_MASTER} bytes")
    return data


def _nodes(here: Here, device: Device) -> list[Check]:
    """Whether each node of a device will be believed, by the key that it has told the cluster."""
    path = _path(here, device)
    believed = _masters(here, path)
    served = [node for node in here.addresses if serves(device, node)]
    return [_node(here, path, believed, node) for node in served] if believed else []


def _ready(here: Here, devices: Sequence[Device]) -> list[Check]:
    """Whether auth=required may be set where it is not."""
    found = []
    for device in devices:
        nodes = _nodes(here, device)
        if not nodes:
            continue
        auth = device.options.get("auth", "")
        has = f"{device.id} has auth={auth}" if auth else f"{device.id} has no auth option"
        lacking = [check.about for check in nodes if check.state != OK]
        if lacking:
            text = f"it is not known of all nodes that they can prove themselves: {_some(lacking)}"
        else:
            require = commands.set_options(device.id, auth="required")
            if _path(here, device) == keyfiles.COROSYNC:
                require = f"{OWN_KEY} on every cluster node, then {require}"
            text = f"all nodes can prove themselves; to let only a proof count: {require}"
        found.append(ok("auth", f"{has}; {text}", device.id))
    return found


def _some(names: Sequence[str]) -> str:
    return ", ".join(names[:_MOST_NAMES]) + ("..." if len(names) > _MOST_NAMES else "")


def _masters(here: Here, path: str) -> list[bytes]:
    """The keys that an agent on this node believes: the one in force, and the one before it."""
    try:
        found = [_master(here, path)]
    except keyfiles.BadKeyFile:
        return []
    with contextlib.suppress(keyfiles.BadKeyFile):
        found.append(_master(here, keyfiles.old(path)))
    return found


def _node(here: Here, path: str, believed: Sequence[bytes], node: str) -> Check:
    name = node.encode("utf-8", "surrogateescape")
    ids = {keys.key_id(keys.node_key(master, name)).hex() for master in believed}
    told = _own(here, node) or here.live.key_of(node)
    if told in ids:
        return ok("node-key", f"{node} has the right key in its crash image", node)
    if told:
        text = f"{node} has another key in its crash image than the one that {path} gives it"
        remedy = f"{_copy(here, path, node)}; then on {node}: {REFRESH}"
        return bad("node-key", text, remedy, node)
    text = f"nothing is known of the key in {node}'s crash image"
    if here.live.problem:
        return unknown("node-key", f"{text}: {here.live.problem}", about=node)
    if here.live.is_absent(node):
        text = f"{text}: {node} is not a member of the cluster now"
        return unknown("node-key", text, f"when {node} is a member again: {AGAIN}", node)
    text = f"{text}: {node} has told the cluster of none"
    return unknown("node-key", text, f"on {node}: {TELL}", node)


def _own(here: Here, node: str) -> str:
    """The id of the key in this node's crash image, "" for another node."""
    own = here.plan.key
    return manifest.key_id(here.manifest) if own and fold(node) == fold(own.name) else ""


def _copy(here: Here, path: str, node: str) -> str:
    """How a node gets the right key; a Pacemaker Remote node should not have the cluster's."""
    if node not in here.remote:
        return f"on {node}: put a copy of this node's {path}"
    command = f"fence-kdump key --master {shlex.quote(path)} {shlex.quote(node)}"
    return f"on {node}: write what '{command}' prints here into {keyfiles.NODE}"


def _own_key(node: str) -> str:
    """The same, for the remote node itself."""
    command = f"fence-kdump key {shlex.quote(node)}"
    return f"write what '{command}' prints on a cluster node into {keyfiles.NODE} here"
