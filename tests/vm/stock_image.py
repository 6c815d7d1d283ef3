# SPDX-License-Identifier: Apache-2.0
"""A cloud image as a distribution makes it, for tests of the import: Debian's packages with Debian's own settings.

Nothing of ours is in it: cloud-init as packaged looks for the cloud it is in, growpart grows the root, initramfs-tools and
GRUB for BIOS start it. Only the way onto the disk is ours, since that needs neither loop device nor mount.
"""

import os
import pathlib
import struct
import subprocess
import tempfile

from support.images import images_root  # first: it knows where lib is

from lib import disk
from lib.packages import Archive, host_sources

SUITE = "bookworm"
# What Debian's own images of the kind "generic cloud" are made of, as far as a start needs it.
PACKAGES = ["linux-image-cloud-amd64", "initramfs-tools", "grub-pc-bin", "grub2-common", "cloud-init", "cloud-guest-utils",
            "cloud-initramfs-growroot", "openssh-server", "sudo", "systemd-sysv", "systemd-resolved", "netplan.io", "dbus",
            "libpam-systemd", "udev", "e2fsprogs", "iproute2", "procps", "python3", "ca-certificates", "locales"]
SIZE_MIB = 3072
BIOS_BOOT_MIB = 3
GRUB_MODULES = ["biosdisk", "part_gpt", "ext2", "normal", "linux", "search_fs_uuid", "serial"]
IDS = dict(disk_uuid="1a8e7b52-5ae1-4f0c-9c85-9a2d3f6f0d01", bios_boot_uuid="1a8e7b52-5ae1-4f0c-9c85-9a2d3f6f0d02",
           esp_uuid="", esp_volume_id="", root_partition_uuid="1a8e7b52-5ae1-4f0c-9c85-9a2d3f6f0d03",
           root_uuid="1a8e7b52-5ae1-4f0c-9c85-9a2d3f6f0d04")


def run(*argv, **options):
    subprocess.run([str(word) for word in argv], check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, **options)


def make_root(work, archive):
    packages, index = archive.fetch_closure(PACKAGES)
    repository = work / "repository"
    repository.mkdir()
    for package in packages.values():
        os.symlink(package, repository / package.name)
    (repository / "Packages").write_text(index)
    root = work / "root"
    run("mmdebstrap", "--quiet", "--mode=root", "--variant=apt", "--architectures=amd64", "--aptopt=APT::Install-Recommends \"false\"",
        "--include=" + ",".join(PACKAGES), SUITE, root, f"deb [trusted=yes] copy:{repository} ./")
    (root / "etc/fstab").write_text(f"UUID={IDS['root_uuid']} / ext4 rw,discard,errors=remount-ro 0 1\n")
    (root / "etc/machine-id").write_text("")
    (root / "etc/hostname").write_text("localhost\n")
    (root / "etc/resolv.conf").unlink(missing_ok=True)
    (root / "etc/resolv.conf").symlink_to("../run/systemd/resolve/stub-resolv.conf")
    for key in (root / "etc/ssh").glob("ssh_host_*"):
        key.unlink()
    kernel = next((root / "boot").glob("vmlinuz-*")).name.removeprefix("vmlinuz-")
    (root / "boot/grub").mkdir(exist_ok=True)
    (root / "boot/grub/grub.cfg").write_text(
        f"search --no-floppy --fs-uuid --set=root {IDS['root_uuid']}\n"
        f"linux /boot/vmlinuz-{kernel} root=UUID={IDS['root_uuid']} ro console=tty0 console=ttyS0,115200\n"
        f"initrd /boot/initrd.img-{kernel}\nboot\n")
    return root


def install_grub(raw, root, work):
    """What grub-bios-setup writes: a first sector that reads the core image, whose own first sector lists where the rest lies."""
    library = root / "usr/lib/grub/i386-pc"
    early, core_path = work / "early.cfg", work / "core.img"
    early.write_text(f"search.fs_uuid {IDS['root_uuid']} root\nset prefix=($root)/boot/grub\n")
    run("grub-mkimage", "-d", library, "-O", "i386-pc", "-p", "/boot/grub", "-c", early, "-o", core_path, *GRUB_MODULES)
    boot, core = bytearray((library / "boot.img").read_bytes()), bytearray(core_path.read_bytes())
    struct.pack_into("<Q", boot, 0x5C, disk.BIOS_BOOT_START)
    boot[0x66:0x68] = b"\x90\x90"  # the jump that only floppies need
    struct.pack_into("<QHH", core, 0x1F4, disk.BIOS_BOOT_START + 1, (len(core) - 1) // 512, 0x820)
    with open(raw, "r+b") as file:
        file.write(boot[:440])
        file.seek(disk.BIOS_BOOT_START * 512)
        file.write(core)


def make(target):
    """Writes a qcow2 as one would download it."""
    with tempfile.TemporaryDirectory(dir=pathlib.Path(target).parent) as folder:
        work = pathlib.Path(folder)
        archive = Archive(images_root() / "cache", host_sources(SUITE))
        archive.refresh(print)
        root = make_root(work, archive)
        layout = disk.Layout(size_mib=SIZE_MIB, bios_boot_mib=BIOS_BOOT_MIB, esp_mib=0, root_label="cloudimg-rootfs", **IDS)
        raw = work / "disk.raw"
        disk.write_partitions(raw, layout)
        disk.write_root(raw, layout, root, archive.date())
        install_grub(raw, root, work)
        disk.write_qcow2(raw, target)
