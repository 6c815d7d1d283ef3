# SPDX-License-Identifier: Apache-2.0
"""The Debian 12 image: Debian's packages by mmdebstrap, settings from files/, our boot area and GRUB."""

import hashlib
import os
import re
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from lib import agent, disk, layer
from lib.boot_area import make_boot_area
from lib.packages import guest_sources
from lib.run import BuildError, run

HERE = Path(__file__).parent

# Kept small where nobody looks on a server; what is installed later comes complete.
EXCLUDED = ["/usr/share/doc/*", "/usr/share/info/*", "/usr/share/locale/*", "/usr/share/lintian/*",
            "/usr/share/man/??/*", "/usr/share/man/??_*/*"]
INCLUDED = ["/usr/share/doc/*/copyright", "/usr/share/locale/en*", "/usr/share/locale/locale.alias"]
DPKG_OPTIONS = ([f"path-exclude={pattern}" for pattern in EXCLUDED] +
                [f"path-include={pattern}" for pattern in INCLUDED])


def fetch(build) -> None:
    recipe = build.recipe
    build.packages, build.index = build.archive.fetch_closure(recipe.packages)
    # An application image that leaves nothing of its base out is laid over the root that the base has too.
    build.lower = None
    if recipe.base is not None and not recipe.get("without"):
        build.lower = Lower(recipe.base.name, recipe.base.packages, *build.archive.fetch_closure(recipe.base.packages))


@dataclass
class Lower:
    """The base of an application image: what its root is made of."""

    name: str
    names: list[str]
    packages: dict[str, Path]
    index: str


def make_tree(build) -> None:
    _unpack_packages(build)
    files = build.work / "files"
    for folder in build.recipe.layers:
        if (folder / "files").is_dir():
            shutil.copytree(folder / "files", files, symlinks=True, dirs_exist_ok=True)
    for name in ("etc/default/grub.d/10-ec2.cfg", "etc/kernel/cmdline"):
        _fill_in(build, files / name)
    _add_boot_loader(build, files / "usr/lib/ec2-boot")
    run(["cp", "-r", "--preserve=mode", "--no-preserve=ownership", f"{files}/.", build.tree])
    agent.install(build, build.tree)
    for folder in build.recipe.layers:
        if (folder / "customize.sh").exists():
            run([folder / "customize.sh", build.tree])
    run([HERE / "finish.sh", build.tree])
    for name, target in (("grub.cfg", "boot/grub/grub.cfg"), ("fstab", "etc/fstab")):
        shutil.copyfile(HERE / name, build.tree / target)
        _fill_in(build, build.tree / target)
    (build.tree / "etc/apt/sources.list").write_text("\n".join(guest_sources(build.archive.sources)) + "\n")


def _unpack_packages(build) -> None:
    """The root as the packages alone make it; a copy in the cache spares a change of settings the minute it takes."""
    recipe, lower = build.recipe, build.lower
    if lower is None:
        _extract(_root_of(build, recipe.name, recipe.packages, build.packages, build.index), build.tree)
        return
    below = _root_of(build, lower.name, lower.names, lower.packages, lower.index)
    copy = _copy_in_cache(build, recipe.name, recipe.packages, below.name + build.index)
    if copy.exists():
        _extract(copy, build.tree)
        return
    _extract(below, build.tree)
    expected = 2 * (len(build.packages) - len(lower.packages))
    layer.install(build.tree, _local_repository(build, build.packages, build.index), recipe.packages, DPKG_OPTIONS,
                  _steps(build, expected))
    partial = copy.with_name(f"partial-{os.getpid()}.tar.zst")
    run(["tar", "--create", "--zstd", "--file", partial, "--directory", build.tree, "--numeric-owner", "--xattrs",
         "--xattrs-include=*", "--sort=name", "."])
    partial.rename(copy)


def _copy_in_cache(build, name: str, names: list[str], index: str) -> Path:
    """Where the unpacked root lies or will lie; copies made from other packages are removed."""
    key = hashlib.sha256("\n".join([index, *names, *EXCLUDED, *INCLUDED]).encode()).hexdigest()
    copy = build.cache / f"roots/{name}-{key[:16]}.tar.zst"
    copy.parent.mkdir(exist_ok=True)
    if not copy.exists():
        for stale in copy.parent.glob(f"{name}-{'[0-9a-f]' * 16}.tar.zst"):
            stale.unlink()
    return copy


def _extract(archive: Path, tree: Path) -> None:
    run(["tar", "--extract", "--file", archive, "--directory", tree, "--numeric-owner", "--xattrs",
         "--xattrs-include=*"])


def _root_of(build, name: str, names: list[str], packages: dict[str, Path], index: str) -> Path:
    """A root from nothing, as an archive in the cache."""
    copy = _copy_in_cache(build, name, names, index)
    if not copy.exists():
        partial = copy.with_name(f"partial-{os.getpid()}.tar.zst")
        _bootstrap(build, _local_repository(build, packages, index), names, len(packages), partial)
        partial.rename(copy)
    return copy


def _local_repository(build, packages: dict[str, Path], index: str) -> Path:
    """The downloaded packages as a flat repository: what was verified then is what is installed now."""
    repository = Path(tempfile.mkdtemp(prefix="repository-", dir=build.work))
    for package in packages.values():
        os.link(package, repository / package.name) if _same_device(package, repository) else shutil.copyfile(
            package, repository / package.name)
    (repository / "Packages").write_text(index)
    return repository


def _same_device(one: Path, other: Path) -> bool:
    return one.stat().st_dev == other.stat().st_dev


def _steps(build, expected: int):
    """For each package unpacked, and each set up."""
    seen = 0

    def step() -> None:
        nonlocal seen
        seen += 1
        build.progress.step(0.95 * seen / max(expected, 1))
    return step


def _bootstrap(build, repository: Path, names: list[str], package_count: int, target: Path) -> None:
    argv = ["mmdebstrap", "--verbose", "--mode=root", "--variant=apt", "--architectures=amd64",
            "--aptopt=APT::Install-Recommends \"false\"", *[f"--dpkgopt={option}" for option in DPKG_OPTIONS],
            "--include=" + ",".join(names),
            "--skip=cleanup/tmp", build.recipe["suite"], str(target),
            f"deb [trusted=yes] copy:{repository} ./"]
    # With this set, Python would check every module's source by its hash, each time it is loaded.
    environment = {name: value for name, value in os.environ.items() if name != "SOURCE_DATE_EPOCH"}
    step, tail = _steps(build, 2 * package_count), []
    with subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          env=environment) as process:
        for line in process.stdout:
            tail = [*tail[-14:], line]
            if re.match(r"(Unpacking|Setting up) ", line):
                step()
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
