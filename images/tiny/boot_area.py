# SPDX-License-Identifier: Apache-2.0
"""The tiny image's own boot loader: one sector of code, and the kernel in sectors that follow each other.

The area's chunks of 64 KiB: the kernel's real-mode setup code with its header filled in and the command
line behind it; the kernel proper; the initramfs. See boot/boot.S, which reads them.
"""

import struct
from dataclasses import dataclass
from pathlib import Path

from lib.run import BuildError, run

CHUNK_BYTES = 64 << 10
SECTOR_BYTES = 512
BOOT_CODE_BYTES = 440  # what a partition table leaves of the first sector
SETUP_ADDRESS = 0x10000
COMMAND_LINE_OFFSET = 0xE000
HEAP_END = COMMAND_LINE_OFFSET - 0x200
INITRD_MIB = 128  # out of the way of the kernel as it unpacks itself

# Offsets in the setup header: the kernel's Documentation/x86/boot.rst names them.
SETUP_SECTORS, VIDEO_MODE, MAGIC, LOADER_TYPE, LOAD_FLAGS = 0x1F1, 0x1FA, 0x202, 0x210, 0x211
RAMDISK_ADDRESS, HEAP_END_POINTER, COMMAND_LINE_POINTER = 0x218, 0x224, 0x228
UNKNOWN_LOADER = 0xFF
CAN_USE_HEAP = 0x80
NORMAL_VIDEO = 0xFFFF


@dataclass
class BootArea:
    content: bytes
    kernel_chunks: int
    initrd_chunks: int

    def boot_code(self, source: Path, work: Path, lba: int) -> bytes:
        """The boot sector's code for an area that starts at `lba`."""
        symbols = {"AREA_LBA": lba, "KERNEL_CHUNKS": self.kernel_chunks, "INITRD_CHUNKS": self.initrd_chunks,
                   "INITRD_MIB": INITRD_MIB}
        defined = [word for name, value in symbols.items() for word in ("--defsym", f"{name}={value}")]
        run(["as", "--32", *defined, "-o", work / "boot.o", source])
        run(["ld", "-m", "elf_i386", "-Ttext=0x7c00", "--oformat=binary", "-o", work / "boot.bin", work / "boot.o"])
        code = (work / "boot.bin").read_bytes()
        if len(code) > BOOT_CODE_BYTES:
            raise BuildError(f"the boot sector's code is {len(code)} bytes long, {BOOT_CODE_BYTES} fit")
        return code


def make_boot_area(kernel: bytes, initrd: bytes, command_line: str) -> BootArea:
    if kernel[MAGIC:MAGIC + 4] != b"HdrS":
        raise BuildError("the kernel is no bzImage")
    setup_bytes = (kernel[SETUP_SECTORS] + 1) * SECTOR_BYTES
    setup = bytearray(kernel[:setup_bytes].ljust(CHUNK_BYTES, b"\0"))
    struct.pack_into("<H", setup, VIDEO_MODE, NORMAL_VIDEO)
    setup[LOADER_TYPE] = UNKNOWN_LOADER
    setup[LOAD_FLAGS] |= CAN_USE_HEAP
    struct.pack_into("<II", setup, RAMDISK_ADDRESS, INITRD_MIB << 20, len(initrd))
    struct.pack_into("<H", setup, HEAP_END_POINTER, HEAP_END)
    struct.pack_into("<I", setup, COMMAND_LINE_POINTER, SETUP_ADDRESS + COMMAND_LINE_OFFSET)
    text = command_line.encode() + b"\0"
    setup[COMMAND_LINE_OFFSET:COMMAND_LINE_OFFSET + len(text)] = text
    protected, ramdisk = _in_chunks(kernel[setup_bytes:]), _in_chunks(initrd)
    return BootArea(bytes(setup) + protected + ramdisk, len(protected) // CHUNK_BYTES, len(ramdisk) // CHUNK_BYTES)


def _in_chunks(content: bytes) -> bytes:
    return content.ljust(-(-len(content) // CHUNK_BYTES) * CHUNK_BYTES, b"\0")
