"""The helper, as module-setup.sh runs it, against real networks.

Each test has a network namespace whose veth devices play the NICs (a sysfs of ours gives them a
driver; a veth has none). What comes out is then replayed in a second, bare namespace, which must
afterwards reach every target from the right address.
"""

from __future__ import annotations

import json
import os
import pathlib
import shutil
import subprocess
from collections.abc import Iterator
from typing import Any

import pytest

from lab.hosts import Host
from lab.networks import fake_sysfs

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
HELPER = f"{ROOT}/dracut-module/bin/fence-kdump-image"


class Node:
    """A node in a namespace, with a configuration of its own.

    root -- the folder with its etc/ and sys/
    """

    def __init__(self, root: str) -> None:
        self.root = root
        # no name server answers here, and at once
        self.host = Host("node", {"resolv.conf": "nameserver 127.0.0.1\n"})
        self.bare = Host("crash")
        self._macs: dict[str, str] = {}
        self._gave_sysfs = False

    def nic(self, *names: str) -> None:
        """Give it NICs, up."""
        fake_sysfs(self.root, *names)
        for host in (self.host, self.bare):
            for name in names:
                host.ip(f"link add {name} type veth peer name {name}-peer")
                host.ip(f"link set {name}-peer up")
        for name in names:
            self.host.ip(f"link set {name} up")
            self._macs[self.host.mac(name)] = name

    def file(self, path: str, text: str) -> None:
        """Write one of its files."""
        os.makedirs(os.path.dirname(self.root + path), exist_ok=True)
        with open(self.root + path, "w") as file:
            file.write(text)

    def corosync(self, **nodes: str) -> None:
        """Write its corosync.conf: name="address of ring 0, address of ring 1..."."""
        text = "nodelist {\n"
        for name, rings in nodes.items():
            text += f"node {{\nname: {name}\n"
            text += "".join(f"ring{n}_addr: {a}\n" for n, a in enumerate(rings.split()))
            text += "}\n"
        self.file("/etc/corosync/corosync.conf", text + "}\n")

    def show(self, **environment: str) -> Any:
        """What `fence-kdump-image show --json` says."""
        run = subprocess.run(
            self.host.command(HELPER, "show", "--json", "--root", self.root, "--node", "me"),
            stdout=subprocess.PIPE,
            text=True,
            check=False,
            env={**os.environ, **environment},
        )
        return json.loads(run.stdout)

    def replay(self, links: list[str]) -> None:
        """Do in the bare namespace what the crash kernel's script would do."""
        nic = ""
        for line in links:
            words = line.split()
            if words[0] == "nic":
                nic = self._macs[words[1]]
            elif words[0] not in ("modprobe", "no-ra"):
                self.bare.ip(" ".join(nic if word == "@" else word for word in words))

    def way(self, target: str) -> tuple[str, str, str]:
        """After a replay: device, gateway and source address on the way to a target."""
        route = json.loads(self.bare.ip(f"-j route get {target}"))[0]
        gateway = route.get("gateway") or route.get("via", {}).get("host", "")
        return route["dev"], gateway, route["prefsrc"]


@pytest.fixture
def node(tmp_path: pathlib.Path) -> Iterator[Node]:
    made = Node(str(tmp_path))
    yield made
    made.host.close()
    made.bare.close()


def addresses(shown: Any) -> list[str]:
    return [target["address"] or target["host"] for target in shown["targets"]]


def test_plain_nic_with_a_gateway(node: Node) -> None:
    node.nic("eth0")
    node.host.ip("address add 10.0.0.2/24 dev eth0")
    node.host.ip("route add default via 10.0.0.254")
    node.corosync(me="10.0.0.2", node1="10.0.0.1", far="172.16.0.1")
    shown = node.show()
    assert addresses(shown) == ["10.0.0.1", "172.16.0.1"]
    assert [(n["name"], n["driver"], n["owner"]) for n in shown["nics"]] == [
        ("eth0", "virtio_net", "fence-kdump")
    ]
    assert shown["modules"] == ["virtio_pci", "virtio_net"]
    assert not shown["warnings"]
    node.replay(shown["links"])
    assert node.way("10.0.0.1") == ("eth0", "", "10.0.0.2")
    assert node.way("172.16.0.1") == ("eth0", "10.0.0.254", "10.0.0.2")


