"""What the crash image needs to know: whom to tell, over which links, from which address.

Runs while a crash image is built (module-setup.sh calls it) and by hand for a look. One folder a
question; each may import those before it, and lint checks that:

whom   whom to tell: which nodes, by which file
way    over which links, and who sets them up
image  what goes into an image, and whether a finished one still fits
fresh  has a stale image rebuilt

All of them run other programs by `programs`, so that none hangs. Only `main` prints. Nothing here
may run in the crash kernel, and nothing here may stop a build: what cannot be done becomes a
warning.
"""
