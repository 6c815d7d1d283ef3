# SPDX-License-Identifier: Apache-2.0
"""The bill of a month of 10,000 instances and 1,000,000 ledger rows: questions, a new row, the check of the chain."""

import json
import subprocess
import tempfile

from suites.statistics import percentile
from support.pileus import PROGRAMS

GOAL_QUESTION_MS = 100  # p99, by day and service
GOAL_VISIBLE_MS = 1000  # from the write of a row to an answer with it


def measure(report, quick):
    instances, rows, questions = (1000, 100_000, 50) if quick else (10_000, 1_000_000, 500)
    with tempfile.TemporaryDirectory(prefix="pileus-bench.") as folder:
        done = subprocess.run([PROGRAMS / "pileus-bill-bench", folder, str(instances), str(rows), str(questions)],
                              capture_output=True, text=True, timeout=1800)
    if done.returncode != 0:
        raise RuntimeError(done.stderr)
    samples = json.loads(done.stdout.splitlines()[-1])
    for name, values in samples.items():
        report.keep(name, values)
    report.note(f"{rows} rows of {instances} instances: written in {samples['fill'] / 1000:.1f} s, read by the first question in "
                f"{samples['first_question'] / 1000:.1f} s, chain checked in {samples['check'] / 1000:.1f} s")
    report.note(f"one day by resource, p99 {percentile(samples['by_resource'], 0.99):.1f} ms")
    question = percentile(samples["by_day_and_service"], 0.99)
    report.goal(f"a month by day and service, p99 {question:.2f} ms, goal {GOAL_QUESTION_MS} ms, n = {questions}",
                question <= GOAL_QUESTION_MS)
    visible = max(samples["until_visible"])
    report.goal(f"a row is on the bill after {visible:.1f} ms at most, goal {GOAL_VISIBLE_MS} ms", visible <= GOAL_VISIBLE_MS)
