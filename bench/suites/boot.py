# SPDX-License-Identifier: Apache-2.0
"""From RunInstances to the guest's first line of userland, side by side with the same QEMU started by hand."""

import json
import os
import pathlib
import re
import shutil
import socket
import subprocess
import tempfile
import time

from suites.daemon import config
from suites.statistics import interval, is_quiet
from support.images import image_folder
from support.pileus import Daemon, wait_until

GOAL = 1.10
QUADS = 3
PATIENCE_SECONDS = 60  # a guest that does not come is counted with this, and reported
MARKER = b"bench: userland"


def make_image(folder):
    """The tiny image, whose first script says that it runs before it does anything else."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    shutil.copytree(image_folder("tiny"), folder)
    disk, raw, script = folder / "disk.qcow2", folder / "disk.raw", folder / "boot"
    subprocess.run(["qemu-img", "convert", "-O", "raw", disk, raw], check=True)
    table = json.loads(subprocess.run(["sfdisk", "--json", raw], check=True, capture_output=True).stdout)["partitiontable"]
    root = f"{raw}?offset={table['partitions'][0]['start'] * table.get('sectorsize', 512)}"
    text = subprocess.run(["debugfs", "-R", "cat /etc/init.d/boot", root], check=True, capture_output=True).stdout
    first, rest = text.split(b"\n", 1)
    script.write_bytes(first + b'\necho "' + MARKER + b'" >/dev/console\n' + rest)
    commands = f"rm /etc/init.d/boot\nwrite {script} /etc/init.d/boot\nset_inode_field /etc/init.d/boot mode 0100755\n"
    subprocess.run(["debugfs", "-w", "-f", "-", root], input=commands, text=True, check=True, capture_output=True)
    subprocess.run(["qemu-img", "convert", "-O", "qcow2", raw, disk], check=True)
    facts = json.loads((folder / "image.json").read_text())
    digest = subprocess.run(["sha256sum", disk], check=True, capture_output=True, text=True).stdout.split()[0]
    facts.update(name="tiny-bench", disk_bytes=disk.stat().st_size, disk_sha256=digest)
    (folder / "image.json").write_text(json.dumps(facts, indent=2) + "\n")
    raw.unlink()
    script.unlink()


def seconds_to_marker(path_of_log, began, process=None):
    """The time at which the guest's line is in the log, or the patience when it never is (or the process ended)."""
    log = None
    while time.monotonic() - began < PATIENCE_SECONDS and (process is None or process.poll() is None):
        log = log or path_of_log()
        if log and log.exists() and MARKER in log.read_bytes():
            return time.monotonic() - began
        time.sleep(0.002)
    return float(PATIENCE_SECONDS)


class Managed:
    """Guests launched through the API."""

    def __init__(self, daemon, image):
        self.daemon = daemon
        self.ec2 = daemon.client()
        self.image = image

    def launch(self):
        began = time.monotonic()
        answer = self.ec2.run_instances(ImageId=self.image, InstanceType="t2.micro", MinCount=1, MaxCount=1)
        instance_id = answer["Instances"][0]["InstanceId"]

        def log():
            return next(self.daemon.folder.glob(f"*/**/{instance_id}/console.log"), None)

        return instance_id, seconds_to_marker(log, began)

    def terminate(self, instance_id):
        self.ec2.terminate_instances(InstanceIds=[instance_id])
        self.ec2.get_waiter("instance_terminated").wait(InstanceIds=[instance_id],
                                                        WaiterConfig={"Delay": 0.2, "MaxAttempts": 300})

    def measure(self):
        instance_id, seconds = self.launch()
        self.terminate(instance_id)
        return seconds


