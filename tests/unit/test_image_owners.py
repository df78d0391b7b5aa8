"""One owner per NIC: what in an image makes a NIC somebody else's."""

from __future__ import annotations

import pathlib

import pytest

from fence_kdump_image.way.drivers import Driver
from fence_kdump_image.way.links import Link
from fence_kdump_image.way.network import Device
from fence_kdump_image.way.owners import look, words
from fence_kdump_image.way.owners.claim import Claim, owner

ONE, TWO = "52:54:00:00:00:01", "52:54:00:00:00:02"
NIC = Link(Device("eth0", mac=ONE, permanent_mac=ONE, altnames=("enp1s0", "enxa")), Driver("x", ()))
SLAVE = Link(Device("eth1", mac=ONE, permanent_mac=TWO), Driver("x", ()))
BOND = Link(Device("bond0", "bond"), members=("eth0", "eth1"))
VLAN = Link(Device("bond0.5", "vlan", lower="bond0"))
LO = Link(Device("lo", link_type="loopback"))
STACK = (NIC, SLAVE, BOND, VLAN)
NETWORKD = "etc/systemd/network/10.network"
NM = "etc/NetworkManager/system-connections/a.nmconnection"
CMDLINE = "etc/cmdline.d/50-net.conf"
STOCK = "usr/lib/systemd/network/80-stock.network"
ALLOWLIST = "etc/NetworkManager/conf.d/10-kdump-netif_allowlist.conf"
MANAGER, SYSTEMD, LEGACY, OTHER = (
    "network-manager",
    "systemd-networkd",
    "network-legacy",
    "wicked",
)
GUID = "80:00:02:08:fe:80:00:00:00:00:00:00:00:00:00:00:00:00:00:01"  # of an InfiniBand NIC


def claims(
    texts: dict[str, str], *programs: str, line: str = "", default: bool = False
) -> list[Claim]:
    """The claims in an image; without programs: one with NetworkManager, networkd, and what acts on
    every word.
    """
    if not programs:
        programs = (MANAGER, SYSTEMD, OTHER)
    found = words.find("the line", line)
    return look.claims(look.read(texts, programs), found)


