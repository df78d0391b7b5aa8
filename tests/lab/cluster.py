"""A real cluster on one machine: every node is a set of namespaces with Corosync and Pacemaker."""

from __future__ import annotations

import contextlib
import os
import re
import shlex
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence

from lab.hosts import Host, address
from lab.programs import AGENT, C_AGENT, ROOT, SENDER, Program, Result, run, started, until

__all__ = ["IPV4", "IPV6", "Cluster", "Node", "Remote", "wait_for"]

IPV4, IPV6 = "10.77.0.{}", "fd77::{}"  # rings: the addresses of node 1, 2 and so on
POWER = f"{ROOT}/tests/cluster/fence_always_off"
DEADLINE = (
    60.0  # seconds; a membership, an election and a fencing on a busy machine take their time
)

# Process 1 of a node; its arguments are the node's name, its folder and the agent. What it says
# goes to console.log, but for the line "ready". The fencer looks for agents in /usr/sbin: ours lies
# over the C one.
INIT = f"""
hostname "$1"
cd "$2"
exec 3>&1 >>console.log 2>&1
owned="install -d -o hacluster -g haclient"
mount -t tmpfs -o mode=755 tmpfs /run
mount -t tmpfs -o mode=1777 tmpfs /dev/shm
$owned -m 750 /run/crm lib/pacemaker
$owned -m 750 lib/pacemaker/blackbox lib/pacemaker/cib lib/pacemaker/cores lib/pacemaker/pengine
$owned -m 770 log/pacemaker
chown hacluster:haclient log/pacemaker/pacemaker.log
chown hacluster:haclient lib/pacemaker/cib/* /etc/pacemaker /etc/pacemaker/authkey
chmod 600 lib/pacemaker/cib/*
mkdir -p lib/corosync lib/pcsd log/corosync log/pcsd lib/fence-kdump /run/lock
mkdir -p /var/lib/corosync /var/lib/fence-kdump  # else by systemd
for name in pacemaker corosync pcsd fence-kdump; do mount --bind "lib/$name" "/var/lib/$name"; done
mount --bind log /var/log
mount --bind sys-kernel /sys/kernel
rm -rf sbin work
mkdir sbin work
[ "$3" = {C_AGENT} ] || ln -s "$3" sbin/fence_kdump
ln -s {POWER} sbin/fence_always_off
mount -t overlay -o lowerdir=/usr/sbin,upperdir="$2/sbin",workdir="$2/work" overlay /usr/sbin
export PCMK_logfile=/var/log/pacemaker/pacemaker.log PCMK_logfacility=none PCMK_stderr=0
{{daemons}}
echo ready >&3
wait
"""

MEMBER = """\
corosync -f &
until corosync-cpgtool; do sleep 0.1; done
pacemakerd &
"""

# It is in no corosync.conf, and has none. Debian's package excludes that of pacemaker.
REMOTE = f"""\
mount -t tmpfs -o mode=755 tmpfs /etc/corosync
{ROOT}/build/pacemaker-remote/usr/sbin/pacemaker-remoted &
"""

# The default load-threshold keeps a busy machine from fencing soon; dc-deadtime is how long a node
# looks for a cluster that runs already.
CIB = """\
<cib crm_feature_set="3.0.0" validate-with="pacemaker-3.0" epoch="1" num_updates="0"
     admin_epoch="0">
  <configuration>
    <crm_config>
      <cluster_property_set id="cib-bootstrap-options">
        <nvpair id="deadtime" name="dc-deadtime" value="3s"/>
        <nvpair id="load" name="load-threshold" value="1000%"/>
      </cluster_property_set>
    </crm_config>
    <nodes/>
    <resources/>
    <constraints/>
  </configuration>
  <status/>
</cib>
"""

# sched_rr, move_to_root_cgroup: the machine's scheduler is not a node's to change
COROSYNC = """\
totem {{
    version: 2
    cluster_name: lab
    transport: knet
    crypto_cipher: none
    crypto_hash: none
    token: {token}
}}
system {{
    sched_rr: no
    move_to_root_cgroup: no
}}
quorum {{
    provider: corosync_votequorum
}}
logging {{
    to_stderr: no
    to_logfile: yes
    logfile: /var/log/corosync/corosync.log
    to_syslog: no
}}
nodelist {{
{nodes}}}
"""


def wait_for(condition: Callable[[], object], what: Callable[[], str]) -> None:
    """Wait until condition() is true; what() tells what is waited for, and what is there."""
    until(condition, what, DEADLINE, pause=0.05)  # most looks start a program


