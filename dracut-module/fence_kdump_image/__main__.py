"""python3 -m fence_kdump_image"""

import sys

from fence_kdump_image.main import main

sys.exit(main(sys.argv[1:]))
