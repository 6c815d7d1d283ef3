# SPDX-License-Identifier: Apache-2.0
"""The volumes driver: what a volume from a snapshot and a snapshot cost, by the size of the disk."""

import json
import subprocess
import tempfile

from suites.statistics import interval, is_quiet
from support.pileus import PROGRAMS

GOAL_RATIO = 1.2
SMALLEST, LARGEST = "1", "16384"


def ratios(values, baseline):
    return interval([a / b for a, b in zip(values, baseline)])


def measure(report, quick):
    rounds = 20 if quick else 400
    with tempfile.TemporaryDirectory(prefix="pileus-bench.") as folder:
        done = subprocess.run([PROGRAMS / "pileus-volumes-bench", folder, str(rounds)], capture_output=True, text=True, timeout=1800)
    if done.returncode != 0:
        raise RuntimeError(done.stderr)
    samples = json.loads(done.stdout.splitlines()[-1])
    for name, by_size in samples.items():
        report.keep(name, by_size)
        smallest = by_size[SMALLEST]
        # Up and down: neighbours in the list come from one round.
        itself = ratios(smallest[::2], smallest[1::2])
        row = ", ".join(f"{size}: {interval(values)[1]:.2f}" for size, values in sorted(by_size.items(), key=lambda item: int(item[0])))
        report.note(f"{name.replace('_', ', ')}, median ms by GiB: {row}; the smallest against itself {itself[1]:.3f} [{itself[0]:.3f} … {itself[2]:.3f}]")
        low, median, high = ratios(by_size[LARGEST], smallest)
        report.goal(f"{name.replace('_', ', ')}: 16 TiB against 1 GiB {median:.3f} [{low:.3f} … {high:.3f}], goal {GOAL_RATIO}, n = {len(smallest)}",
                    high <= GOAL_RATIO if is_quiet(itself) else None)