class Node:
    """One node: a host that stays, and the namespaces of its processes, which end with a crash.

    name -- node2
    addresses -- of each ring: 10.77.0.2; ring 0 is on eth0, ring 1 on eth1
    folder -- what it has in /var/lib and /var/log, and what it pretends in /sys/kernel
    etc -- files of its /etc, by path below it
    """

    daemons = MEMBER

    def __init__(
        self, number: int, folder: str, addresses: Sequence[str], etc: Mapping[str, str], agent: str
    ) -> None:
        self.name = f"node{number}"
        self.addresses = addresses
        self._agent = agent
        self.folder = folder
        self.etc = {**etc, "hostname": f"{self.name}\n"}
        self.host = Host(self.name, self.etc)
        self._program: Program | None = None
        self._init = 0
        self._log_start = 0
        os.makedirs(f"{folder}/lib/pacemaker/cib")
        with open(f"{folder}/lib/pacemaker/cib/cib.xml", "w") as file:
            file.write(CIB)
        os.makedirs(f"{folder}/log/pacemaker")
        with open(f"{folder}/log/pacemaker/pacemaker.log", "w"):
            pass
        os.makedirs(f"{folder}/sys-kernel")
        self.pretend("kexec_crash_size", "268435456")
        self.pretend("kexec_crash_loaded", "1")

    def pretend(self, name: str, value: str) -> None:
        """What the node finds in /sys/kernel/NAME, as no crash kernel can be loaded here."""
        with open(f"{self.folder}/sys-kernel/{name}", "w") as file:
            file.write(f"{value}\n")

    @property
    def is_up(self) -> bool:
        """Whether it runs: it was started and has not crashed."""
        return self._program is not None

    def start(self) -> None:
        """Boot it: Corosync and Pacemaker run when this returns, but may not have joined."""
        flags = ["--mount", "--uts", "--ipc", "--pid", "--fork", "--kill-child", "--mount-proc"]
        clean = ["env", "-i", f"PATH={os.environ['PATH']}", "LC_ALL=C"]
        init = INIT.format(daemons=self.daemons)
        script = ["sh", "-euc", init, "init", self.name, self.folder, self._agent]
        program = Program([*clean, "unshare", *flags, *script], "", self.host)
        program.line()
        with open(f"/proc/{program.pid}/task/{program.pid}/children") as file:
            (self._init,) = (int(word) for word in file.read().split())
        self._program = program

    def crash(self) -> None:
        """SIGKILL process 1, and with it all of them; the network stays."""
        assert self._program
        os.kill(self._init, signal.SIGKILL)
        self._program.result()
        self._program = None

    def enter(self, *argv: str) -> list[str]:
        """The command line that runs argv on the node."""
        return ["nsenter", "-t", str(self._init), "-m", "-u", "-i", "-n", "-p", *argv]

    def run(self, *argv: str) -> Result:
        """Run a program on the node."""
        return run(self.enter(*argv))

    def shell(self, line: str, outdated: bool = False) -> None:
        """Run a command line as an administrator types it; it succeeds.

        outdated -- newer programs may say that it is; else they must not
        """
        result = self.run(*shlex.split(line))
        assert result.status == 0, (line, result)
        said = (result.stdout + result.stderr).lower()
        assert outdated or "deprecat" not in said, (line, result)

    def sender(self, *targets: str) -> contextlib.AbstractContextManager[Program]:
        """Our sender, in the node's network, whether the node is up or has crashed."""
        return started(SENDER, "-i", "0.2", *targets, host=self.host)

    def agents(self) -> list[int]:
        """Process ids, as seen from outside, of the agents that listen on the node."""
        if not self.is_up:
            return []
        found = []
        for pid in _descendants(self._init):
            with contextlib.suppress(OSError), open(f"/proc/{pid}/cmdline", "rb") as file:
                if b"/fence_kdump\0" in file.read() and _listens(pid):
                    found.append(pid)
        return found

    def processes(self) -> list[str]:
        """The command lines of all its processes, as far as they have one."""
        lines = []
        for pid in _descendants(self._init):
            with contextlib.suppress(OSError), open(f"/proc/{pid}/cmdline") as file:
                lines.append(file.read().replace("\0", " ").strip())
        return sorted(filter(None, lines))

    def sockets(self) -> list[str]:
        """Its UDP sockets on port 7410, and its raw ones."""
        found = []
        for kind in ("udp", "udp6", "raw", "raw6"):
            with open(f"/proc/{self._init}/net/{kind}") as file:
                ends = [line.split()[1] for line in file.readlines()[1:]]
            found += [end for end in ends if kind.startswith("raw") or end.endswith(":1CF2")]
        return found

    def log(self) -> str:
        """Pacemaker's log, since `forget`."""
        with open(f"{self.folder}/log/pacemaker/pacemaker.log", errors="replace") as file:
            file.seek(self._log_start)
            return file.read()

    def forget(self) -> None:
        """From now on, `log` begins here."""
        self._log_start = os.path.getsize(f"{self.folder}/log/pacemaker/pacemaker.log")

    def close(self) -> None:
        """End it, and delete its network."""
        if self.is_up:
            self.crash()
        self.host.close()


