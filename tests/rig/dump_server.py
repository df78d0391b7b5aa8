"""A server that takes a dump over the network, as the kdump of a node without a dump disk wants it.

Runs as a program of its own inside the survivor's network: dump_server.py ADDRESS PORT FILE. The
address that the dump came from is in FILE.from.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .network import Network

__all__ = ["DumpServer"]


def _receive(address: str, port: int, path: str) -> None:
    server = socket.create_server((address, port))
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    connection, peer = server.accept()
    with open(f"{path}.from", "w", encoding="ascii") as file:
        file.write(str(peer[0]))
    with connection, connection.makefile("rb") as source, open(path, "wb") as target:
        shutil.copyfileobj(source, target)


class DumpServer:
    """Receives one dump, in makedumpfile's flattened format, into the file `path`.

    where -- address and port, as the node's kdump.conf has them behind "netcat"
    """

    def __init__(self, network: Network, path: str, where: str) -> None:
        program = [sys.executable, "-I", os.path.abspath(__file__)]
        self._argv = network.command(*program, *where.split(), path)

    def __enter__(self) -> DumpServer:
        self._program = subprocess.Popen(self._argv, stdout=subprocess.PIPE)
        assert self._program.stdout is not None
        assert self._program.stdout.readline() == b"ready\n"
        return self

    def __exit__(self, *_: object) -> None:
        self._program.kill()
        self._program.communicate()


if __name__ == "__main__":
    _receive(sys.argv[1], int(sys.argv[2]), sys.argv[3])
