"""The real firewalld on the survivor: as it comes, and opened as doctor and probe say."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from fence_kdump_admin.doctor.ruleset import ACCEPT, REJECT, Datagram, verdicts
from fence_kdump_admin.probe import words
from fence_kdump_protocol import PORT
from lab.documents import block
from lab.hosts import Host
from lab.programs import ADMIN, ROOT, Result, listening_agent, run, started, until

IPV4, IPV6 = "10.0.0.1", "fd00::1"  # the survivor's
SERVICES = "/etc/firewalld/services"
# A bus of its own, on which everything is allowed: firewalld asks for no more of D-Bus.
BUS = """\
<busconfig>
  <type>system</type>
  <listen>unix:path={path}</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow user="*"/>
    <allow own="*"/>
    <allow send_type="method_call"/>
    <allow send_type="signal"/>
    <allow send_requested_reply="true" send_type="method_return"/>
    <allow send_requested_reply="true" send_type="error"/>
    <allow receive_type="method_call"/>
    <allow receive_type="signal"/>
    <allow receive_type="method_return"/>
    <allow receive_type="error"/>
  </policy>
</busconfig>
"""


@pytest.fixture
def firewalld(survivor: Host, tmp_path: Path) -> Iterator[Callable[[str], Result]]:
    """firewalld runs, with its default zone; what it gives runs a command line on the survivor."""
    (tmp_path / "bus.conf").write_text(BUS.format(path=tmp_path / "bus"))
    environment = ["env", f"DBUS_SYSTEM_BUS_ADDRESS=unix:path={tmp_path}/bus"]

    def shell(line: str) -> Result:
        return run([*environment, "sh", "-euc", line], host=survivor)

    # the package puts it into /usr/lib/firewalld/services
    os.makedirs(SERVICES, exist_ok=True)
    shutil.copy(f"{ROOT}/rpm/fence-kdump.firewalld.xml", f"{SERVICES}/fence-kdump.xml")
    config = f"--config-file={tmp_path}/bus.conf"
    daemon = [*environment, "firewalld", "--nofork", "--nopid", "--log-target", "console"]
    with started("dbus-daemon", config, "--nofork", "--nopidfile", "--print-address") as bus:
        bus.line()
        with started(*daemon, host=survivor):
            asks = "firewall-cmd --state"
            until(lambda: shell(asks).status == 0, lambda: shell(asks), pause=0.1)
            yield shell
    os.unlink(f"{SERVICES}/fence-kdump.xml")
    shutil.rmtree("/etc/firewalld/zones", ignore_errors=True)


def ways(host: Host) -> dict[str, str]:
    result = run([ADMIN, "probe", "--json", IPV4, IPV6], host=host)
    return {target["address"]: target["way"] for target in json.loads(result.stdout)["targets"]}


def judged(shell: Callable[[str], Result]) -> list[frozenset[str]]:
    """What doctor makes of the rules."""
    rules = shell("nft -j list ruleset").stdout
    datagrams = (("10.0.0.2", IPV4), ("fd00::2", IPV6))
    return [verdicts(rules, Datagram(*addresses, PORT, "eth0")) for addresses in datagrams]


def test_the_default_zone_and_our_service(
    survivor: Host, peer: Host, firewalld: Callable[[str], Result]
) -> None:
    assert ways(peer) == {IPV4: "prohibited", IPV6: "prohibited"}
    assert judged(firewalld) == [{REJECT}, {REJECT}]
    opened = firewalld(words.opening(PORT))
    assert opened.status == 0, opened
    assert judged(firewalld) == [{ACCEPT}, {ACCEPT}]
    assert ways(peer) == {IPV4: "free", IPV6: "free"}
    with listening_agent("--plug", "10.0.0.2,fd00::2", "-t", "50", host=survivor) as agent:
        assert ways(peer) == {IPV4: "listening", IPV6: "listening"}
        assert agent.process.poll() is None


def test_one_address_alone_may_come_in(
    survivor: Host, peer: Host, firewalld: Callable[[str], Result]
) -> None:
    """As docs/security.md has it, for the peer's IPv4 address."""
    typed = block("docs/security.md", "firewall-cmd ", "rich-rule")
    assert "source address=10.0.0.2 " in typed
    firewalld(words.opening(PORT))
    restricted = firewalld(typed)
    assert restricted.status == 0, restricted
    assert judged(firewalld) == [{ACCEPT}, {REJECT}]
    assert ways(peer) == {IPV4: "free", IPV6: "prohibited"}
