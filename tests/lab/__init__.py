"""What tests share: hosts as network namespaces, and the programs under test as processes.

Nothing here knows a test. All of it needs the namespaces that tools/sandbox makes; whatever a test
forgets ends with them.
"""
