"""What the documents tell an administrator to type."""

from __future__ import annotations

import re

from lab.programs import ROOT

__all__ = ["block"]


def block(name: str, begins: str, contains: str = "") -> str:
    """The only block of a page that begins so, and contains that.

    name -- docs/install.md
    """
    with open(f"{ROOT}/{name}", encoding="utf-8") as file:
        blocks = re.findall(r"^```\n(.*?)^```$", file.read(), re.MULTILINE | re.DOTALL)
    (found,) = [text for text in blocks if text.startswith(begins) and contains in text]
    return str(found)
