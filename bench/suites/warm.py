# SPDX-License-Identifier: Apache-2.0
"""Launches in triples: booted, warm, and of the warm one the start of its guest alone; what clones and templates cost."""

import concurrent.futures
import os
import pathlib
import random
import shutil
import socket
import subprocess
import time

from suites.daemon import config
from suites.statistics import interval, percentile
from support.images import image_folder
from support.pileus import Daemon, wait_until

PATIENCE_SECONDS = 120  # a guest that does not come is counted with this, and reported
TRIPLES = 30
TOGETHER = 20
WARM_TYPE = "t2.nano"
GOALS = {  # seconds: banner p50, first command p50, first command p99; PSS of an idle clone in MiB
    "tiny": (None, 0.6, None, 25),
    "debian-12": (0.7, 1.6, 4.0, 60),
}


class Bench:
    """One image: launches by the API, timed from before the call."""

    def __init__(self, daemon, name, user):
        self.daemon = daemon
        self.ec2 = daemon.client()
        folder = daemon.data_dir / "images" / name
        folder.parent.mkdir(parents=True, exist_ok=True)
        shutil.copytree(image_folder(name), folder)
        self.image = daemon.pileus("RegisterImage", folder=name)["image_ids"]["us-east-1"]
        [group] = self.ec2.describe_security_groups(GroupNames=["default"])["SecurityGroups"]
        self.ec2.authorize_security_group_ingress(GroupId=group["GroupId"], IpProtocol="tcp", FromPort=22, ToPort=22,
                                                  CidrIp="0.0.0.0/0")
        self.user = user
        self.key = daemon.folder / f"{name}.pem"
        self.key.write_text(self.ec2.create_key_pair(KeyName=name, KeyType="ed25519")["KeyMaterial"])
        self.key.chmod(0o600)
        self.name = name

    def run(self, instance_type, count=1):
        began = time.monotonic()
        answer = self.ec2.run_instances(ImageId=self.image, InstanceType=instance_type, KeyName=self.name, MinCount=count,
                                        MaxCount=count)
        answered = time.monotonic() - began
        found = self.ec2.describe_instances(InstanceIds=[each["InstanceId"] for each in answer["Instances"]])
        instances = [each for reservation in found["Reservations"] for each in reservation["Instances"]]
        return began, answered, [(each["InstanceId"], each["PublicIpAddress"]) for each in instances]

    def wait_for_banner(self, address, began):
        while time.monotonic() - began < PATIENCE_SECONDS:
            try:
                with socket.create_connection((address, 22), timeout=1) as connection:
                    if connection.recv(4) == b"SSH-":
                        return time.monotonic() - began
            except OSError:
                time.sleep(0.02)
        return float(PATIENCE_SECONDS)

    def wait_for_command(self, instance_id, address, began):
        while time.monotonic() - began < PATIENCE_SECONDS:
            done = subprocess.run(["ssh", "-i", self.key, "-o", "BatchMode=yes", "-o", "StrictHostKeyChecking=accept-new",
                                   "-o", f"UserKnownHostsFile={self.daemon.folder}/known-{instance_id}", "-o", "LogLevel=ERROR",
                                   "-o", "ConnectTimeout=2", f"{self.user}@{address}", "echo up"],
                                  capture_output=True, stdin=subprocess.DEVNULL)
            if done.stdout == b"up\n":
                return time.monotonic() - began
            time.sleep(0.02)
        return float(PATIENCE_SECONDS)

    def launch(self, instance_type):
        began, answered, [(instance_id, address)] = self.run(instance_type)
        banner = self.wait_for_banner(address, began)
        command = self.wait_for_command(instance_id, address, began)
        return instance_id, {"answer": answered, "banner": banner, "command": command}

    def terminate(self, ids):
        began = time.monotonic()
        self.ec2.terminate_instances(InstanceIds=ids)
        while any(instance["State"]["Name"] != "terminated" for reservation in
                  self.ec2.describe_instances(InstanceIds=ids)["Reservations"] for instance in reservation["Instances"]):
            time.sleep(0.005)
        return time.monotonic() - began

    def template(self, instance_type):
        return next((each for each in self.daemon.pileus("ListWarmTemplates")["templates"]
                     if each["image_id"] == self.image and each["instance_type"] == instance_type and each["state"] == "ready"),
                    None)


def proportional_set_mib(instance_id):
    pid = subprocess.run(["pgrep", "-f", f"guest={instance_id},"], capture_output=True, text=True).stdout.split()[0]
    lines = pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("Pss:")) / 1024


def seconds_of_driver(daemon, instance_id):
    """How long the driver's start from the frozen guest took, of the daemon's own log: the bare clone."""
    for line in daemon.log.read_text().splitlines():
        if "how=warm" in line and f"instance={instance_id} " in line:
            return int(line.split("took_ms=")[1].split()[0]) / 1000
    return float(PATIENCE_SECONDS)


