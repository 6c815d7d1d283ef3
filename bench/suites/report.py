# SPDX-License-Identifier: Apache-2.0
"""What a suite found: a table for people, the samples for those who doubt it, and a count of goals met."""

import datetime
import json
import os
import pathlib
import platform
import subprocess

from support.pileus import PROGRAMS, ROOT


def first_line(*words):
    try:
        return subprocess.run(words, capture_output=True, text=True, check=True).stdout.splitlines()[0]
    except (OSError, subprocess.CalledProcessError, IndexError):
        return "not installed"


def build_type():
    cache = PROGRAMS.parent / "CMakeCache.txt"
    lines = cache.read_text().splitlines() if cache.exists() else []
    return next((line.split("=", 1)[1] for line in lines if line.startswith("CMAKE_BUILD_TYPE:")), "unknown")


def machine():
    cpus = [line.split(":")[1].strip() for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines()
            if line.startswith("model name")]
    memory_kib = int(pathlib.Path("/proc/meminfo").read_text().split()[1])
    return {"cpu": cpus[0] if cpus else platform.machine(), "cpus": os.cpu_count(), "memory_mib": memory_kib // 1024,
            "kernel": platform.release(), "build": build_type(), "qemu": first_line("qemu-system-x86_64", "--version"),
            "commit": first_line("git", "-C", str(ROOT), "describe", "--always", "--dirty")}


class Report:
    def __init__(self, name, folder):
        self.name = name
        self.folder = folder
        self.passed = self.failed = self.skipped = 0
        self.began = datetime.datetime.now(datetime.timezone.utc)
        self.load_before = os.getloadavg()
        self.samples = {}
        self.goals = []
        print(f"== {name}")

    def note(self, text):
        print(f"   {text}", flush=True)

    def keep(self, name, samples):
        self.samples[name] = samples

    def goal(self, text, met):
        """`met` is None where the run does not allow to say."""
        verdict = {True: "passed", False: "failed", None: "skipped"}[met]
        setattr(self, verdict, getattr(self, verdict) + 1)
        self.goals.append({"goal": text, "verdict": verdict})
        print(f"   {verdict:8} {text}", flush=True)

    def skip(self, why):
        self.skipped += 1
        self.goals.append({"goal": why, "verdict": "skipped"})
        print(f"   skipped  {why}", flush=True)

    def finish(self):
        self.folder.mkdir(exist_ok=True)
        path = self.folder / f"{self.began:%Y-%m-%d-%H%M}-{self.name}.json"
        facts = {"suite": self.name, "began": self.began.isoformat(timespec="seconds"), "machine": machine(),
                 "load_average": {"before": self.load_before, "after": os.getloadavg()}, "goals": self.goals}
        path.write_text(json.dumps({**facts, "samples": self.samples}, separators=(",", ":")) + "\n")
        print(f"   load average {self.load_before[0]:.1f} … {os.getloadavg()[0]:.1f}; samples: {path.name}", flush=True)
