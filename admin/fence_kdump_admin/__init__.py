"""The administrator's command `fence-kdump`: check before a crash, understand after it.

It changes nothing on this node or in the cluster. It may import the image helper, the cluster and
the protocol; nothing imports it. Reports are values; only `main` prints them.

doctor     checks of this node and of the cluster's configuration
probe      does a message get through to the other nodes? (sends them a harmless datagram)
last       what happened in the last crash?
checks     the result of a check
arguments  the arguments of the command
tell       reports as text and as JSON
draw       a timeline as text
main       the command: its output and its exit status
"""
