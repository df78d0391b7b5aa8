"""Does a message of the crash kernel get through to the other nodes?

A datagram goes out from the address and over the device that the crash kernel will use. No listener
takes it for a message. The answer, or the silence, tells how far it got.

goals    which addresses to try, from where
errors   what ICMP has answered, as the kernel keeps it for a socket
judge    the answers -> one word for the way
send     the sockets, and when to send what
words    each word as a sentence, and the remedy
listen   the other end: which probes come in, and which pass this node's firewall
"""

from __future__ import annotations

__all__ = ["PAYLOAD"]

# No agent takes it for a message: version 1 begins with 0x40 or 0x1b, a challenge with "FKX1". It
# is not shorter than a message: the C agent would judge the bytes of an earlier datagram then.
PAYLOAD = b"fence-kdump probe\n"
