"""The nodes of the cluster, their names and their addresses.

Both the agent (which node to expect) and the image helper (which nodes to notify) use this package,
so they cannot disagree. It imports no other package of ours, and never prints. Only the modules
files and keyfiles read files. It follows the agent's rules for imports, because slow imports delay
the agent.

corosync   the text of corosync.conf -> its nodes, and what is wrong with it
cib        the bytes of a CIB -> the nodes that it knows, joined with corosync.conf's
files      reads a file: with a bound, and without waiting for a writer
addresses  literal addresses, as text and packed
resolve    names -> addresses, without waiting for a slow resolver
keyfiles   where the cluster's keys are, and what is wrong with such a file
plain      names and log lines as a terminal may have them
"""
