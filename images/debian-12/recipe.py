# SPDX-License-Identifier: Apache-2.0
"""The Debian 12 image: Debian's packages by mmdebstrap, settings from files/, our boot area and GRUB."""

import hashlib
import os
import re
import shutil
import subprocess
from pathlib import Path

from lib import disk
from lib.boot_area import make_boot_area
from lib.packages import guest_sources
from lib.run import BuildError, run

HERE = Path(__file__).parent

# Kept small where nobody looks on a server; what is installed later comes complete.
EXCLUDED = ["/usr/share/doc/*", "/usr/share/info/*", "/usr/share/locale/*", "/usr/share/lintian/*",
            "/usr/share/man/??/*", "/usr/share/man/??_*/*"]
INCLUDED = ["/usr/share/doc/*/copyright", "/usr/share/locale/en*", "/usr/share/locale/locale.alias"]


def fetch(build) -> None:
    build.packages, build.index = build.archive.fetch_closure(build.package_names)


def make_tree(build) -> None:
    _unpack_packages(build)
    files = build.work / "files"
    shutil.copytree(HERE / "files", files, symlinks=True)
    for name in ("etc/default/grub.d/10-ec2.cfg", "etc/kernel/cmdline"):
        _fill_in(build, files / name)
    _add_boot_loader(build, files / "usr/lib/ec2-boot")
    run(["cp", "-r", "--preserve=mode", "--no-preserve=ownership", f"{files}/.", build.tree])
    run([HERE / "customize.sh", build.tree])
    for name, target in (("grub.cfg", "boot/grub/grub.cfg"), ("fstab", "etc/fstab")):
        shutil.copyfile(HERE / name, build.tree / target)
        _fill_in(build, build.tree / target)
    (build.tree / "etc/apt/sources.list").write_text("\n".join(guest_sources(build.archive.sources)) + "\n")


def _unpack_packages(build) -> None:
    """The root as the packages alone make it; a copy in the cache spares a change of settings the minute it takes."""
    key = hashlib.sha256("\n".join([build.index, *build.package_names, *EXCLUDED, *INCLUDED]).encode()).hexdigest()
    copy = build.cache / f"roots/{build.recipe['name']}-{key[:16]}.tar.zst"
    if not copy.exists():
        for stale in copy.parent.glob(f"{build.recipe['name']}-*"):
            stale.unlink()
        copy.parent.mkdir(exist_ok=True)
        partial = copy.with_name(f"partial-{os.getpid()}.tar.zst")
        _install(build, _local_repository(build), partial)
        partial.rename(copy)
    run(["tar", "--extract", "--file", copy, "--directory", build.tree, "--numeric-owner", "--xattrs",
         "--xattrs-include=*"])


def _local_repository(build) -> Path:
    """The downloaded packages as a flat repository: what was verified then is what is installed now."""
    repository = build.work / "repository"
    repository.mkdir()
    for package in build.packages.values():
        os.symlink(package, repository / package.name)
    (repository / "Packages").write_text(build.index)
    return repository


def _install(build, repository: Path, target: Path) -> None:
    options = [f"--dpkgopt=path-exclude={pattern}" for pattern in EXCLUDED]
    options += [f"--dpkgopt=path-include={pattern}" for pattern in INCLUDED]
    argv = ["mmdebstrap", "--verbose", "--mode=root", "--variant=apt", "--architectures=amd64",
            "--aptopt=APT::Install-Recommends \"false\"", *options,
            "--include=" + ",".join(build.package_names),
            "--skip=cleanup/tmp", build.recipe["suite"], str(target),
            f"deb [trusted=yes] copy:{repository} ./"]
    # With this set, Python would check every module's source by its hash, each time it is loaded.
    environment = {name: value for name, value in os.environ.items() if name != "SOURCE_DATE_EPOCH"}
    expected = 2 * len(build.packages)
    seen, tail = 0, []
    with subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          env=environment) as process:
        for line in process.stdout:
            tail = [*tail[-14:], line]
            if re.match(r"(Unpacking|Setting up) ", line):
                seen += 1
                build.progress.step(0.95 * seen / expected)
    if process.returncode != 0:
        raise BuildError(f"mmdebstrap ended with status {process.returncode}\n{''.join(tail)}")


def _fill_in(build, path: Path) -> None:
    values = {"ROOT_UUID": build.id_for("root"), "KERNEL_OPTIONS": " ".join(build.recipe["kernel_options"])}
    text = path.read_text()
    for name, value in values.items():
        text = text.replace(f"@{name}@", value)
    path.write_text(text)


def _add_boot_loader(build, folder: Path) -> None:
    """The guest renews its boot area with the same program that wrote it first."""
    folder.mkdir(parents=True)
    shutil.copy(HERE.parent / "lib/boot_area.py", folder)
    (folder / "boot_area.py").chmod(0o755)
    (folder / "boot.bin").write_bytes(disk.assemble_boot_code(build.work))


def install_boot_loader(build, layout: disk.Layout, raw: Path) -> None:
    area = make_boot_area((build.tree / "vmlinuz").read_bytes(), (build.tree / "initrd.img").read_bytes(),
                          (build.tree / "etc/kernel/cmdline").read_text().strip())
    disk.write_boot_area(raw, layout, (build.tree / "usr/lib/ec2-boot/boot.bin").read_bytes(), area)
    early = (HERE / "grub-early.cfg").read_text().replace("@ROOT_UUID@", layout.root_uuid)
    disk.write_esp(raw, layout, disk.Grub(early, build.recipe["grub_modules"]), build.work, build.epoch)


def package_versions(build) -> dict[str, str]:
    text = run(["dpkg-query", "--admindir", build.tree / "var/lib/dpkg", "-W", "-f", "${Package} ${Version}\n"])
    return dict(line.split() for line in text.splitlines())
