"""Is it kept fresh? Has a stale image rebuilt by the distribution's own tool; never loses kdump.

It may import `image`, `whom` and, through them, the rest. Never put here: a rebuild of our own.

refresh   look, rebuild, load, look again (asks the system)
packages  waits for the end of a package transaction (asks the system)
"""
