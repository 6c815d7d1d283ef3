# SPDX-License-Identifier: Apache-2.0
"""Debian packages for an image: the machine's own apt sources, resolved apart from the machine.

A private apt state lives in the cache folder, so that what is installed on the machine that builds
has no influence, and a second build needs no network: apt checks signatures and hashes when it
downloads, and the files stay in `<cache>/archives`.
"""

import email.utils
import os
import re
from pathlib import Path

from .run import BuildError, run


def host_sources(suite: str, etc_apt: Path = Path("/etc/apt")) -> list[str]:
    """The machine's sources for `suite`, `suite-updates`, `suite-security`, as one-line entries."""
    wanted = {suite, f"{suite}-updates", f"{suite}-security"}
    lines = []
    files = [etc_apt / "sources.list", *sorted((etc_apt / "sources.list.d").glob("*.list"))]
    for path in files:
        if path.is_file():
            lines += [line.strip() for line in path.read_text().splitlines()
                      if _one_line_suite(line) in wanted]
    for path in sorted((etc_apt / "sources.list.d").glob("*.sources")):
        for stanza in _stanzas(path.read_text()):
            lines += _one_line_entries(stanza, wanted)
    if not lines:
        raise BuildError(f"/etc/apt names no source for {suite}: add one, or give --mirror URI")
    return list(dict.fromkeys(lines))


def guest_sources(sources: list[str]) -> list[str]:
    """The same sources for the guest, without options that name files of this machine only."""
    keyring = "/usr/share/keyrings/debian-archive-keyring."
    return [line if f"[signed-by={keyring}" in line else re.sub(r"^deb \[[^]]*\] ", "deb ", line)
            for line in sources]


def _one_line_suite(line: str) -> str | None:
    match = re.match(r"deb\s+(?:\[[^]]*\]\s+)?\S+\s+(\S+)", line.strip())
    return match.group(1) if match else None


def _stanzas(text: str) -> list[dict[str, str]]:
    """Paragraphs of a deb822 file; comments dropped, continuation lines joined."""
    stanzas, current, key = [], {}, None
    for line in [*text.splitlines(), ""]:
        if line.startswith("#"):
            continue
        if not line.strip():
            if current:
                stanzas.append(current)
            current, key = {}, None
        elif line[0].isspace() and key:
            current[key] += "\n" + line.strip()
        else:
            key, _, value = line.partition(":")
            key = key.strip().lower()
            current[key] = value.strip()
    return stanzas


def _one_line_entries(stanza: dict[str, str], wanted: set[str]) -> list[str]:
    if "deb" not in stanza.get("types", "").split() or stanza.get("enabled", "yes") == "no":
        return []
    signed_by = stanza.get("signed-by", "")
    options = f"[signed-by={signed_by}] " if signed_by.startswith("/") else ""
    return [f"deb {options}{uri} {suite} {stanza.get('components', 'main')}"
            for uri in stanza.get("uris", "").split()
            for suite in stanza.get("suites", "").split() if suite in wanted]