def test_the_module_that_made_the_network_device(node: Node) -> None:
    """The kernel tells it as it tells `ethtool -i`: in truth, these are veths."""
    node.nic("eth0")
    node.host.ip("address add 10.0.0.2/24 dev eth0")
    node.corosync(me="10.0.0.2", node1="10.0.0.1")
    assert node.show()["modules"] == ["virtio_pci", "virtio_net"]
    node.file("/sys/module/veth/initstate", "live\n")
    assert node.show()["modules"] == ["virtio_pci", "virtio_net", "veth"]


def test_ipv6_with_a_gateway(node: Node) -> None:
    node.nic("eth0")
    node.host.ip("address add fd00::2/64 dev eth0 nodad")
    node.host.ip("route add default via fe80::1 dev eth0")
    node.corosync(me="fd00::2", node1="fd00::1", far="fd99::1")
    shown = node.show()
    assert not shown["warnings"]
    node.replay(shown["links"])
    assert node.way("fd00::1") == ("eth0", "", "fd00::2")
    assert node.way("fd99::1") == ("eth0", "fe80::1", "fd00::2")


def test_gateway_of_the_other_family_and_onlink_gateway(node: Node) -> None:
    node.nic("eth0")
    node.host.ip("address add 10.0.0.2/32 dev eth0")
    node.host.ip("route add 10.0.1.1 via inet6 fe80::1 dev eth0")
    node.host.ip("route add 10.0.2.1 via 192.0.2.1 dev eth0 onlink")
    node.corosync(me="10.0.0.2", a="10.0.1.1", b="10.0.2.1")
    shown = node.show()
    node.replay(shown["links"])
    assert node.way("10.0.1.1") == ("eth0", "fe80::1", "10.0.0.2")
    assert node.way("10.0.2.1") == ("eth0", "192.0.2.1", "10.0.0.2")


def test_two_rings_on_two_nics_and_mtu(node: Node) -> None:
    node.nic("eth0", "eth1")
    node.host.ip("address add 10.0.0.2/24 dev eth0")
    node.host.ip("address add 10.1.0.2/24 dev eth1")
    node.host.ip("link set eth1 mtu 9000")
    node.corosync(me="10.0.0.2 10.1.0.2", node1="10.0.0.1 10.1.0.1")
    shown = node.show()
    assert [line.split()[0] for line in shown["links"]].count("nic") == 2
    node.replay(shown["links"])
    assert node.way("10.0.0.1") == ("eth0", "", "10.0.0.2")
    assert node.way("10.1.0.1") == ("eth1", "", "10.1.0.2")
    assert "mtu 9000" in node.bare.ip("link show eth1")


def test_nothing_is_routed_but_the_way_to_targets(node: Node) -> None:
    node.nic("eth0", "eth1")
    node.host.ip("address add 10.0.0.2/24 dev eth0")
    node.host.ip("address add fd00::2/64 dev eth0 nodad")
    node.host.ip("address add 10.2.0.2 peer 10.2.0.1/32 dev eth0")
    node.host.ip("route add default via 10.0.0.254")
    node.corosync(me="10.0.0.2 fd00::2 10.2.0.2", node1="10.0.0.1 fd00::1 10.2.0.1")
    # the dump's own NIC, in the same subnet, by the metric that NetworkManager gives its routes
    node.bare.ip("link set eth1 up")
    node.bare.ip("address add 10.0.0.3/24 dev eth1 noprefixroute")
    node.bare.ip("route add 10.0.0.0/24 dev eth1 src 10.0.0.3 metric 100")
    node.replay(node.show()["links"])
    routes = [*json.loads(node.bare.ip("-j route")), *json.loads(node.bare.ip("-j -6 route"))]
    assert {r["dst"] for r in routes if r["dev"] == "eth0"} == {
        *("10.0.0.1", "10.2.0.1", "fd00::1"),
        "fe80::/64",  # the kernel's own
    }
    assert node.way("10.0.0.1") == ("eth0", "", "10.0.0.2")
    assert node.way("10.0.0.9") == ("eth1", "", "10.0.0.3")


def test_routed_by_source(node: Node) -> None:
    node.nic("eth0", "eth1")
    node.host.ip("address add 10.0.0.2/24 dev eth0")
    node.host.ip("address add 10.1.0.2/24 dev eth1")
    node.host.ip("route add default via 10.0.0.254")
    node.host.ip("rule add from 10.1.0.2 lookup 100")
    node.host.ip("route add default via 10.1.0.254 dev eth1 table 100")
    node.corosync(me="10.1.0.2", node1="172.16.0.1")
    shown = node.show()
    node.replay(shown["links"])
    assert node.way("172.16.0.1") == ("eth1", "10.1.0.254", "10.1.0.2")


