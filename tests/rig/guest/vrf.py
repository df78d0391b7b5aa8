"""On a kernel that has VRFs: does the agent succeed by a message that comes in by one?

For each row, a message comes in by a cable, from 10.0.0.2 or fd00::2. A line each is printed: "ROW
NAME: STATUS OUTPUT".
"""

import socket
import struct
import subprocess
import sys

AGENT = [sys.executable, "-IS", "/mnt/agent/bin/fence_kdump"]
MESSAGE = bytes.fromhex("402a301b01000000")
PORT = 7410
FAMILIES = {"IPv4": socket.AF_INET, "IPv6": socket.AF_INET6}
SOURCE = {"IPv4": "10.0.0.2", "IPv6": "fd00::2"}
OWN = {"IPv4": "10.0.0.1", "IPv6": "fd00::1"}


def ip(line: str) -> None:
    subprocess.run(["/bin/ip", *line.split()], check=True)


def sysctl(name: str, value: str) -> None:
    with open(f"/proc/sys/net/{name}", "w") as file:
        file.write(value)


def total(data: bytes) -> int:
    words: tuple[int, ...] = struct.unpack(f"!{len(data) // 2}H", data)
    return sum(words) % 0xFFFF


def packet(family: str) -> bytes:
    """The message in UDP and IP, with checksums."""
    source = socket.inet_pton(FAMILIES[family], SOURCE[family])
    own = socket.inet_pton(FAMILIES[family], OWN[family])
    length = 8 + len(MESSAGE)
    udp = struct.pack("!HHHH", 40000, PORT, length, 0) + MESSAGE
    checksum = 0xFFFF - total(source + own + struct.pack("!HH", length, 17) + udp) or 0xFFFF
    udp = udp[:6] + struct.pack("!H", checksum) + MESSAGE
    if family == "IPv6":
        return struct.pack("!IHBB", 6 << 28, length, 17, 64) + source + own + udp
    head = struct.pack("!BBHHHBBH", 0x45, 0, 20 + length, 1, 0, 64, 17, 0) + source + own
    return head[:10] + struct.pack("!H", 0xFFFF - total(head)) + head[12:] + udp


def mac(device: str) -> bytes:
    with open(f"/sys/class/net/{device}/address") as file:
        return bytes.fromhex(file.read().strip().replace(":", ""))


def send(family: str) -> None:
    """Put the message on the cable's other end."""
    kind = {"IPv4": b"\x08\x00", "IPv6": b"\x86\xdd"}[family]
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as wire:
        wire.bind(("far0", 0))
        wire.send(mac("ring0") + mac("far0") + kind + packet(family))


def try_agent(name: str, family: str, inlet: str) -> None:
    with socket.socket(FAMILIES[family], socket.SOCK_DGRAM) as holder:
        if inlet == "raw":
            holder.bind(("", PORT))
        argv = [*AGENT, "-v", "-n", SOURCE[family], "-f", family.lower(), "-t", "2"]
        with subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as agent:
            assert agent.stdout
            agent.stdout.readline()  # it waits
            send(family)
            said = agent.communicate()[0].decode().replace("\n", " ")
    sys.stdout.write(f"ROW {name} {family} {inlet}: {agent.returncode} {said}\n")
    sys.stdout.flush()


def main() -> None:
    ip("link add ring0 type veth peer name far0")
    ip("link add red type vrf table 10")
    for device in ("ring0", "far0", "red"):
        ip(f"link set {device} up")
    for state in ("plain", "vrf", "accepted"):
        if state == "vrf":
            ip("link set ring0 master red")
        sysctl("ipv4/udp_l3mdev_accept", str(int(state == "accepted")))
        ip("address replace 10.0.0.1/24 dev ring0")
        ip("address replace fd00::1/64 dev ring0 nodad")
        for family in FAMILIES:
            for inlet in ("bound", "raw"):
                try_agent(state, family, inlet)


main()
