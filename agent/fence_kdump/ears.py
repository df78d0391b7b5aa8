"""All sockets of the agent: inlets for messages that may count, lookouts for all other messages.

They are opened before anything else is done. Messages that arrive in the meantime wait in them.
"""

from __future__ import annotations

from fence_kdump.inlet import FAMILIES, CannotListen, Inlet, NoSuchFamily, open_inlet, open_lookout
from fence_kdump_cluster.addresses import family_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection

__all__ = ["Ears"]


class Ears:
    """Sockets for one port.

    inlets, lookouts -- dicts of AF_INET, AF_INET6 -> socket
    blind -- why there are no lookouts, "" if there are
    """

    def __init__(self, families: Collection[int], port: int) -> None:
        """Open the inlets. `expect` reports a family in which the agent cannot listen.

        families -- AF_INET, AF_INET6: the families in which messages count
        port -- UDP port
        """
        self.inlets: dict[int, Inlet] = {}
        self.lookouts: dict[int, Inlet] = {}
        self.blind = ""
        self._families = families
        self._port = port
        self._deaf: dict[int, str] = {}
        for family in families:
            try:
                self.inlets[family] = open_inlet(family, port)
            except CannotListen as error:
                self._deaf[family] = str(error)

    def expect(self, sources: Collection[bytes], pending: bool) -> list[str]:
        """Let through what comes from these addresses, and look out for messages from others.

        sources -- packed addresses
        pending -- whether there may be more of them later

        Returns one-line texts: in which family the agent cannot listen, and why. Raises
        CannotListen if there is no other family.
        """
        warnings = []
        of: dict[int, list[bytes]] = {family: [] for family in FAMILIES["auto"]}
        for address in sources:
            of[family_of(address)].append(address)
        for family in self._families:
            if family in self.inlets:
                self.inlets[family].filter(of[family])
            elif of[family]:
                if len(of[family]) == len(sources) and not pending:
                    raise CannotListen(self._deaf[family])
                warnings.append(self._deaf[family])
        for family, addresses in of.items():
            self._look_out(family, addresses)
        return warnings

    def dropped(self) -> int | None:
        """How many datagrams to the port the filters rejected; None if that is not known."""
        if any(inlet.raw for inlet in self.inlets.values()):
            return None
        return sum(inlet.dropped() for inlet in self.inlets.values())

    def close(self) -> None:
        """Give the sockets back."""
        for inlet in (*self.inlets.values(), *self.lookouts.values()):
            inlet.close()

    def _look_out(self, family: int, expected: list[bytes]) -> None:
        if family in self.lookouts:
            self.lookouts[family].filter(expected, wanted=False)
        elif not self.blind:
            try:
                self.lookouts[family] = open_lookout(family, self._port, expected)
            except NoSuchFamily:  # then nothing can arrive in it
                pass
            except CannotListen as error:
                self.blind = str(error)
