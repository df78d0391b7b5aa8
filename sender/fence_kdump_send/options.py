"""The command line: argv -> Options.

It is parsed by hand, as getopt_long(3) would do it, because argparse and getopt need more start-up
time than all the rest. OPTIONS is the only table of the options. The usage text, and through it the
man page, are made from it.
"""

from __future__ import annotations

from fence_kdump_protocol import PORT
from fence_kdump_protocol.times import seconds

__all__ = ["OPTIONS", "Option", "Options", "UsageError", "parse", "usage"]

DEFAULT_INTERVAL = 10.0
SHORTEST_INTERVAL = 0.001
LONGEST = 86400.0 * 365


class UsageError(ValueError):
    """The command line is wrong; the text names the value and what would be right."""


class Options:
    """The options of the command line.

    port -- UDP port, 1 to 65535
    family -- "auto", "ipv4" or "ipv6"
    count -- rounds of messages to every address, 0 for no limit
    interval -- seconds between rounds, may have a fraction
    fast_start -- seconds during which there is a round every second
    crash_only -- exit before a round if /proc/vmcore does not exist
    key -- path of the file with this node's key, "" for none
    node -- this node's name, as in corosync.conf, for its proof
    verbose -- 0, or the level of -v
    nodes -- names and addresses to tell
    help, version -- print this text instead
    """

    __slots__ = (
        "count",
        "crash_only",
        "family",
        "fast_start",
        "help",
        "interval",
        "key",
        "node",
        "nodes",
        "port",
        "verbose",
        "version",
    )

    def __init__(self) -> None:
        self.port = PORT
        self.family = "auto"
        self.count = 0
        self.interval = DEFAULT_INTERVAL
        self.fast_start = 0.0
        self.crash_only = False
        self.key = ""
        self.node = ""
        self.verbose = 0
        self.help = False
        self.version = False
        self.nodes: list[str] = []


class Option:
    """One option: letter, long name, name of its value, help; "" for what it does not have."""

    __slots__ = ("help", "letter", "name", "value")

    def __init__(self, letter: str, name: str, value: str, text: str) -> None:
        self.letter = letter
        self.name = name
        self.value = value
        self.help = text


OPTIONS = (
    Option("p", "ipport", "PORT", "UDP port to send to (default: 7410)"),
    Option("f", "family", "FAMILY", "auto, ipv4 or ipv6 (default: auto)"),
    Option("c", "count", "COUNT", "messages to every address, 0 for no limit (default: 0)"),
    Option("i", "interval", "SECONDS", "time between messages (default: 10)"),
    Option("", "fast-start", "SECONDS", "send every second during this time first (default: 0)"),
    Option("", "crash-only", "", "exit without sending if /proc/vmcore does not exist"),
    Option("", "key", "FILE", "file with this node's key, to answer challenges"),
    Option("", "node", "NAME", "this node's name in the cluster, for --key"),
    Option("v", "verbose", "[LEVEL]", "report every message, not only the first ones"),
    Option("V", "version", "", "print the version"),
    Option("h", "help", "", "print this help"),
)

HINT = "try 'fence_kdump_send --help'"


def usage() -> str:
    """The help text."""
    lines = [
        "Usage: fence_kdump_send [OPTION]... NODE...",
        "",
        "Repeatedly send a message to every NODE (name or address). The message says that this",
        "node runs its crash kernel. The cluster then lets it finish its kernel dump.",
        "",
        "Options:",
    ]
    for option in OPTIONS:
        short = f"-{option.letter}, " if option.letter else "    "
        value = option.value if option.value.startswith("[") else f"={option.value}"
        long = f"--{option.name}" + value.replace("[", "[=") * bool(option.value)
        lines.append(f"  {short}{long:<22} {option.help}")
    lines += [
        "",
        "Exit status: 0 if all messages were sent or SIGTERM ended the program (with --crash-only",
        "SIGTERM is no success), 1 if an OPTION is wrong or no NODE has an address.",
        "",
    ]
    return "\n".join(lines)


def parse(argv: list[str]) -> Options:
    """Read a command line as getopt_long(3) does: options and nodes in any order, long names may
    be abbreviated, "--" ends the options.

    argv -- the arguments without the program's name

    Raises UsageError, which names the argument that is wrong.
    """
    options = Options()
    rest = list(argv)
    while rest:
        word = rest.pop(0)
        if word == "--":
            options.nodes += rest
            break
        if word.startswith("--"):
            _long(options, word, rest)
        elif word.startswith("-") and word != "-":
            _short(options, word, rest)
        else:
            options.nodes.append(word)
    if not "".join(options.nodes).strip() and not (options.help or options.version):
        raise UsageError(
            "no node to send to" + ": '' is not a name or an address" * bool(options.nodes)
        )
    return options


def _long(options: Options, word: str, rest: list[str]) -> None:
    name, equals, value = word[2:].partition("=")
    found = [o for o in OPTIONS if o.name == name] or [
        o for o in OPTIONS if o.name.startswith(name)
    ]
    if len(found) != 1:
        raise UsageError(f"{'ambiguous' if found else 'unknown'} option '{word}'")
    option = found[0]
    if equals and not option.value:
        raise UsageError(f"option '--{option.name}' takes no value, not '{value}'")
    if option.value and not equals and not option.value.startswith("["):
        value = _next(word, rest)
    _set(options, option, value)


def _short(options: Options, word: str, rest: list[str]) -> None:
    for position, letter in enumerate(word[1:], 2):
        found = [o for o in OPTIONS if o.letter == letter]
        if not found:
            raise UsageError(f"unknown option '-{letter}'")
        option = found[0]
        if not option.value:
            _set(options, option, "")
            continue
        value = word[position:]
        if not value and not option.value.startswith("["):
            value = _next(word, rest)
        _set(options, option, value)
        return


def _next(word: str, rest: list[str]) -> str:
    if not rest:
        raise UsageError(f"option '{word}' needs a value")
    return rest.pop(0)


def _set(options: Options, option: Option, value: str) -> None:
    name = option.name
    if name == "ipport":
        options.port = _whole(value, "port", 1, 65535)
    elif name == "family":
        options.family = value.lower()
        if options.family not in ("auto", "ipv4", "ipv6"):
            raise UsageError(f"unsupported family '{value}': use auto, ipv4 or ipv6")
    elif name == "count":
        options.count = _whole(value, "count", 0, 10**9)
    elif name == "interval":
        options.interval = _seconds(value, "interval", SHORTEST_INTERVAL)
    elif name == "fast-start":
        options.fast_start = _seconds(value, "fast start", 0)
    elif name == "verbose":
        # getopt_long(3) reads "-vv" as -v with the value "v"
        options.verbose = 1 + len(value) if not value.strip("v") else _whole(value, "level", 0, 99)
    else:  # a text, or a switch
        setattr(options, name.replace("-", "_"), value if option.value else True)


def _whole(text: str, what: str, low: int, high: int) -> int:
    if text.isascii() and text.isdigit() and len(text) <= 12 and low <= int(text) <= high:
        return int(text)
    raise UsageError(f"invalid {what} '{text}': use a whole number from {low} to {high}")


def _seconds(text: str, what: str, low: float) -> float:
    found = seconds(text)
    if found is not None and low <= found <= LONGEST:
        return found
    raise UsageError(f"invalid {what} '{text}': use a time such as 10 or 10s, {low:g} s or more")
