"""The administrator's command `fence-kdump`: know before a crash, understand after it.

It changes nothing on this node or in the cluster. It may import the image helper, the cluster and
the protocol; nothing imports it. Reports are values; only `main` prints them.

probe    does a message get through to the other nodes? (asks them, harmlessly)
main     the command: its arguments, its output, its exit status
"""
