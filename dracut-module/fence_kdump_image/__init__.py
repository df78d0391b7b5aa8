"""What the crash image needs: which nodes to notify, over which links, from which address.

module-setup.sh runs it while a crash image is built, and an administrator can run it at any time.
Each folder answers one question. It may import those before it, and lint checks that:

whom   which nodes to notify, and which file lists them
way    over which links, and who sets them up
image  what goes into an image, and whether a finished image still fits
fresh  rebuilds a stale image

All of them run other programs through `programs`, so that none hangs. Only `main` prints. Nothing
here may run in the crash kernel, and nothing here may stop a build: a failure becomes a warning.
"""