def test_address_that_lives_on_loopback(node: Node) -> None:
    node.nic("eth0")
    node.host.ip("address add 10.0.0.2/32 dev lo")
    node.host.ip("route add 10.0.0.1 via inet6 fe80::1 dev eth0 src 10.0.0.2")
    node.corosync(me="10.0.0.2", node1="10.0.0.1")
    shown = node.show()
    node.replay(shown["links"])
    assert node.way("10.0.0.1") == ("eth0", "fe80::1", "10.0.0.2")


@pytest.mark.parametrize(
    "virtual",
    ["10.0.0.100/32 dev eth0", "10.0.0.100/24 dev eth0", "10.7.0.100/24 dev eth0"],
)
@pytest.mark.parametrize("first", [True, False])
def test_virtual_address_is_left_on_the_survivors(node: Node, virtual: str, first: bool) -> None:
    node.nic("eth0")
    for address in sorted([virtual, "10.0.0.2/24 dev eth0"], key=lambda a: (a == virtual) != first):
        node.host.ip(f"address add {address}")
    node.corosync(me="10.0.0.2", node1="10.0.0.1", node3="10.7.0.3")
    node.host.ip("route replace 10.7.0.3 dev eth0 src 10.0.0.100" if "10.0" in virtual else "route")
    node.host.ip("route replace default dev eth0")
    shown = node.show()
    node.replay(shown["links"])
    assert node.way("10.0.0.1") == ("eth0", "", "10.0.0.2")
    assert node.way("10.7.0.3") == ("eth0", "", "10.0.0.2")
    assert ".100" not in "".join(shown["links"])


@pytest.mark.parametrize(
    ("own", "virtual", "target"),
    [
        ("fd00::2/64", "fd00::100/64", "fd00::1"),
        ("10.0.0.2/24", "10.7.0.100/24", "10.7.0.1"),
    ],
)
@pytest.mark.parametrize("first", [True, False])
def test_without_corosync_two_static_addresses_are_ambiguous(
    node: Node, own: str, virtual: str, target: str, first: bool
) -> None:
    node.nic("eth0")
    for address in (virtual, own) if first else (own, virtual):
        node.host.ip(f"address add {address} dev eth0{' nodad' if ':' in address else ''}")
    node.file("/etc/kdump.conf", f"fence_kdump_nodes {target}\n")
    shown = node.show()
    assert not shown["links"]
    assert "some may be virtual addresses of the" in "".join(shown["warnings"])


def test_a_virtual_address_that_became_the_first_one(node: Node) -> None:
    """The own address was set anew, and is behind the cluster's now."""
    node.nic("eth0")
    node.host.sysctl("net.ipv4.conf.eth0.promote_secondaries", "1")
    for line in ("add 10.0.0.2/24", "add 10.0.0.100/24", "del 10.0.0.2/24", "add 10.0.0.2/24"):
        node.host.ip(f"address {line} dev eth0")
    node.file("/etc/kdump.conf", "fence_kdump_nodes 10.0.0.1\n")
    assert "address replace 10.0.0.100/24 dev @ noprefixroute" not in node.show()["links"]


def test_in_a_cluster_that_does_not_name_this_node_no_address_is_its_own(node: Node) -> None:
    node.nic("eth0")
    node.host.ip("address add 192.168.1.100/24 dev eth0")
    node.host.ip("route add default dev eth0")
    node.corosync(node1="10.0.0.1", node2="10.0.0.2")
    shown = node.show()
    assert addresses(shown) == ["10.0.0.1", "10.0.0.2"]
    assert not shown["links"]


def test_another_node_s_address_on_this_machine(node: Node) -> None:
    node.nic("eth0")
    node.host.ip("address add 10.0.0.2/24 dev eth0")
    node.host.ip("address add 10.5.0.5/24 dev eth0")
    node.corosync(n1="10.5.0.5", me="10.0.0.2", n3="10.5.0.6", n4="10.0.0.4")
    shown = node.show()
    assert addresses(shown) == ["10.5.0.5", "10.5.0.6", "10.0.0.4"]
    assert not [line for line in shown["links"] if line.startswith("address replace 10.5")]
    assert "src 10.5.0.5" not in " ".join(shown["links"])
    assert any("10.5.0.5, but corosync.conf gives it to n1" in w for w in shown["warnings"])


