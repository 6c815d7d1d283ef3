# SPDX-License-Identifier: Apache-2.0
"""Signed requests against pileusd in emulation mode, side by side with moto_server."""

import contextlib
import pathlib
import shutil
import socket
import statistics
import subprocess
import tempfile
import time
from urllib.parse import urlencode

from suites.load import Server, ceiling, send
from suites.statistics import interval, is_quiet, percentile
from support.pileus import Daemon

GOAL = 50  # times moto_server's requests a second
INSTANCES = 1000
IMAGE = "ami-0123456789abcdef0"
CONFIG = f"""
log_level = "warn"
[host]
cpus = 4096
memory_mib = 1073741824
cpu_overcommit = 100.0
[limits]
running_vcpus = 1000000
[[images]]
id = "{IMAGE}"
name = "bench"
size_gib = 8
"""
CASES = ["DescribeInstances 1", "CreateTags", "RunInstances", "DescribeInstances 100", "DescribeInstances 1000"]
SAMPLE_SECONDS = 0.4
LAUNCHES_PER_SAMPLE = 60  # a subnet has some 4,000 addresses, and both servers keep what was launched
OPEN_SECONDS = 1.5


def body(action, **parameters):
    return urlencode({"Action": action, "Version": "2016-11-15", **parameters})


class Side:
    """One server with its instances."""

    def __init__(self, server, client, image):
        self.server = server
        self.client = client
        self.image = image
        self.ids = self.launch(INSTANCES)

    def launch(self, count):
        answer = self.client.run_instances(ImageId=self.image, InstanceType="t3.micro", MinCount=count, MaxCount=count)
        return [instance["InstanceId"] for instance in answer["Instances"]]

    def bodies(self, case):
        """Each request of a sample differs where it can."""
        if case == "RunInstances":
            return [body(case, ImageId=self.image, InstanceType="t3.micro", MinCount=1, MaxCount=1)]
        if case == "CreateTags":
            return [body(case, **{"ResourceId.1": self.ids[i], "Tag.1.Key": "bench", "Tag.1.Value": f"value {i}"})
                    for i in range(100)]
        count = int(case.split()[1])
        groups = [self.ids[i * count:(i + 1) * count] for i in range(min(100, len(self.ids) // count))]
        return [body("DescribeInstances", **{f"InstanceId.{i}": name for i, name in enumerate(group, 1)}) for group in groups]

    def end_launched(self):
        """What a case launched goes, so that the next one finds what the first one found."""
        pages = self.client.get_paginator("describe_instances").paginate(
            Filters=[{"Name": "instance-state-name", "Values": ["pending", "running"]}])
        found = {i["InstanceId"] for page in pages for r in page["Reservations"] for i in r["Instances"]}
        extra = sorted(found - set(self.ids))
        for first in range(0, len(extra), 500):
            self.client.terminate_instances(InstanceIds=extra[first:first + 500])


def pileus_side(stack):
    daemon = Daemon(CONFIG)
    stack.callback(daemon.destroy)
    daemon.start()
    keys = daemon.credentials
    server = Server("pileus", daemon.port, daemon.process.pid, keys["access_key_id"], keys["secret_access_key"], keys["region"])
    return Side(server, daemon.client(), IMAGE)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def moto_program():
    """The program itself: a version manager's shim would be another process than the one that works."""
    found = shutil.which("moto_server")
    if found and "shims" in pathlib.Path(found).parts and shutil.which("pyenv"):
        which = subprocess.run(["pyenv", "which", "moto_server"], capture_output=True, text=True)
        return which.stdout.strip() if which.returncode == 0 else None
    return found


def moto_side(stack, program):
    import boto3
    from botocore.config import Config
    port = free_port()
    folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="bench-moto-"))
    process = subprocess.Popen([program, "-p", str(port)], cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                               stderr=subprocess.DEVNULL)
    stack.callback(process.wait)
    stack.callback(process.kill)
    client = boto3.client("ec2", endpoint_url=f"http://127.0.0.1:{port}", region_name="us-east-1", aws_access_key_id="key",
                          aws_secret_access_key="secret", config=Config(retries={"max_attempts": 0}, read_timeout=300))
    deadline = time.monotonic() + 60
    while True:
        try:
            image = client.describe_images(Owners=["amazon"])["Images"][0]["ImageId"]
            break
        except Exception:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.2)
    return Side(Server("moto", port, process.pid), client, image)


