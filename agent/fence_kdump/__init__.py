"""fence_kdump: the STONITH agent that Pacemaker runs on a surviving node.

It succeeds when a fence_kdump message arrives from the target node, because that node then runs
its crash kernel. Nothing else makes it succeed: a false success corrupts data.

It runs on the system's Python, 3.9 and newer, and uses only the standard library. Importing typing,
argparse, dataclasses or threading costs milliseconds before it listens, so those are imported only
where they are needed. It may import fence_kdump_protocol and fence_kdump_cluster. It must never
import or know of the sender.

options    values -> Options, and what is wrong with them
arguments  argv -> values
stdin      standard input -> values
metadata   the XML that Pacemaker and pcs read
whom       which node is the target
roll       which node has which name and address
expect     from which addresses a message counts
advice     what to do about messages that do not count
bpf        kernel filters for the messages that may count
datagram   what a raw socket delivers -> source and payload
rtnetlink  questions to the kernel about its network
own        the addresses of this host
vrf        which interfaces are in a network of their own
inlet      a socket that delivers (source, payload), bound or raw
doorstep   messages that reach this host but not the port
ears       all inlets, and the sockets that look for messages from other addresses
sources    reads the files that say which node has which name and address
target     the addresses of the target node, as they become known
keyring    the keys with which a node may prove its identity, and whether it must
proof      whom to challenge, and what an answer proves
dialogue   the sockets for challenges and answers
conversation  proof and dialogue together, under the policy in force
judge      decides which datagrams count, and counts the others
watch      the loop: waits for datagrams and judges them
wait       opens the sockets and listens until a message counts or the time is up
tell       whom to tell about events during the wait
outcome    the results of the wait
monitor    checks whether this node is ready
report     writes to standard output, standard error and syslog
main       parses, calls, prints
"""

__version__ = "0.2.0"
