"""Options for the sender as an administrator wrote them -> options that it will take.

A sender with a wrong option sends nothing. So an option that the sender would not accept is
corrected if its meaning is clear. Otherwise it is ignored, with a warning that says what to write.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Callable

from fence_kdump_image.whom import words
from fence_kdump_protocol import times

__all__ = ["Options", "hosts", "parse"]

_LONGEST = 86400.0 * 365  # seconds that the sender takes


@dataclass(frozen=True)
class Options:
    """Options and operands of a sender.

    words -- options that the sender accepts
    nodes -- the words that are not options
    family -- "auto", "ipv4" or "ipv6"
    problems -- one-line texts, one for every word that is ignored
    """

    words: tuple[str, ...] = ()
    nodes: tuple[str, ...] = ()
    family: str = "auto"
    problems: tuple[str, ...] = ()


def _port(text: str) -> str:
    return text if _is_number(text) and 1 <= int(text) <= 65535 else ""


def _family(text: str) -> str:
    return text.lower() if text.lower() in ("auto", "ipv4", "ipv6") else ""


def _count(text: str) -> str:
    return text if _is_number(text) else ""


def _interval(text: str) -> str:
    return _seconds(text, 0.001)  # the sender's shortest


def _fast_start(text: str) -> str:
    return _seconds(text, 0.0)


def _seconds(text: str, low: float) -> str:
    found = times.seconds(text)
    if found is None or not low <= found <= _LONGEST:
        return ""
    return f"{found:.6f}".rstrip("0").rstrip(".")


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= 12


@dataclass(frozen=True)
class _Option:
    """One of the sender's options with a value.

    letter -- its short name, "" for none
    read -- a value as written -> as the sender accepts it, "" if it is wrong
    write -- what to write as a value
    """

    letter: str
    read: Callable[[str], str]
    write: str


# long name -> the option; --verbose is not here, because its value is optional
_VALUES: dict[str, _Option] = {
    "ipport": _Option("p", _port, "a port from 1 to 65535, as -p 7410"),
    "family": _Option("f", _family, "-f auto, -f ipv4 or -f ipv6"),
    "count": _Option("c", _count, "no count at all"),
    "interval": _Option("i", _interval, "seconds, as -i 10 or -i 0.5"),
    "fast-start": _Option("", _fast_start, "seconds, as --fast-start 60"),
    "key": _Option("", str, "no key: the image has the node's own"),
    "node": _Option("", str, "no name: the image has that of this node"),
}
_LETTERS = {option.letter: name for name, option in _VALUES.items() if option.letter}


def hosts(text: str) -> tuple[str, ...]:
    """The nodes in a list that is separated by blanks, commas or both."""
    return tuple(host for word in words.split(text) for host in re.split("[,;]+", word))


def parse(text: str, in_script: bool = False) -> Options:
    """Sort words into options and nodes, in getopt_long(3)'s ways of writing them.

    text -- arguments of a fence_kdump_send
    in_script -- whether kdump waits for the end of this sender. Then a count is only there to make
        it end. It does not apply to a sender for which kdump does not wait, so it is dropped
        silently
    """
    kept: list[str] = []
    nodes: list[str] = []
    problems: list[str] = []
    family = "auto"
    rest = words.split(text)
    while rest:
        word = rest.pop(0)
        name, attached = _split(word)
        if name in _VALUES:
            option = _VALUES[name]
            if attached is None and not rest:
                problems.append(
                    f"option {word!r} has no value and is ignored: write {option.write}"
                )
                continue
            value = rest.pop(0) if attached is None else attached
            taken = option.read(value)
            if not taken or name in ("key", "node"):
                problems.append(
                    f"option {word!r} cannot be {value!r} and is ignored: write {option.write}"
                )
            elif name == "count":
                if int(taken) and not in_script:
                    problems.append(
                        f"option {word!r} is ignored: the sender must send until the dump is done,"
                        f" because the other nodes may listen only later: write {option.write}"
                    )
            else:
                kept += [f"--{name}", taken]
                family = taken if name == "family" else family
        elif name == "verbose":
            kept.append("--verbose")
        elif word == "--":
            nodes += rest
            break
        elif name:
            problems.append(f"option {word!r} is unknown and is ignored: see fence_kdump_send(8)")
        else:
            nodes += hosts(word)
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
    return _LETTERS.get(word[1], "?"), word[2:].removeprefix("=") or None
