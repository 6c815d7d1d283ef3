# SPDX-License-Identifier: Apache-2.0
"""Built images for tests: made once, kept while the recipe stays the same."""

import fcntl
import json
import os
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.append(str(ROOT / "images"))  # last: it has tests of its own

from lib import recipe  # noqa: E402

BUILD_SECONDS = 1800  # the largest, on a busy machine, with every package still to fetch


def images_root():
    """Where built images lie, and the cache beside them."""
    if "PILEUS_IMAGES" in os.environ:
        return pathlib.Path(os.environ["PILEUS_IMAGES"])
    return pathlib.Path(os.environ.get("PILEUS_BUILD", ROOT / "build/test")) / "images"


def build_image(name, folder, before=()):
    """Builds a recipe into `folder`; `before` are words to run the builder by. Returns the manifest."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    subprocess.run([*before, str(ROOT / "images/build"), name, str(folder), "--cache", str(images_root() / "cache")],
                   check=True, timeout=BUILD_SECONDS, stdin=subprocess.DEVNULL)
    return manifest_of(folder)


def manifest_of(folder):
    return json.loads((folder / "image.json").read_text())


def is_current(name, folder):
    return (folder / "image.json").exists() and manifest_of(folder)["recipe_sha256"] == recipe.load(name).hash()


def image_folder(name):
    """The folder with disk.qcow2 and image.json."""
    folder = images_root() / name
    images_root().mkdir(parents=True, exist_ok=True)
    with open(images_root() / "lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # tests that run beside each other build it once
        # Images that were handed over are taken as they are.
        if not is_current(name, folder) and not ("PILEUS_IMAGES" in os.environ and folder.exists()):
            build_image(name, folder)
    return folder
