"""Standard input as Pacemaker gives it, and as it may be: wrong, without an end, too long."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator

import pytest

from fence_kdump_protocol import encode
from lab.hosts import Host
from lab.packets import IP, UDP, Raw, Wire
from lab.programs import AGENT, listening_agent, run, started, until

NODE = "nodename=10.0.0.2\nport=10.0.0.2\n"


def send(wire: Wire, survivor: Host, port: int = 7410) -> None:
    packet = IP(src="10.0.0.2", dst="10.0.0.1") / UDP(sport=40000, dport=port) / Raw(encode())
    wire.send(packet, survivor.mac())


@pytest.mark.parametrize(
    ("line", "warning"),
    [
        ("timeout=60sec", ""),
        ("timeout=1min", ""),
        ("timeout=soon", "invalid timeout 'soon'"),
        ("ipport=x", "invalid ipport 'x'"),
        ("family=ipx", "unsupported family 'ipx'"),
        ("verbose=loud\nverbos=1", "invalid verbose 'loud'"),
        ("unknown=1", ""),
    ],
)
def test_a_wrong_value_loses_no_dump(survivor: Host, wire: Wire, line: str, warning: str) -> None:
    with started(AGENT, stdin=f"{NODE}{line}\n", host=survivor) as agent:
        until(lambda: agent.is_listening(4), "the agent to listen, and to look out")
        send(wire, survivor)
        result = agent.result()
    assert result.status == 0, result
    assert bool(warning) == bool(result.stderr)
    assert warning in result.stderr


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("timeout=soon", "invalid timeout 'soon'"),
        ("ipport=x", "invalid ipport 'x'"),
        ("family=ipx", "unsupported family 'ipx'"),
        ("verbose=loud", "invalid verbose 'loud'"),
    ],
)
@pytest.mark.parametrize("action", ["validate-all", "monitor"])
def test_validation_and_monitor_refuse_it(action: str, line: str, problem: str) -> None:
    result = run([AGENT], f"action={action}\nnodename=127.0.0.1\n{line}\n")
    assert result.status == 1
    assert problem in result.stderr


@pytest.mark.parametrize("plug", ["", "plug=10.0.0.2\n"])
def test_a_number_for_plug_is_asked_about(survivor: Host, wire: Wire, plug: str) -> None:
    """pcs offers `port` as plug's old name. Pacemaker 3.0.1 and newer pass a plug beside it."""
    stdin = f"nodename=10.0.0.2\n{plug}port=7420\n"
    question = "plug '7420' is a number: did you mean ipport=7420?"
    validated = run([AGENT], f"{stdin}action=validate-all\n", host=survivor)
    assert validated.status == 1
    assert question in validated.stderr
    assert question in run([AGENT], f"{stdin}timeout=0.1\n", host=survivor).stderr


@pytest.mark.parametrize("action", ["reboot", "on", "status", "list", "offf"])
def test_an_action_is_never_guessed(action: str) -> None:
    result = run([AGENT], f"{NODE}action={action}\n")
    assert result.status == 1
    assert f"unsupported action '{action}'" in result.stderr


@pytest.fixture
def open_ended() -> Iterator[subprocess.Popen[str]]:
    """An agent whose standard input nobody closes."""
    pipe = subprocess.PIPE
    with subprocess.Popen([AGENT], stdin=pipe, stdout=pipe, stderr=pipe, text=True) as agent:
        yield agent
        agent.kill()


def test_an_input_that_stays_open_does_not_outlast_the_timeout(
    open_ended: subprocess.Popen[str],
) -> None:
    """Nothing counts until its end is there: the line with plug may still be to come."""
    assert open_ended.stdin
    assert open_ended.stderr
    open_ended.stdin.write("nodename=127.0.0.1\ntimeout=0.5\n")
    open_ended.stdin.flush()
    assert "timed out after 0.5 s: standard input was not closed" in open_ended.stderr.readline()
    assert open_ended.wait() == 1


def test_an_input_without_end_is_not_read_to_its_end() -> None:
    endless = subprocess.Popen(
        ["/bin/sh", "-c", "yes nodename=127.0.0.1"], stdout=subprocess.PIPE, text=True
    )
    with endless:
        done = subprocess.run(
            [AGENT], stdin=endless.stdout, capture_output=True, text=True, check=False
        )
        endless.kill()
    assert done.returncode == 1
    assert "standard input is longer than 1024 KiB" in done.stderr


def test_a_long_input_is_read(survivor: Host, wire: Wire) -> None:
    stdin = "# a comment\n" * 50000 + NODE
    with listening_agent(stdin=stdin, host=survivor) as agent:
        send(wire, survivor)
        assert agent.result().status == 0
