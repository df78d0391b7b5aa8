"""The addresses of the target, as far as they are known.

More become known while names are looked up. `expect` decides which addresses belong to the target.
"""

from __future__ import annotations

from fence_kdump.expect import Question, expect, may_grow, owners
from fence_kdump.own import own_addresses
from fence_kdump_cluster.addresses import family_of, pack
from fence_kdump_cluster.resolve import Resolver

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection

__all__ = ["Target"]

AGAIN = 1.0  # seconds until a name is looked up again after that failed


class Target:
    """The target node.

    expected -- dict of packed address -> the name by which it is expected
    """

    def __init__(self, question: Question, families: Collection[int]) -> None:
        """Start looking up its names.

        question -- which node it is
        families -- AF_INET, AF_INET6: which addresses count
        """
        self.expected: dict[bytes, str] = {}
        self._question = question
        self._families = families
        self._resolver = Resolver(question.names(), again=AGAIN)

    def fileno(self) -> int:
        """For poll(2): readable when `learn` should be called."""
        return self._resolver.fileno()

    def settle(self, seconds: float) -> None:
        """Wait until every name is known or its look-up has failed, but not longer than this."""
        self._resolver.settle(seconds)

    def learn(self) -> tuple[tuple[str, ...], bool]:
        """Work out `expected` anew.

        Returns (one-line texts: what was left out, and why; whether more may become known).
        """
        self._resolver.take()
        # asked first: an answer that comes later is used the next time
        pending = self._resolver.pending()
        known = self._known()
        expectation = expect(self._question, known, frozenset())
        # only these matter; in a large cluster there are many others
        own = own_addresses(expectation.addresses)
        expectation = expect(self._question, known, own)
        self.expected = {
            address: name
            for address, name in expectation.addresses.items()
            if family_of(address) in self._families
        }
        return expectation.warnings, pending and may_grow(self._question, known, own)

    def unknown(self) -> dict[str, str]:
        """The names without an answer, and why: name -> one-line text."""
        return self._resolver.unknown()

    def node(self) -> str:
        """The name of the node, "" if it is not in the cluster, or not known."""
        found = self._question.target(self._known())
        return found.name if found else ""

    def owners(self) -> dict[bytes, str]:
        """Packed address -> the name of the node to which it belongs."""
        return owners(self._question.nodes, self._known())

    def _known(self) -> dict[str, list[bytes]]:
        """Name -> packed addresses."""
        answers = self._resolver.known.copy()  # threads add to it
        return {name: [a for a in map(pack, texts) if a] for name, texts in answers.items()}
