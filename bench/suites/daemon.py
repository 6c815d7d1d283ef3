# SPDX-License-Identifier: Apache-2.0
"""The daemon by itself: what it takes of memory, and how soon it answers."""

import os
import pathlib
import random
import subprocess
import time
import tomllib
import urllib.error
import urllib.request

from suites.statistics import interval
from support.pileus import Daemon

STARTS = 20
GOAL_RSS_MIB = 30
GOAL_START_MS = 100
IDLE_SECONDS = 1.0


def config(number=None, warm="off"):
    """Two installations beside each other take numbers that differ by two or more."""
    number = random.randrange(60) if number is None else number
    return (f'[network]\negress = false\npublic_pool = "127.{65 + number}.0.0/16"\n'
            f'transit = "100.{64 + number // 2 * 2}.0.0/15"\n[warm]\nmode = "{warm}"\n[host]\ncpu_overcommit = 32.0\n')


def resident_mib(pid):
    lines = pathlib.Path(f"/proc/{pid}/status").read_text().splitlines()
    return int(next(line.split()[1] for line in lines if line.startswith("VmRSS:"))) / 1024


def signed_request(daemon):
    """Made before the start: a client that has its request ready is what the time is for."""
    from botocore.auth import SigV4Auth
    from botocore.awsrequest import AWSRequest
    from botocore.credentials import Credentials
    keys = Credentials(daemon.credentials["access_key_id"], daemon.credentials["secret_access_key"])
    request = AWSRequest("POST", daemon.endpoint + "/", data=b"Action=DescribeRegions&Version=2016-11-15",
                         headers={"Content-Type": "application/x-www-form-urlencoded"})
    SigV4Auth(keys, "ec2", daemon.credentials["region"]).add_auth(request)
    return urllib.request.Request(request.url, request.body, dict(request.headers), method="POST")


def start_ms(daemon):
    """From exec to the first answer that is not an error. The port is the one of the first start."""
    request = signed_request(daemon)
    words = daemon.arguments() + ["--port", str(daemon.port)]
    began = time.monotonic()
    daemon.process = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                                      start_new_session=True)
    while time.monotonic() - began < 30:
        try:
            urllib.request.urlopen(request, timeout=5).read()
            return 1000 * (time.monotonic() - began)
        except urllib.error.HTTPError:
            raise
        except OSError:
            time.sleep(0.001)
    raise TimeoutError(daemon.log_tail())


def measure_mode(report, name, emulated, starts):
    daemon = Daemon(config(), emulated=emulated)
    if not emulated:
        daemon.hypervisor = "tcg"
    try:
        daemon.start()  # the first one makes keys and the database: not counted
        daemon.stop()
        times, sizes = [], []
        for _ in range(starts):
            times.append(start_ms(daemon))
            time.sleep(IDLE_SECONDS)
            sizes.append(resident_mib(daemon.process.pid))
            daemon.stop()
    finally:
        daemon.destroy()
    report.keep(name, {"start_ms": times, "resident_mib": sizes})
    for text, values, goal, unit in (("exec to first signed answer", times, GOAL_START_MS, "ms"),
                                     ("idle resident memory", sizes, GOAL_RSS_MIB, "MiB")):
        low, median, high = interval(values)
        report.goal(f"{name}: {text} {median:.1f} {unit} [{low:.1f} … {high:.1f}], worst {max(values):.1f}, goal {goal} {unit}, "
                    f"n = {len(values)}", high <= goal)


def measure(report, quick):
    starts = 5 if quick else STARTS
    measure_mode(report, "emulated", True, starts)
    if os.geteuid() == 0:
        measure_mode(report, "real", False, starts)
    else:
        report.skip("real mode: network namespaces take root")
