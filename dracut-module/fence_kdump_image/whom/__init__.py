"""Whom does the crash kernel tell? Which nodes, by which file, with which options of the sender.

Parsers of configuration files (text in, values out), this machine's resolver, and the one answer
made of all. It may import fence_kdump_cluster,
fence_kdump_protocol and nothing else of ours. Never put here: anything
about devices, routes or images.

targets    whom to tell: all that is configured, minus this node, as addresses
itself     what stands for this node
sources    all files together -> all that they name, and options for the sender
kdumpconf  /etc/kdump.conf
members    the members of a Pacemaker Remote node's cluster (asks the system)
sysconfig  files of NAME=value lines
options    the sender's options, as administrators write them
words      quotes, commas and dashes that are not meant
resolve    names -> addresses, now, while there is a resolver to ask
"""
