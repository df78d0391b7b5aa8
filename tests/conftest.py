"""Where the sources are: tests run from the checkout, nothing is installed."""

from __future__ import annotations

import os
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))

sys.path[:0] = [os.path.join(ROOT, part) for part in ("protocol", "cluster", "sender", "agent")]