def test_virtual_address_only(node: Node) -> None:
    node.nic("eth0")
    node.host.ip("address add 10.0.0.100/24 dev eth0")
    node.corosync(me="10.0.0.2", node1="10.0.0.1")
    shown = node.show()
    assert addresses(shown) == ["10.0.0.1"]
    assert not shown["links"]
    assert "10.0.0.100" in shown["warnings"][0]


@pytest.mark.parametrize(("ring", "taken"), [("10.0.0.2", True), ("10.9.9.9", False)])
def test_lease(node: Node, ring: str, taken: bool) -> None:
    node.nic("eth0")
    node.host.ip("address add 10.0.0.2/24 dev eth0 valid_lft 600 preferred_lft 600")
    node.corosync(me=ring, node1="10.0.0.1")
    shown = node.show()
    assert ("address replace 10.0.0.2/24 dev @ noprefixroute" in shown["links"]) == taken
    assert bool(shown["warnings"]) == (not taken)


def test_lease_without_corosync(node: Node) -> None:
    node.nic("eth0")
    node.host.ip("address add 10.0.0.2/24 dev eth0 valid_lft 600 preferred_lft 600")
    node.file("/etc/kdump.conf", "fence_kdump_nodes 10.0.0.1\n")
    shown = node.show()
    assert not shown["links"]
    assert "is a dynamic address" in shown["warnings"][0]


def test_bridge_over_a_nic_with_a_guest(node: Node) -> None:
    node.nic("eth0")
    for command in (
        "link add br0 type bridge",
        "link set eth0 master br0",
        "link set br0 up",
        "address add 10.0.0.2/24 dev br0",
        "tuntap add dev guest0 mode tap",
        "link set guest0 master br0",
    ):
        node.host.ip(command)
    node.corosync(me="10.0.0.2", node1="10.0.0.1")
    shown = node.show()
    assert not shown["warnings"]
    assert "guest0" not in "".join(shown["links"])
    node.replay(shown["links"])
    assert node.way("10.0.0.1") == ("fk0", "", "10.0.0.2")
    assert "master fk0" in node.bare.ip("link show eth0")
    assert node.bare.mac("fk0") == node.host.mac("br0")


@pytest.mark.parametrize(
    ("command", "said"),
    [
        ("route replace 10.0.0.1 encap ip id 5 dst 10.0.0.7 dev eth0", "encap ip"),
        ("xfrm policy add src 10.0.0.0/24 dst 10.0.0.0/24 dir out {}", "IPsec"),
        ("xfrm policy add src 10.0.0.2 dst 0.0.0.0/0 proto udp dir out action block", "IPsec"),
        ("xfrm policy add src 10.0.0.2 dst 0.0.0.0/0 proto tcp dir out {}", ""),
        ("xfrm policy add src 10.0.0.2 dst 10.7.0.0/16 dir out {}", ""),
        ("xfrm policy add src 10.0.0.2 dst 10.0.0.1 dir out mark 5 {}", ""),
        ("xfrm policy add src 10.0.0.1 dst 10.0.0.2 dir in {}", ""),
        ("xfrm policy add src 10.0.0.2 dst 10.0.0.1 dir out", ""),
    ],
)
def test_what_wraps_a_message_is_a_warning(node: Node, command: str, said: str) -> None:
    node.nic("eth0")
    node.host.ip("address add 10.0.0.2/24 dev eth0")
    node.host.ip(command.format("tmpl proto esp reqid 1 mode transport"))
    node.corosync(me="10.0.0.2", node1="10.0.0.1")
    shown = node.show()
    assert [said in text and "10.0.0.1" in text for text in shown["warnings"]] == [True] * bool(
        said
    )
    node.replay(shown["links"])
    assert node.way("10.0.0.1") == ("eth0", "", "10.0.0.2")


def test_a_policy_of_the_other_family_is_none(node: Node) -> None:
    node.nic("eth0")
    node.host.ip("address add 10.0.0.2/24 dev eth0")
    node.host.ip("xfrm policy add src ::/0 dst ::/0 dir out tmpl proto esp mode transport")
    node.corosync(me="10.0.0.2", node1="10.0.0.1")
    assert not node.show()["warnings"]


