"""Stacked links -> what the crash kernel replays.

The kernel that the tests run on may lack vlan and bond: these networks were saved in a virtual
machine that has them. That the replayed text works in a kernel is what tests/panic shows.
"""

from __future__ import annotations

import pathlib

import pytest

from fence_kdump_cluster import corosync
from fence_kdump_image.image.plan import ALONE, Plan, make
from fence_kdump_image.way.owners.look import look
from fence_kdump_image.way.owners.surroundings import Surroundings
from fence_kdump_image.whom.resolve import look_up
from lab.networks import Saved


def plan(name: str, own: list[str], others: list[str], around: Surroundings = ALONE) -> Plan:
    def node(label: str, addresses: list[str]) -> str:
        rings = "".join(f"ring{n}_addr: {a}\n" for n, a in enumerate(addresses))
        return f"node {{\nname: {label}\n{rings}}}\n"

    text = f"nodelist {{\n{node('me', own)}{node('node1', others)}}}\n"
    return make({corosync.PATH: text}, Saved(name), "me", look_up, around)


BOND_FIRST = [
    "nic 52:54:00:aa:bb:01 virtio_net - virtio_net",
    "link set dev @ down",
    "link set dev @ mtu 9000",
    "link set dev @ master fk0",
    "link set dev @ up",
]


