"""The sockets for messages and for route changes."""

from __future__ import annotations

import _socket

from fence_kdump_send.console import say
from fence_kdump_send.routes import GROUPS

__all__ = ["listen_to_routes", "open_socket", "source_of"]

# Messages to neighbours that do not answer wait in the send buffer of the socket. With the default
# size, a few hundred dead nodes would block the messages to live nodes.
SEND_BUFFER = 8 << 20
_SO_SNDBUFFORCE = 32  # asm-generic/socket.h; Python has no name for it
_IP_PKTINFO = 8  # linux/in.h


def open_socket(family: int, port: int) -> _socket.socket:
    """A socket for messages, which never waits.

    family -- AF_INET or AF_INET6
    port -- the port to send from. Survivors send their challenges to it, and each challenge comes
        with the address to which it was sent. If another program has the port, challenges can still
        go to the port from which a message came. With 0, any port is used and no challenges are
        expected

    Raises OSError.
    """
    sock = _socket.socket(family, _socket.SOCK_DGRAM | _socket.SOCK_CLOEXEC)
    sock.setblocking(False)
    try:
        sock.setsockopt(_socket.SOL_SOCKET, _SO_SNDBUFFORCE, SEND_BUFFER)
    except OSError:  # only root may exceed the limit
        sock.setsockopt(_socket.SOL_SOCKET, _socket.SO_SNDBUF, SEND_BUFFER)
    if port:
        _bind(sock, port)
    return sock


def _bind(sock: _socket.socket, port: int) -> None:
    try:
        if sock.family == _socket.AF_INET6:
            sock.setsockopt(_socket.IPPROTO_IPV6, _socket.IPV6_RECVPKTINFO, 1)
            sock.setsockopt(_socket.IPPROTO_IPV6, _socket.IPV6_V6ONLY, 1)  # IPv4 has its own
            sock.bind(("::", port))
        else:
            sock.setsockopt(_socket.IPPROTO_IP, _IP_PKTINFO, 1)
            sock.bind(("0.0.0.0", port))  # noqa: S104
    except OSError as error:
        say(f"cannot send from UDP port {port}: {error.strerror}; challenges may get lost")


def source_of(sockaddr: tuple[object, ...]) -> str:
    """The address from which a message to an IPv4 address would come, "" if that is not known.

    sockaddr -- the argument of sendto

    With a route but without an address, the kernel sends from 0.0.0.0, and nobody believes that.
    For IPv6 it refuses.
    """
    try:
        probe = _socket.socket(_socket.AF_INET, _socket.SOCK_DGRAM | _socket.SOCK_CLOEXEC)
    except OSError:
        return ""
    try:
        probe.connect(sockaddr)  # sends nothing, but chooses the route and the source
        return str(probe.getsockname()[0])
    except OSError:
        return ""
    finally:
        probe.close()


def listen_to_routes() -> _socket.socket | None:
    """A socket with the data for `routes`; None, after a line that says so, if there is none."""
    try:
        netlink = _socket.socket(
            _socket.AF_NETLINK, _socket.SOCK_RAW | _socket.SOCK_CLOEXEC, _socket.NETLINK_ROUTE
        )
        netlink.setblocking(False)
        netlink.bind((0, GROUPS))
    except OSError as error:
        say(f"cannot listen to rtnetlink: {error.strerror}; retrying twice a second instead")
        return None
    return netlink
