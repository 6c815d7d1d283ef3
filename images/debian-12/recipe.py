# SPDX-License-Identifier: Apache-2.0
"""The Debian 12 image: Debian's packages by mmdebstrap, settings from files/, GRUB for BIOS and UEFI."""

import os
import re
import shutil
import subprocess
from pathlib import Path

from lib import disk
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
    repository = _local_repository(build)
    _install(build, repository)
    files = build.work / "files"
    shutil.copytree(HERE / "files", files, symlinks=True)
    _fill_in(build, files / "etc/default/grub.d/10-ec2.cfg")
    run(["cp", "-r", "--preserve=mode", "--no-preserve=ownership", f"{files}/.", build.tree])
    run([HERE / "customize.sh", build.tree])
    for name, target in (("grub.cfg", "boot/grub/grub.cfg"), ("fstab", "etc/fstab")):
        shutil.copyfile(HERE / name, build.tree / target)
        _fill_in(build, build.tree / target)
    (build.tree / "etc/apt/sources.list").write_text("\n".join(guest_sources(build.archive.sources)) + "\n")


def _local_repository(build) -> Path:
    """The downloaded packages as a flat repository: what was verified then is what is installed now."""
    repository = build.work / "repository"
    repository.mkdir()
    for package in build.packages.values():
        os.symlink(package, repository / package.name)
    (repository / "Packages").write_text(build.index)
    return repository


def _install(build, repository: Path) -> None:
    options = [f"--dpkgopt=path-exclude={pattern}" for pattern in EXCLUDED]
    options += [f"--dpkgopt=path-include={pattern}" for pattern in INCLUDED]
    argv = ["mmdebstrap", "--verbose", "--mode=root", "--variant=apt", "--architectures=amd64",
            "--aptopt=APT::Install-Recommends \"false\"", *options,
            "--include=" + ",".join(build.package_names),
            "--skip=cleanup/tmp", build.recipe["suite"], str(build.tree),
            f"deb [trusted=yes] copy:{repository} ./"]
    expected = 2 * len(build.packages)
    seen, tail = 0, []
    with subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
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


def install_boot_loader(build, layout: disk.Layout, raw: Path) -> None:
    early = (HERE / "grub-early.cfg").read_text().replace("@ROOT_UUID@", layout.root_uuid)
    grub = disk.Grub(early_config=early, modules=build.recipe["grub_modules"])
    disk.write_bios_grub(raw, layout, grub, build.work)
    disk.write_esp(raw, layout, grub, build.work, build.epoch)


def package_versions(build) -> dict[str, str]:
    text = run(["dpkg-query", "--admindir", build.tree / "var/lib/dpkg", "-W", "-f", "${Package} ${Version}\n"])
    return dict(line.split() for line in text.splitlines())
