# SPDX-License-Identifier: Apache-2.0
"""Built images for tests: made once, kept while the recipe stays the same."""

import hashlib
import os
import pathlib
import subprocess

ROOT = pathlib.Path(__file__).resolve().parents[2]


def recipe_hash(name):
    """Over every file that the build of a recipe reads."""
    digest = hashlib.sha256()
    folders = [ROOT / "images" / name, ROOT / "images" / "lib"]
    files = [ROOT / "images" / "build"] + [path for folder in folders for path in folder.rglob("*")]
    for path in sorted(path for path in files if path.is_file() and "__pycache__" not in path.parts):
        digest.update(str(path.relative_to(ROOT)).encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()


def image_folder(name):
    """The folder with disk.qcow2 and image.json."""
    if "PILEUS_IMAGES" in os.environ:
        return pathlib.Path(os.environ["PILEUS_IMAGES"]) / name
    build = pathlib.Path(os.environ.get("PILEUS_BUILD", ROOT / "build/test")) / "images"
    folder = build / name
    note = build / f"{name}.recipe"
    wanted = recipe_hash(name)
    if not (folder / "image.json").exists() or not note.exists() or note.read_text() != wanted:
        build.mkdir(parents=True, exist_ok=True)
        subprocess.run([str(ROOT / "images/build"), name, str(folder), "--cache", str(build / "cache")], check=True,
                       timeout=900, stdin=subprocess.DEVNULL)
        note.write_text(wanted)
    return folder
