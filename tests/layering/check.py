#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Checks the tree against the rules of the house: `check.py ROOT` prints faults and exits 1 if there are any.

Every rule is a function that takes the Tree and yields faults as text; RULES at the end names them.
"""
import pathlib
import re
import subprocess
import sys

LONG_FILE_LINES = 500
SOURCE_SUFFIXES = {".cpp", ".h", ".py", ".sh", ".mjs", ".ts", ".tsx", ".cmake"}
CPP_SUFFIXES = {".cpp", ".h"}
SKIPPED_FOLDERS = re.compile(r"^(build.*|\.git|\.ccache|node_modules|__pycache__|dist)$")

# Headers that only one folder may include, and why.
RESERVED_HEADERS = [
    (re.compile(r"^boost/(asio|beast)"), "src/http", "Asio and Beast stay at the edge"),
    (re.compile(r"^(sqlite3|libpq-fe)\.h$"), "src/store", "SQL is written in one place"),
]
# Pairs of top folders that the order of the floors would allow.
FORBIDDEN = {("cloud", "engine"): "the engine is reached only through work items in the store"}


class Module:
    def __init__(self, name, folder, depends, test_depends):
        self.name = name
        self.folder = folder  # relative to the root
        self.depends = set(depends)
        self.test_depends = set(test_depends)


class Tree:
    def __init__(self, root):
        self.root = pathlib.Path(root).resolve()
        self.files = self._files()
        self._texts = {}
        self.modules = {}  # by folder
        for path in self.files:
            if path.name == "CMakeLists.txt":
                self._read_modules(path)
        self.by_name = {module.name: module for module in self.modules.values()}

    def _files(self):
        listed = subprocess.run(["git", "-C", str(self.root), "ls-files", "-z", "-co", "--exclude-standard"],
                                capture_output=True, text=True)
        if listed.returncode == 0 and (self.root / ".git").exists():
            names = [name for name in listed.stdout.split("\0") if name]
        else:  # a release archive, or a tree of another user
            names = [str(path.relative_to(self.root)) for path in self.root.rglob("*")]
        paths = [pathlib.PurePosixPath(name) for name in names]
        return sorted(path for path in paths
                      if not any(SKIPPED_FOLDERS.match(part) for part in path.parts[:-1])
                      and (self.root / path).is_file() and not (self.root / path).is_symlink())

    def text(self, path):
        if path not in self._texts:
            self._texts[path] = (self.root / path).read_bytes().decode("utf-8", errors="replace")
        return self._texts[path]

    def _read_modules(self, path):
        text = re.sub(r"#.*", "", self.text(path))
        for body in re.findall(r"pileus_module\(([^)]*)\)", text):
            words = body.split()
            lists = {"": [], "DEPENDS": [], "LIBRARIES": [], "TEST_DEPENDS": [], "TEST_LIBRARIES": []}
            current = ""
            for word in words:
                if word in lists:
                    current = word
                else:
                    lists[current].append(word)
            if lists[""]:
                folder = str(path.parent)
                self.modules[folder] = Module(lists[""][0], folder, lists["DEPENDS"], lists["TEST_DEPENDS"])

    def module_at(self, folder):
        """The module of a folder, or of the nearest folder above it."""
        folder = pathlib.PurePosixPath(folder)
        for candidate in (folder, *folder.parents):
            if str(candidate) in self.modules:
                return self.modules[str(candidate)]
        return None

    def cpp_files(self, below="src"):
        return [path for path in self.files if path.parts[0] == below and path.suffix in CPP_SUFFIXES]

    def floors(self):
        """Top folders, lowest first, as the root's CMakeLists.txt orders them."""
        root = pathlib.PurePosixPath("CMakeLists.txt")
        found = re.search(r"foreach\(floor([^)]*)\)", self.text(root)) if root in self.files else None
        return [name.removeprefix("src/") for name in found.group(1).split()] if found else []


def without_comments(text):
    text = re.sub(r"/\*.*?\*/", lambda found: "\n" * found.group().count("\n"), text, flags=re.S)
    return re.sub(r"//[^\n]*", "", text)


def without_strings(text):
    return re.sub(r'"(?:[^"\\\n]|\\.)*"', '""', text)


def includes(tree, path, quotes=r'"<'):
    for number, line in enumerate(without_comments(tree.text(path)).splitlines(), 1):
        found = re.match(rf'\s*#\s*include\s*[{quotes}]([^">]+)[">]', line)
        if found:
            yield number, found.group(1)


def top(module):
    return module.folder.removeprefix("src/").split("/")[0]


def undeclared_includes(tree):
    names = {folder.split("/")[-1] for folder in tree.modules}
    for path in tree.cpp_files() + tree.cpp_files("model"):
        own = tree.module_at(path.parent)
        if own is None:
            continue
        allowed = {own.name} | own.depends
        if path.name.endswith(("_test.cpp", "_fuzz.cpp", "_fixture.h")):
            allowed |= own.test_depends
        for number, header in includes(tree, path, '"'):
            if "/" not in header:
                yield f'{path}:{number}: "{header}" is not written from the root of src/'
                continue
            folder = pathlib.PurePosixPath(header).parent
            other = tree.module_at(pathlib.PurePosixPath("src") / folder) or tree.module_at(folder)
            if other is None:
                if (tree.root / "src" / header).exists() or folder.parts[0] in names:
                    yield f"{path}:{number}: {header} belongs to no module"
            elif other.name not in allowed:
                yield (f"{path}:{number}: includes {header}, but {own.folder}/CMakeLists.txt does not name "
                       f"{other.name} in DEPENDS")


