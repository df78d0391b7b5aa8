"""What the crash image needs to know: whom to tell, over which links, from which address.

Runs while a crash image is built (module-setup.sh calls it) and by hand for a look. Here live the
parsers of the configuration files, the reading of the running kernel's network, and the plan made
of both, which the crash kernel replays; and what tells whether a finished image fits (`check`) and
has it rebuilt (`refresh`). Only `network`, `resolve`, `image` and `refresh` ask the system
anything, only `main` prints; nothing here may run in the crash kernel, and nothing here may stop a
build: what cannot be done becomes a warning.
"""
