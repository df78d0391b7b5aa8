"""The content of an image: the plan, the files made from it, and what a finished image contains.

It may import `whom`, `way` and fence_kdump_cluster. Never put anything here that starts a build.

watchdog   hardware watchdogs that are armed (asks the system)
plan       this node's configuration and network -> what an image gets
files      a plan -> files below an image's root, and what dracut must add
software   our programs -> below an image's root
libraries  the system libraries that the frozen sender needs
manifest   what was put in, and from which sources
memory     how much memory drivers need
content    the files in a finished image (asks the system)
proof      checks that everything is in the finished image (asks modinfo)
finished   which image kdump loads, and the manifest in it (asks the system)
check      checks whether a finished image still fits
show       what an image would get, or a finished one contains, for people and as data
"""
