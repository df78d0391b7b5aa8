"""The XML that Pacemaker and pcs read, by the schema of fence-agents (metadata.rng)."""

from __future__ import annotations

from fence_kdump.options import ACTIONS, PARAMETERS

__all__ = ["metadata"]

LONGDESC = """\
fence_kdump is the first level of a fencing topology: it lets a crashed node finish its kernel dump.

When a node panics, its crash kernel saves the memory and meanwhile sends messages to the other
nodes. The "off" action waits for such a message from the node that is to be fenced. When a valid
one arrives, that node runs nothing but its crash kernel: it is fenced. If none arrives in time, the
action fails and the next level has to fence the node.

fence_kdump only detects that a node is dumping. It cannot stop a node that is alive, so it never
replaces power fencing: always add a second level that does.

Give the agent's timeout less time than pcmk_off_timeout, so that it can say what it waited for.

"fence-kdump doctor", on each node, checks the node, the way to the others and the device's options,
and says what to type where one is wrong."""

# The name by which older Pacemaker versions pass "plug".
PORT = """\
\t<parameter name="port" unique="0" required="0" deprecated="1">
\t\t<getopt mixed="--port=NODE" />
\t\t<content type="string" />
\t\t<shortdesc lang="en">The same as plug.</shortdesc>
\t</parameter>"""


def metadata() -> str:
    """The agent's metadata."""
    lines = [
        '<?xml version="1.0" ?>',
        '<resource-agent name="fence_kdump"'
        ' shortdesc="Fence agent that lets a crashed node finish its kernel dump">',
        f"<longdesc>{_escape(LONGDESC)}</longdesc>",
        "<vendor-url>https://clusterlabs.org/</vendor-url>",
        "<parameters>",
    ]
    for parameter in PARAMETERS:
        obsoletes = ' obsoletes="port"' if parameter.name == "plug" else ""
        letter = f"-{parameter.letter}, " if parameter.letter else ""
        value = f"={parameter.value}" if parameter.value else ""
        default = f' default="{parameter.default}"' if parameter.default else ""
        lines += [
            f'\t<parameter name="{parameter.name}" unique="0" required="0"{obsoletes}>',
            f'\t\t<getopt mixed="{letter}--{parameter.option}{value}" />',
            f'\t\t<content type="{parameter.type}"{default} />',
            f'\t\t<shortdesc lang="en">{_escape(parameter.help)}</shortdesc>',
            "\t</parameter>",
        ]
        if parameter.name == "plug":
            lines.append(PORT)
    lines += ["</parameters>", "<actions>"]
    lines += [f'\t<action name="{action}" />' for action in ACTIONS]
    lines += ["</actions>", "</resource-agent>", ""]
    return "\n".join(lines)


def _escape(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
