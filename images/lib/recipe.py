# SPDX-License-Identifier: Apache-2.0
"""What a recipe says: its own folder, or that of its base with its own on top.

A recipe with `base` in its recipe.toml is an application image: it takes the base's settings (its own win), the
base's packages less those in `without`, and the base's way to fill the root folder (recipe.py); its files/ lie
over the base's, and its customize.sh runs after the base's.
"""

import hashlib
import importlib.util
import tomllib
from dataclasses import dataclass
from pathlib import Path

from .packages import read_list
from .run import BuildError

IMAGES = Path(__file__).resolve().parent.parent


@dataclass
class Recipe:
    name: str
    data: dict
    packages: list[str]
    layers: list[Path]  # folders, the base's first
    base: "Recipe | None"

    def __getitem__(self, key: str):
        return self.data[key]

    def get(self, key: str, otherwise=None):
        return self.data.get(key, otherwise)

    def load_steps(self):
        """recipe.py of the lowest base: fetch, make_tree, install_boot_loader, package_versions."""
        spec = importlib.util.spec_from_file_location("recipe", self.layers[0] / "recipe.py")
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module

    def hash(self, images: Path = IMAGES) -> str:
        """Over every file that decides the result: the recipe, its bases, and the code that builds."""
        digest = hashlib.sha256()
        files = [path for root in (*self.layers, IMAGES / "lib", IMAGES / "agent") for path in root.rglob("*")
                 if path.is_file() and "__pycache__" not in path.parts and path.name != "health"]
        for path in sorted([*files, IMAGES / "build"]):
            content = path.read_bytes()
            mode = path.stat().st_mode & 0o111
            name = path.relative_to(images if path.is_relative_to(images) else IMAGES)
            digest.update(f"{name} {mode} {len(content)}\n".encode())
            digest.update(content)
        return digest.hexdigest()


def names(images: Path = IMAGES) -> list[str]:
    return sorted(path.parent.name for path in images.glob("*/recipe.toml"))


def load(name: str, images: Path = IMAGES, below: tuple[str, ...] = ()) -> Recipe:
    folder = images / name
    own = tomllib.loads((folder / "recipe.toml").read_text())
    packages = read_list(folder / "packages.txt")
    base_name = own.pop("base", None)
    if base_name is None:
        return Recipe(name, own, packages, [folder], None)
    if base_name in (*below, name) or base_name not in names(images):
        raise BuildError(f"{folder}/recipe.toml: the base {base_name!r} is no other recipe")
    base = load(base_name, images, (*below, name))
    without = own.get("without", [])
    unknown = [package for package in without if package not in base.packages]
    if unknown:
        raise BuildError(f"{folder}/recipe.toml: `without` names what {base_name} does not have: {', '.join(unknown)}")
    kept = [package for package in base.packages if package not in without]
    return Recipe(name, {**base.data, **own}, kept + [p for p in packages if p not in kept],
                  [*base.layers, folder], base)
