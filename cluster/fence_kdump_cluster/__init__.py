"""Who is who in the cluster: its nodes, their names, their addresses.

The agent (whom to expect) and the image helper (whom to tell) both stand on this, so that they
cannot disagree. It imports nothing else of ours and never prints; only files and keyfiles read any.
As the agent is slow to listen if its imports are, it keeps to the agent's rules for them.

corosync   the text of corosync.conf -> its nodes, and what is wrong with it
cib        the bytes of a CIB -> the nodes that it knows, joined with corosync.conf's
files      reads a file: bounded, and never waiting for a writer
addresses  literal addresses, as text and packed
resolve    names -> addresses, without waiting for a slow resolver
keyfiles   where the cluster's keys are, and what is wrong with such a file
"""
