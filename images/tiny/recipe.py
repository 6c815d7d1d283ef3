# SPDX-License-Identifier: Apache-2.0
"""The tiny image: a root folder from single files of Debian's packages."""

import os
import re
import shutil
from pathlib import Path

from lib import agent, disk
from lib.boot_area import make_boot_area
from lib.run import BuildError, run

HERE = Path(__file__).parent

PROGRAMS = ["usr/sbin/dropbear", "usr/bin/dropbearkey", "sbin/resize2fs", "sbin/mke2fs", "sbin/e2fsck",
            "sbin/sfdisk", "sbin/blkid", "usr/bin/partx", "bin/lsblk"]
# Applets that would hide a real program, or that make no sense in this image.
NO_APPLETS = {"busybox", "[[", "dpkg", "dpkg-deb", "rpm", "rpm2cpio", "ar", "mke2fs", "init", "blkid"}
FOLDERS = ["dev", "etc/dropbear", "home/ec2-user/.ssh", "mnt", "proc", "root/.ssh", "run", "sys", "tmp",
           "usr/bin", "usr/lib", "var/lib/cloud", "var/log"]
MERGED = {"bin": "usr/bin", "sbin": "usr/bin", "lib": "usr/lib", "lib64": "usr/lib", "usr/sbin": "bin",
          "usr/lib64": "lib", "var/run": "../run"}


def fetch(build) -> None:
    kernel = build.archive.resolve_kernel(build.recipe["kernel"])
    build.packages = build.archive.fetch([kernel, *build.recipe.packages])
    build.kernel_package = kernel


def make_tree(build) -> None:
    """Fills build.tree; everything else that a build does is common to all images."""
    unpacked = build.work / "unpacked"
    for package in build.packages.values():
        run(["dpkg-deb", "--extract", package, unpacked])
    build.progress.step(0.6)
    tree = build.tree
    _make_folders(tree)
    shutil.copytree(HERE / "files", tree, dirs_exist_ok=True, symlinks=True)
    _install_busybox(unpacked, tree)
    _install_programs(unpacked, tree)
    _assemble_sudo(build, tree)
    agent.install(build, tree)
    _install_kernel(build, unpacked, tree)
    _set_owners(tree)


def _make_folders(tree: Path) -> None:
    for folder in FOLDERS:
        (tree / folder).mkdir(parents=True, exist_ok=True)
    for link, target in MERGED.items():
        (tree / link).symlink_to(target)


def _install_busybox(unpacked: Path, tree: Path) -> None:
    busybox = tree / "usr/bin/busybox"
    shutil.copy(unpacked / "bin/busybox", busybox)
    for applet in run([busybox, "--list"]).split():
        link = tree / "usr/bin" / applet
        if applet not in NO_APPLETS and not link.exists():
            link.symlink_to("busybox")
    (tree / "usr/bin/init").symlink_to("busybox")


def _install_programs(unpacked: Path, tree: Path) -> None:
    """The programs, and the libraries that they and their libraries name."""
    pending = []
    for name in PROGRAMS:
        shutil.copy(unpacked / name, tree / "usr/bin")
        pending.append(unpacked / name)
    shutil.copy(unpacked / "usr/lib/openssh/sftp-server", tree / "usr/lib")  # where dropbear looks for it
    (tree / "usr/bin/mkfs.ext4").symlink_to("mke2fs")
    shutil.copy(_find_library(unpacked, "ld-linux-x86-64.so.2"), tree / "usr/lib")
    seen = set()
    while pending:
        needed = re.findall(r"NEEDED\s+(\S+)", run(["objdump", "-p", pending.pop()]))
        for library in set(needed) - seen:
            seen.add(library)
            if library.startswith("ld-linux"):
                continue
            file = _find_library(unpacked, library)
            shutil.copy(file, tree / "usr/lib" / library)
            pending.append(file)


def _find_library(unpacked: Path, name: str) -> Path:
    for folder in ("lib/x86_64-linux-gnu", "usr/lib/x86_64-linux-gnu"):
        if (unpacked / folder / name).exists():
            return (unpacked / folder / name).resolve()
    raise BuildError(f"no package in {HERE / 'packages.txt'} has the library {name}")


