"""docs/troubleshooting.md explains every line that a program can print, and no other.

The programs' texts are found in their sources: a text is a message if two of its words stand side
by side. In the page, what varies is written in capitals or as "…". A new message needs a row there;
one that needs no remedy goes into NEEDS_NONE below.
"""

from __future__ import annotations

import ast
import glob
import os
import re
from collections.abc import Iterator
from typing import NamedTuple

import pytest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
PAGE = "docs/troubleshooting.md"
VARIES = "…"

PYTHON = (
    "agent/fence_kdump/*.py",
    "cluster/fence_kdump_cluster/*.py",
    "protocol/fence_kdump_protocol/*.py",
    "sender/fence_kdump_send/*.py",
    "dracut-module/fence_kdump_image/**/*.py",
    "dracut-module/bin/*",
    "admin/bin/*",
)
SHELL = ("dracut-module/99zz-fence-kdump/*.sh",)
# Its other lines are checks, and each check prints its own remedy.
ERRORS_ONLY = (
    "admin/fence_kdump_admin/*.py",
    "admin/fence_kdump_admin/last/*.py",
    "admin/fence_kdump_admin/probe/*.py",
)

NOT_PRINTED = {
    "agent/fence_kdump/metadata.py": "the agent's description for Pacemaker",
    "dracut-module/fence_kdump_image/image/files.py": "requests to dracut",
    "dracut-module/fence_kdump_image/way/devices.py": "arguments of ip",
    "dracut-module/fence_kdump_image/way/replay.py": "arguments of ip",
}
# Calls whose texts are the names of fields, or help texts.
QUIET_CALLS = (
    *("namedtuple", "compile", "Parameter", "Option", "ArgumentParser", "_Parser"),
    *("add_argument", "add_parser", "add_subparsers"),
)

NEEDS_NONE = {
    "all is well": (
        "waiting … s for a message from … on UDP port …",
        "received a valid message from …: the node is fenced",
        "received a valid message from … without a proof of identity (…): the node is fenced",
        "… proved that it runs its crash kernel: the node is fenced",
        "this node is ready to dump, and to listen for other nodes",
        "the options are valid",
        "packages are being installed: waiting until that has ended",
        "rebuilding …",
        "the new image is loaded",
        "a crash kernel is loaded",
    ),
    "what `fence-kdump-image show` prints of an image": (
        "this node",
        "files below",
        "no node: …",
        "… (a name that the crash kernel has to look up)",
        "… ring …",
        "……, listed in …",
        "…: set up by … (…)",
        "leads to …, and nothing else in the image configures it",
        "none: this node has no key",
        "as … with key … from …",
        "the crash kernel's command line",
    ),
    "the usage text of the sender": (
        "Usage: fence_kdump_send [OPTION]... NODE...",
        "Repeatedly send a message to every NODE (name or address). The message says that this",
        "node runs its crash kernel. The cluster then lets it finish its kernel dump.",
        "Exit status: 0 if all messages were sent or SIGTERM ended the program (with --crash-only",
        "SIGTERM is no success), 1 if an OPTION is wrong or no NODE has an address.",
    ),
    "names of the cases in agent/fence_kdump/whom.py": (
        "no plug: nodename is one node's names",
        "it is not yet known which node plug is",
        "plug is a node, nodename is another",
        "plug is a node",
        "plug may be a node that this host does not know",
        "plug is a label",
        "plug is an address or a host, but not a node",
    ),
    "nobody sees these": (
        "may still turn out to belong to another node",
        "a nonce of … bytes instead of …",
        "not a challenge",
    ),
    "what varies in a message that has a row": (
        "no reason recorded",
        "something else",
        "an unknown address",
        "no answer yet",
        "no hardware",
        "no address",
        "no source address",
        "fast start",
        "without ip=",
        "… and …",
    ),
    "not for people": (
        "# the cluster's members, as crm_node told this Pacemaker Remote node; written anew",
        "local …",
        "problem …",
        "member …",
        "fence_kdump …",  # the version
        "(default: …)",  # in help texts
        "warning: …",  # before the agent's warnings
        "loaded: …",
        "Software Watchdog",
        "Dump was interrupted",  # of ip
        "action block",
        "dir out",
    ),
}


class Text(NamedTuple):
    """A text in a source, with "…" for what varies."""

    where: str
    text: str


def read(path: str) -> str:
    with open(os.path.join(ROOT, path), encoding="utf-8") as file:
        return file.read()


def paths(patterns: tuple[str, ...]) -> list[str]:
    found = [path for p in patterns for path in glob.glob(os.path.join(ROOT, p), recursive=True)]
    names = [os.path.relpath(path, ROOT) for path in sorted(found) if os.path.isfile(path)]
    return [name for name in names if name not in NOT_PRINTED and not name.endswith(".pyc")]


def template(node: ast.Constant | ast.JoinedStr) -> str:
    """The text of a string or an f-string, without the program's name before it."""
    if isinstance(node, ast.Constant):
        text = re.sub(r"\{\w*\}|%s", VARIES, str(node.value))
    else:
        parts = (v.value if isinstance(v, ast.Constant) else VARIES for v in node.values)
        text = "".join(map(str, parts))
    return without_program(text)


