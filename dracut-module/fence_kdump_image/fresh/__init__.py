"""Is it kept fresh? Has a stale image rebuilt by the distribution's own tool; never loses kdump.

It may import `image`, `whom` and, through them, the rest. Never put here: a rebuild of our own.

refresh    look, rebuild, look again (asks the system)
rebuild    one rebuild, and the way back from it
hindrance  why a stale image is left to the administrator
keeper     the old image, at hand until another one is loaded
tools      the distribution's commands that build and load
announce   tells the cluster which key the image has (asks the system)
packages   waits for the end of a package transaction (asks the system)
"""
