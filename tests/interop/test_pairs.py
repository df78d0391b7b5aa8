"""Every pair of our programs and the C ones, in both directions and both families."""

from __future__ import annotations

import pytest

from lab.hosts import Host
from lab.programs import AGENT, C_AGENT, C_SENDER, SENDER, listening_agent, run, started


@pytest.mark.parametrize(("node", "target"), [("10.0.0.2", "10.0.0.1"), ("fd00::2", "fd00::1")])
@pytest.mark.parametrize("port", ["7410", "7500"])
@pytest.mark.parametrize("sender", [SENDER, C_SENDER])
@pytest.mark.parametrize("agent", [AGENT, C_AGENT])
def test_a_pair(
    survivor: Host, peer: Host, agent: str, sender: str, port: str, node: str, target: str
) -> None:
    options = ("-n", node, "-p", port, "-t", "20")
    with (
        listening_agent(*options, agent=agent, host=survivor) as listening,
        started(sender, "-p", port, "-i", "1", target, host=peer),
    ):
        assert listening.result().status == 0


@pytest.mark.parametrize("sender", [SENDER, C_SENDER])
def test_the_raw_path_hears_what_a_virtual_link_delivers(
    survivor: Host, peer: Host, sender: str
) -> None:
    """A veth pair leaves the checksum to hardware that is not there."""
    with (
        listening_agent("-n", "10.0.0.99", "-t", "20", host=survivor),
        listening_agent("-n", "10.0.0.2", "-t", "20", host=survivor) as raw,
        started(sender, "-i", "1", "10.0.0.1", host=peer),
    ):
        assert raw.result().status == 0


@pytest.mark.parametrize("agent", [AGENT, C_AGENT])
def test_the_same_lines_on_stdin(survivor: Host, peer: Host, agent: str) -> None:
    stdin = "# from a device\nnodename=10.0.0.2\nport=node2\naction=off\ntimeout=20\nunknown=1\n"
    with (
        listening_agent(agent=agent, stdin=stdin, host=survivor) as listening,
        started(SENDER, "-i", "1", "10.0.0.1", host=peer),
    ):
        assert listening.result().status == 0


@pytest.mark.parametrize(
    ("argv", "status"),
    [
        ("-V", 0),
        ("-h", 0),
        ("-o metadata", 0),
        ("-o validate-all", 0),
        ("-o monitor", 1),
        ("-o list", 1),
        ("-o reboot", 1),
        ("-t 1", 1),
        ("-n 10.0.0.2 -t 1", 1),
        ("-n 10.0.0.2 -p 70000 -t 1", 1),
        ("-n nosuch.invalid -t 1", 1),
        ("-x", 1),
    ],
)
def test_agents_end_alike(survivor: Host, argv: str, status: int) -> None:
    for agent in (AGENT, C_AGENT):
        assert run([agent, *argv.split()], host=survivor).status == status


@pytest.mark.parametrize(
    ("argv", "status"),
    [
        ("-V", 0),
        ("-h", 0),
        ("-c 1 10.0.0.1", 0),
        ("-c 2 -i 1 -v 10.0.0.1 fd00::1", 0),
        ("-c 1 -f ipv4 10.0.0.1", 0),
        ("-c 1 -f ipv6 10.0.0.1", 1),
        ("-p 0 10.0.0.1", 1),
        ("-i 0 10.0.0.1", 1),
        ("-c -1 10.0.0.1", 1),
        ("-f ipx 10.0.0.1", 1),
        ("-x 10.0.0.1", 1),
        ("", 1),
    ],
)
def test_senders_end_alike(peer: Host, argv: str, status: int) -> None:
    for sender in (SENDER, C_SENDER):
        assert run([sender, *argv.split()], host=peer).status == status
