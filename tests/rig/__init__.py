"""A node that panics for real, seen from a survivor: QEMU, dracut, and what listens.

Here lives whatever a test, the demo or a bench needs to let a kernel crash in a virtual
machine: the machine's network (`network`), its production system (`stage1`), disk (`disk`) and
crash image (`image`), the machine itself (`vm`), the ears of the survivor (`witness`, `agent`,
`dump_server`), and one run of all of them (`run`). `guest/` has what runs inside the machine.
Nothing here asserts: that is the tests' part. Nothing of the product is imported: the rig only
runs it.
"""
