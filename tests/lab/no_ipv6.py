"""COMMAND [ARGUMENT]...: runs it as on a kernel without IPv6: it gets no such socket.

A seccomp filter (seccomp(2)) does what ipv6.disable=1 on the kernel's command line does.
"""

from __future__ import annotations

import ctypes
import errno
import os
import socket
import struct
import sys

SOCKET = {"x86_64": 41, "aarch64": 198}  # the number of socket(2)
# BPF on struct seccomp_data: load a word, jump if equal, return (linux/bpf_common.h)
LOAD, JUMP, RETURN = 0x20, 0x15, 0x06
NUMBER, FIRST_ARGUMENT = 0, 16  # offsets
ERRNO, ALLOW = 0x00050000, 0x7FFF0000
PR_SET_SECCOMP, SECCOMP_MODE_FILTER, PR_SET_NO_NEW_PRIVS = 22, 2, 38

PROGRAM = (
    (LOAD, 0, 0, NUMBER),
    (JUMP, 0, 3, SOCKET[os.uname().machine]),
    (LOAD, 0, 0, FIRST_ARGUMENT),
    (JUMP, 0, 1, socket.AF_INET6),
    (RETURN, 0, 0, ERRNO | errno.EAFNOSUPPORT),
    (RETURN, 0, 0, ALLOW),
)


def main() -> None:
    """Filter, and become the command."""
    code = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *line) for line in PROGRAM))
    head = struct.pack("HP", len(PROGRAM), ctypes.addressof(code))
    libc = ctypes.CDLL(None, use_errno=True)
    for options in ((PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), (PR_SET_SECCOMP, SECCOMP_MODE_FILTER, head)):
        if libc.prctl(*options):
            raise OSError(ctypes.get_errno(), "prctl")
    os.execv(sys.argv[1], sys.argv[1:])  # noqa: S606  no shell in between


if __name__ == "__main__":
    main()
