"""Who is who in the cluster: its nodes, their names, their addresses.

The agent (whom to expect) and the image helper (whom to tell) both stand on this, so that they
cannot disagree. It imports nothing else of ours, reads no file but a key's, and never prints. As
the agent is slow to listen if its imports are, it keeps to the agent's rules for them.

corosync   the text of corosync.conf -> its nodes, and what is wrong with it
addresses  literal addresses, as text and packed
resolve    names -> addresses, without waiting for a slow resolver
keyfiles   where the cluster's keys are, and what is wrong with such a file
"""
