"""By which way? The links to the targets, and who sets them up in the crash kernel.

It may import `whom` and fence_kdump_cluster. Never put here: a file that goes into an image, or
anything that runs in the crash kernel.

network  what the running kernel says of addresses, devices, routes (asks the system)
drivers  which kernel modules a NIC needs (asks the system)
wrapped  what wraps a packet on its way, and is not replayed
source   from which address a target is told, and over which route
links    what that route stands on: NIC, vlan, bond, bridge
devices  how each of these is made again
owners   what else in the image sets up a NIC, a folder
dump     the server that takes the dump
nics     who sets up each NIC, and what is left for us
replay   the lines that the crash kernel replays
"""
