"""Which node is the target? The rule of fence_kdump(8), case by case.

plug decides. Pacemaker sends the target node in plug, or what pcmk_host_map contains for it, unless
the device itself sets plug. Pacemaker sends the name of the target in nodename, unless the device
itself sets nodename, for example to a list of all nodes. The agent cannot see which of the two a
device sets.
"""

from __future__ import annotations

from collections import namedtuple

from fence_kdump.roll import Roll, Standing
from fence_kdump_cluster.addresses import is_link_local, is_one_host, pack

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

__all__ = ["CASES", "Whom", "left_out", "never", "whom"]


class Whom(namedtuple("Whom", "node names warnings", defaults=((),))):
    """The target node.

    node -- its place on the roll; None if it is not there, or not known (yet)
    names -- tuple of the names and addresses from plug and nodename that belong to the target
    warnings -- tuple of one-line texts: which names do not count, and why
    """

    __slots__ = ()

    node: int | None
    names: tuple[str, ...]
    warnings: tuple[str, ...]


def whom(
    nodename: Sequence[str],
    plug: Sequence[str],
    roll: Roll,
    known: Mapping[str, Sequence[bytes]],
    complete: bool,
) -> Whom:
    """Which node is the target, by the first of `CASES` that applies.

    nodename, plug -- names and addresses
    roll -- the nodes of the cluster
    known -- name -> packed addresses, [] if there is no such host; absent while there is no answer
    complete -- whether a name that is not on the roll is certainly not a node
    """
    unfit = {name: why for name in (*plug, *nodename) if (why := _why_never(name))}
    refused = [left_out(name, name.partition("%")[0], why) for name, why in unfit.items()]
    ask = _Asked(
        nodename=tuple(name for name in nodename if name not in unfit),
        plug=tuple(name for name in plug if name not in unfit),
        roll=roll,
        known=known,
        complete=complete and not roll.faulty,
    )
    who = next(answer(ask) for _, holds, answer in CASES if holds(ask))
    return who._replace(warnings=(*refused, *who.warnings))


def left_out(name: str, address: str, why: str) -> str:
    """The warning that messages from an address do not count.

    name -- from which the address comes; it may be the address itself
    why -- continues "the address"
    """
    return f"{name}: messages from {address} do not count: the address {why}"


def never(address: bytes) -> str:
    """Why an address cannot be that of one certain host, "" if it can.

    address -- packed
    """
    if not is_one_host(address):
        return "is not the address of a single host"
    if is_link_local(address):
        return "may belong to another host on another link: use an address that is not link-local"
    return ""


class _Asked:
    """What `whom` was asked, and to which nodes plug and nodename belong."""

    def __init__(
        self,
        nodename: tuple[str, ...],
        plug: tuple[str, ...],
        roll: Roll,
        known: Mapping[str, Sequence[bytes]],
        complete: bool,
    ) -> None:
        self.nodename = nodename
        self.plug = plug
        self.roll = roll
        self.known = known
        self.complete = complete
        self.by_plug: Standing = roll.stand(plug)
        self.by_nodename: Standing = roll.stand(nodename)

    def is_label(self) -> bool:
        """Whether plug is the name of no host at all."""
        return all(name in self.known and not self.known[name] for name in self.plug)

    def one_node(self) -> int | None:
        """The one node to which all of nodename belongs; None if there is no such node."""
        each = [self.roll.stand((name,)) for name in self.nodename]
        if not each or not all(standing.sure for standing in each):
            return None
        nodes = {standing.nodes for standing in each}
        only = next(iter(nodes))
        return next(iter(only)) if len(nodes) == 1 and len(only) == 1 else None

    def called(self, place: int) -> str:
        return self.roll.name(place)


def _plug_is_undecided(ask: _Asked) -> bool:
    """Whether plug may turn out to belong to another node."""
    if ask.by_plug.sure:
        # nodename may still turn out to contradict a plug that is known by its address only
        named = any(ask.roll.says(name) for name in ask.plug)
        return bool(ask.by_plug.nodes) and not (named or ask.by_nodename.sure)
    return True


def _nobody_yet(ask: _Asked) -> Whom:
    why = ask.by_plug.why
    return Whom(None, (), (f"plug={_list(ask.plug)} does not count: {why}",) if why else ())


def _different_nodes(ask: _Asked) -> Whom:
    told = (
        f"nodename={_list(ask.nodename)} and plug={_list(ask.plug)} are different nodes in"
        " corosync.conf: remove nodename from the device's options, or plug if it is set there"
    )
    return Whom(None, (), (told,))


