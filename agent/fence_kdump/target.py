"""The target's addresses, as far as they are known by now: more become known while names are
looked up. What makes an address the target's is expect's to say."""

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
    """The node that is to be fenced.

    expected -- dict of packed address -> the name by which it is expected
    """

    def __init__(self, question: Question, families: Collection[int]) -> None:
        """Start looking up its names.

        question -- who it is
        families -- AF_INET, AF_INET6: which addresses count
        """
        self.expected: dict[bytes, str] = {}
        self._question = question
        self._families = families
        self._resolver = Resolver(question.names(), again=AGAIN)

    def fileno(self) -> int:
        """For poll(2): readable when there is more to `learn`."""
        return self._resolver.fileno()

    def settle(self, seconds: float) -> None:
        """Wait until all is known or looking it up has failed, at most so long."""
        self._resolver.settle(seconds)

    def learn(self) -> tuple[tuple[str, ...], bool]:
        """Work out `expected` anew.

        Returns (one-line texts: what was left out, and why; whether more may become known).
        """
        self._resolver.take()
        # asked first: whoever answers from now on is judged the next time
        pending = self._resolver.pending()
        known = self._known()
        expectation = expect(self._question, known, frozenset())
        # only of these it matters: a large cluster's other addresses would all be asked for
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
        """The name of the node, "" if it is none of the cluster's, or nobody knows."""
        found = self._question.target(self._known())
        return found.name if found else ""

    def owners(self) -> dict[bytes, str]:
        """Packed address -> the name of the node that it belongs to."""
        return owners(self._question.nodes, self._known())

    def _known(self) -> dict[str, list[bytes]]:
        """Name -> packed addresses."""
        answers = self._resolver.known.copy()  # threads add to it
        return {name: [a for a in map(pack, texts) if a] for name, texts in answers.items()}