def _assemble_sudo(build, tree: Path) -> None:
    run(["as", "--64", "-o", build.work / "sudo.o", HERE / "programs/sudo.S"])
    run(["ld", "-s", "-n", "-o", tree / "usr/bin/sudo", build.work / "sudo.o"])


def _install_kernel(build, unpacked: Path, tree: Path) -> None:
    version = build.kernel_package.removeprefix("linux-image-")
    build.kernel = (unpacked / f"boot/vmlinuz-{version}").read_bytes()
    run(["depmod", "-b", unpacked, version])
    source, target = unpacked / "lib/modules" / version, tree / "usr/lib/modules" / version
    early, late = _modules(source)
    for module in early + late:
        (target / module).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(source / module, target / module)
    run(["depmod", "-b", tree, version])
    build.initrd = _initramfs(build, unpacked, [target / module for module in early])


def _modules(source: Path) -> tuple[list[str], list[str]]:
    """Paths of the wanted modules, each after those it depends on."""
    dependencies, by_name = {}, {}
    for line in (source / "modules.dep").read_text().splitlines():
        module, _, rest = line.partition(":")
        dependencies[module] = rest.split()
        by_name[Path(module).stem.replace("-", "_")] = module
    chosen: dict[str, list[str]] = {"early": [], "late": []}
    for line in (HERE / "modules.txt").read_text().splitlines():
        when, _, name = line.partition("#")[0].strip().partition(" ")
        if not when:
            continue
        if name not in by_name:
            raise BuildError(f"the kernel has no module {name}")
        # modules.dep lists the direct dependency first, so the reverse is an order of loading.
        for module in [*reversed(dependencies[by_name[name]]), by_name[name]]:
            if module not in chosen["early"] + chosen["late"]:
                chosen[when].append(module)
    return chosen["early"], chosen["late"]


def _initramfs(build, unpacked: Path, modules: list[Path]) -> bytes:
    """tiny-initramfs' init: loads the modules it finds listed, mounts the root by its UUID, starts its init."""
    root = build.work / "initramfs"
    for folder in ("dev", "proc", "target"):
        (root / folder).mkdir(parents=True)
    shutil.copy(unpacked / "usr/lib/x86_64-linux-gnu/tiny-initramfs/init-static", root / "init")
    for module in modules:
        shutil.copy(module, root)
    (root / "modules").write_text("".join(f"/{module.name}\n" for module in modules))
    os.mknod(root / "dev/console", 0o20600, os.makedev(5, 1))
    build.clamp_times(root)
    names = sorted(str(path.relative_to(root)) for path in root.rglob("*"))
    archive = build.work / "initrd.cpio"
    run(["cpio", "--quiet", "-o", "-H", "newc", "--reproducible", "-R", "0:0", "-F", archive],
        stdin="\n".join(names) + "\n", cwd=root)
    return archive.read_bytes()


def _set_owners(tree: Path) -> None:
    for path in [tree, *tree.rglob("*")]:
        os.chown(path, 0, 0, follow_symlinks=False)
        if not path.is_symlink():
            path.chmod(0o755 if path.is_dir() or path.stat().st_mode & 0o100 else 0o644)
    (tree / "usr/bin/busybox").chmod(0o4755)  # it gives the right up, except where ping or su need it
    os.chown(tree / "usr/bin/sudo", 0, 1000)
    (tree / "usr/bin/sudo").chmod(0o4750)
    (tree / "tmp").chmod(0o1777)
    (tree / "etc/shadow").chmod(0o600)
    for home, owner in (("root", 0), ("home/ec2-user", 1000)):
        for path in (tree / home, tree / home / ".ssh"):
            os.chown(path, owner, owner)
            path.chmod(0o700)


def install_boot_loader(build, layout: disk.Layout, raw: Path) -> None:
    words = [f"root=UUID={layout.root_uuid}", *build.recipe["command_line"]]
    area = make_boot_area(build.kernel, build.initrd, " ".join(words))
    disk.write_boot_area(raw, layout, disk.assemble_boot_code(build.work), area)


def package_versions(build) -> dict[str, str]:
    return {name: path.name.split("_")[1].replace("%3a", ":") for name, path in build.packages.items()}
