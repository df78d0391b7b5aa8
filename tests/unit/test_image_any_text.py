"""No text in any file stops an image from being planned: what is wrong becomes a warning."""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import given, settings
from hypothesis import strategies as st

from fence_kdump_cluster import corosync
from fence_kdump_cluster.addresses import literal
from fence_kdump_image.image.plan import make
from fence_kdump_image.image.show import as_data, as_text
from fence_kdump_image.way.drivers import Driver
from fence_kdump_image.way.network import Address, Device, Route
from fence_kdump_image.way.owners import crashline, look
from fence_kdump_image.way.wrapped import Policy
from fence_kdump_image.whom import kdumpconf, sources, sysconfig

NODELIST = ("nodelist {\n", "node {\n", "}\n", "ring0_addr: ", "ring1_addr: ", "name: ", "me")
HOSTS = ("node1", "10.0.0.1", "10.0.0.2", "fd00::1", "fe80::1%eth0", "127.0.0.1", "224.0.0.1")
KDUMP = ("fence_kdump_nodes ", "fence_kdump_args ", "-p", "-f ipv6", "-i", "--", "-", "0x7f.1")
SYSCONFIG = ("KDUMP_POSTSCRIPT=", "/fence_kdump_send ", "FENCE_KDUMP_OPTS=", "FENCE_KDUMP=no")
CMDLINE = ("ip=", "vlan=", "bond=", "ifname=", "rd.neednet", "eth0", ":", "[", "]", ";", "&&", "|")
INI = ("[connection]\n", "[Match]\n", "interface-name=", "Name=", "*")
OTHER = ("'", '"', "\\", "$(x)", "#", " ", "\n", "=", "\0", "\udcff", "\u00e9", "\u2028")
WORDS = st.sampled_from([*NODELIST, *HOSTS, *KDUMP, *SYSCONFIG, *CMDLINE, *INI, *OTHER])
TEXT = st.one_of(st.lists(WORDS, max_size=30).map("".join), st.text(max_size=60))


class OneNic:
    """A network with an address of each kind."""

    def devices(self) -> dict[str, Device]:
        return {"eth0": Device("eth0", mac="52:54:00:00:00:01", permanent_mac="52:54:00:00:00:01")}

    def addresses(self) -> list[Address]:
        return [Address("eth0", "10.0.0.2", 24), Address("eth0", "fd00::2", 64)]

    def route(self, target: str, source: str = "") -> Route | None:
        return Route(target, "eth0", "", source)

    def policies(self) -> list[Policy]:
        return []

    def driver(self, device: str) -> Driver | None:
        return Driver("virtio_net", ("virtio_net",))


def resolver(names: Sequence[str], family: str) -> dict[str, tuple[str, ...]]:
    answers: dict[str, tuple[str, ...]] = {}
    for name in names:
        address = literal(name)
        answers[name] = (address,) if address else ()
    return answers


@settings(deadline=None)
@given(st.dictionaries(st.sampled_from(sources.SOURCES), TEXT))
def test_plan_of_any_configuration(texts: dict[str, str]) -> None:
    plan = make(texts, OneNic(), "me", resolver)
    assert bool(plan.refusal) == (not plan.targets) or "FENCE_KDUMP" in plan.refusal
    assert "10.0.0.2" not in [target.address for target in plan.targets]
    assert all("\n" not in argument for argument in plan.arguments)
    assert "".join(plan.arguments).encode(), "the frozen sender takes UTF-8 alone"
    assert as_text(as_data(plan)).startswith("this node    me\n")


@settings(deadline=None)
@given(TEXT)
def test_parsers_take_any_text(text: str) -> None:
    kdumpconf.parse(text)
    sysconfig.parse(text)
    sysconfig.sender_calls(text)
    corosync.parse(text)


@settings(deadline=None)
@given(TEXT, st.dictionaries(st.sampled_from([*sources.SOURCES, crashline.RUNNING]), TEXT))
def test_claims_of_any_image(text: str, configuration: dict[str, str]) -> None:
    paths = (
        "etc/NetworkManager/system-connections/a",
        "etc/NetworkManager/conf.d/10-kdump-netif_allowlist.conf",
        "etc/systemd/network/a.network",
        "etc/cmdline.d/a.conf",
    )
    programs = ("network-manager", "systemd-networkd", "network-legacy", "wicked")
    around = look.read(dict.fromkeys(paths, text), programs, default=True)
    look.claims(around, crashline.compose(configuration))


def test_names_in_a_plan_do_not_command_a_terminal() -> None:
    data = {"nobody_told": "no node \x1b[2J", "warnings": ["node\x9b2 \udc9b \udce9 ü"]}
    said = as_text(data)
    assert "no node \\x1b[2J" in said
    assert "node\\x9b2 \\udc9b \udce9 ü" in said
