"""The nodes that the tests crash: their NICs, their network as they set it up, their /etc.

A node is the smallest description that serves both sides: an image build wants to know what the
node's network looks like while it runs, the machine wants its NICs, and the survivor wants to
know where it is plugged in.
"""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Mapping
from dataclasses import dataclass

__all__ = [
    "APPENDED",
    "BEHIND_GATEWAY",
    "DUMP_LABEL",
    "IPV6",
    "NETWORKD",
    "NETWORK_DUMP",
    "NETWORK_MANAGER",
    "OTHER_NIC",
    "OTHER_NIC_SUSE",
    "PLAIN",
    "STACKED",
    "TWO_RINGS",
    "WATCHDOG",
    "Nic",
    "Node",
    "write_etc",
]

DUMP_LABEL = "kdumptgt"  # label of the file system that takes the dump


@dataclass(frozen=True)
class Nic:
    """A network card: its name on the running node, its MAC, and the segment it is plugged into."""

    name: str
    mac: str
    segment: str = "lan0"


@dataclass(frozen=True, eq=False)
class Node:
    """A node of a cluster of two, and what the other one, the survivor, must have to hear it.

    network  -- `ip` command lines that set up the node's network on its NICs
    etc      -- files of its /etc, by path below it
    survivor -- `ip` command lines that set up the survivor, on the segments' interfaces
    address  -- the address by which the survivor expects the node
    survivor_address -- the address that the node must reach for that
    watchdog -- its watchdog, by the name that QEMU and its kernel have for it; armed at the panic
    vlan     -- id of the VLAN that the survivor is in, when the segment is a trunk
    """

    name: str
    nics: tuple[Nic, ...]
    network: tuple[str, ...]
    etc: Mapping[str, str]
    survivor: tuple[str, ...]
    address: str
    survivor_address: str
    vlan: int | None = None
    watchdog: str = ""


def _corosync(*rings: tuple[str, str]) -> str:
    """A corosync.conf of two nodes; every ring is (address of node1, address of node2)."""
    nodes = ""
    for number in (1, 2):
        nodes += f"    node {{\n        nodeid: {number}\n        name: node{number}\n"
        for ring, addresses in enumerate(rings):
            nodes += f"        ring{ring}_addr: {addresses[number - 1]}\n"
        nodes += "    }\n"
    return (
        "totem {\n    version: 2\n    cluster_name: rig\n    transport: knet\n}\n"
        f"nodelist {{\n{nodes}}}\n"
        "quorum {\n    provider: corosync_votequorum\n    two_node: 1\n}\n"
    )


def _etc(*rings: tuple[str, str]) -> dict[str, str]:
    return {
        "corosync/corosync.conf": _corosync(*rings),
        "corosync/authkey": "the cluster's key, which is no secret here",
        "corosync/new.key": "another key, which the crash image does not have",
        "hostname": "node2\n",
        "hosts": "127.0.0.1 localhost\n::1 localhost\n",
        "kdump.conf": f"ext4 LABEL={DUMP_LABEL}\npath /var/crash\n",
    }


_MAC = "52:54:00:aa:bb:0{}"
_ONE_NIC = (Nic("eth0", _MAC.format(1)),)

PLAIN = Node(
    name="node2",
    nics=_ONE_NIC,
    network=("addr add 10.77.0.2/24 dev eth0", "link set eth0 up"),
    etc=_etc(("10.77.0.1", "10.77.0.2")),
    survivor=("addr add 10.77.0.1/24 dev lan0",),
    address="10.77.0.2",
    survivor_address="10.77.0.1",
)

WATCHDOG = dataclasses.replace(PLAIN, watchdog="i6300esb")

IPV6 = Node(
    name="node2",
    nics=_ONE_NIC,
    network=("-6 addr add fd77::2/64 dev eth0 nodad", "link set eth0 up"),
    etc=_etc(("fd77::1", "fd77::2")),
    survivor=("-6 addr add fd77::1/64 dev lan0 nodad",),
    address="fd77::2",
    survivor_address="fd77::1",
)

TWO_RINGS = Node(
    name="node2",
    nics=(Nic("eth0", _MAC.format(1)), Nic("eth1", _MAC.format(2), segment="lan1")),
    network=(
        "addr add 10.77.0.2/24 dev eth0",
        "link set eth0 up",
        "addr add 10.78.0.2/24 dev eth1",
        "link set eth1 up",
    ),
    etc=_etc(("10.77.0.1", "10.77.0.2"), ("10.78.0.1", "10.78.0.2")),
    survivor=("addr add 10.77.0.1/24 dev lan0", "addr add 10.78.0.1/24 dev lan1"),
    address="10.78.0.2",
    survivor_address="10.78.0.1",
)

