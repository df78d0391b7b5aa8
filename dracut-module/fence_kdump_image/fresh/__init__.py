"""Keeps the image fresh: the distribution's tool rebuilds a stale image, and kdump is never lost.

It may import `image`, `whom` and, through them, the rest. Never put a rebuild of our own here.

refresh    checks, rebuilds, checks again (asks the system)
rebuild    one rebuild, and the way back from it
hindrance  why a stale image is left to the administrator
keeper     keeps the old image until another one is loaded
tools      the distribution's commands that build and load
announce   tells the cluster which key the image has (asks the system)
packages   waits for the end of a package transaction (asks the system)
"""