class Archive:
    """A private apt over `sources`, whose lists and package files live under `cache`."""

    def __init__(self, cache: Path, sources: list[str]):
        self.sources = sources
        self.archives = cache / "archives"
        self.root = cache / "apt"
        for folder in (self.archives / "partial", self.root / "lists/partial", self.root / "cache",
                       self.root / "empty.d"):
            folder.mkdir(parents=True, exist_ok=True)
        (self.root / "status").touch()
        (self.root / "sources.list").write_text("\n".join(sources) + "\n")
        self.options = [option for pair in {
            "Dir::Etc::sourcelist": self.root / "sources.list",
            "Dir::Etc::sourceparts": self.root / "empty.d",
            "Dir::Etc::preferencesparts": self.root / "empty.d",
            "Dir::State": self.root,
            "Dir::State::status": self.root / "status",
            "Dir::State::lists": self.root / "lists",
            "Dir::Cache": self.root / "cache",
            "Dir::Cache::archives": self.archives,
            "APT::Architecture": "amd64",
            "APT::Architectures": "amd64",
            "APT::Install-Recommends": "false",
            "APT::Sandbox::User": "root",
            "Acquire::Languages": "none",
            "Acquire::Retries": "3",
            "Debug::NoLocking": "true",
        }.items() for option in ("-o", f"{pair[0]}={pair[1]}")]

    def refresh(self, note) -> None:
        """Reads the package lists anew; without a network the lists of the last build serve."""
        try:
            # The machine's own hooks after an update do not concern this private state.
            run(["apt-get", *self.options, "-o", "APT::Update::Post-Invoke-Success::=",
                 "-o", "APT::Update::Error-Mode=any", "-qq", "update"], env=_environment())
        except BuildError as error:
            if not any((self.root / "lists").glob("*_Packages*")):
                raise
            note(f"package lists could not be refreshed, the cached ones serve ({str(error).splitlines()[-1]})")

    def date(self) -> int:
        """When the archive was last published: the newest date of its Release files."""
        dates = [0]
        for path in (self.root / "lists").glob("*Release"):
            match = re.search(r"^Date: (.+)$", path.read_text(errors="replace"), re.MULTILINE)
            if match:
                dates.append(int(email.utils.parsedate_to_datetime(match.group(1)).timestamp()))
        return max(dates)

    def fetch(self, names: list[str]) -> dict[str, Path]:
        """Downloads exactly these packages (no dependencies); name → file."""
        return self._files(self._stanzas_of(names))

    def fetch_closure(self, names: list[str]) -> tuple[dict[str, Path], str]:
        """Downloads `names`, every essential package and all dependencies.

        Returns name → file, and the text of a Packages index over those files.
        """
        simulated = self._apt_get("--simulate", "install", *names, "?essential")
        chosen = re.findall(r"^Inst (\S+) \((\S+)", simulated, re.MULTILINE)
        stanzas = self._stanzas_of([f"{name}={version}" for name, version in chosen])
        return self._files(stanzas), "\n".join(self._local(stanza) for stanza in stanzas)

    def resolve_kernel(self, meta: str) -> str:
        """The kernel package that the metapackage stands for."""
        depends = re.search(r"^Depends:.*?(linux-image-[0-9]\S*)", self._stanzas_of([meta])[0], re.MULTILINE)
        if not depends:
            raise BuildError(f"{meta} does not depend on a kernel package")
        return depends.group(1).rstrip(",")

    def _apt_get(self, *arguments: str) -> str:
        return run(["apt-get", *self.options, "-qq", "--yes", *arguments], env=_environment())

    def _stanzas_of(self, names: list[str]) -> list[str]:
        text = run(["apt-cache", *self.options, "show", "--no-all-versions", *names], env=_environment())
        stanzas = [stanza for stanza in text.split("\n\n") if stanza.strip()]
        found = {_field(stanza, "Package") for stanza in stanzas}
        missing = [name for name in names if name.partition("=")[0] not in found]
        if missing:
            raise BuildError(f"the package sources do not have: {', '.join(missing)}")
        return stanzas

    def _files(self, stanzas: list[str]) -> dict[str, Path]:
        wanted = {_field(stanza, "Package"): self.archives / _file_name(stanza) for stanza in stanzas}
        absent = [_field(stanza, "Package") + "=" + _field(stanza, "Version") for stanza in stanzas
                  if not wanted[_field(stanza, "Package")].exists()]
        if absent:
            run(["apt-get", *self.options, "-qq", "download", *absent], env=_environment(), cwd=self.archives)
        return wanted

    def _local(self, stanza: str) -> str:
        return re.sub(r"^Filename: .*$", f"Filename: ./{_file_name(stanza)}", stanza, flags=re.MULTILINE) + "\n"


def _environment() -> dict[str, str]:
    return {**os.environ, "DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C.UTF-8"}


def _field(stanza: str, name: str) -> str:
    match = re.search(rf"^{name}: (.*)$", stanza, re.MULTILINE)
    return match.group(1).strip() if match else ""


def _file_name(stanza: str) -> str:
    """The name that apt itself gives a downloaded package (a colon of the epoch is escaped)."""
    version = _field(stanza, "Version").replace(":", "%3a")
    return f"{_field(stanza, 'Package')}_{version}_{_field(stanza, 'Architecture')}.deb"


def read_list(path: Path) -> list[str]:
    """Package names of a list file: one a line, `#` starts a comment."""
    lines = (line.partition("#")[0].strip() for line in path.read_text().splitlines())
    return [line for line in lines if line]