@pytest.mark.parametrize(
    ("name", "own", "others", "replayed"),
    [
        (
            "vlan-over-bond",
            ["10.5.0.2"],
            ["10.5.0.1", "10.6.0.1"],
            [
                "modprobe bonding max_bonds=0",
                "modprobe 8021q",
                "link add name fk0 address 52:54:00:aa:bb:01 mtu 9000 type bond"
                " mode active-backup miimon 100 fail_over_mac active",
                "link add link fk0 name fk1 mtu 9000 type vlan protocol 802.1Q id 5",
                "no-ra fk0",
                "no-ra fk1",
                "link set dev fk0 up",
                "link set dev fk1 up",
                "address replace 10.5.0.2/24 dev fk1 noprefixroute",
                "route replace 10.5.0.1/32 dev fk1 src 10.5.0.2",
                "route replace 10.6.0.1/32 via 10.5.0.254 dev fk1 src 10.5.0.2 onlink",
                *BOND_FIRST,
                *(line.replace(":01", ":02") for line in BOND_FIRST),
            ],
        ),
        (
            "vlan-over-bond",
            ["fd05::2"],
            ["fd05::1"],
            [
                "modprobe bonding max_bonds=0",
                "modprobe 8021q",
                "modprobe ipv6",
                "link add name fk0 address 52:54:00:aa:bb:01 mtu 9000 type bond"
                " mode active-backup miimon 100 fail_over_mac active",
                "link add link fk0 name fk1 mtu 9000 type vlan protocol 802.1Q id 5",
                "no-ra fk0",
                "no-ra fk1",
                "link set dev fk0 up",
                "link set dev fk1 up",
                "address replace fd05::2/64 dev fk1 nodad noprefixroute",
                "route replace fd05::1/128 dev fk1 src fd05::2",
                *BOND_FIRST,
                *(line.replace(":01", ":02") for line in BOND_FIRST),
            ],
        ),
        (
            "nested",
            ["10.7.0.2"],
            ["10.7.0.1"],
            [
                "modprobe bonding max_bonds=0",
                "modprobe 8021q",
                "modprobe bridge",
                "link add name fk0 address 52:54:00:aa:bb:01 mtu 1500 type bond mode 802.3ad"
                " miimon 50 xmit_hash_policy layer3+4 lacp_rate fast",
                "link add link fk0 name fk1 mtu 1500 type vlan protocol 802.1ad id 7",
                "link add name fk2 address 52:54:00:aa:bb:01 mtu 1500 type bridge stp_state 0",
                "no-ra fk0",
                "no-ra fk2",
                "link set dev fk0 up",
                "link set dev fk1 master fk2",
                "link set dev fk1 up",
                "link set dev fk2 up",
                "address replace 10.7.0.2/24 dev fk2 noprefixroute",
                "route replace 10.7.0.1/32 dev fk2 src 10.7.0.2",
                "nic 52:54:00:aa:bb:01 virtio_net - virtio_net",
                "link set dev @ down",
                "link set dev @ master fk0",
                "link set dev @ up",
                "nic 52:54:00:aa:bb:02 virtio_net - virtio_net",
                "link set dev @ down",
                "link set dev @ master fk0",
                "link set dev @ up",
            ],
        ),
        (
            "bond-arp",
            ["10.8.0.2"],
            ["10.8.0.1"],
            [
                "modprobe bonding max_bonds=0",
                "link add name fk0 address 52:54:00:aa:bb:01 mtu 1500 type bond"
                " mode active-backup arp_interval 200 arp_ip_target 10.8.0.1,10.8.0.9"
                " arp_validate all",
                "no-ra fk0",
                "link set dev fk0 up",
                "address replace 10.8.0.2/24 dev fk0 noprefixroute",
                "route replace 10.8.0.1/32 dev fk0 src 10.8.0.2",
                "route replace 10.8.0.9/32 dev fk0 src 10.8.0.2",
                "nic 52:54:00:aa:bb:01 virtio_net - virtio_net",
                "link set dev @ down",
                "link set dev @ master fk0",
                "link set dev @ up",
            ],
        ),
        (
            "vlan-on-nic",
            ["10.9.0.2"],
            ["10.9.0.1"],
            [
                "modprobe 8021q",
                "nic 52:54:00:aa:bb:01 virtio_net - virtio_net",
                "no-ra @",
                "link set dev @ down",
                "link set dev @ address 02:00:00:00:00:77",
                "link add link @ name fk0 mtu 1500 type vlan protocol 802.1Q id 9",
                "no-ra fk0",
                "link set dev @ up",
                "link set dev fk0 up",
                "address replace 10.9.0.2/24 dev fk0 noprefixroute",
                "route replace 10.9.0.1/32 dev fk0 src 10.9.0.2",
            ],
        ),
        (
            "bond-ns",
            ["fd05::2"],
            ["fd05::1"],
            [
                "modprobe bonding max_bonds=0",
                "modprobe ipv6",
                "link add name fk0 address 52:54:00:aa:bb:01 mtu 1500 type bond"
                " mode active-backup arp_interval 500 arp_missed_max 5"
                " ns_ip6_target fd05::1,fd05::9 arp_validate all",
                "no-ra fk0",
                "link set dev fk0 up",
                "address replace fd05::2/64 dev fk0 nodad noprefixroute",
                "route replace fd05::1/128 dev fk0 src fd05::2",
                "route replace fd05::9/128 dev fk0 src fd05::2",
                "nic 52:54:00:aa:bb:01 virtio_net - virtio_net",
                "link set dev @ down",
                "link set dev @ master fk0",
                "link set dev @ up",
                "nic 52:54:00:aa:bb:02 virtio_net - virtio_net",
                "link set dev @ down",
                "link set dev @ master fk0",
                "link set dev @ up",
                "link set dev @ type bond_slave prio 7",
                "link set dev fk0 type bond primary @",
            ],
        ),
        (
            "bridge-stp",
            ["10.8.0.2"],
            ["10.8.0.1"],
            [
                "modprobe 8021q",
                "modprobe bridge",
                "link add name fk1 address 52:54:00:aa:bb:01 mtu 1500 type bridge stp_state 1"
                " forward_delay 400 hello_time 100 max_age 600 priority 61440",
                "no-ra fk1",
                "link set dev fk1 up",
                "address replace 10.8.0.2/24 dev fk1 noprefixroute",
                "route replace 10.8.0.1/32 dev fk1 src 10.8.0.2",
                "nic 52:54:00:aa:bb:01 virtio_net - virtio_net",
                "link set dev @ down",
                "link set dev @ master fk1",
                "link set dev @ up",
                "nic 52:54:00:aa:bb:02 virtio_net - virtio_net",
                "no-ra @",
                "link set dev @ down",
                "link add link @ name fk0 mtu 1500 type vlan protocol 802.1Q id 9 gvrp on mvrp on",
                "link set dev @ up",
                "link set dev fk0 master fk1",
                "link set dev fk0 up",
            ],
        ),
    ],
)
def test_replayed(name: str, own: list[str], others: list[str], replayed: list[str]) -> None:
    made = plan(name, own, others)
    assert made.replay.splitlines() == replayed
    assert not made.warnings