def higher_floors(tree):
    order = {name: rank for rank, name in enumerate(tree.floors())}
    for module in tree.modules.values():
        for name in sorted(module.depends):
            other = tree.by_name.get(name)
            where = f"{module.folder}/CMakeLists.txt"
            if other is None:
                yield f"{where}: DEPENDS names {name}, which is no module"
                continue
            if (top(module), top(other)) in FORBIDDEN:
                yield f"{where}: {module.name} may not depend on {name}: {FORBIDDEN[top(module), top(other)]}"
            if order and top(module) not in order:
                yield f"{where}: {top(module)} has no place among the floors of the root's CMakeLists.txt"
            elif order and order.get(top(other), 0) > order[top(module)]:
                yield f"{where}: {module.name} depends on {name}, which stands on a higher floor"


def reserved_headers(tree):
    for path in tree.cpp_files():
        for number, header in includes(tree, path):
            for pattern, folder, why in RESERVED_HEADERS:
                if pattern.match(header) and not str(path).startswith(folder + "/"):
                    yield f"{path}:{number}: includes {header}; only {folder} may: {why}"


def shell_calls(tree):
    for path in tree.files:
        if path.suffix in CPP_SUFFIXES:
            text = without_strings(without_comments(tree.text(path)))
            pattern = r"(?<![\w.>])(?:std::|::)?\b(system|popen)\s*\("
        elif path.suffix == ".py" and "layering" not in path.parts:
            text = re.sub(r"#.*", "", tree.text(path))
            pattern = r"\bos\.(system|popen)\s*\(|\b(shell)\s*=\s*True"
        else:
            continue
        for number, line in enumerate(text.splitlines(), 1):
            if re.search(pattern, line):
                yield f"{path}:{number}: runs a shell; a program takes an argument vector"


def coroutine_lambdas(tree):
    """GCC 12 destroys a capturing lambda inside a co_await expression twice."""
    for path in tree.cpp_files():
        text = without_strings(without_comments(tree.text(path)))
        for found in re.finditer(r"co_await[^;{]*\[\s*(?:[&=]|this\b|\w+\s*=)[^\]]*\]\s*[({]", text):
            number = text.count("\n", 0, found.start()) + 1
            yield f"{path}:{number}: a capturing lambda inside co_await; name the coroutine and pass values"


def is_script(tree, path):
    return not path.suffix and tree.text(path).startswith("#!")


def missing_licence(tree):
    for path in tree.files:
        if path.suffix in SOURCE_SUFFIXES or path.name == "CMakeLists.txt" or is_script(tree, path):
            if tree.text(path).strip() and "SPDX-License-Identifier: Apache-2.0" not in "\n".join(tree.text(path).splitlines()[:3]):
                yield f"{path}: does not begin with the SPDX line"


def missing_readme(tree):
    for folder in sorted(tree.modules):
        if not (tree.root / folder / "README.md").is_file():
            yield f"{folder}: has no README.md"


# Written so that this file does not name them itself.
REGISTRIES = re.compile(r"registry\.npm" r"js\.|registry\.yarn" r"pkg\.|\bpypi" r"\.org|python" r"hosted\.org|"
                        r"\bcrates" r"\.io|proxy\.golang" r"\.org|docker" r"\.io/|\bghcr" r"\.io|\bquay" r"\.io|"
                        r"\bdeb\.debian" r"\.org|rubygems" r"\.org")
MACHINE_PATHS = re.compile(r"/work" r"/(main|shared|\.library)\b|/tmp" r"/w/|\.\./" r"shared/|\bshared" r"/[A-Z]+\.md|"
                           r"/home/(?!admin\b|ubuntu\b)[a-z]\w*/|/Us" r"ers/")


def names_of_this_machine(tree):
    for path in tree.files:
        if path.suffix in {".png", ".svg", ".ico", ".woff2"} or (tree.root / path).stat().st_size > 2_000_000:
            continue
        for number, line in enumerate(tree.text(path).splitlines(), 1):
            if found := REGISTRIES.search(line):
                yield f"{path}:{number}: names a package registry ({found.group()})"
            if found := MACHINE_PATHS.search(line):
                yield f"{path}:{number}: names a path of somebody's machine ({found.group()})"


RULES = [undeclared_includes, higher_floors, reserved_headers, shell_calls, coroutine_lambdas, missing_licence,
         missing_readme, names_of_this_machine]


def long_files(tree):
    for path in tree.files:
        if path.suffix in SOURCE_SUFFIXES:
            lines = tree.text(path).count("\n")
            if lines > LONG_FILE_LINES:
                yield lines, path


def main(root):
    tree = Tree(root)
    faults = [fault for rule in RULES for fault in rule(tree)]
    for lines, path in sorted(long_files(tree), reverse=True):
        print(f"long: {path} has {lines} lines")
    for fault in faults:
        print(fault)
    print(f"{len(tree.files)} files, {len(tree.modules)} modules, {len(faults)} faults")
    return 1 if faults or not tree.modules else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).resolve().parents[2]))