def limits_of(case):
    return LAUNCHES_PER_SAMPLE if case == "RunInstances" else None


def show(report, case, connections, samples, open_loop):
    for name, taken in samples.items():
        rate = sorted(sample.per_second for sample in taken)[len(taken) // 2]
        cpu = sorted(sample.cpu_us for sample in taken)[len(taken) // 2]
        latencies = [value for sample in taken for value in sample.latencies_us]
        late = open_loop.get(name)
        report.note(f"{case:24} {connections} conn. {name:7} {rate:9.1f}/s  p50 {percentile(latencies, 0.5) / 1000:8.2f} ms  "
                    f"p99 {percentile(latencies, 0.99) / 1000:8.2f} ms  "
                    f"p99 at half load {late.p99_us / 1000 if late else 0:8.2f} ms  {cpu:9.0f} CPU-µs/request")


def measure_case(report, case, connections, ours, theirs, quads):
    sides = {side.server.name: side for side in (ours, theirs) if side}
    bodies = {name: side.bodies(case) for name, side in sides.items()}
    samples = {name: [] for name in sides}

    def take(name):
        samples[name].append(send(sides[name].server, bodies[name], connections, SAMPLE_SECONDS, limits_of(case)))

    for name in sides:  # the first requests fill caches: not counted
        send(sides[name].server, bodies[name], connections, SAMPLE_SECONDS, requests=20)
    order = ["pileus", "moto", "moto", "pileus"] if theirs else ["pileus", "pileus"]
    for _ in range(quads):
        for name in order:
            take(name)
    open_loop = {}
    for name, side in sides.items():
        typical = statistics.median(sample.per_second for sample in samples[name])
        open_loop[name] = send(side.server, bodies[name], connections, OPEN_SECONDS, limits_of(case), rate=typical / 2)
        if case == "RunInstances":
            side.end_launched()
    show(report, case, connections, samples, open_loop)
    report.keep(f"{case}, {connections} connections", {
        "closed": {name: [sample.raw() for sample in taken] for name, taken in samples.items()},
        "open": {name: sample.raw() for name, sample in open_loop.items()}})
    if theirs:
        judge(report, case, connections, samples)


def judge(report, case, connections, samples):
    rates = {name: [sample.per_second for sample in taken] for name, taken in samples.items()}
    ratio = interval([ours / theirs for ours, theirs in zip(rates["pileus"], rates["moto"])])
    itself = interval([first / second for first, second in zip(rates["moto"][0::2], rates["moto"][1::2])])
    text = (f"{case}, {connections} conn.: {ratio[1]:.0f}× moto_server [{ratio[0]:.0f} … {ratio[2]:.0f}], goal {GOAL}×; "
            f"A/A {itself[1]:.2f} [{itself[0]:.2f} … {itself[2]:.2f}]")
    if is_quiet(itself):
        report.goal(text, ratio[0] >= GOAL)
    else:
        report.goal(text + ": too noisy to say", None)


def measure(report, quick):
    quads = 2 if quick else 6
    for connections in (1, 8):
        most = ceiling(connections)
        report.note(f"load generator alone, {connections} conn.: {most.per_second:.0f}/s, p99 {most.p99_us / 1000:.2f} ms")
        report.keep(f"ceiling, {connections} connections", most.raw())
    with contextlib.ExitStack() as stack:
        program = moto_program()
        ours = pileus_side(stack)
        theirs = moto_side(stack, program) if program else None
        if theirs is None:
            report.skip("moto_server is not installed: nothing to compare with")
        for case in CASES:
            # moto_server takes seconds to describe 1,000 instances: eight at once would tell nothing more.
            for connections in (1,) if case == "DescribeInstances 1000" else (1, 8):
                measure_case(report, case, connections, ours, theirs, quads)