def test_bond_of_vlans_and_a_ring_in_a_vrf() -> None:
    rings = (77, 78, 79)
    made = plan("stacked", [f"10.{r}.0.2" for r in rings], [f"10.{r}.0.1" for r in rings])
    assert not made.warnings
    lines = made.replay.splitlines()
    # the main table leads to ring 2 by ring 0
    assert "route replace 10.79.0.1/32 dev fk5 src 10.79.0.2" in lines
    assert "link add link @ name fk5 mtu 1500 type vlan protocol 802.1Q id 77" in lines
    third = lines[lines.index("nic 52:54:00:aa:bb:04 virtio_net - virtio_net") :][:9]
    assert third[-5:] == [
        "link set dev @ up",
        "link set dev fk3 down",
        "link set dev fk3 master fk4",
        "link set dev fk3 up",
        "link set dev fk4 type bond primary fk3",
    ]
    names = {word for line in lines for word in line.split() if word.startswith(("eth", "ring"))}
    assert not names


def test_two_rings_share_a_bond() -> None:
    made = plan("vlan-over-bond", ["10.5.0.2", "10.0.9.2"], ["10.5.0.1", "10.0.9.1"])
    lines = made.replay.splitlines()
    assert lines.count("link set dev fk0 up") == 1
    assert "address replace 10.0.9.2/24 dev fk0 noprefixroute" in lines
    assert "route replace 10.0.9.1/32 dev fk0 src 10.0.9.2" in lines
    assert [nic.mac for nic in made.nics] == ["52:54:00:aa:bb:01", "52:54:00:aa:bb:02"]
    assert made.modules == ("virtio_net", "bonding", "8021q")


@pytest.mark.parametrize("word", ["vlan=bond0.5:bond0", "ip=bond0.5:dhcp", "bond=bond0:eth0,eth1:"])
def test_owner_of_one_device_on_a_nic_owns_all_of_it(tmp_path: pathlib.Path, word: str) -> None:
    (tmp_path / "sbin").mkdir()
    (tmp_path / "sbin/ifup").touch()
    (tmp_path / "etc/cmdline.d").mkdir(parents=True)
    (tmp_path / "etc/cmdline.d/45-net.conf").write_text(f"{word} rd.neednet\n")
    rings = ["10.0.9.2", "10.5.0.2"], ["10.0.9.1", "10.5.0.1"]
    made = plan("vlan-over-bond", *rings, around=look(str(tmp_path)))
    assert made.replay == ""
    assert [nic.owner for nic in made.nics] == ["dracut", "dracut"]
    assert len(made.targets) == 2


def test_other_nics_of_the_image_are_not_ours_to_wait_for(tmp_path: pathlib.Path) -> None:
    (tmp_path / "sbin").mkdir()
    (tmp_path / "sbin/ifup").touch()
    (tmp_path / "etc/cmdline.d").mkdir(parents=True)
    (tmp_path / "etc/cmdline.d/45-net.conf").write_text("ip=eth1:dhcp\n")
    made = plan("vlan-on-nic", ["10.9.0.2"], ["10.9.0.1"], look(str(tmp_path)))
    assert [nic.owner for nic in made.nics] == ["fence-kdump"]
    assert "nic 52:54:00:aa:bb:01 virtio_net udev virtio_net" in made.replay