class ByHand:
    """The command line of a managed guest, with sockets, files and a disk of its own. Up to its first script a guest does
    not use its network: the interface is there, and leads nowhere."""

    def __init__(self, pid, folder):
        self.folder = folder
        self.words = pathlib.Path(f"/proc/{pid}/cmdline").read_bytes().decode().rstrip("\0").split("\0")
        self.program = os.readlink(f"/proc/{pid}/exe")
        self.layers = {}  # read-only files, by the number of their descriptor in the managed guest
        self.disk = None
        images = self.open_images(pid)
        for node in self.file_nodes():
            number, path = int(node["filename"].rsplit("/", 1)[1]), images[node["read-only"]]
            if node["read-only"]:
                self.layers[number] = os.open(path, os.O_RDONLY)
            else:
                info = subprocess.run(["qemu-img", "info", "-U", "--output", "json", path], check=True, capture_output=True)
                self.disk, self.disk_bytes = number, json.loads(info.stdout)["virtual-size"]

    @staticmethod
    def open_images(pid):
        """The volume (False) and the image below it (True). QEMU renumbers what it is given: they are known by their kind."""
        found = {}
        for path in pathlib.Path(f"/proc/{pid}/fd").iterdir():
            name = os.readlink(path)
            if name.startswith("/") and name.endswith((".qcow2", ".raw")):
                flags = int(re.search(r"flags:\s*(\d+)", pathlib.Path(f"/proc/{pid}/fdinfo/{path.name}").read_text())[1], 8)
                found.setdefault(flags & os.O_ACCMODE == os.O_RDONLY, set()).add(name)
        assert sorted(map(len, found.values())) == [1, 1], f"one volume on one image was expected: {found}"
        return {read_only: names.pop() for read_only, names in found.items()}

    def file_nodes(self):
        """The files of layers; whether one is read-only is said by its layer."""
        nodes = [json.loads(word) for flag, word in zip(self.words, self.words[1:]) if flag == "-blockdev"]
        return [{**node["file"], "read-only": node["read-only"]} for node in nodes if isinstance(node["file"], dict)]

    def files(self):
        """(descriptor, the set that it is in): a layer that is written to has two in one."""
        words = [word for flag, word in zip(self.words, self.words[1:]) if flag == "-add-fd"]
        return [tuple(map(int, re.match(r"fd=(\d+),set=(\d+)", word).groups())) for word in words]

    def descriptors(self):
        """What this start gives for each file of the managed guest."""
        given = dict(self.layers)
        disk = self.folder / "disk.qcow2"
        disk.unlink(missing_ok=True)
        subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", disk, str(self.disk_bytes)], check=True)
        self.log = self.folder / "console.log"
        self.log.unlink(missing_ok=True)
        for number, in_set in self.files():
            if in_set == self.disk:
                given[number] = os.open(disk, os.O_RDONLY if number == self.disk else os.O_RDWR)
            elif number not in given:
                given[number] = os.open(self.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        return given

    def listener(self, name):
        path = self.folder / name
        path.unlink(missing_ok=True)
        made = socket.socket(socket.AF_UNIX)
        made.bind(str(path))
        made.listen(1)
        return made

    def command(self, given, sockets):
        words = [self.program]
        for flag, word in zip(self.words, self.words[1:]):
            if flag == "-add-fd":
                number = int(re.match(r"fd=(\d+),", word)[1])
                word = word.replace(f"fd={number},", f"fd={given[number]},", 1)
            elif flag == "-chardev":
                sockets.append(self.listener(f"{len(sockets)}.sock"))
                word = re.sub(r"fd=\d+", f"fd={sockets[-1].fileno()}", word)
            elif flag == "-netdev":
                name = re.search(r"id=(\w+)", word)[1]
                word = f"hubport,id={name},hubid=0"
            words.append(word)
        return words

    def measure(self):
        given, sockets = self.descriptors(), []
        words = self.command(given, sockets)
        descriptors = [*given.values(), *(made.fileno() for made in sockets)]
        began = time.monotonic()
        process = subprocess.Popen(words, pass_fds=descriptors, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                   stderr=subprocess.PIPE)
        try:
            seconds = seconds_to_marker(lambda: self.log, began, process)
            if process.poll() is not None:
                raise RuntimeError(f"QEMU by hand ended: {process.stderr.read().decode()}")
            return seconds
        finally:
            process.kill()
            process.wait()
            process.stderr.close()
            for made in sockets:
                made.close()
            for number in set(given) - set(self.layers):
                os.close(given[number])


def process_of(instance_id):
    found = subprocess.run(["pgrep", "-f", f"guest={instance_id},"], capture_output=True, text=True).stdout.split()
    return int(found[0])


def measure(report, quick):
    if os.geteuid() != 0:
        return report.skip("guests take root")
    quads = 2 if quick else QUADS
    daemon = Daemon(config(), emulated=False)
    daemon.hypervisor = "tcg"
    with tempfile.TemporaryDirectory(prefix="bench-boot-") as folder:
        try:
            measure_pairs(report, daemon, pathlib.Path(folder), quads)
        finally:
            daemon.destroy()


def measure_pairs(report, daemon, folder, quads):
    make_image(daemon.data_dir / "images" / "tiny-bench")
    daemon.start()
    image = daemon.pileus("RegisterImage", folder="tiny-bench")["image_ids"]["us-east-1"]
    managed = Managed(daemon, image)
    # The first start warms the page cache for both, and shows the command line.
    instance_id, first = managed.launch()
    hand = ByHand(wait_until(lambda: process_of(instance_id), 10, "the guest's process"), folder)
    managed.terminate(instance_id)
    report.note(f"first start, not counted: {first:.2f} s")

    with_pileus, by_hand = [], []
    for _ in range(quads):
        with_pileus.append(managed.measure())
        by_hand += [hand.measure(), hand.measure()]
        with_pileus.append(managed.measure())
        report.note(f"managed {with_pileus[-2]:.2f} s, by hand {by_hand[-2]:.2f} s, {by_hand[-1]:.2f} s, "
                    f"managed {with_pileus[-1]:.2f} s")
    report.keep("seconds to userland", {"managed": with_pileus, "by hand": by_hand, "command": hand.words})
    hangs = sum(seconds >= PATIENCE_SECONDS for seconds in with_pileus + by_hand)
    ratio = interval([ours / theirs for ours, theirs in zip(with_pileus, by_hand)])
    itself = interval([one / other for one, other in zip(by_hand[0::2], by_hand[1::2])])
    text = (f"RunInstances to userland: {ratio[1]:.3f}× QEMU by hand [{ratio[0]:.3f} … {ratio[2]:.3f}], goal {GOAL:.2f}×; "
            f"A/A {itself[1]:.2f} [{itself[0]:.2f} … {itself[2]:.2f}]; n = {len(by_hand)}, {hangs} hangs")
    # An A/A spread above half of what is allowed says nothing about 10 %.
    report.goal(text if is_quiet(itself) else text + ": too noisy to say", ratio[2] <= GOAL if is_quiet(itself) else None)