@pytest.mark.parametrize("kind", ["macvlan", "vxlan"])
def test_unknown_kind_is_a_warning_that_names_the_device(node: Node, kind: str) -> None:
    node.nic("eth0", "eth1")
    extra = {"macvlan": "link eth0 name up0 type macvlan", "vxlan": "up0 type vxlan id 7 dev eth0"}
    made = subprocess.run(
        ["ip", "-n", node.host.name, "link", "add", *extra[kind].split()],
        check=False,
        capture_output=True,
        text=True,
    )
    if made.returncode:
        pytest.skip(f"this kernel has no {kind}: {made.stderr.strip()}")
    node.host.ip("link set up0 up")
    node.host.ip("address add 10.0.0.2/24 dev up0")
    node.host.ip("address add 10.1.0.2/24 dev eth1")
    node.corosync(me="10.0.0.2 10.1.0.2", node1="10.0.0.1 10.1.0.1")
    shown = node.show()
    assert f"up0 has a type ({kind})" in shown["warnings"][0]
    assert addresses(shown) == ["10.0.0.1", "10.1.0.1"]
    node.replay(shown["links"])  # the other ring goes on
    assert node.way("10.1.0.1") == ("eth1", "", "10.1.0.2")


def test_loopback_target(node: Node) -> None:
    node.file("/etc/kdump.conf", "fence_kdump_nodes 127.0.0.1\n")
    shown = node.show()
    assert shown["links"] == ["link set dev lo up"]
    assert not shown["warnings"]


def test_no_route(node: Node) -> None:
    node.nic("eth0")
    node.corosync(me="10.0.0.2", node1="10.0.0.1")
    shown = node.show()
    assert addresses(shown) == ["10.0.0.1"]
    assert "no route to 10.0.0.1" in shown["warnings"][0]


def test_names_resolve_and_own_name_stands_for_a_lease(node: Node) -> None:
    node.nic("eth0")
    node.host.ip("address add 10.0.0.2/24 dev eth0 valid_lft 600 preferred_lft 600")
    hosts = "10.0.0.2 me\n10.0.0.1 node1\nfd00::1 node1\n"
    with open(f"/etc/netns/{node.host.name}/hosts", "w") as file:
        file.write(hosts)  # ip netns exec mounts it over /etc/hosts
    node.file("/etc/kdump.conf", "fence_kdump_nodes me node1 gone.invalid\n")
    shown = node.show()
    assert addresses(shown) == ["10.0.0.1", "fd00::1", "gone.invalid"]
    assert "address replace 10.0.0.2/24 dev @ noprefixroute" in shown["links"]
    assert "gone.invalid does not resolve" in shown["warnings"][0]


def test_ip_that_fails_costs_the_links_only(node: Node, tmp_path: pathlib.Path) -> None:
    node.corosync(me="10.0.0.2", node1="10.0.0.1")
    (tmp_path / "bin").mkdir()
    broken = tmp_path / "bin" / "ip"
    broken.write_text("#!/bin/sh\necho broken >&2; exit 3\n")
    broken.chmod(0o755)
    shown = subprocess.run(
        [HELPER, "show", "--json", "--root", node.root, "--node", "me"],
        stdout=subprocess.PIPE,
        check=True,
        env={**os.environ, "PATH": f"{tmp_path}/bin:{os.environ['PATH']}"},
    ).stdout
    assert addresses(json.loads(shown)) == ["10.0.0.1"]
    assert "broken" in json.loads(shown)["warnings"][0]


SAMPLE = """\
# Debian's, without its comments
totem {
	version: 2
	cluster_name: debian
}
nodelist {
	node {
		name: node1
		nodeid: 1
		ring0_addr: 127.0.0.1
	}
}
"""


def test_a_sample_s_loopback_nodelist_is_no_cluster(node: Node) -> None:
    """The primary address, which would not be this node's own in a cluster, is taken along."""
    node.nic("eth0")
    node.host.ip("address add 10.0.0.2/24 dev eth0")
    node.file("/etc/corosync/corosync.conf", SAMPLE)
    node.file("/etc/kdump.conf", "fence_kdump_nodes 10.0.0.1\n")
    shown = node.show()
    assert addresses(shown) == ["10.0.0.1"]
    assert "route replace 10.0.0.1/32 dev @ src 10.0.0.2" in shown["links"]
    assert ["only loopback addresses" in text for text in shown["warnings"]] == [True]


