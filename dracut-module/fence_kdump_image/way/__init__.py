"""The links to the targets, and which program sets them up in the crash kernel.

It may import `whom` and fence_kdump_cluster. Never put anything here that goes into an image or
runs in the crash kernel.

network  addresses, devices and routes of the running kernel (asks the system)
drivers  the kernel modules that a NIC needs (asks the system)
wrapped  encapsulation on the way, which is not replayed
source   from which address a target is notified, and over which route
links    the devices below that route: NIC, vlan, bond, bridge
devices  how to create each of these again
owners   what else in the image sets up a NIC (a folder)
dump     the server that receives the dump
nics     which program sets up each NIC, and what is left for us
replay   the lines that the crash kernel replays
"""