@pytest.mark.parametrize(
    ("path", "text", "found"),
    [
        (NM, "[connection]\ninterface-name=eth0\n", "NetworkManager"),
        (NM, "[connection]\ninterface-name=eth5\n", ""),
        (NM, "[connection]\ninterface-name=eth\n", ""),
        (NM, "[connection]\ntype=ethernet\n", "NetworkManager"),  # speaks of every NIC
        (NM, "[ethernet]\nmac-address=52:54:00:00:00:02\n", "NetworkManager"),
        (NM, "[ethernet]\nmac-address=52:54:00:00:00:0A\n", ""),
        (NM, "[match]\ninterface-name=eth*\n", "NetworkManager"),
        (NM, "[connection]\ninterface-name=x.7\n[vlan]\nparent=bond0\n", "NetworkManager"),
        (NM, "[vlan]\nparent=52:54:00:00:00:02\n", "NetworkManager"),
        (NM, "[match]\ninterface-name=!eth9;\n", "NetworkManager"),
        (NM, "[ethernet]\nmac-address=5254.0000.0002\n", "NetworkManager"),
        (NM, f"[infiniband]\nmac-address={GUID}\n", ""),
        (NM, "[connection]\ninterface-name=enp1s0\n", "NetworkManager"),
        (NM, "[connection]\ninterface-name=enp2s0\n", ""),
        (NM, "[connection]\ntype=vlan\n[vlan]\nid=5\nparent=bond0\n", "NetworkManager"),
        (NM, "#interface-name=eth0\n[connection]\ninterface-name=lan9\n", ""),
        (NETWORKD, "[Match]\nName=eth*\n", "systemd-networkd"),
        (NETWORKD, "[Match]\nMACAddress=52:54:00:00:00:02\n", "systemd-networkd"),
        (NETWORKD, "[Match]\nName=wlan0\n", ""),
        (NETWORKD, "[Match]\nName=enp1s0\n", "systemd-networkd"),
        (NETWORKD, "[Match]\nName=enx?\n", "systemd-networkd"),
        (NETWORKD, "[Network]\nDHCP=yes\n", "systemd-networkd"),
        (NETWORKD, "[Match]\nName=!lo\n", "systemd-networkd"),
        (NETWORKD, '[Match]\nName="eth0"\n', "systemd-networkd"),
        (NETWORKD, '[Match]\nName="eth7"\n', ""),
        (NETWORKD, "[Match]\nName=eth7\nName=eth0\n", "systemd-networkd"),
        (NETWORKD, "[Match]\nMACAddress=52-54-00-00-00-02\n", "systemd-networkd"),
        (NETWORKD, "[Match]\nMACAddress=5254.0000.0009\n", "systemd-networkd"),
        (NETWORKD, "[Match]\nName=x\n[Network]\nVLAN=bond0.5\nVLAN=y.6\n", "systemd-networkd"),
        (NETWORKD, "[Match]\nType=ether\n", "systemd-networkd"),
        (NETWORKD, "[Match]\nType=!wlan\n", "systemd-networkd"),
        (NETWORKD, "", ""),  # masks another
        (f"{NETWORKD}.d/10-more.conf", "[Match]\nName=eth0\n", "systemd-networkd"),
        ("run/systemd/network/10.network", "[Match]\nName=eth0\n", "systemd-networkd"),
        (STOCK, "[Match]\nName=*\n", "systemd-networkd"),
        (STOCK, "[Match]\nType=wlan\nWLANInterfaceType=ad-hoc\n", ""),
        (STOCK, "[Match]\nVirtualization=container\nName=host0\n", ""),
        (STOCK, "[Match]\nKind=veth\n[Network]\nDHCP=yes\n", ""),
        (CMDLINE, "ip=dhcp", "dracut"),
        (CMDLINE, "'ip=eth0:dhcp'", "dracut"),
        (CMDLINE, "'ip=eth7:dhcp'", ""),
        (CMDLINE, 'ip="eth0:dhcp"', "dracut"),
        (CMDLINE, "ip=52-54-00-00-00-02:dhcp", "dracut"),
        (CMDLINE, "ip=52-54-00-00-00-09:dhcp", ""),
        (CMDLINE, "ip=/net/eth7:dhcp", "dracut"),
        (CMDLINE, "ip=enp1s0:dhcp", "dracut"),
        (CMDLINE, "ip=enp2s0:dhcp", ""),
        (CMDLINE, "ip=ibft", "dracut"),
        (CMDLINE, "ip=eth7:dhcp rd.iscsi.ibft=1", "dracut"),
        (CMDLINE, "ip=eth7:dhcp rd.iscsi.ibft=0", ""),
        (CMDLINE, "ip=eth7:dhcp BOOTIF=01-52-54-00-00-00-01", "dracut"),
        (CMDLINE, "BOOTIF=01-52-54-00-00-00-0A", ""),
        (CMDLINE, "BOOTIF=52:54:00:00:00:02", "dracut"),
        (CMDLINE, "BOOTIF=20-80-00-02-08-fe-80-00-01", "dracut"),  # of no length that we know
        (CMDLINE, "BOOTIF=01-52-54-00-00-00-01 rd.bootif=0", ""),
        (CMDLINE, "BOOTIF=01-52-54-00-00-00-01 rd.bootif", "dracut"),
        (CMDLINE, "ip=eth7:dhcp bootdev=eth0", "dracut"),
        (CMDLINE, "ip=eth7:dhcp bootdev=eth7", ""),
        (CMDLINE, "root=nfs:10.0.0.9:/x", "dracut"),
        (CMDLINE, "root=nfs:10.0.0.9:/x ip=eth7:dhcp", ""),
        (CMDLINE, "root=/dev/nfs", "dracut"),
        (CMDLINE, "root=block:/dev/sda1 root=UUID=1-2 root=/dev/mapper/a", ""),
        (CMDLINE, "netroot=iscsi:10.0.0.9::::x", "dracut"),
        (CMDLINE, "rd.route=10.9.0.0/16:10.0.0.254:eth0", "dracut"),
        (CMDLINE, "rd.route=10.9.0.0/16:10.0.0.254:eth7", ""),
        (CMDLINE, "rd.route=10.9.0.0/16:10.0.0.254", "dracut"),
        ("etc/cmdline", "ip=eth0:dhcp", "dracut"),
        (CMDLINE, "ip=eth0:dhcp", "dracut"),
        (CMDLINE, "ip=eth7:dhcp", ""),
        (CMDLINE, "ip=eth7:dhcp:1500", ""),
        (CMDLINE, "ip=10.0.0.2::10.0.0.1:255.255.255.0::eth0:none", "dracut"),
        (CMDLINE, "ip=10.0.0.2::10.0.0.1:255.255.255.0::eth7:none", ""),
        (CMDLINE, "ip=10.0.0.2::10.0.0.1:255.255.255.0:::none", "dracut"),
        (CMDLINE, "ip=[fd00::2]::[fd00::1]:64::eth7:none", ""),
        (CMDLINE, "ip=[fd00::2]::[fd00::1]:64::eth0:none", "dracut"),
        (CMDLINE, "ip=10.0.0.2:::24::k0:none ifname=k0:52:54:00:00:00:01", "dracut"),
        (CMDLINE, "ip=10.0.0.2:::24::k0:none ifname=k0:52:54:00:00:00:09", ""),
        (CMDLINE, "vlan=v9:bond0", "dracut"),
        (CMDLINE, "vlan=v9:eth9", ""),
        (CMDLINE, "bond=bond9:eth1,eth9:mode=1", "dracut"),
        (CMDLINE, "bond=bond9:eth8,eth9:mode=1", ""),
        (CMDLINE, "bridge=br9:eth0", "dracut"),
        (CMDLINE, "team=team9:eth0", "dracut"),
        (CMDLINE, "rd.neednet=1 root=/dev/sda1", "dracut"),  # every NIC, then
        (CMDLINE, "rd.neednet=yes", "dracut"),
        (CMDLINE, "rd.neednet=no", ""),
        (CMDLINE, "rd.neednet=1 ip=eth7:dhcp", ""),
        (CMDLINE, "rd.neednet=0 root=/dev/sda1 rd.ip=eth0", ""),
    ],
)  # fmt: skip
def test_claims(path: str, text: str, found: str) -> None:
    claim = owner(STACK, claims({path: text}))
    assert (claim.owner if claim else "") == found
    assert not claim or path in claim.why


