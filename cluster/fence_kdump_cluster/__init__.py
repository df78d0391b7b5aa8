"""What the cluster's own configuration says: its nodes, their names, their ring addresses.

Here live the parsers of the cluster's files: text in, values out. They import nothing of ours,
read no file, open no socket and never print; a fault in the text becomes a value, too.
The agent (whom to expect) and the image helper (whom to tell) both stand on this.
"""
