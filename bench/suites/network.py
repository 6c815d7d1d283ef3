# SPDX-License-Identifier: Apache-2.0
"""The VPC network: how soon a change of rules is enforced, what it costs by their number, how fast packets pass."""

import json
import math
import os
import subprocess

from suites.statistics import interval, is_quiet, percentile
from support.pileus import PROGRAMS

GOAL_ENFORCED_MS = 100
GOAL_THROUGHPUT = 0.85
GOAL_RESYNC_MS = 1000
RULES = (10, 100, 1000, 10000)
MEMBERS = (1, 10, 100, 1000)


def run(*words):
    done = subprocess.run([PROGRAMS / "pileus-network-bench", *map(str, words)], capture_output=True, text=True, timeout=1800)
    if done.returncode != 0 or not done.stdout:
        raise RuntimeError(done.stderr)
    return json.loads(done.stdout.splitlines()[-1])  # the log comes before it


def slope(points):
    """Of log(median) on log(n), by least squares: 0 is constant, 1 is linear."""
    xs = [math.log(n) for n, _ in points]
    ys = [math.log(interval(values)[1]) for _, values in points]
    x, y = sum(xs) / len(xs), sum(ys) / len(ys)
    return sum((a - x) * (b - y) for a, b in zip(xs, ys)) / sum((a - x) ** 2 for a in xs)


def measure_enforcement(report, quick):
    samples = run("enforce", 1000, 100, 30 if quick else 300)
    report.keep("enforce", samples)
    times = samples["enforced_ms"]
    report.goal(f"change of a rule to the first packet that it lets pass, 1,000 rules, 100 members: p50 {percentile(times, 0.5):.1f} ms, "
                f"p99 {percentile(times, 0.99):.1f} ms, goal p99 {GOAL_ENFORCED_MS} ms, n = {len(times)}",
                percentile(times, 0.99) <= GOAL_ENFORCED_MS)


def measure_cost(report, quick):
    count = 10 if quick else 40
    for name, sizes, arguments in (("rules", RULES, lambda n: (n, 10)), ("members", MEMBERS[:3] if quick else MEMBERS, lambda n: (100, n))):
        found = [(n, run("cost", *arguments(n), count)) for n in sizes]
        report.keep(f"cost by {name}", {n: samples for n, samples in found})
        for kind in ("small_group_ms", "large_group_ms"):
            points = [(n, samples[kind]) for n, samples in found]
            row = ", ".join(f"{n}: {interval(values)[1]:.0f}" for n, values in points)
            report.note(f"change of a {kind.split('_')[0]} group by {name} of the VPC, median ms: {row}; slope of the logarithms {slope(points):.2f}")


def measure_resync(report, quick):
    times = run("resync", 10000, 100, 5 if quick else 20)["resync_ms"]
    report.keep("resync", times)
    low, median, high = interval(times)
    report.goal(f"a driver that starts anew takes over 10,000 rules and 100 members: {median:.0f} ms [{low:.0f} … {high:.0f}], worst "
                f"{max(times):.0f}, goal {GOAL_RESYNC_MS} ms, n = {len(times)}", high <= GOAL_RESYNC_MS)


def measure_throughput(report, quick):
    samples = run("throughput", 400 if quick else 800, 4 if quick else 15)
    report.keep("throughput", samples)
    ratios = [a / b for a, b in zip(samples["vpc"], samples["bridge"])]
    itself = interval([a / b for a, b in zip(samples["bridge"][::2], samples["bridge_again"])])
    low, median, high = interval(ratios)
    report.note(f"the bridge against itself {itself[1]:.3f} [{itself[0]:.3f} … {itself[2]:.3f}]")
    report.goal(f"TCP between two guests, 1,000 rules, against a bare bridge: {median:.3f} [{low:.3f} … {high:.3f}] "
                f"({interval(samples['vpc'])[1] / 1e9:.2f} of {interval(samples['bridge'])[1] / 1e9:.2f} Gbit/s), goal {GOAL_THROUGHPUT}, "
                f"n = {len(ratios)}", low >= GOAL_THROUGHPUT if is_quiet(itself) else None)


def measure(report, quick):
    if os.geteuid() != 0:
        report.skip("network namespaces take root")
        return
    for part in (measure_enforcement, measure_throughput, measure_resync, measure_cost):
        part(report, quick)
