"""What is in the image? The plan, the files made of it, and what a finished image holds.

It may import `whom`, `way` and fence_kdump_cluster. Never put here: anything that starts a build.

watchdog   hardware watchdogs that are armed (asks the system)
plan       this machine's configuration and network -> what an image gets
files      a plan -> files below an image's root, and what dracut must add
software   our programs -> below an image's root
libraries  what the frozen sender needs of the system
manifest   what was put in, and from which sources
memory     what drivers cost
content    the files in a finished image (asks the system)
proof      is all of it in the image that was made? (asks modinfo)
finished   which image kdump loads, and the manifest in it (asks the system)
check      does a finished image still fit?
show       what an image would get, or a finished one holds, for people and as data
"""
