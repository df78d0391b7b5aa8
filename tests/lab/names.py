"""A name server on a host."""

from __future__ import annotations

import socket
import threading
from collections.abc import Mapping

from lab.hosts import Host
from lab.packets import DNS, DNSRR

SERVFAIL, NXDOMAIN = 2, 3  # RFC 1035 section 4.1.1


class NameServer:
    """Knows IPv4 addresses of some names, and answers nobody before it is told to.

    host, address -- where it listens, on UDP port 53
    names -- name -> address, or "" to fail on it (SERVFAIL). The test may change it; other names
        do not exist (NXDOMAIN)

    asked -- set for good once somebody was answered
    """

    def __init__(self, host: Host, address: str, names: Mapping[str, str]) -> None:
        self.asked = threading.Event()
        self._names = names
        with host.entered():
            self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            self._end = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind((address, 53))
        self._thread = threading.Thread(target=self._serve)

    def __enter__(self) -> NameServer:
        return self

    def answer(self) -> None:
        """Answer from now on, what was asked before too."""
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._end.sendto(b"", self._socket.getsockname())
        if self._thread.is_alive():
            self._thread.join()
        self._socket.close()
        self._end.close()

    def _serve(self) -> None:
        while True:
            data, client = self._socket.recvfrom(512)
            if not data:
                return
            query = DNS(data)
            name = query.qd[0].qname
            address = self._names.get(name.decode().rstrip("."))
            found = [DNSRR(rrname=name, rdata=address)] if address else []
            records = found if query.qd[0].qtype == 1 else []
            result = {None: NXDOMAIN, "": SERVFAIL}.get(address, 0)
            reply = DNS(id=query.id, qr=1, rcode=result, qd=query.qd, an=records)
            self._socket.sendto(bytes(reply), client)
            self.asked.set()
