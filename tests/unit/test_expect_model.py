"""Random clusters with a name service that tells the truth: never an address of any other node."""

from __future__ import annotations

import random
import sys
import time
from dataclasses import dataclass, field

import pytest

from fence_kdump.expect import Question, expect
from fence_kdump_cluster.addresses import pack, show
from fence_kdump_cluster.corosync import Node

MOST = 200_000  # cases, other ones under each Python
SECONDS = 12.0  # that they may take


@dataclass
class Host:
    """A node as it is, whatever a file says of it.

    names -- its names, the node name first -> addresses that the name service has for them
    rings -- what corosync.conf says; () for a node of Pacemaker Remote
    cib -- what the CIB says
    """

    addresses: list[str]
    names: dict[str, list[str]]
    rings: tuple[str, ...] = ()
    cib: tuple[str, ...] = ()

    def texts(self) -> list[str]:
        return [*self.names, *self.addresses]


@dataclass
class Cluster:
    hosts: list[Host]
    nodes: tuple[Node, ...]
    known: dict[str, list[bytes]] = field(default_factory=dict)


def make_cluster(chance: random.Random) -> Cluster:
    hosts = [_host(chance, number) for number in range(1, chance.randint(2, 5) + 1)]
    nodes = tuple(Node(next(iter(h.names)), "", h.rings, (), h.cib) for h in hosts)
    known = {n: [a for a in map(pack, f) if a] for h in hosts for n, f in h.names.items()}
    known.update({text: [a for a in [pack(text)] if a] for h in hosts for text in h.addresses})
    for text in list(known):
        if not pack(text) and chance.random() < 0.1:
            del known[text]  # an answer that is still to come
    return Cluster(hosts, nodes, known)


def _host(chance: random.Random, number: int) -> Host:
    networks = chance.sample(["10.0.0", "10.1.0", "10.2.0", "fd00:"], chance.randint(1, 4))
    addresses = [f"{n}:{number}" if n.endswith(":") else f"{n}.{number}" for n in networks]
    name = f"node{number}"
    some = [a for a in addresses if chance.random() < 0.5]
    names = {name: some, f"{name}-mgmt": addresses[-1:], f"{name}-ring": addresses[:1]}
    if chance.random() < 0.2:
        return Host(addresses, names, cib=tuple(chance.sample([*names, *addresses], 1)))
    rings = [a for a in addresses if chance.random() < 0.6] or [f"{name}-ring"]
    return Host(addresses, names, rings=tuple(rings))


def options(chance: random.Random, cluster: Cluster, target: Host) -> tuple[list[str], list[str]]:
    """nodename and plug, as Pacemaker sends them for one of the devices that people write."""
    name, *_ = target.names
    everybody = [text for host in cluster.hosts for text in host.texts()]
    other = chance.choice(cluster.hosts)
    a_list = chance.sample(everybody, chance.randint(2, min(6, len(everybody))))
    one_each = [chance.choice(host.texts()) for host in cluster.hosts]
    its = chance.sample(target.texts(), chance.randint(1, 2))
    return chance.choice(
        [
            ([name], [name]),  # nothing set
            ([name], its),  # pcmk_host_map
            ([name], [chance.choice(other.texts())] if other is target else its),
            (a_list, [name]),  # nodename= lists whatever
            (one_each, [name]),  # nodename= lists all nodes
            (one_each, its),  # and pcmk_host_map
            ([name], [next(iter(other.names))]),  # port= names one node for good
            ([chance.choice(other.texts())], [name]),  # nodename= names one node for good
            (its, []),  # pcmk_host_argument=none
            ([name.upper()], [name]),
        ]
    )


def check(seed: int) -> None:
    chance = random.Random(seed)
    cluster = make_cluster(chance)
    target = chance.choice(cluster.hosts)
    nodename, plug = options(chance, cluster, target)
    question = Question(tuple(nodename), tuple(plug), cluster.nodes)
    found = set(map(show, expect(question, cluster.known, frozenset()).addresses))
    true = {show(a) for text in target.addresses if (a := pack(text))}
    assert found <= true, (seed, question, cluster)


def test_never_an_address_of_another_node() -> None:
    end = time.monotonic() + SECONDS
    first = sys.version_info[1] * MOST
    for seed in range(first, first + MOST):
        check(seed)
        if time.monotonic() > end:
            break
    assert seed > first + 1000, "the bound in time left too few"


@pytest.mark.parametrize("seed", range(200))
def test_what_corosync_conf_states_is_expected_whatever_the_name_service_does(seed: int) -> None:
    chance = random.Random(seed)
    cluster = make_cluster(chance)
    known = {text: found for text, found in cluster.known.items() if pack(text)}
    for target in cluster.hosts:
        name, *_ = target.names
        question = Question((name,), (name,), cluster.nodes)
        found = set(map(show, expect(question, known, frozenset()).addresses))
        assert found >= {show(a) for text in target.rings if (a := pack(text))}
