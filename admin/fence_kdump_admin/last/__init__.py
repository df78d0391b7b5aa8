"""What happened? The story of the last crash, from the records that are on this node.

event     one thing that happened, and when
crashlog  the crash kernel's own log, which kdump saves beside the dump
records   Pacemaker's log
find      where they are
story     both as one timeline, and the timeout that it calls for
"""
