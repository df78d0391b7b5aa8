"""Names -> addresses, while the image is built.

The crash kernel may have no resolver. A name server that does not answer must not delay a build.
"""

from __future__ import annotations

import socket
from collections.abc import Iterable, Mapping

from fence_kdump_cluster.resolve import Resolver

__all__ = ["look_up"]

_FAMILIES = {"auto": socket.AF_UNSPEC, "ipv4": socket.AF_INET, "ipv6": socket.AF_INET6}


def look_up(
    names: Iterable[str], family: str = "auto", seconds: float = 10.0
) -> Mapping[str, tuple[str, ...]]:
    """Resolve names through the system's resolver, all at once.

    names -- host names and literal addresses
    family -- "auto", "ipv4" or "ipv6": which addresses of a name count
    seconds -- how long to wait for all of them together

    Returns the addresses of each name, () if it has none or the answer took too long.
    """
    wanted = tuple(dict.fromkeys(names))
    resolver = Resolver(wanted, _FAMILIES[family])
    resolver.settle(seconds)
    return {name: resolver.known.get(name, ()) for name in wanted}