def test_drop_in_belongs_to_its_file_wherever_it_is() -> None:
    drop_in = f"etc/systemd/network/{STOCK.rpartition('/')[2]}.d/10-more.conf"
    found = claims({STOCK: "[Match]\nName=eth7\n", drop_in: "[Network]\nVLAN=bond0.5\n"})
    assert not any(claim.everything for claim in found)
    claim = owner(STACK, found)
    assert claim
    assert drop_in in claim.why


def test_files_of_an_image(tmp_path: pathlib.Path) -> None:
    texts = {
        "etc/cmdline": "ip=eth0:dhcp",
        CMDLINE: "ip=eth1:dhcp",
        NM: "[connection]\ninterface-name=eth2\n",
        STOCK: "[Match]\nName=eth3\n",
        f"{NETWORKD}.d/a.conf": "[Match]\nName=eth4\n",
        "run/systemd/network/b.network": "[Match]\nName=eth5\n",
        ALLOWLIST: "[device-others]\nmatch-device=except:interface-name:eth6;\nmanaged=false\n",
        "usr/lib/dracut/dracut-default.network": "[Match]\nType=!loopback\n",
    }
    programs = ("usr/sbin/NetworkManager", "usr/lib/systemd/systemd-networkd", "sbin/ifup")
    for path, text in (*texts.items(), *((path, "") for path in programs)):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text)
    around = look.look(str(tmp_path))
    assert around.programs == (MANAGER, SYSTEMD, LEGACY)
    assert around.default
    assert around.allowlist
    assert around.allowlist.names == {"eth6"}
    found = look.claims(around, ())
    assert sorted(name for claim in found for name in claim.names) == [f"eth{n}" for n in range(6)]


@pytest.mark.parametrize("to", ["../bin/busybox", "/usr/bin/busybox"])
def test_busyboxs_ifup_is_not_network_legacy(tmp_path: pathlib.Path, to: str) -> None:
    (tmp_path / "usr/sbin").mkdir(parents=True)
    (tmp_path / "usr/sbin/ifup").symlink_to(to)
    assert look.look(str(tmp_path)).programs == ()
    (tmp_path / "usr/sbin/ifup").unlink()
    (tmp_path / "usr/sbin/ifup").symlink_to("/usr/lib/network-legacy/ifup.sh")
    assert look.look(str(tmp_path)).programs == (LEGACY,)


