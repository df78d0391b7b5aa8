"""Options, given as arguments or, as Pacemaker does, as key=value lines on stdin.

PARAMETERS is the one table of them: the parser, the usage text, the metadata and, through the usage
text, the man page are made from it.
"""

from __future__ import annotations

from collections import namedtuple

from fence_kdump_protocol import PORT

__all__ = ["ACTIONS", "PARAMETERS", "Options", "Parameter", "UsageError", "from_lines", "read"]

ACTIONS = ("off", "monitor", "metadata", "validate-all")
FAMILIES = ("auto", "ipv4", "ipv6")
LONGEST_TIMEOUT = 7 * 86400


class Parameter(namedtuple("Parameter", "name letter option value type default help")):
    """One option.

    name -- its key on stdin and in the metadata
    letter, option -- how it is written as an argument: -n, --nodename
    value -- what its value is called, "" if it takes none
    type -- the metadata's: string, integer, second, boolean
    default -- text, "" if there is none
    help -- one sentence
    """

    __slots__ = ()

    name: str
    letter: str
    option: str
    value: str
    type: str
    default: str
    help: str


PARAMETERS = (
    Parameter(
        *("nodename", "n", "nodename", "NODE[,NODE...]", "string", ""),
        "Names or addresses of the node to be fenced; a message from any of its addresses counts.",
    ),
    Parameter(
        *("plug", "", "plug", "NODE", "string", ""),
        "The node to be fenced, as Pacemaker names it; narrows nodename down to this node.",
    ),
    Parameter(
        *("ipport", "p", "ipport", "PORT", "integer", str(PORT)),
        "UDP port to listen on.",
    ),
    Parameter(
        *("family", "f", "family", "FAMILY", "string", "auto"),
        "Address family to listen for: auto (both), ipv4 or ipv6.",
    ),
    Parameter(
        *("action", "o", "action", "ACTION", "string", "off"),
        "What to do: off, monitor, metadata or validate-all.",
    ),
    Parameter(
        *("timeout", "t", "timeout", "SECONDS", "second", "60"),
        "How long to wait for a message; should be less than pcmk_off_timeout.",
    ),
    Parameter(*("verbose", "v", "verbose", "", "boolean", ""), "Say more."),
    Parameter(*("version", "V", "version", "", "boolean", ""), "Print the version."),
    Parameter(*("usage", "h", "help", "", "boolean", ""), "Print this help."),
)


class UsageError(ValueError):
    """The arguments cannot be understood; the text names the one that is wrong."""


class Options(namedtuple("Options", "action nodename plug ipport family timeout verbose problems")):
    """What the agent is asked to do.

    action -- one of ACTIONS, or whatever else was asked for
    nodename, plug -- tuples of names and addresses
    ipport -- UDP port, 1 to 65535
    family -- "auto", "ipv4" or "ipv6"
    timeout -- seconds, more than 0
    verbose -- whether to say more
    problems -- tuple of one-line texts, one for every value that is wrong (its default stands in)
    """

    __slots__ = ()

    action: str
    nodename: tuple[str, ...]
    plug: tuple[str, ...]
    ipport: int
    family: str
    timeout: float
    verbose: bool
    problems: tuple[str, ...]


def from_lines(text: str) -> dict[str, str]:
    """The values of key=value lines: keys in any case, the last one wins, # starts a comment line.

    Lines without "=" are passed over, as keys are that nobody knows: Pacemaker sends both.
    """
    values = {}
    for line in text.split("\n"):
        key, equals, value = line.strip().partition("=")
        if equals and not key.startswith("#"):
            values[key.strip().lower()] = value.strip()
    return values


def read(values: dict[str, str]) -> Options:
    """Check the values and fill in defaults. Never raises: what is wrong becomes `problems`.

    values -- texts by the parameters' names; "port" is another name of "plug"
    """
    problems: list[str] = []
    return Options(
        action=values.get("action", "off").lower(),
        nodename=_names(values.get("nodename", "")),
        plug=_names(values.get("plug") or values.get("port", "")),
        ipport=_port(values.get("ipport", str(PORT)), problems),
        family=_family(values.get("family", "auto"), problems),
        timeout=_timeout(values.get("timeout", "60"), problems),
        verbose=values.get("verbose", "0").lower() not in ("", "0", "no", "off", "false"),
        problems=tuple(problems),
    )


def _names(text: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name.strip() for name in text.split(",") if name.strip()))


def _port(text: str, problems: list[str]) -> int:
    if text.isascii() and text.isdigit() and len(text) <= 5 and 1 <= int(text) <= 65535:
        return int(text)
    problems.append(f"invalid ipport '{text}': take a whole number from 1 to 65535")
    return PORT


def _family(text: str, problems: list[str]) -> str:
    if text.lower() in FAMILIES:
        return text.lower()
    problems.append(f"unsupported family '{text}': take auto, ipv4 or ipv6")
    return "auto"


def _timeout(text: str, problems: list[str]) -> float:
    number = text[:-1] if text.endswith("s") else text  # Pacemaker's users write "60s"
    if number.isascii() and number.replace(".", "", 1).isdigit():
        seconds = float(number)
        if 0 < seconds <= LONGEST_TIMEOUT:
            return seconds
    problems.append(
        f"invalid timeout '{text}': take seconds, more than 0, at most {LONGEST_TIMEOUT}"
    )
    return 60.0
