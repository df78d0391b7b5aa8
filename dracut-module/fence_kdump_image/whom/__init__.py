"""Which nodes the crash kernel notifies, which files list them, and with which sender options.

It contains parsers of configuration files (text in, values out), the resolver, and the answer that
combines them. It may import fence_kdump_cluster and fence_kdump_protocol, but nothing else of ours.
Never put anything about devices, routes or images here.

targets    the targets: all configured nodes except this one, as addresses
itself     which names and addresses belong to this node
sources    all files together -> the nodes that they list, and options for the sender
kdumpconf  /etc/kdump.conf
members    the members of a Pacemaker Remote node's cluster (asks the system)
sysconfig  files of NAME=value lines
options    the sender's options, as administrators write them
words      quotes, commas and dashes that do not belong to a word
resolve    names -> addresses, while the image is built
"""