class Remote(Node):
    """A Pacemaker Remote node: the cluster runs resources on it, and it is no member."""

    daemons = REMOTE


class Cluster:
    """Some nodes on a bridge for each ring; a context manager.

    folder -- for what the nodes have on their disks
    rings -- the addresses of each ring, as IPV4 is; a name stands for the address of ring 0
    agent -- what Pacemaker runs as fence_kdump: ours or C_AGENT
    absent -- names of nodes that run elsewhere: they are neither started nor waited for
    token -- Corosync's, in milliseconds
    switch -- has the bridges: br0 for ring 0, and so on
    """

    def __init__(
        self,
        size: int,
        folder: str,
        rings: Sequence[str] = (IPV4,),
        agent: str = AGENT,
        absent: Sequence[str] = (),
        token: int = 1000,
    ) -> None:
        self._absent = absent
        addresses = {n: [ring.format(n) for ring in rings] for n in range(1, size + 1)}
        listed = "".join(
            f"    node {{\n        name: node{n}\n        nodeid: {n}\n"
            + "".join(f"        ring{ring}_addr: {own[ring]}\n" for ring in range(len(rings)))
            + "    }\n"
            for n, own in addresses.items()
        )
        names = "".join(f"{own[0]} node{n}\n" for n, own in addresses.items())
        etc = {
            "corosync/corosync.conf": COROSYNC.format(nodes=listed, token=token),
            "hosts": f"127.0.0.1 localhost\n{names}",
            "pacemaker/authkey": os.urandom(2048).hex(),
        }
        self.switch = Host("switch")
        self.nodes = [Node(n, f"{folder}/node{n}", own, etc, agent) for n, own in addresses.items()]
        self._folder, self._rings, self._etc, self._agent = folder, rings, etc, agent
        self._remotes: list[Remote] = []
        for ring in range(len(rings)):
            self._join(ring)

    def _join(self, ring: int) -> None:
        """A bridge, and a cable from each node to it."""
        bridge = f"br{ring}"
        self.switch.ip(
            f"link add {bridge} type bridge forward_delay 0 stp_state 0 mcast_snooping 0"
        )
        self.switch.ip(f"link set {bridge} up")
        for node in self.nodes:
            self._plug(node, ring)

    def _plug(self, node: Node, ring: int) -> None:
        bridge, device = f"br{ring}", f"eth{ring}"
        port = f"{node.name}-{device}"
        subprocess.run(
            f"ip link add {device} netns {node.host.name} type veth"
            f" peer name {port} netns {self.switch.name}".split(),
            check=True,
        )
        self.switch.ip(f"link set {port} master {bridge} up")
        node.host.ip(f"link set {device} up")
        own = node.addresses[ring]
        address(node.host, f"{own}/{64 if ':' in own else 24}", device=device)

    def remote(self, number: int) -> Remote:
        """A Pacemaker Remote node, which runs and is no resource yet; the names of all others are
        in its /etc/hosts, and its name is in nobody's."""
        own = [ring.format(number) for ring in self._rings]
        node = Remote(number, f"{self._folder}/node{number}", own, self._etc, self._agent)
        self._remotes.append(node)
        for ring in range(len(self._rings)):
            self._plug(node, ring)
        node.start()
        return node

    def __enter__(self) -> Cluster:
        try:
            self.start()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __getitem__(self, name: str) -> Node:
        return next(node for node in self.nodes if node.name == name)

    @property
    def survivors(self) -> list[Node]:
        """The nodes that run."""
        return [node for node in self.nodes if node.is_up]

    def start(self) -> None:
        """Boot what does not run, and wait until all nodes are members."""
        here = [node for node in self.nodes if node.name not in self._absent]
        for node in here:
            if not node.is_up:
                node.start()
        names = " ".join(node.name for node in here)
        self.shows(rf"Online: \[ {names} \]")

    def status(self) -> str:
        """What crm_mon says on the first node that runs."""
        return self.survivors[0].run("crm_mon", "-1", "-r", "-m", "1").stdout

    def shows(self, pattern: str) -> None:
        """Wait until crm_mon shows something, a regular expression."""
        wait_for(lambda: re.search(pattern, self.status()), lambda: f"{pattern}\n{self.status()}")

    def started(self, *devices: str) -> None:
        """Wait until devices are started and Pacemaker has nothing more to do."""
        for device in devices:
            self.shows(rf"{device}\s.*Started")
        self.settle()

    def create_power(self) -> None:
        """Set up `power`, a power agent that always succeeds, for all nodes."""
        everybody = " ".join(node.name for node in self.nodes)
        line = f'pcs stonith create power fence_always_off pcmk_host_list="{everybody}"'
        self.nodes[0].shell(line)

    def two_levels(self, options: str, devices: Mapping[str, Sequence[str]] | None = None) -> None:
        """Set up fence_kdump devices at level 1, and a power agent for all nodes at level 2.

        options -- of those at level 1, as pcs takes them
        devices -- names, and the nodes that each fences; `kdump` for all of them if not given
        """
        everybody = [node.name for node in self.nodes]
        devices = devices or {"kdump": everybody}
        shell = self.nodes[0].shell
        self.create_power()
        for device, names in devices.items():
            shell(
                f'pcs stonith create {device} fence_kdump pcmk_host_list="{" ".join(names)}"'
                f" pcmk_reboot_action=off {options}"
            )
            for name in names:
                shell(f"pcs stonith level add 1 {name} {device}")
                shell(f"pcs stonith level add 2 {name} power")
        self.started("power", *devices)

    def place(self, resource: str, name: str) -> None:
        """Have a resource, or a device, run on that node."""
        self.nodes[0].shell(f"pcs constraint location {resource} prefers {name}")
        self.shows(rf"{resource}\s.*Started {name}")
        self.settle()

    def settle(self) -> None:
        """Wait until Pacemaker has nothing more to do."""
        self.survivors[0].shell("crm_resource --wait --timeout=55")

    def coordinator(self) -> str:
        """The name of Pacemaker's designated coordinator."""
        (name,) = re.findall(r"Current DC: (\w+)", self.status())
        return str(name)

    def history(self, target: str) -> str:
        """Pacemaker's fencing history of a node."""
        return self.survivors[0].run("stonith_admin", "--history", target, "--verbose").stdout

    def log(self) -> str:
        """Pacemaker's logs of all nodes that run."""
        return "".join(node.log() for node in self.survivors)

    def logged(self, pattern: str) -> None:
        """Wait until a line of the logs matches a regular expression."""
        wait_for(
            lambda: re.search(pattern, self.log()),
            lambda: f"{pattern}\n{self.status()}\n{_fencing_lines(self.log())}",
        )

    def fenced(self, target: str, device: str) -> None:
        """Wait until a node is fenced, by that device, and all of Pacemaker says so."""
        wait_for(
            lambda: self.fenced_by(target),
            lambda: f"{target} fenced\n{self.status()}\n{_fencing_lines(self.log())}",
        )
        assert self.fenced_by(target) == device, _fencing_lines(self.log())
        self.shows(rf"OFFLINE: \[.* {target} ")
        assert f"of {target} successful: delegate=" in self.history(target), self.history(target)

    def fenced_by(self, target: str) -> str | None:
        """The device that has fenced a node; None so long as it is not fenced."""
        found = re.search(rf"targeting {target} using (\S+) returned 0", self.log())
        return found[1] if found else None

    def crash(self, *names: str) -> float:
        """Crash nodes; returns when that was, in seconds of the monotonic clock."""
        now = time.monotonic()
        for name in names:
            self[name].crash()
        return now

    def others(self, *names: str) -> list[str]:
        """All addresses of all nodes but these."""
        return [a for node in self.nodes if node.name not in names for a in node.addresses]

    def reset(self) -> None:
        """All nodes up, no device, level, constraint or history; a crash kernel is pretended."""
        for node in self.nodes:
            node.pretend("kexec_crash_loaded", "1")
        self.start()
        first = self.nodes[0]
        first.run("cibadmin", "--delete-all", "--force", "--xpath", "//fencing-topology")
        for part in ("constraints", "resources"):
            first.shell(f"cibadmin --replace --scope {part} --xml-text <{part}/>")
        self.settle()
        first.run("crm_resource", "--cleanup")
        first.run("stonith_admin", "--cleanup", "--history", "*")
        for node in self.nodes:
            node.forget()

    def close(self) -> None:
        """End all nodes, and delete the network."""
        for node in (*self.nodes, *self._remotes):
            node.close()
        self.switch.close()


def _fencing_lines(log: str) -> str:
    return "\n".join(line for line in log.splitlines() if "fenc" in line or "stonith" in line)


def _descendants(pid: int) -> Iterator[int]:
    yield pid
    children: Sequence[str] = ()
    with contextlib.suppress(OSError), open(f"/proc/{pid}/task/{pid}/children") as file:
        children = file.read().split()
    for child in children:
        yield from _descendants(int(child))


def _listens(pid: int) -> bool:
    inodes = set()
    for kind in ("udp", "udp6", "raw", "raw6"):
        with open(f"/proc/{pid}/net/{kind}") as file:
            inodes |= {f"socket:[{line.split()[9]}]" for line in file.readlines()[1:]}
    for fd in os.listdir(f"/proc/{pid}/fd"):
        with contextlib.suppress(OSError):
            if os.readlink(f"/proc/{pid}/fd/{fd}") in inodes:
                return True
    return False
