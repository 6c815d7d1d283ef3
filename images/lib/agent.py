# SPDX-License-Identifier: Apache-2.0
"""Our agent in the guest (../agent): compiled for each build, static, so that it runs in every image."""

from pathlib import Path

from .run import run

SOURCE = Path(__file__).resolve().parent.parent / "agent"
PLACE = Path("usr/sbin/pileus-agent")
PROTOCOL = "1"  # what its first line says, and an image's manifest


def compile_agent(target: Path, version: str) -> None:
    run(["cc", "-std=c11", "-D_GNU_SOURCE", f'-DAGENT_VERSION="{version}"', "-O2", "-Wall", "-Wextra", "-Werror",
         "-static", "-s", "-o", target, *sorted(SOURCE.glob("*.c"))])


def install(build, tree: Path) -> None:
    """The version is the recipe's: another one is another image."""
    compile_agent(tree / PLACE, build.recipe_hash[:12])
    (tree / PLACE).chmod(0o755)


def protocol_of(tree: Path) -> str:
    """What the manifest says of it; "" for an image without."""
    return PROTOCOL if (tree / PLACE).exists() else ""
