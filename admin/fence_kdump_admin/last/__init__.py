"""What happened? The story of the last crash, of the records that it has left on this node.

event     one thing that happened, and when
crashlog  the crash kernel's own log, which kdump saves beside the dump
records   Pacemaker's log
find      where they are
story     both as one timeline, and the time-out that follows from it
"""
