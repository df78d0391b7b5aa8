"""Options for the sender as an administrator wrote them -> options that it will take.

A sender that is started with a wrong option sends nothing, so what it would not take is left out
here, with a warning, while somebody can still read it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Callable

__all__ = ["Options", "parse"]


@dataclass(frozen=True)
class Options:
    """Options and operands of a sender.

    words -- arguments that the sender takes, options only
    nodes -- the words that are no options
    family -- "auto", "ipv4" or "ipv6"
    problems -- one-line texts, one for every word that was left out
    """

    words: tuple[str, ...] = ()
    nodes: tuple[str, ...] = ()
    family: str = "auto"
    problems: tuple[str, ...] = ()


def _between(low: float, high: float, whole: bool) -> Callable[[str], bool]:
    def fits(text: str) -> bool:
        digits = text if whole else text.replace(".", "", 1)
        return digits.isascii() and digits.isdigit() and low <= float(text) <= high

    return fits


# long name -> (letter, test of the value); --verbose may have a value attached, and needs none
_VALUES: dict[str, tuple[str, Callable[[str], bool]]] = {
    "ipport": ("p", _between(1, 65535, True)),
    "family": ("f", lambda text: text.lower() in ("auto", "ipv4", "ipv6")),
    "count": ("c", _between(0, 2**31, True)),
    "interval": ("i", _between(0.001, 86400 * 365, False)),
    "fast-start": ("", _between(0, 86400 * 365, False)),
}
_LETTERS = {letter: name for name, (letter, _) in _VALUES.items() if letter}


def parse(words: Sequence[str], in_script: bool = False) -> Options:
    """Sort words into options and nodes, in getopt_long(3)'s ways of writing them.

    words -- arguments of a fence_kdump_send
    in_script -- kdump waits for the end of this sender. A count makes it end, and says nothing of
        a sender that kdump does not wait for: it is dropped without a word
    """
    kept: list[str] = []
    nodes: list[str] = []
    problems: list[str] = []
    family = "auto"
    rest = list(words)
    while rest:
        word = rest.pop(0)
        name, attached = _split(word)
        if name in _VALUES:
            if attached is None and not rest:
                problems.append(f"option {word!r} has no value; left out")
                continue
            value = rest.pop(0) if attached is None else attached
            if not _VALUES[name][1](value):
                problems.append(f"option {word!r} does not take {value!r}; left out")
            elif name == "count":
                if float(value) and not in_script:
                    problems.append(
                        f"option {word!r} left out: the sender goes on while the node dumps, as"
                        " the one to be told perhaps listens only later"
                    )
            else:
                kept += [f"--{name}", value]
                family = value.lower() if name == "family" else family
        elif name == "verbose":
            kept.append("--verbose")
        elif word == "--":
            nodes += rest
            break
        elif name:
            problems.append(f"option {word!r} is unknown here; left out")
        else:
            nodes.append(word)
    return Options(tuple(kept), tuple(nodes), family, tuple(problems))


def _split(word: str) -> tuple[str, str | None]:
    """An argument -> its option's long name ("" for none, "?" if unknown), attached value."""
    if word in ("-", "--") or not word.startswith("-"):
        return "", None
    if word.startswith("--"):
        start, equals, value = word[2:].partition("=")
        names = [n for n in (*_VALUES, "verbose") if n.startswith(start)]
        name = start if start in names else names[0] if len(names) == 1 else "?"
        return name, value if equals else None
    if word[1] == "v":
        return "verbose", None
    return _LETTERS.get(word[1], "?"), word[2:] or None