def measure(report, quick):
    if os.geteuid() != 0:
        return report.skip("guests take root")
    for name, user in (("tiny", "ec2-user"), ("debian-12", "admin")):
        number = random.randrange(50)
        warm = Daemon(config(number, warm="shared"), emulated=False)
        cold = Daemon(config(number + 2), emulated=False)
        try:
            for daemon in (warm, cold):
                daemon.hypervisor = "tcg"
                daemon.start()
            measure_image(report, Bench(warm, name, user), Bench(cold, name, user), 2 if quick else TRIPLES)
        finally:
            warm.destroy()
            cold.destroy()


def measure_image(report, warm, cold, triples):
    name = warm.name
    first, _ = warm.launch(WARM_TYPE)
    made = wait_until(lambda: warm.template(WARM_TYPE), 600, "the template", pause_seconds=0.5)
    warm.terminate([first])
    report.note(f"{name}: template: boot {made['boot_milliseconds'] / 1000:.1f} s, memory {made['memory_bytes'] / 2**20:.0f} MiB, "
                f"disk {made['disk_bytes'] / 2**20:.0f} MiB")
    booted, started, ends, bare, memory = [], [], [], [], []
    for _ in range(triples):
        instance_id, times = cold.launch(WARM_TYPE)
        cold.terminate([instance_id])
        booted.append(times)
        instance_id, times = warm.launch(WARM_TYPE)
        started.append(times)
        bare.append(seconds_of_driver(warm.daemon, instance_id))
        memory.append(proportional_set_mib(instance_id))
        ends.append(warm.terminate([instance_id]))
    report.keep(f"{name}: seconds", {"booted": booted, "warm": started, "the start alone": bare, "terminate": ends,
                                     "idle clone, MiB": memory, "template": made})
    judge(report, name, booted, started, bare, ends, memory)
    measure_together(report, warm)
    report.keep(f"{name}: template after all", warm.template(WARM_TYPE))


def judge(report, name, booted, started, bare, ends, memory):
    banner_max, command_max, p99_max, memory_max = GOALS[name]
    command = [each["command"] for each in started]
    banner = [each["banner"] for each in started]
    ratio = interval([cold["command"] / warm["command"] for cold, warm in zip(booted, started)])
    report.note(f"{name}: the start alone {percentile(bare, 0.5):.2f} s; booted: banner "
                f"{percentile([each['banner'] for each in booted], 0.5):.2f} s, command "
                f"{percentile([each['command'] for each in booted], 0.5):.2f} s")
    if banner_max:
        low, middle, high = interval(banner)
        report.goal(f"{name}: warm, banner p50 {middle:.2f} s [{low:.2f} … {high:.2f}], goal {banner_max} s", high <= banner_max)
    low, middle, high = interval(command)
    report.goal(f"{name}: warm, command p50 {middle:.2f} s [{low:.2f} … {high:.2f}], goal {command_max} s", high <= command_max)
    if p99_max:
        report.goal(f"{name}: warm, command p99 {percentile(command, 0.99):.2f} s, goal {p99_max} s", percentile(command, 0.99) <= p99_max)
        report.goal(f"{name}: {ratio[1]:.1f}× faster than booted [{ratio[0]:.1f} … {ratio[2]:.1f}], goal 9×", ratio[0] >= 9)
    else:
        report.note(f"{name}: {ratio[1]:.1f}× faster than booted [{ratio[0]:.1f} … {ratio[2]:.1f}]")
    answer = percentile([each["answer"] for each in started], 0.5)
    report.goal(f"{name}: RunInstances answers in {1000 * answer:.1f} ms (p50), goal 20 ms", answer <= 0.020)
    end = percentile(ends, 0.5)
    report.goal(f"{name}: terminated and released in {1000 * end:.0f} ms (p50), goal 200 ms", end <= 0.2)
    added = percentile(memory, 0.5)
    report.goal(f"{name}: an idle clone has {added:.0f} MiB of its own (p50 of its proportional set), goal {memory_max} MiB", added <= memory_max)


def measure_together(report, bench):
    began, answered, guests = bench.run(WARM_TYPE, TOGETHER)
    with concurrent.futures.ThreadPoolExecutor(TOGETHER) as pool:
        seconds = list(pool.map(lambda guest: bench.wait_for_banner(guest[1], began), guests))
    sets = [proportional_set_mib(instance_id) for instance_id, _ in guests]
    released = bench.terminate([instance_id for instance_id, _ in guests])
    report.keep(f"{bench.name}: {TOGETHER} together", {"answer": answered, "banner": seconds, "released": released, "MiB": sets})
    report.note(f"{bench.name}: {TOGETHER} in one call: answer {1000 * answered:.0f} ms, last banner {max(seconds):.1f} s, "
                f"{TOGETHER / max(seconds):.1f} a second; {sum(sets) / len(sets):.0f} MiB each; released in {released:.1f} s")
