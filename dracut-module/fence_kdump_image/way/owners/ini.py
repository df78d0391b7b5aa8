"""Files of sections and settings, as NetworkManager and systemd-networkd have them."""

from __future__ import annotations

__all__ = ["parse"]


def parse(text: str) -> dict[tuple[str, str], list[str]]:
    """(section, key) -> its values, as some keys may be repeated."""
    values: dict[tuple[str, str], list[str]] = {}
    section = ""
    for raw in text.splitlines():
        line = raw.strip()
        if line.startswith("[") and line.endswith("]"):
            section = line[1:-1]
        elif "=" in line and not line.startswith(("#", ";")):
            key, _, value = line.partition("=")
            values.setdefault((section, key.strip()), []).append(value.strip())
    return values
