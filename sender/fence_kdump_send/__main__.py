"""The program that is frozen, and that `python3 -m fence_kdump_send` runs."""

import posix
import sys

from fence_kdump_send.main import main

# Look-ups may still hang in their threads: exit without waiting for them.
posix._exit(main(sys.argv[1:]))
