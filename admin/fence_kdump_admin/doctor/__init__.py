"""Will it work? Checks of this node and of the cluster's configuration, and what to do.

Each module has the checks of one subject, in one function that returns them. None prints, and none
changes anything.

here      this node as the checks see it: its files, its network, its plan
crash     a crash kernel can start
image     what the crash image knows, and whether it still fits
watchdog  a hardware watchdog does not end the dump
firewall  messages of the other nodes get in
ruleset   what nft's rules do with a datagram
way       messages get through to the other nodes
cib       Pacemaker's configuration, as a file
live      the running cluster: who is a member, and which key each node has
commands  what to type, in the words of this node's cluster shell
options   the options of a fencing device, as Pacemaker reads them
quorum    how many nodes may crash at once and still be fenced
cluster   a device and a level for every node
device    the options of each fence_kdump device
keys      whether this node, and the others, can prove who they are
"""
