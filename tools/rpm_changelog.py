"""rpm_changelog.py CHANGELOG.md: print its releases as an RPM's %changelog.

CHANGELOG.md has the form of keepachangelog.com, 1.1.0: a release is "## [VERSION] - YYYY-MM-DD",
and its items begin with "- ". What is not released is left out.
"""

from __future__ import annotations

import datetime
import re
import sys
import textwrap
from collections.abc import Iterator

_PACKAGER = "fence-kdump"
_RELEASE = re.compile(r"^## \[([0-9.]+)\] - (\d{4}-\d\d-\d\d)$", re.MULTILINE)
_ITEM = re.compile(r"^- (.*(?:\n  .*)*)", re.MULTILINE)


def changelog(text: str) -> str:
    """The section, with a blank line between releases.

    text -- of CHANGELOG.md

    Raises ValueError if there is no release in it.
    """
    entries = list(_entries(text))
    if not entries:
        raise ValueError("no release in it: a line like '## [1.0.0] - 2026-01-31'")
    return "%changelog\n" + "\n".join(entries)


def _entries(text: str) -> Iterator[str]:
    _, *parts = _RELEASE.split(text)
    for version, day, body in zip(parts[::3], parts[1::3], parts[2::3]):
        # the names of days and months must not follow the locale
        date = datetime.date.fromisoformat(day).ctime().split()
        lines = [f"* {date[0]} {date[1]} {date[2]:0>2} {date[4]} {_PACKAGER} - {version}-1"]
        # rpm expands macros in here, too
        for item in _ITEM.findall(body.replace("%", "%%").replace("`", "")):
            lines += textwrap.wrap(
                " ".join(item.split()), 78, initial_indent="- ", subsequent_indent="  "
            )
        yield "\n".join(lines) + "\n"


if __name__ == "__main__":
    with open(sys.argv[1], encoding="utf-8") as file:
        sys.stdout.write(changelog(file.read()))