def _plug_is_a_node(ask: _Asked) -> Whom:
    nodes = ask.by_plug.nodes
    if len(nodes) > 1 and len(ask.plug) == 1:
        nodes &= ask.by_nodename.nodes  # one name with addresses of several nodes
    if len(nodes) != 1:
        found = ", ".join(map(ask.called, sorted(ask.by_plug.nodes)))
        return Whom(None, (), (f"{_list(ask.plug)} may be any of {found}, so it does not count",))
    (node,) = nodes
    names, warnings = [], []
    for name in dict.fromkeys([*ask.plug, *ask.nodename]):
        stands = ask.roll.stand((name,))
        if len(stands.nodes) > 1:
            found = ", ".join(map(ask.called, sorted(stands.nodes)))
            warnings.append(f"{name} may be any of {found}, so it does not count")
        elif stands.nodes == {node} or (name in ask.plug and not stands.nodes):
            names.append(name)
        elif stands.nodes:
            warnings.append(f"{name} is not the target node, so it does not count")
        elif ask.known.get(name):
            warnings.append(
                f"{name} is not known to be {ask.called(node)}, so it does not count: if it is, set"
                f' pcmk_host_map="{ask.called(node)}:{name}"'
            )
    return Whom(node, tuple(names), tuple(warnings))


def _nobody_can_say(ask: _Asked) -> bool:
    """Whether plug may be the name of a node that this host does not know."""
    return not ask.complete and not all(map(pack, ask.plug))


def _plug_alone(ask: _Asked) -> Whom:
    if not ask.is_label():
        return Whom(None, ask.plug)
    told = (
        f"plug={_list(ask.plug)} does not resolve, and without a readable CIB the agent cannot tell"
        f' which node it is: set pcmk_host_map="{ask.plug[0]}:ADDRESS"'
    )
    return Whom(None, (), (told,))


def _plug_is_a_label(ask: _Asked) -> Whom:
    node = ask.one_node()
    if node is not None or (len(ask.nodename) == 1 and pack(ask.nodename[0])):
        return Whom(node, ask.nodename)
    told = f"plug={_list(ask.plug)} is not a node in corosync.conf"
    if len(ask.nodename) > 1:
        told += ", and nodename lists several names: none of them counts"
    else:
        told += f', and it does not resolve: set pcmk_host_map="{ask.plug[0]}:ADDRESS"'
    return Whom(None, (), (told,))


def _plug_is_no_node(ask: _Asked) -> Whom:
    node = ask.one_node()
    if node is None or len(ask.nodename) > 1:  # a list comes from the device, not from Pacemaker
        return Whom(None, ask.plug)
    return Whom(node, tuple(dict.fromkeys([*ask.plug, *ask.nodename])))


def _no_plug(ask: _Asked) -> Whom:
    node = ask.one_node()
    if node is not None or len(ask.nodename) == 1:
        return Whom(node, ask.nodename)
    stands = ask.by_nodename
    answered = [n for n in ask.nodename if n in ask.known or ask.roll.says(n)]
    one = _Asked(tuple(answered), (), ask.roll, ask.known, ask.complete).one_node()
    if one is not None and len(answered) < len(ask.nodename):
        return Whom(one, ())  # if the rest turns out to be another node, that is an error
    if len(answered) < len(ask.nodename) and len(stands.nodes) < 2:
        return Whom(None, ())
    return Whom(
        None,
        (),
        (
            f"nodename={_list(ask.nodename)} may be several nodes, and nothing says which one is"
            " the target: name one node, or remove pcmk_host_argument so that Pacemaker sends plug",
        ),
    )


# Each row: its name, whether it applies, and the target in this case. The first one decides.
CASES: tuple[tuple[str, Callable[[_Asked], bool], Callable[[_Asked], Whom]], ...] = (
    ("no plug: nodename is one node's names", lambda ask: not ask.plug, _no_plug),
    ("it is not yet known which node plug is", _plug_is_undecided, _nobody_yet),
    (
        "plug is a node, nodename is another",
        lambda ask: (
            bool(ask.by_plug.nodes and ask.by_nodename.nodes)
            and not ask.by_plug.nodes & ask.by_nodename.nodes
        ),
        _different_nodes,
    ),
    ("plug is a node", lambda ask: bool(ask.by_plug.nodes), _plug_is_a_node),
    ("plug may be a node that this host does not know", _nobody_can_say, _plug_alone),
    ("plug is a label", _Asked.is_label, _plug_is_a_label),
    ("plug is an address or a host, but not a node", lambda ask: True, _plug_is_no_node),
)


def _why_never(name: str) -> str:
    packed = pack(name)
    return never(packed) if packed else ""


def _list(names: Sequence[str]) -> str:
    return ",".join(names)
