# SPDX-License-Identifier: Apache-2.0
"""Runs the load generator, and reads a server's processor time."""

import json
import os
import pathlib
import subprocess

from suites.statistics import histogram, percentile
from support.pileus import PROGRAMS

TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")


class Server:
    """Where requests go, and the process that answers them."""

    def __init__(self, name, port, pid, access_key="key", secret="secret", region="us-east-1"):
        self.name = name
        self.port = port
        self.pid = pid
        self.keys = ["--access-key", access_key, "--secret", secret, "--region", region]

    def cpu_seconds(self):
        fields = pathlib.Path(f"/proc/{self.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / TICKS_PER_SECOND


class Sample:
    def __init__(self, measured, cpu_seconds):
        if measured["failures"]:
            raise RuntimeError(f"{measured['failures']} requests failed: {measured['first_failure']}")
        self.latencies_us = measured["latencies_us"]
        self.requests = len(self.latencies_us)
        self.seconds = measured["seconds"]
        self.per_second = self.requests / self.seconds
        self.cpu_us = 1e6 * cpu_seconds / max(1, self.requests)

    @property
    def p50_us(self):
        return percentile(self.latencies_us, 0.5)

    @property
    def p99_us(self):
        return percentile(self.latencies_us, 0.99)

    def raw(self):
        return {"requests": self.requests, "seconds": self.seconds, "cpu_us_per_request": round(self.cpu_us, 1),
                "latencies_us": histogram(self.latencies_us)}


def generate(words, bodies):
    done = subprocess.run([str(PROGRAMS / "pileus-load"), *words], input="".join(f"{body}\n" for body in bodies),
                          capture_output=True, text=True, timeout=300)
    if done.returncode != 0:
        raise RuntimeError(done.stderr)
    return json.loads(done.stdout)


def send(server, bodies, connections, seconds, requests=None, rate=None):
    words = ["--port", str(server.port), *server.keys, "--connections", str(connections), "--seconds", str(seconds)]
    if requests:
        words += ["--requests", str(requests)]
    if rate:
        words += ["--rate", f"{rate:.3f}"]
    before = server.cpu_seconds()
    measured = generate(words, bodies)
    return Sample(measured, server.cpu_seconds() - before)


def ceiling(connections, seconds=0.5):
    """Requests a second against a server that does nothing: no figure above it can be measured."""
    words = ["--null-server", "--connections", str(connections), "--seconds", str(seconds)]
    return Sample(generate(words, ["Action=DescribeInstances&Version=2016-11-15"]), 0)