# Three rings, all in VLAN 77: a vlan over a bond, which has the name of a NIC of the crash kernel;
# a bond of vlans; a vlan in a VRF, while the main table has another way to that ring.
STACKED = Node(
    name="node2",
    nics=tuple(Nic(f"eth{number}", _MAC.format(number + 1)) for number in range(5)),
    network=(
        "link set eth1 name lan1",
        "link add eth1 type bond mode active-backup miimon 100",
        "link set eth0 master eth1",
        "link set lan1 master eth1",
        "link set eth1 up",
        "link add link eth1 name ring0 type vlan id 77",
        "addr add 10.77.0.2/24 dev ring0",
        "link set ring0 up",
        "route add default via 10.77.0.1",
        "link add link eth2 name eth2.77 type vlan id 77",
        "link add link eth3 name eth3.77 type vlan id 77",
        "link set eth2 up",
        "link set eth3 up",
        "link set eth2.77 down",
        "link set eth3.77 down",
        "link add ring1 type bond mode active-backup miimon 100",
        "link set eth2.77 master ring1",
        "link set eth3.77 master ring1",
        "link set ring1 type bond primary eth3.77",
        "addr add 10.78.0.2/24 dev ring1",
        "link set ring1 up",
        "link add red type vrf table 10",
        "link set red up",
        "link add link eth4 name ring2 type vlan id 77",
        "link set ring2 master red",
        "addr add 10.79.0.2/24 dev ring2",
        "link set eth4 up",
        "link set ring2 up",
    ),
    etc=_etc(("10.77.0.1", "10.77.0.2"), ("10.78.0.1", "10.78.0.2"), ("10.79.0.1", "10.79.0.2")),
    survivor=tuple(f"addr add 10.{ring}.0.1/24 dev lan0" for ring in (77, 78, 79)),
    address="10.77.0.2",
    survivor_address="10.77.0.1",
    vlan=77,
)

_PROFILE = f"""[connection]
id=ring0
uuid=6f1d8c5e-0b53-4c3f-9d55-9a0c3d0b7a01
type=ethernet

[ethernet]
mac-address={_MAC.format(1)}

[ipv4]
method=manual
address1=10.77.0.2/24

[ipv6]
method=disabled
"""

_PROFILES = {"NetworkManager/system-connections/ring0.nmconnection": _PROFILE}

NETWORK_MANAGER = dataclasses.replace(PLAIN, etc={**PLAIN.etc, **_PROFILES})

NETWORK_DUMP = dataclasses.replace(
    NETWORK_MANAGER, etc={**NETWORK_MANAGER.etc, "kdump.conf": "netcat 10.77.0.1 9000\n"}
)

# The administrator sets up the crash kernel's network by its command line, and the dump's server
# is behind a gateway.
APPENDED = "ip=10.77.0.2::10.77.0.1:255.255.255.0::eth0:none rd.neednet=1"

BEHIND_GATEWAY = dataclasses.replace(
    PLAIN,
    network=(*PLAIN.network, "route add default via 10.77.0.1"),
    etc={
        **PLAIN.etc,
        "kdump.conf": "netcat 10.88.0.1 9000\n",
        "sysconfig/kdump": f'KDUMP_COMMANDLINE_APPEND="{APPENDED}"\n',
    },
    survivor=(*PLAIN.survivor, "addr add 10.88.0.1/32 dev lan0"),
)

# The dump goes over another NIC than the ring, in the same subnet.
_OTHER_PROFILE = _PROFILE.replace(_MAC.format(1), _MAC.format(2)).replace("10.77.0.2", "10.77.0.3")

OTHER_NIC = dataclasses.replace(
    PLAIN,
    nics=(*_ONE_NIC, Nic("eth1", _MAC.format(2))),
    network=(*PLAIN.network, "addr add 10.77.0.3/24 dev eth1", "link set eth1 up"),
    etc={
        **PLAIN.etc,
        "kdump.conf": "netcat 10.77.0.9 9000\n",
        "NetworkManager/system-connections/dump.nmconnection": _OTHER_PROFILE,
    },
    survivor=(*PLAIN.survivor, "addr add 10.77.0.9/24 dev lan0"),
)

# The same as SUSE's kdump does it, by words and without a profile.
_NETCONFIG = (
    f"rd.neednet=1 ifname=kdump0:{_MAC.format(2)} ip=10.77.0.3:::255.255.255.0::kdump0:none"
)

OTHER_NIC_SUSE = dataclasses.replace(
    OTHER_NIC,
    etc={**PLAIN.etc, "kdump.conf": f"netcat 10.77.0.9 9000\ncmdline {_NETCONFIG}\n"},
)

# dracut's own file since 103, which older ones lack
_DEFAULT_NETWORK = "[Match]\nKind=!*\nType=!loopback\n\n[Network]\nDHCP=yes\n"

NETWORKD = dataclasses.replace(
    PLAIN,
    etc={**PLAIN.etc, "systemd/network/zzzz-dracut-default.network": _DEFAULT_NETWORK},
)


def write_etc(path: str, text: str) -> None:
    """Write a file of an /etc; a key is its owner's alone."""
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
    os.chmod(path, 0o600 if path.endswith("key") else 0o644)
