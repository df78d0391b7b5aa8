"""The words about the network on the crash kernel's command line, as each kdump composes it."""

from __future__ import annotations

import pytest

from fence_kdump_image.way.owners.crashline import RUNNING, compose

SYSCONFIG, KDUMP_CONF = "/etc/sysconfig/kdump", "/etc/kdump.conf"
STATIC = "ip=10.0.0.2::10.0.0.1:255.255.255.0::eth0:none"


@pytest.mark.parametrize(
    ("running", "sysconfig", "rhel", "suse"),
    [
        ("ro ip=dhcp rd.neednet=1 quiet", "", "ip=dhcp rd.neednet=1", "ip=dhcp rd.neednet=1"),
        ("ro quiet console=ttyS0 ipv6.disable=1 root=/dev/sda1", "", "", ""),
        ("ip=dhcp", 'KDUMP_COMMANDLINE=""', "ip=dhcp", "ip=dhcp"),
        ("ip=dhcp", f'KDUMP_COMMANDLINE="ro {STATIC}"', STATIC, STATIC),
        ("ip=dhcp", "KDUMP_COMMANDLINE=ro", "", ""),
        ("", f'KDUMP_COMMANDLINE_APPEND="{STATIC} rd.neednet=1"', *[f"{STATIC} rd.neednet=1"] * 2),
        ("vlan=a:b", "KDUMP_COMMANDLINE_APPEND='ip=a:dhcp'", *["vlan=a:b ip=a:dhcp"] * 2),
        # SUSE's has no such setting
        ("ip=dhcp bond=b:c", "KDUMP_COMMANDLINE_REMOVE='quiet ip'", "bond=b:c", "ip=dhcp bond=b:c"),
        ("", "KDUMP_COMMANDLINE=ip=dhcp\nKDUMP_COMMANDLINE_REMOVE=ip", "", "ip=dhcp"),
        ("", "KDUMP_COMMANDLINE_APPEND=ip=dhcp\nKDUMP_COMMANDLINE_REMOVE=ip", "ip=dhcp", "ip=dhcp"),
        ("ip=dhcp", "KDUMP_COMMANDLINE_REMOVE=ip=dhcp", "", "ip=dhcp"),
        # what they take out by themselves
        ("root=nfs:10.0.0.9:/x ip=dhcp", "", "ip=dhcp", "ip=dhcp"),
        ("netroot=iscsi:x ip=dhcp", "", "ip=dhcp", "netroot=iscsi:x ip=dhcp"),
        ("", "KDUMP_COMMANDLINE=root=nfs:10.0.0.9:/x", "", "root=nfs:10.0.0.9:/x"),
        ("", "KDUMP_COMMANDLINE_APPEND=root=nfs:10.0.0.9:/x", *["root=nfs:10.0.0.9:/x"] * 2),
        ("ip= BOOTIF=01-52-54-00-00-00-01", "", "BOOTIF=01-52-54-00-00-00-01",
         "ip= BOOTIF=01-52-54-00-00-00-01"),
        ('ip="eth0:dhcp" "rd.neednet"', "", *["ip=eth0:dhcp rd.neednet"] * 2),
    ],
)  # fmt: skip
def test_compose(running: str, sysconfig: str, rhel: str, suse: str) -> None:
    texts = {RUNNING: f"{running}\n", SYSCONFIG: f"{sysconfig}\n"}
    assert " ".join(word.text for word in compose({**texts, KDUMP_CONF: ""})) == rhel
    assert " ".join(word.text for word in compose(texts)) == suse


def test_nothing_to_compose_it_of() -> None:
    assert compose({}) == ()