def test_told_is_all_that_any_file_names(node: Node) -> None:
    node.file("/etc/kdump.conf", "fence_kdump_nodes 10.0.0.1\n")
    node.corosync(me="10.0.0.2", node1="10.0.0.1 10.1.0.1", node3="10.0.0.3")
    run = subprocess.run(
        node.host.command(HELPER, "show", "--root", node.root, "--node", "me"),
        stdout=subprocess.PIPE,
        text=True,
        check=False,
    )
    corosync, kdump = "/etc/corosync/corosync.conf", "/etc/kdump.conf"
    told = [
        line.split(None, 1)[1] for line in run.stdout.splitlines() if line.startswith("notifies")
    ]
    assert told == [
        f"10.0.0.1 node1 ring 0, listed in {corosync} and {kdump}",
        f"10.1.0.1 node1 ring 1, listed in {corosync}",
        f"10.0.0.3 node3 ring 0, listed in {corosync}",
    ]


def test_an_answer_that_was_interrupted_is_asked_for_again(
    node: Node, tmp_path: pathlib.Path
) -> None:
    """A stand-in for ip, the first time: only a race with a change makes the real one say so."""
    node.nic("eth0")
    node.host.ip("address add 10.0.0.2/24 dev eth0")
    node.corosync(me="10.0.0.2", node1="10.0.0.1")
    ip = shutil.which("ip")
    (tmp_path / "bin").mkdir()
    stand_in = tmp_path / "bin" / "ip"
    stand_in.write_text(
        f'#!/bin/sh\nmark="{tmp_path}/$(echo "$*" | tr " /" __)"\n'
        f'[ "$1" = -j ] && [ ! -e "$mark" ] || exec {ip} "$@"\n'
        ': >"$mark"\necho "[]"\necho Dump was interrupted and may be inconsistent. >&2\n'
    )
    stand_in.chmod(0o755)
    shown = node.show(PATH=f"{tmp_path}/bin:{os.environ['PATH']}")
    assert not shown["warnings"]
    assert "address replace 10.0.0.2/24 dev @ noprefixroute" in shown["links"]


@pytest.mark.parametrize(
    ("path", "text", "said"),
    [
        ("/etc/sysconfig/fence_kdump", "FENCE_KDUMP=no\n", "FENCE_KDUMP=no"),
        ("/etc/corosync/corosync.conf", "totem {\n}\n", "no file lists another node"),
        ("/etc/corosync/corosync.conf", SAMPLE, "no file lists another node"),
    ],
)
def test_nobody_to_tell(node: Node, path: str, text: str, said: str) -> None:
    node.corosync(me="10.0.0.2", node1="10.0.0.1")
    node.file("/etc/kdump.conf", "fence_kdump_nodes me\n")
    node.file(path, text)
    run = subprocess.run(
        node.host.command(HELPER, "show", "--root", node.root, "--node", "me"),
        capture_output=True,
        text=True,
        check=False,
    )
    assert (run.returncode, run.stderr) == (1, "")
    assert said in run.stdout


def test_root_is_told_with_the_paths_below_it(node: Node) -> None:
    run = subprocess.run(
        node.host.command(HELPER, "show", "--root", node.root, "--node", "me"),
        stdout=subprocess.PIPE,
        text=True,
        check=False,
    )
    assert f"files below  {node.root}\nnotifies     no node: no file lists another" in run.stdout


@pytest.mark.parametrize("option", ["--initdir", "--root"])
def test_folder_that_is_not_there(node: Node, option: str) -> None:
    run = subprocess.run(
        [HELPER, "show", option, "/nowhere"], capture_output=True, text=True, check=False
    )
    assert (run.returncode, run.stdout) == (2, "")
    assert "/nowhere is not a directory" in run.stderr.splitlines()[-1]


def test_an_image_that_cannot_be_written_is_told_from_nobody_to_tell(node: Node) -> None:
    node.corosync(me="10.0.0.2", node1="10.0.0.1")
    command = [HELPER, "install", "--initdir", "/proc/1", "--sender", f"{ROOT}/agent"]
    command += ["--manifest", f"{node.root}/manifest", "--kernel", "6.1", "--module", node.root]
    run = subprocess.run(
        node.host.command(*command, "--root", node.root, "--node", "me"),
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 2
    assert "'/proc/1/usr" in run.stderr.splitlines()[-1]