@pytest.mark.parametrize("text", ["ip=eth0:dhcp", "ip=dhcp rd.neednet=1", "rd.nvmf.nbft"])
def test_word_that_nobody_acts_on_is_no_claim(text: str) -> None:
    around = look.read({CMDLINE: text, NM: "[connection]\ninterface-name=eth0\n"}, ())
    assert look.claims(around, words.find("the line", text)) == []


STATIC = "ip=10.0.0.2::10.0.0.1:255.255.255.0::eth0:none"
PROFILE_1, PROFILE_ALL = "[connection]\ninterface-name=eth9\n", "[connection]\ntype=ethernet\n"
NEED = "rd.neednet"


@pytest.mark.parametrize(
    ("program", "files", "line", "claimed"),
    [
        # NetworkManager: nothing, unless the network is needed
        (MANAGER, {}, STATIC, False),
        (MANAGER, {}, f"{STATIC} rd.neednet=1", True),
        (MANAGER, {}, f"{STATIC} rd.neednet=1 rd.neednet=0", False),
        (MANAGER, {}, f"rd.neednet=0 {STATIC} rd.neednet", True),
        (MANAGER, {CMDLINE: NEED}, STATIC, True),
        (MANAGER, {CMDLINE: NEED}, f"{STATIC} rd.neednet=0", False),  # the line comes last
        (MANAGER, {CMDLINE: "netroot=iscsi:10.0.0.9::::x"}, "ip=eth0:dhcp", True),
        (MANAGER, {}, "root=nfs:10.0.0.9:/x ip=eth0:dhcp", True),
        (MANAGER, {}, "ip=eth0:dhcp ip=eth1:dhcp", False),
        (MANAGER, {CMDLINE: NEED}, "", True),
        (MANAGER, {CMDLINE: NEED}, "ip=eth9:dhcp", False),
        (MANAGER, {CMDLINE: NEED}, "bond=bond0:eth0,eth9 ip=bond0:dhcp", True),
        # rd.neednet alone means the profiles, if each says for which NICs
        (MANAGER, {CMDLINE: NEED, NM: PROFILE_1}, "", False),
        (MANAGER, {CMDLINE: NEED, NM: PROFILE_ALL}, "", True),
        (MANAGER, {CMDLINE: NEED, NM: PROFILE_1}, "rd.nvmf.discover=tcp,10.0.0.9", True),
        (MANAGER, {CMDLINE: NEED, NM: PROFILE_1}, "rd.nvmf.nbft=1", True),
        (MANAGER, {CMDLINE: NEED, NM: PROFILE_1}, "ip=eth0:dhcp", True),
        # systemd-networkd: of the kernel's line alone
        (SYSTEMD, {}, STATIC, False),
        (SYSTEMD, {CMDLINE: NEED}, STATIC, True),
        (SYSTEMD, {CMDLINE: f"{NEED} {STATIC}"}, "", False),
        (SYSTEMD, {CMDLINE: f"{NEED} ip=eth9:dhcp"}, "ip=dhcp", True),
        (SYSTEMD, {CMDLINE: NEED}, "", False),
        # network-legacy
        (LEGACY, {}, STATIC, True),
        (LEGACY, {}, "ip=eth0:dhcp", True),
        (LEGACY, {}, "ip=eth9:dhcp", False),
        (LEGACY, {}, "ip=dhcp", False),
        (LEGACY, {}, "ip=dhcp rd.neednet=1", True),
        (LEGACY, {CMDLINE: "ip=eth9:dhcp"}, "ip=dhcp", True),  # two of them
        (LEGACY, {CMDLINE: "ip=eth9:dhcp"}, "ip=dhcp rd.neednet=0", False),
        (LEGACY, {}, "ip=ibft", True),
        (LEGACY, {}, f"BOOTIF=01-{ONE.replace(':', '-')}", True),
        (LEGACY, {}, f"BOOTIF=01-{ONE.replace(':', '-')} rd.bootif=0", False),
        (LEGACY, {}, "bond=bond0:eth0,eth9", False),
        (LEGACY, {}, "bond=bond0:eth0,eth9 ip=eth9:dhcp", True),
        (LEGACY, {CMDLINE: NEED}, "", True),
        # of any other nobody knows
        (OTHER, {}, "ip=dhcp", True),
        (OTHER, {}, "vlan=v9:eth0", True),
        (OTHER, {}, "ip=eth9:dhcp", False),
    ],
)  # fmt: skip
def test_words_that_a_program_acts_on(
    program: str, files: dict[str, str], line: str, claimed: bool
) -> None:
    claim = owner((NIC,), claims(files, program, line=line))
    assert bool(claim) == claimed


