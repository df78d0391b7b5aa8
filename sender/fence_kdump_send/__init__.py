"""fence_kdump_send: tells the other nodes, again and again, that this one is dumping.

It runs frozen in the crash kernel, where memory is small and every millisecond before the first
message counts. So nothing here imports more than the interpreter's built-in C modules (no os, re,
enum, argparse, logging, socket): each would add files to the crash image and time to the start.
It may import fence_kdump_protocol; it must never import or know of the agent.

options   argv -> Options
targets   nodes -> addresses, and what each still has to be sent
schedule  when the next round is due
routes    rtnetlink: what just became reachable
answers   a key, and the challenges that it answers
allowance how often each survivor is answered
bpf       a kernel filter for just the challenges that may be answered
sockets   to send by, and to hear of routes
loop      sending and waiting
console   one line on stderr, which never blocks
"""

__version__ = "0.2.0"
