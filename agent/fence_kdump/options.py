"""Options, given as arguments or, by Pacemaker, as key=value lines on standard input.

PARAMETERS is the only table of them. The parser, the usage text, the metadata and, through the
usage text, the man page are made from it.
"""

from __future__ import annotations

from collections import namedtuple

from fence_kdump_protocol import PORT
from fence_kdump_protocol.times import seconds

__all__ = [
    "ACTIONS",
    "PARAMETERS",
    "POLICIES",
    "Options",
    "Parameter",
    "UsageError",
    "from_lines",
    "number_for_plug",
    "read",
]

ACTIONS = ("off", "monitor", "metadata", "validate-all")
FAMILIES = ("auto", "ipv4", "ipv6")
POLICIES = ("off", "prefer", "required")
LONGEST_TIMEOUT = 7 * 86400.0
# Less than Pacemaker's 60 s: otherwise Pacemaker kills the agent before it can say what it waited
# for. More than 70 % of it: otherwise Pacemaker runs the agent a second time.
DEFAULT_TIMEOUT = 50.0


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
        "Names or addresses of the target node. A message from any of its addresses counts.",
    ),
    Parameter(
        *("plug", "", "plug", "NODE", "string", ""),
        "The target node, as Pacemaker names it. Limits nodename to this node.",
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
        *("timeout", "t", "timeout", "SECONDS", "second", f"{DEFAULT_TIMEOUT:g}"),
        "How long to wait for a message. Set it lower than pcmk_off_timeout.",
    ),
    Parameter(
        *("auth", "", "auth", "POLICY", "string", ""),
        "Whether the target node must prove its identity: off, prefer or required. Without this"
        " option: prefer if /etc/fence_kdump/key exists, otherwise off.",
    ),
    Parameter(
        *("key", "", "key", "FILE", "string", ""),
        "File with the cluster's key. Without this option: /etc/fence_kdump/key if it exists,"
        " otherwise /etc/corosync/authkey.",
    ),
    Parameter(*("verbose", "v", "verbose", "", "boolean", ""), "Print more messages."),
    Parameter(*("version", "V", "version", "", "boolean", ""), "Print the version."),
    Parameter(*("usage", "h", "help", "", "boolean", ""), "Print this help."),
)


class UsageError(ValueError):
    """The arguments are wrong; the text names the one that is."""


class Options(
    namedtuple(
        "Options", "action nodename plug unused ipport family timeout auth key verbose problems"
    )
):
    """What the agent is asked to do.

    action -- one of ACTIONS, or another word that was given
    nodename, plug -- tuples of names and addresses
    unused -- the tuple of what `port` says beside a plug, which counts alone
    ipport -- UDP port, 1 to 65535
    family -- "auto", "ipv4" or "ipv6"
    timeout -- seconds, more than 0
    auth -- one of POLICIES, "" if nothing is said
    key -- path of the cluster's key, "" for the usual one
    verbose -- whether to say more
    problems -- tuple of one-line texts, one for each wrong value, for which the default is used
    """

    __slots__ = ()

    action: str
    nodename: tuple[str, ...]
    plug: tuple[str, ...]
    unused: tuple[str, ...]
    ipport: int
    family: str
    timeout: float
    auth: str
    key: str
    verbose: bool
    problems: tuple[str, ...]


def from_lines(text: str) -> dict[str, str]:
    """The values of key=value lines: keys in any case, the last one wins, # starts a comment line.

    Lines without "=" and unknown keys are ignored, because Pacemaker sends both.
    """
    values = {}
    for line in text.split("\n"):
        key, equals, value = line.strip().partition("=")
        if equals and not key.startswith("#"):
            values[key.strip().lower()] = value.strip()
    return values


def read(values: dict[str, str]) -> Options:
    """Check the values and fill in defaults. Never raises: each fault is added to `problems`.

    values -- texts by the parameters' names; "port" is another name of "plug"
    """
    problems: list[str] = []
    plug, port = (_names(_unescaped(values.get(name, ""))) for name in ("plug", "port"))
    return Options(
        action=values.get("action", "off").lower(),
        nodename=_names(values.get("nodename", "")),
        plug=plug or port,
        unused=port if plug else (),
        ipport=_port(values.get("ipport", str(PORT)), problems),
        family=_family(values.get("family", "auto"), problems),
        timeout=_timeout(values.get("timeout", f"{DEFAULT_TIMEOUT:g}"), problems),
        auth=_auth(values.get("auth", ""), problems),
        key=values.get("key", ""),
        verbose=_verbose(values.get("verbose", "0"), problems),
        problems=tuple(problems),
    )


def number_for_plug(options: Options) -> list[str]:
    """A question for each plug that looks like a UDP port: pcs offers `port` for plug.

    Pacemaker 3.0.1 and newer pass a plug of their own beside such a `port`.
    """
    return [
        f"plug '{name}' is a number: did you mean ipport={name}?"
        for name in (*options.plug, *options.unused)
        if _as_port(name)
    ]


def _names(text: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name.strip() for name in text.split(",") if name.strip()))


def _unescaped(text: str) -> str:
    """Without the backslashes that pcmk_host_map needs before the colons of an IPv6 address.

    Pacemaker before 3.0.2 removes them. Later versions leave them in.
    """
    return text.replace("\\", "")


def _as_port(text: str) -> int:
    """The UDP port that a text stands for, 0 if it is none."""
    number = int(text) if text.isascii() and text.isdigit() and len(text) <= 5 else 0
    return number if number <= 65535 else 0


def _port(text: str, problems: list[str]) -> int:
    if _as_port(text):
        return _as_port(text)
    problems.append(
        f"invalid ipport '{text}': use a whole number from 1 to 65535 (default: {PORT})"
    )
    return PORT


def _family(text: str, problems: list[str]) -> str:
    if text.lower() in FAMILIES:
        return text.lower()
    problems.append(f"unsupported family '{text}': use auto, ipv4 or ipv6 (default: auto)")
    return "auto"


def _timeout(text: str, problems: list[str]) -> float:
    found = seconds(text)
    if found is not None and 0 < found <= LONGEST_TIMEOUT:
        return found
    problems.append(
        f"invalid timeout '{text}': use a time such as 40, 40s or 2min, at most a week"
        f" (default: {DEFAULT_TIMEOUT:g})"
    )
    return DEFAULT_TIMEOUT


def _auth(text: str, problems: list[str]) -> str:
    if not text or text.lower() in POLICIES:
        return text.lower()
    # a typing error must not make a forged message count
    problems.append(
        f"unsupported auth '{text}': use off, prefer or required (until then: required)"
    )
    return "required"


def _verbose(text: str, problems: list[str]) -> bool:
    """One of Pacemaker's words for a boolean, or a level as for the C agent."""
    word = text.lower()
    if word in ("", "no", "n", "off", "false") or (word.isascii() and word.isdigit()):
        return word.isdigit() and int(word) > 0
    if word not in ("yes", "y", "on", "true"):
        problems.append(f"invalid verbose '{text}': use yes or no (default: no)")
        return False
    return True