@pytest.mark.parametrize(
    ("files", "claimed"),
    [
        ({CMDLINE: NEED}, True),
        ({}, False),
        ({CMDLINE: NEED, NETWORKD: "[Match]\nName=eth9\n"}, False),
        ({CMDLINE: NEED, NETWORKD: "[Match]\nName=eth*\n"}, True),
    ],
)
@pytest.mark.parametrize(
    "default",
    [
        "etc/systemd/network/zzzz-dracut-default.network",  # dracut 104 to 108
        "usr/lib/systemd/network/zzzz-dracut-default.network",  # 109
        "usr/lib/dracut/dracut-default.network",  # 110 and newer
    ],
)
def test_dracuts_dhcp_is_a_claim_only_if_the_network_is_needed(
    tmp_path: pathlib.Path, files: dict[str, str], claimed: bool, default: str
) -> None:
    stock = {
        default: "[Match]\nKind=!*\nType=!loopback\n\n[Network]\nDHCP=yes\n",
        "usr/lib/systemd/systemd-networkd": "",
    }
    for path, text in {**files, **stock}.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text)
    assert bool(owner((NIC,), look.claims(look.look(str(tmp_path)), ()))) == claimed


def listed(*specs: str) -> str:
    """As kdump-utils writes it."""
    return f"[device-others]\nmatch-device={''.join(f'{spec};' for spec in specs)}\nmanaged=false\n"


@pytest.mark.parametrize(
    ("text", "claimed"),
    [
        (listed("except:mac:52:54:00:00:00:02"), False),
        (listed("except:mac:52:54:00:00:00:01"), True),
        (listed("except:mac:52:54:00:00:00:02", "except:interface-name:eth0"), True),
        (listed("except:interface-name:eth9"), False),
        (listed("except:interface-name:enp1s0"), True),
        (listed("except:mac:52:54:00:00:00:02").replace(";", ",", 1), False),
        (listed("except:mac:52:54:00:00:00:02").upper().replace("MATCH-DEVICE", "match-device")
         .replace("MANAGED", "managed"), False),
        # other forms shut out nothing
        (listed("except:mac:52:54:00:00:00:02", "type:ethernet"), True),
        (listed("mac:52:54:00:00:00:02"), True),
        (listed("*", "except:mac:52:54:00:00:00:02"), True),
        (listed("except:mac:52:54:00:00:00:02").replace("false", "true"), True),
        (listed(), True),
        ("", True),
        (listed("except:mac:52:54:00:00:00:02") * 2, True),
    ],
)  # fmt: skip
@pytest.mark.parametrize("line", ["ip=dhcp", "ip=eth0:dhcp", STATIC, "", "rd.nvmf.nbft"])
def test_allowlist_beats_every_word(text: str, claimed: bool, line: str) -> None:
    found = claims({CMDLINE: NEED, ALLOWLIST: text}, MANAGER, line=line)
    assert bool(owner((NIC,), found)) == claimed


def test_allowlist_is_by_the_permanent_address() -> None:
    text = listed("except:mac:52:54:00:00:00:01")
    found = claims({CMDLINE: NEED, ALLOWLIST: text}, MANAGER)
    assert owner((SLAVE,), found) is None  # it has that address now
    assert owner((NIC, SLAVE, BOND), found)


def test_allowlist_is_networkmanagers_alone() -> None:
    text = listed("except:mac:52:54:00:00:00:02")
    found = claims({ALLOWLIST: text}, MANAGER, LEGACY, line="ip=eth0:dhcp rd.neednet")
    assert owner((NIC,), found)


def test_loopback_is_nobodys() -> None:
    assert owner((LO,), claims({CMDLINE: "ip=dhcp"})) is None
