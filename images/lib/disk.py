# SPDX-License-Identifier: Apache-2.0
"""A bootable disk from a folder: GPT, ext4, our boot area for BIOS, GRUB for UEFI. No loop device, no mount.

Partition numbers are those of Debian's cloud images: 14 BIOS boot, 15 ESP (where there is one), 1 root.
The root lies last, so that it can grow with the volume.
"""

import os
from dataclasses import dataclass, field
from pathlib import Path

from .boot_area import BootArea, renew
from .run import BuildError, run

SECTOR_BYTES = 512
MIB_SECTORS = 2048
BIOS_BOOT_START = MIB_SECTORS
BACKUP_GPT_MIB = 1

TYPE_BIOS_BOOT = "21686148-6449-6E6F-744E-656564454649"
TYPE_ROOT_X86_64 = "4F68BCE3-E8CD-4DB1-96E7-FBCAF984B709"

GRUB_LIBRARY = Path("/usr/lib/grub")


@dataclass
class Layout:
    """What the disk looks like; every id is given, so that a build can be repeated."""

    size_mib: int
    bios_boot_mib: int
    esp_mib: int
    root_label: str
    disk_uuid: str
    bios_boot_uuid: str
    esp_uuid: str
    esp_volume_id: str
    root_partition_uuid: str
    root_uuid: str
    ext4_features: str = "^orphan_file,^metadata_csum_seed"  # GRUB 2.06 reads neither
    ext4_options: list[str] = field(default_factory=list)

    @property
    def bios_boot_sectors(self) -> int:
        return self.bios_boot_mib * MIB_SECTORS

    @property
    def esp_start(self) -> int:
        return BIOS_BOOT_START + self.bios_boot_sectors

    @property
    def root_start(self) -> int:
        return self.esp_start + self.esp_mib * MIB_SECTORS

    @property
    def root_kib(self) -> int:
        return (self.size_mib - BACKUP_GPT_MIB) * 1024 - self.root_start // 2


def write_partitions(disk: Path, layout: Layout) -> None:
    with open(disk, "wb") as file:
        file.truncate(layout.size_mib << 20)
    lines = ["label: gpt", f"label-id: {layout.disk_uuid}",
             f"14 : start={BIOS_BOOT_START}, size={layout.bios_boot_sectors}, type={TYPE_BIOS_BOOT}, "
             f"uuid={layout.bios_boot_uuid}, name=bios"]
    if layout.esp_mib:
        lines.append(f"15 : start={layout.esp_start}, size={layout.esp_mib * MIB_SECTORS}, type=U, "
                     f"uuid={layout.esp_uuid}, name=esp")
    lines.append(f"1 : start={layout.root_start}, type={TYPE_ROOT_X86_64}, "
                 f"uuid={layout.root_partition_uuid}, name=root")
    run(["sfdisk", "--quiet", disk], stdin="\n".join(lines) + "\n")


def write_root(disk: Path, layout: Layout, tree: Path, epoch: int) -> None:
    """Fills the root partition in place with the contents of `tree`."""
    extended = [f"offset={layout.root_start * SECTOR_BYTES}", "root_owner=0:0",
                f"hash_seed={layout.root_uuid}", "lazy_itable_init=1", "lazy_journal_init=1"]
    run(["mke2fs", "-q", "-F", "-t", "ext4", "-O", layout.ext4_features, "-L", layout.root_label,
         "-U", layout.root_uuid, "-m", "1", *layout.ext4_options, "-E", ",".join(extended),
         "-d", tree, disk, f"{layout.root_kib}k"],
        env={**os.environ, "E2FSPROGS_FAKE_TIME": str(epoch)})


def assemble_boot_code(work: Path) -> bytes:
    """The first sector's code, still without its parameters."""
    source = Path(__file__).parent / "boot/boot.S"
    run(["as", "--32", "-o", work / "boot.o", source])
    run(["ld", "-m", "elf_i386", "-Ttext=0x7c00", "--oformat=binary", "-o", work / "boot.bin", work / "boot.o"])
    return (work / "boot.bin").read_bytes()


def write_boot_area(disk: Path, layout: Layout, code: bytes, area: BootArea) -> None:
    """What a BIOS starts: see boot_area.py."""
    renew(disk, BIOS_BOOT_START, layout.bios_boot_sectors, code, area)


@dataclass
class Grub:
    """GRUB's core image for UEFI: an embedded first configuration and the modules it needs."""

    early_config: str
    modules: list[str]


def write_esp(disk: Path, layout: Layout, grub: Grub, work: Path, epoch: int) -> None:
    """The EFI system partition, with GRUB at the path that firmware tries by itself."""
    image, esp = work / "BOOTX64.EFI", work / "esp.img"
    image.write_bytes(_efi_grub(grub, work))
    os.utime(image, (epoch, epoch))
    esp.unlink(missing_ok=True)
    clock = {**os.environ, "SOURCE_DATE_EPOCH": str(epoch), "TZ": "UTC"}
    run(["mkfs.vfat", "--invariant", "-n", "ESP", "-i", layout.esp_volume_id, "-C", esp,
         str(layout.esp_mib * 1024)], env=clock)
    run(["mmd", "-i", esp, "::EFI", "::EFI/BOOT"], env=clock)
    run(["mcopy", "-m", "-i", esp, image, "::EFI/BOOT/BOOTX64.EFI"], env=clock)
    with open(disk, "r+b") as file:
        file.seek(layout.esp_start * SECTOR_BYTES)
        file.write(esp.read_bytes())


def _efi_grub(grub: Grub, work: Path) -> bytes:
    platform = "x86_64-efi"
    config, image = work / "grub-early.cfg", work / "grub.efi"
    config.write_text(grub.early_config)
    if not (GRUB_LIBRARY / platform).is_dir():
        raise BuildError(f"GRUB for {platform} is not installed (packages/run.txt lists what a build needs)")
    run(["grub-mkimage", "-d", GRUB_LIBRARY / platform, "-O", platform, "-p", "/boot/grub",
         "-c", config, "-o", image, *grub.modules])
    return image.read_bytes()


def write_qcow2(raw: Path, target: Path) -> None:
    run(["qemu-img", "convert", "-f", "raw", "-O", "qcow2", "-c", "-o", "compression_type=zstd",
         "-m", "2", raw, target])
