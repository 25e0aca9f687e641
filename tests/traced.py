"""Reads what strace saw a program do: where it connected to, and what it wrote."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass, field
from pathlib import Path

CALLS = "connect,sendto,sendmsg,sendmmsg,openat,creat,rename,renameat,renameat2,write,pwrite64,writev"
# -y names the file behind each number; the first bytes of a write show a picture's kind.
STRACE = ("strace", "-f", "-qq", "--seccomp-bpf", "-y", "-s", "16", "-xx", "-e", f"trace={CALLS}")

# The first bytes of picture files.
MAGIC = (
    b"\x89PNG\r\n", b"\xff\xd8\xff", b"GIF8", b"II*\x00", b"MM\x00*", b"\x00\x00\x00\x0cjP", b"P5\n", b"P6\n",
    b"\x93NUMPY",
)  # fmt: skip
SUFFIXES = (
    ".png",
    ".jpg",
    ".jpeg",
    ".gif",
    ".bmp",
    ".tif",
    ".tiff",
    ".webp",
    ".ppm",
    ".pgm",
    ".npy",
    ".npz",
    ".mp4",
)

# Memory, devices and the kernel's own: not a disk.
NO_DISK = ("/dev/", "/proc/", "/sys/", "/memfd:")


@dataclass(slots=True)
class Seen:
    """What a trace shows. Lines that matter, as strace wrote them."""

    connected: list[str] = field(default_factory=list)
    pictures: list[str] = field(default_factory=list)
    opened_for_writing: set[Path] = field(default_factory=set)
    lines: int = 0


def read_trace(file: Path) -> Seen:
    """Connections that leave this computer, look-ups of names, and pictures that were written to a disk."""
    seen = Seen()
    for line in file.read_text(errors="replace").splitlines():
        seen.lines += 1
        if any(
            not allowed(family, rest)
            for family, rest in re.findall(r"sa_family=(AF_INET6?), ([^}]*)\}", line)
        ):
            seen.connected.append(line)
        path = written_path(line)
        if path is not None:
            seen.opened_for_writing.add(path)
            if path.suffix.lower() in SUFFIXES:
                seen.pictures.append(line)
        if writes_picture(line):
            seen.pictures.append(line)
    return seen


def allowed(family: str, address: str) -> bool:
    """Whether an address is this very computer, and no name server on it."""
    port = re.search(r"sin6?_port=htons\((\d+)\)", address)
    quoted = re.search(r'inet_(?:addr|pton)\((?:AF_INET6, )?"([^"]*)"', address)
    if port is None or quoted is None:
        return False
    host = ipaddress.ip_address(plain(quoted[1]).decode())
    return host.is_loopback and port[1] != "53"


def written_path(line: str) -> Path | None:
    """The file that a line opens for writing, or the new name that it gives to one."""
    opening = re.search(r'openat\([^,]*, "([^"]*)"(?:\.\.\.)?, ([A-Z_|0-9a-zx]*)', line)
    if opening and re.search(r"O_WRONLY|O_RDWR|O_CREAT", opening[2]):
        return on_disk(plain(opening[1]).decode(errors="replace"))
    made = re.search(r'(?:creat\(|rename.*, )"([^"]*)"', line)
    return on_disk(plain(made[1]).decode(errors="replace")) if made else None


def on_disk(path: str) -> Path | None:
    return None if not path or path.startswith(NO_DISK) else Path(path)


def writes_picture(line: str) -> bool:
    """Whether a line writes the first bytes of a picture into a file."""
    write = re.search(r'(?:p?write(?:64|v)?)\(\d+<([^>]*)>, (?:\[\{iov_base=)?"([^"]*)"', line)
    if write is None:
        return False
    target = plain(write[1]).decode(errors="replace")
    return target.startswith("/") and not target.startswith(NO_DISK) and is_picture(plain(write[2]))


def is_picture(data: bytes) -> bool:
    """By the first bytes. `BM` alone is met by chance: in a picture the reserved bytes are zero too."""
    if data.startswith(b"BM"):
        return data[6:10] == b"\0\0\0\0"
    return data.startswith(MAGIC) or (data.startswith(b"RIFF") and data[8:12] == b"WEBP")


def plain(text: str) -> bytes:
    r"""What strace writes as \x61\x62."""
    if "\\x" not in text:
        return text.encode()
    return bytes.fromhex(text.replace("\\x", ""))


def is_picture_file(file: Path) -> bool:
    """By its name or its first bytes."""
    if not file.is_file():
        return False
    with file.open("rb") as opened:
        return file.suffix.lower() in SUFFIXES or is_picture(opened.read(16))


def pictures_below(folder: Path) -> list[Path]:
    """Every picture file in the folder and what it holds."""
    return [file for file in folder.rglob("*") if is_picture_file(file)]