def without_program(text: str) -> str:
    return re.sub(r"^(?:<4>)?fence-kdump(?:-image)?: ", "", text.strip())


def in_python(path: str, source: str) -> Iterator[Text]:
    """The texts of a module, but for docstrings and help."""

    def visit(node: ast.AST) -> Iterator[Text]:
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            return
        if isinstance(node, ast.Call):
            called = getattr(node.func, "id", getattr(node.func, "attr", ""))
            if called in QUIET_CALLS:
                return
        if isinstance(node, ast.JoinedStr):
            yield Text(f"{path}:{node.lineno}", template(node))
            for value in node.values:
                if isinstance(value, ast.FormattedValue):
                    yield from visit(value.value)
            return
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield Text(f"{path}:{node.lineno}", template(node))
        for child in ast.iter_child_nodes(node):
            yield from visit(child)

    yield from visit(ast.parse(source))


def errors_in_python(path: str, source: str) -> Iterator[Text]:
    """The texts of a module that it raises, or says on standard error."""
    for node in ast.walk(ast.parse(source)):
        said = isinstance(node, ast.Call) and getattr(node.func, "id", "") == "_say"
        if said or isinstance(node, ast.Raise):
            yield from in_python(path, ast.unparse(node))


def in_shell(path: str, source: str) -> Iterator[Text]:
    """What a script says: the arguments of its functions for that, and of echo."""
    for number, line in enumerate(source.splitlines(), 1):
        said = re.search(r'(?:\bsay|dwarn|dinfo|echo|said=) ?"((?:[^"\\]|\\.)*)"', line)
        if said and not line.lstrip().startswith("#"):
            plain = re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", said[1])
            plain = re.sub(r"\$\{[^}]*\}|\$\w+|\$[*?]", VARIES, plain)
            yield Text(f"{path}:{number}", without_program(plain).rstrip(":"))


def is_message(text: str) -> bool:
    """Whether two words of it stand side by side, or one beside what varies."""
    return bool(
        re.search(rf"[a-z]{{2}}[\w'),:;.=]* (?:\w+[a-z]|{VARIES})|{VARIES},? [a-z]{{2}}", text)
    )


def texts() -> list[Text]:
    found = [text for path in paths(PYTHON) for text in in_python(path, read(path))]
    found += [text for path in paths(ERRORS_ONLY) for text in errors_in_python(path, read(path))]
    found += [text for path in paths(SHELL) for text in in_shell(path, read(path))]
    return found


def explained() -> list[str]:
    """The messages in the first column of the page's tables."""
    part = read(PAGE).partition("\n## Messages\n")[2]
    assert part
    cells = re.findall(r"^\| (`.*?`) \|", part, re.M)
    return [message for cell in cells for message in re.findall(r"`([^`]+)`", cell)]


def spans(text: str, message: str) -> list[tuple[int, int]]:
    """Where the literal parts of a text stand in a message; [] if it is not in there."""
    literals = [part for part in text.split(VARIES) if part]
    if not all(part in message for part in literals):
        return []
    pattern = ".+?".join(f"({re.escape(part)})" for part in literals)
    if VARIES not in text:
        pattern = rf"\b{pattern}\b" if text[:1].isalpha() and text[-1:].isalpha() else pattern
    found = re.search(pattern, message)
    return [found.span(group + 1) for group in range(len(found.groups()))] if found else []


TEXTS = texts()
MESSAGES = explained()
SILENT = {text for group in NEEDS_NONE.values() for text in group}


def test_every_message_is_explained() -> None:
    missing = [
        f"{where}: {text}"
        for where, text in TEXTS
        if is_message(text)
        and text not in SILENT
        and not any(spans(text, message) for message in MESSAGES)
    ]
    assert not missing, f"no row in {PAGE} for:\n" + "\n".join(missing)


@pytest.mark.parametrize("message", MESSAGES)
def test_every_explained_message_is_one_that_a_program_prints(message: str) -> None:
    """What is left of it, when the texts of the programs are taken out, is what varies."""
    covered = {
        place
        for text in {text for _, text in TEXTS}
        if re.search("[a-z]{3}", text)
        for start, end in spans(text, message)
        for place in range(start, end)
    }
    rest = "".join(c if i not in covered else " " for i, c in enumerate(message))
    assert not re.search("[a-z]{3}", rest), rest


def test_what_needs_no_row_is_still_said() -> None:
    assert {text for _, text in TEXTS} >= SILENT


def test_a_text_that_nobody_explains_is_found() -> None:
    source = 'def f(x):\n    """No message here."""\n    say(f"the {x} is broken: mend it")\n'
    (text,) = in_python("somewhere.py", source)
    assert text == Text("somewhere.py:3", "the … is broken: mend it")
    assert is_message(text.text)
    assert not any(spans(text.text, message) for message in MESSAGES)
    (said,) = in_shell("x.sh", 'dwarn "fence-kdump: no $_name ${here:-at all}"')
    assert said.text == "no … at all"
