# SPDX-License-Identifier: Apache-2.0
"""Making a folder's content the same in every build, and proving it."""

import hashlib
import os
import stat
from pathlib import Path


def clamp_times(folder: Path, epoch: int) -> None:
    """No file is younger than `epoch`."""
    for path in [*folder.rglob("*"), folder]:
        if path.lstat().st_mtime > epoch:
            os.utime(path, (epoch, epoch), follow_symlinks=False)


def digest_of_tree(folder: Path) -> str:
    """One number for names, kinds, modes, owners, times and contents of a folder."""
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        status = path.lstat()
        digest.update(f"{path.relative_to(folder)}\0{status.st_mode:o} {status.st_uid}:{status.st_gid}"
                      f" {int(status.st_mtime)}\n".encode(errors="surrogateescape"))
        if stat.S_ISLNK(status.st_mode):
            digest.update(os.readlink(path).encode(errors="surrogateescape"))
        elif stat.S_ISREG(status.st_mode):
            with open(path, "rb") as file:
                digest.update(hashlib.file_digest(file, "sha256").digest())
    return digest.hexdigest()
