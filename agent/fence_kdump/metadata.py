"""The XML that Pacemaker and pcs read, by the schema of fence-agents (metadata.rng)."""

from __future__ import annotations

from fence_kdump.options import ACTIONS, PARAMETERS

__all__ = ["metadata"]

LONGDESC = """\
fence_kdump is the first level of a fencing topology: it lets a crashed node finish its kernel dump.

When a node panics, its crash kernel saves the memory and sends messages to the other nodes in the
meantime. The "off" action waits for such a message from the target node. When a valid message
arrives, the target node runs nothing but its crash kernel, so it counts as fenced. If no message
arrives in time, the action fails and Pacemaker uses the next fencing level.

fence_kdump only detects that a node is dumping. It cannot stop a node that is alive, so it does not
replace power fencing: always configure power fencing as the second level.

Set timeout lower than pcmk_off_timeout. Otherwise Pacemaker kills the agent before it can log what
it waited for.

To check a node, its links to the other nodes and the device's options, run "fence-kdump doctor" on
each node. It prints the command that corrects each problem."""

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
