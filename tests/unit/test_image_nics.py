"""Who sets up the NICs on the ways, and what the owners of the others leave undone."""

from __future__ import annotations

import pytest

from fence_kdump_image.way.drivers import Driver
from fence_kdump_image.way.dump import servers
from fence_kdump_image.way.links import Link
from fence_kdump_image.way.network import Address, Device, Route
from fence_kdump_image.way.nics import OURS, Way, divide
from fence_kdump_image.way.owners import look
from fence_kdump_image.way.owners.surroundings import ALONE, Surroundings, Word
from fence_kdump_image.way.source import Sourced
from fence_kdump_image.whom.targets import Target

ETH0 = Link(Device("eth0", mac="52:54:00:00:00:01"), Driver("x", ()))
ETH1 = Link(Device("eth1", mac="52:54:00:00:00:02"), Driver("x", ()))
VLAN = Link(Device("eth0.5", "vlan", mac="52:54:00:00:00:01", lower="eth0"))
PROGRAMS = ("network-manager", "systemd-networkd", "network-legacy")
NM = "etc/NetworkManager/system-connections/{}.nmconnection"
NETWORKD = "etc/systemd/network/{}.network"
STOCK = "usr/lib/systemd/network/b.network"
CMDLINE = "etc/cmdline.d/50-net.conf"


def way(*stack: Link, target: str = "10.0.0.1") -> Way:
    """To node1, from 10.0.0.2 on the last device."""
    device = stack[-1].device.name
    route = Route(target, device, "", "10.0.0.2")
    told = Target("node1", target, target, 0)
    return Sourced(told, route, Address(device, "10.0.0.2", 24)), stack


@pytest.mark.parametrize(
    ("files", "problem"),
    [
        ({NM: "[connection]\ninterface-name=eth0\n"}, "creates eth0.5"),
        ({NM: "[connection]\ntype=ethernet\n"}, "creates eth0.5"),
        ({NM: "[ethernet]\nmac-address=52:54:00:00:00:01\n"}, "creates eth0.5"),
        ({CMDLINE: "ip=eth0:dhcp"}, "creates eth0.5"),
        ({CMDLINE: "ip=dhcp rd.neednet"}, "creates eth0.5"),
        ({CMDLINE: "vlan=eth0.5:eth0 ip=eth0.5:dhcp"}, ""),
        ({CMDLINE: "vlan=eth0.5:eth0 ip=10.0.0.2:::24::eth0.5:none"}, ""),
        ({CMDLINE: "vlan=eth0.5:eth0 ip=10.0.0.9:::24::eth0.5:none"}, "the address 10.0.0.2"),
        ({NM: "[connection]\ninterface-name=eth0.5\n[vlan]\nparent=eth0\n"}, ""),
        ({NM: "[vlan]\nparent=eth0\nid=5\n"}, ""),
        ({NETWORKD: "[Match]\nName=eth0\n[Network]\nVLAN=eth0.5\n"}, "the address 10.0.0.2"),
        (
            {
                NETWORKD: "[Match]\nName=eth0\n[Network]\nVLAN=eth0.5\n",
                STOCK: "[Match]\nName=eth0.5\n[Network]\nAddress=10.0.0.2/24\n",
            },
            "",
        ),
        ({NETWORKD: "[Match]\nName=eth0\n[Network]\nVLAN=eth0.7\n"}, "creates eth0.5"),
    ],
)
def test_vlan_that_nobody_makes(files: dict[str, str], problem: str) -> None:
    around = look.read({path.format("a"): text for path, text in files.items()}, PROGRAMS)
    found = divide([way(ETH0, VLAN)], look.claims(around, ()), {})
    assert not found.paths
    assert problem in " ".join(found.problems)
    assert bool(found.problems) == bool(problem)


def profile(ipv4: str) -> dict[str, str]:
    text = f"[connection]\ninterface-name=eth0\n[ipv4]\n{ipv4}\n[ipv6]\nmethod=disabled\n"
    return {NM.format("a"): text}


@pytest.mark.parametrize(
    ("files", "problem"),
    [
        (profile("method=manual\naddress1=10.0.0.2/24,10.0.0.254"), False),
        (profile("method=manual\naddress1=10.0.0.9/24"), True),
        (profile("method=manual\naddress1=10.0.0.9/24\naddress2=10.0.0.2/24"), False),
        (profile("method=manual\naddresses=10.0.0.2/24"), False),
        (profile("method=auto\naddress1=10.0.0.9/24"), False),  # who knows
        ({NETWORKD.format("a"): "[Match]\nName=eth0\n[Network]\nAddress=10.0.0.2/24\n"}, False),
        ({NETWORKD.format("a"): "[Match]\nName=eth0\n[Address]\nAddress=10.0.0.9/24\n"}, True),
        ({NETWORKD.format("a"): "[Match]\nName=eth0\n[Network]\nDHCP=yes\n"}, False),
        ({CMDLINE: "ip=10.0.0.2:::255.255.255.0::eth0:none"}, False),
        ({CMDLINE: "ip=10.0.0.9:::255.255.255.0::eth0:none"}, True),
        ({CMDLINE: "ip=eth0:dhcp"}, False),
        ({CMDLINE: "rd.neednet"}, False),
    ],
)
def test_address_that_nobody_gives(files: dict[str, str], problem: bool) -> None:
    found = divide([way(ETH0)], look.claims(look.read(files, PROGRAMS), ()), {})
    assert not found.paths
    assert ["the address 10.0.0.2" in text for text in found.problems] == [True] * problem


def test_whoever_has_one_device_on_a_nic_has_the_nic() -> None:
    around = look.read({CMDLINE: "vlan=eth0.5:eth0 ip=eth0.5:dhcp"}, PROGRAMS)
    ways = [way(ETH0), way(ETH0, VLAN, target="10.5.0.1"), way(ETH1, target="10.1.0.1")]
    found = divide(ways, look.claims(around, ()), {})
    assert [(nic.name, nic.owner) for nic in found.nics] == [("eth0", "dracut"), ("eth1", OURS)]
    assert [path.route.target for path in found.paths] == ["10.1.0.1"]


def test_dump_server_gets_no_route_over_another_nic() -> None:
    ways = [way(ETH0), way(ETH0, target="10.0.0.9")]
    found = divide(ways, [], {"10.0.0.9": "eth1"})
    assert [path.route.target for path in found.paths] == ["10.0.0.1"]
    assert "10.0.0.9 receives the dump over eth1" in found.problems[0]
    assert not divide(ways, [], {"10.0.0.9": "eth0"}).problems


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("ssh://root@10.0.0.9/var/crash", "10.0.0.9"),
        ("nfs://dumps.example:2049/var/crash", "dumps.example"),
        ("ftp://user:secret@[fd00::9]/x", "fd00::9"),
        ("nfs://[fd00::9]/x", "fd00::9"),
        ("cifs://host", "host"),
        ("file:///var/crash", ""),
        ("/var/crash", ""),
        ("", ""),
    ],
)
def test_dump_server_of_suse(url: str, host: str) -> None:
    texts = {"/etc/sysconfig/kdump": f'KDUMP_SAVEDIR="{url}"\n'}
    assert servers(texts, ALONE) == ((host,) if host else ())


def test_dump_server_of_kdump_utils() -> None:
    around = Surroundings(words=(Word("etc/cmdline.d/60kdumpip.conf", "kdump_remote_ip=10.0.0.9"),))
    assert servers({}, around) == ("10.0.0.9",)
