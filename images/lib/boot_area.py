#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Our boot loader: one sector of code, and Linux in sectors that follow each other.

An area holds chunks of 64 KiB: the kernel's real-mode setup code with its header filled in and the command
line behind it; the kernel proper; the initramfs. boot/boot.S reads them. The BIOS boot partition has room for
two areas; a new one is written beside the one in use, and then the boot sector is switched in one write.

The build imports this file. In a guest with kernel upgrades it is a program, which kernel hooks run:
`boot_area.py CODE KERNEL INITRD COMMAND_LINE_FILE` renews the area of the disk that holds the root.
"""

import os
import struct
import sys
from dataclasses import dataclass
from pathlib import Path

SECTOR_BYTES = 512
CHUNK_BYTES = 64 << 10
BOOT_CODE_BYTES = 440  # what a partition table leaves of the first sector
PARAMETERS_OFFSET = 4  # in the code: see boot.S
PARTITION = 14
SETUP_ADDRESS = 0x10000
COMMAND_LINE_OFFSET = 0xE000
HEAP_END = COMMAND_LINE_OFFSET - 0x200
INITRD_16M = 8  # 128 MiB: out of the way of the kernel as it unpacks itself

# Offsets in the setup header: the kernel's Documentation/x86/boot.rst names them.
SETUP_SECTORS, VIDEO_MODE, MAGIC, LOADER_TYPE, LOAD_FLAGS = 0x1F1, 0x1FA, 0x202, 0x210, 0x211
RAMDISK_ADDRESS, HEAP_END_POINTER, COMMAND_LINE_POINTER = 0x218, 0x224, 0x228
UNKNOWN_LOADER = 0xFF
CAN_USE_HEAP = 0x80
NORMAL_VIDEO = 0xFFFF


class BootAreaError(Exception):
    """The kernel, the initramfs or the disk cannot be used."""


@dataclass
class BootArea:
    content: bytes
    kernel_chunks: int
    initrd_chunks: int

    def boot_code(self, code: bytes, first_sector: int) -> bytes:
        """The boot sector's code, with the parameters for an area that starts at `first_sector`."""
        if len(code) > BOOT_CODE_BYTES:
            raise BootAreaError(f"the boot sector's code is {len(code)} bytes long, {BOOT_CODE_BYTES} fit")
        patched = bytearray(code.ljust(BOOT_CODE_BYTES, b"\0"))
        struct.pack_into("<QHHH", patched, PARAMETERS_OFFSET, first_sector, self.kernel_chunks,
                         self.initrd_chunks, INITRD_16M)
        return bytes(patched)


def make_boot_area(kernel: bytes, initrd: bytes, command_line: str) -> BootArea:
    if kernel[MAGIC:MAGIC + 4] != b"HdrS":
        raise BootAreaError("the kernel is no bzImage")
    setup_bytes = (kernel[SETUP_SECTORS] + 1) * SECTOR_BYTES
    text = command_line.encode() + b"\0"
    if setup_bytes > HEAP_END or COMMAND_LINE_OFFSET + len(text) > CHUNK_BYTES:
        raise BootAreaError("the kernel's setup code or the command line is too long")
    setup = bytearray(kernel[:setup_bytes].ljust(CHUNK_BYTES, b"\0"))
    struct.pack_into("<H", setup, VIDEO_MODE, NORMAL_VIDEO)
    setup[LOADER_TYPE] = UNKNOWN_LOADER
    setup[LOAD_FLAGS] |= CAN_USE_HEAP
    struct.pack_into("<II", setup, RAMDISK_ADDRESS, INITRD_16M << 24, len(initrd))
    struct.pack_into("<H", setup, HEAP_END_POINTER, HEAP_END)
    struct.pack_into("<I", setup, COMMAND_LINE_POINTER, SETUP_ADDRESS + COMMAND_LINE_OFFSET)
    setup[COMMAND_LINE_OFFSET:COMMAND_LINE_OFFSET + len(text)] = text
    protected, ramdisk = _in_chunks(kernel[setup_bytes:]), _in_chunks(initrd)
    return BootArea(bytes(setup) + protected + ramdisk, len(protected) // CHUNK_BYTES, len(ramdisk) // CHUNK_BYTES)


def _in_chunks(content: bytes) -> bytes:
    return content.ljust(-(-len(content) // CHUNK_BYTES) * CHUNK_BYTES, b"\0")


def renew(disk: Path, start_sector: int, sectors: int, code: bytes, area: BootArea) -> None:
    """Writes `area` into the half of the partition that is not in use, then switches to it."""
    half = sectors // 2
    if len(area.content) > half * SECTOR_BYTES:
        raise BootAreaError(f"the kernel and the initramfs exceed {half * SECTOR_BYTES >> 20} MiB")
    with open(disk, "r+b") as file:
        in_use = struct.unpack_from("<Q", file.read(SECTOR_BYTES), PARAMETERS_OFFSET)[0]
        first_sector = start_sector + half if in_use == start_sector else start_sector
        file.seek(first_sector * SECTOR_BYTES)
        file.write(area.content)
        file.flush()
        os.fsync(file.fileno())
        file.seek(0)
        sector = file.read(SECTOR_BYTES)
        file.seek(0)
        file.write(area.boot_code(code, first_sector) + sector[BOOT_CODE_BYTES:])
        file.flush()
        os.fsync(file.fileno())


def disk_of_root() -> str:
    """The name of the disk, such as vda, whose partition the root file system is."""
    device = os.stat("/").st_dev
    partition = Path(f"/sys/dev/block/{os.major(device)}:{os.minor(device)}").resolve()
    return partition.parent.name


def main(arguments: list[str]) -> int:
    code, kernel, initrd, command_line = (Path(argument).read_bytes() for argument in arguments)
    name = disk_of_root()
    separator = "p" if name[-1].isdigit() else ""
    partition = Path(f"/sys/class/block/{name}{separator}{PARTITION}")
    if not partition.exists():
        print(f"boot area: {name} has no partition {PARTITION}, nothing to do")
        return 0
    area = make_boot_area(kernel, initrd, " ".join(command_line.decode().split()))
    renew(Path("/dev") / name, int((partition / "start").read_text()), int((partition / "size").read_text()),
          code, area)
    print(f"boot area: {arguments[1]} on {name}")
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except (BootAreaError, OSError) as error:
        print(f"boot area: {error}", file=sys.stderr)
        sys.exit(1)
