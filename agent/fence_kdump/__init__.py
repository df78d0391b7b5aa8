"""fence_kdump: the STONITH agent that Pacemaker runs on a survivor.

It succeeds when a fence_kdump message arrives from the node that is to be fenced: that node is in
its crash kernel. Nothing else makes it succeed, for a false success corrupts data.

It runs on the system's Python, 3.9 and newer, and on nothing but the standard library; importing
typing, argparse, dataclasses or threading costs milliseconds before it listens, so those are
imported where a path needs them. It may import fence_kdump_protocol and fence_kdump_cluster; it
must never import or know of the sender.

options    values -> Options, and what is wrong with them
arguments  argv -> values
stdin      standard input -> values
metadata   the XML that Pacemaker and pcs read
expect     whom to expect, and whom not
bpf        a kernel filter for just the messages that may count
datagram   what a raw socket delivers -> source and payload
rtnetlink  questions to the kernel about its network
own        this host's own addresses
vrf        which interfaces are in a network of their own
inlet      a socket that delivers (source, payload), bound or raw
doorstep   what reaches the host and not the port
ears       all of them: for what may count, and for what comes from elsewhere
sources    the files that say who is who
target     the addresses of the node to be fenced, as they become known
keyring    the keys that a node may prove itself with, and whether it has to
proof      whom to challenge, and what an answer is worth
dialogue   the sockets for that
conversation  the two, under the policy that is in force
judge      what counts, and an account of what does not
watch      the loop: what is heard, of whom, and what is made of it
wait       open, ask, listen until a message counts or the time is up
tell       what happens meanwhile
outcome    what it comes to
monitor    can this node do its part?
report     stderr and syslog
main       parse, call, print
"""

__version__ = "0.2.0"
