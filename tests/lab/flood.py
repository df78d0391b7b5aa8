"""A flood of one forged IPv4 packet, from ever other source ports, as fast as this machine can."""

from __future__ import annotations

import contextlib
import signal
import sys
from collections.abc import Callable, Iterator

from lab.hosts import Host
from lab.packets import Ether, Packet
from lab.programs import started

__all__ = ["flood"]

_PROGRAM = """
import signal, socket, sys
frame = bytearray.fromhex(sys.argv[1])
wire = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
wire.bind((sys.argv[2], 0))
sent = 0
def end(*_):
    print(sent, flush=True)
    sys.exit()
signal.signal(signal.SIGTERM, end)
print("flooding", flush=True)
while True:
    frame[34:36] = (1024 + sent % 60000).to_bytes(2, "big")
    try:
        wire.send(frame)
        sent += 1
    except OSError:  # no buffer
        pass
"""


@contextlib.contextmanager
def flood(host: Host, packet: Packet, to: str, device: str = "eth0") -> Iterator[Callable[[], int]]:
    """Send while the block lasts, at the lowest priority.

    packet -- UDP over IPv4, without a checksum
    to -- hardware address

    Yields what tells, afterwards, how many were sent.
    """
    frame = bytes(Ether(src=host.mac(device), dst=to) / packet)
    numbers: list[int] = []
    command = ["nice", sys.executable, "-c", _PROGRAM, frame.hex(), device]
    with started(*command, host=host) as program:
        assert program.line() == "flooding\n"
        yield lambda: numbers[0]
        program.process.send_signal(signal.SIGTERM)
        numbers.append(int(program.line()))
