"""Names -> addresses, now, while there is a resolver to ask.

A crash kernel may have none; and a name server that does not answer must not hold up a build.
"""

from __future__ import annotations

import ipaddress
import socket
import threading
import time
from collections.abc import Iterable, Mapping

__all__ = ["literal", "look_up"]

_FAMILIES = {"auto": socket.AF_UNSPEC, "ipv4": socket.AF_INET, "ipv6": socket.AF_INET6}


def literal(text: str) -> str | None:
    """The normal form of an address written as one, None if the text is a name."""
    host, percent, scope = text.partition("%")
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return None
    mapped = getattr(address, "ipv4_mapped", None)
    return f"{mapped or address}{percent}{scope}"


def look_up(
    names: Iterable[str], family: str = "auto", seconds: float = 10.0
) -> Mapping[str, tuple[str, ...]]:
    """Resolve names through the system's resolver, all at once.

    names -- host names; a text that is an address is its own answer, and a number that only
        inet_aton(3) takes for one has none: "3" is no 0.0.0.3, nor 010.0.0.5 an 8.0.0.5
    family -- "auto", "ipv4" or "ipv6": which addresses of a name count
    seconds -- how long to wait for all of them together

    Returns the addresses of each name, () for one that has none or that took too long.
    """
    answers: dict[str, tuple[str, ...]] = {}
    threads: list[threading.Thread] = []
    for name in dict.fromkeys(names):
        address = literal(name)
        answers[name] = (address,) if address else ()
        if not address and not _number(name):
            thread = threading.Thread(target=_ask, args=(name, family, answers), daemon=True)
            thread.start()
            threads.append(thread)
    end = time.monotonic() + seconds
    for thread in threads:
        thread.join(max(0.0, end - time.monotonic()))
    return dict(answers)


def _number(name: str) -> bool:
    try:
        socket.inet_aton(name)
    except (OSError, ValueError):
        return False
    return True


def _ask(name: str, family: str, answers: dict[str, tuple[str, ...]]) -> None:
    try:
        found = socket.getaddrinfo(name, None, _FAMILIES[family], socket.SOCK_DGRAM)
    except (OSError, ValueError):  # not found, or no host name at all
        return
    answers[name] = tuple(dict.fromkeys(literal(str(f[4][0])) or str(f[4][0]) for f in found))
