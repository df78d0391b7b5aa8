"""fence_kdump_send: repeatedly tells the other nodes that this node is dumping.

It runs frozen in the crash kernel, where memory is small and every millisecond before the first
message counts. So it imports only the built-in C modules of the interpreter (no os, re, enum,
argparse, logging, socket): each other module would add files to the crash image and time to the
start. It may import fence_kdump_protocol. It must never import or know of the agent.

options   argv -> Options
targets   nodes -> addresses, and which of them still need this round's message
schedule  when the next round is due
routes    rtnetlink: what has just become reachable
answers   a key, and the answers to challenges
allowance how often each survivor is answered
bpf       a kernel filter for the challenges that may be answered
sockets   the sockets for messages and for route changes
loop      sending and waiting
console   lines on standard error and in the kernel's log, without blocking
"""

__version__ = "0.2.0"
