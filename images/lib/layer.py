# SPDX-License-Identifier: Apache-2.0
"""Adds packages to a root folder that others filled: what an application image has beside its base."""

import os
import re
import subprocess
from pathlib import Path

from .run import BuildError

HERE = Path(__file__).resolve().parent


def install(tree: Path, repository: Path, names: list[str], dpkg_options: list[str], on_step) -> None:
    """Installs `names` from a flat repository, in namespaces of its own; on_step() for each package and half."""
    argv = ["unshare", "--mount", "--pid", "--fork", "--kill-child", "--net", "--uts", "--ipc",
            HERE / "install-packages", tree, repository, " ".join(dpkg_options), *names]
    # With SOURCE_DATE_EPOCH set, Python would check every module's source by its hash, each time it is loaded.
    environment = {name: value for name, value in os.environ.items() if name not in ("SOURCE_DATE_EPOCH", "TMPDIR")}
    tail: list[str] = []
    with subprocess.Popen([str(word) for word in argv], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          errors="replace", stdin=subprocess.DEVNULL, env=environment) as process:
        for line in process.stdout:
            tail = [*tail[-14:], line]
            if re.match(r"(Unpacking|Setting up) ", line):
                on_step()
    if process.returncode != 0:
        raise BuildError(f"installing {', '.join(names)} ended with status {process.returncode}\n{''.join(tail)}")
