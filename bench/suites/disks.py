# SPDX-License-Identifier: Apache-2.0
"""Disks in a guest: layers against a raw file in the same QEMU, the pause of a snapshot, the time until a disk is seen.

QEMU is started here with the nodes, the bridge and the monitor's commands of the driver (src/drivers/hypervisor/qemu): what is
measured is what they cost, without the API and the engine."""

import json
import os
import pathlib
import socket
import subprocess
import tempfile
import time

from suites.statistics import interval, is_quiet
from support.images import image_folder

SPAN_MIB = 128
CLUSTER_KIB = 64
DEPTH = 8
QUADS = 5
SECONDS = 1.0
WORKLOADS = {"random 4 KiB reads": "rand r", "random 4 KiB writes": "rand w", "sequential reads": "seq r", "sequential writes": "seq w"}
PAUSE_GOAL_MS = 5
SNAPSHOTS = 8
PATIENCE_SECONDS = 120
SCRIPT = """#!/bin/sh
PATH=/usr/bin:/bin:/usr/sbin:/sbin
mount -t sysfs sysfs /sys
stty -echo -onlcr -icanon </dev/ttyS0
echo "bench: ready" >/dev/ttyS0
while true; do
    while read -r line; do eval "$line"; done </dev/ttyS0 >/dev/ttyS0 2>&1
done
"""


def run(*words):
    return subprocess.run([str(word) for word in words], check=True, capture_output=True).stdout


def make_image(folder):
    """The tiny image with a shell on its serial port in place of everything else, and the program that does I/O."""
    raw = folder / "boot.raw"
    (folder / "boot").write_text(SCRIPT)
    (folder / "inittab").write_text("::sysinit:/etc/init.d/boot\n")
    run("cc", "-O2", "-static", "-o", folder / "io", pathlib.Path(__file__).parent.parent / "disks" / "io.c")
    run("qemu-img", "convert", "-O", "raw", image_folder("tiny") / "disk.qcow2", raw)
    table = json.loads(run("sfdisk", "--json", raw))["partitiontable"]
    root = f"{raw}?offset={table['partitions'][0]['start'] * table.get('sectorsize', 512)}"
    commands = "rm /etc/inittab\nrm /etc/init.d/boot\n"
    for name, path in {"boot": "/etc/init.d/boot", "inittab": "/etc/inittab", "io": "/usr/bin/io"}.items():
        commands += f"write {folder / name} {path}\nset_inode_field {path} mode 0100755\n"
    subprocess.run(["debugfs", "-w", "-f", "-", root], input=commands, text=True, check=True, capture_output=True)
    return raw


class Guest:
    def __init__(self, folder, boot):
        self.folder = folder
        node = {"driver": "raw", "node-name": "boot", "file": {"driver": "file", "filename": str(boot)}}
        self.process = subprocess.Popen(
            ["qemu-system-x86_64", "-nodefaults", "-machine", "q35,sata=off,smbus=off,vmport=off", "-accel", "tcg,thread=multi,tb-size=256",
             "-cpu", "qemu64,+ssse3,+sse4.1,+sse4.2,+popcnt,+cx16,+lahf-lm,+rdrand", "-m", "512", "-display", "none", "-boot", "strict=on",
             "-qmp", f"unix:{folder}/qmp,server=on,wait=off", "-serial", f"unix:{folder}/serial,server=on,wait=off",
             "-device", "pcie-pci-bridge,id=disks,addr=0x11", "-blockdev", json.dumps(node),
             "-device", "virtio-blk-pci,drive=boot,addr=0x10,bootindex=1"], stdin=subprocess.DEVNULL)
        self.serial, self.text = self.connect("serial"), b""
        self.monitor = self.connect("qmp")
        self.answers = self.monitor.makefile("rb")
        self.answers.readline()
        self.ask("qmp_capabilities")
        self.wait_for(b"bench: ready\n")

    def connect(self, name):
        end = time.monotonic() + 10
        while True:
            made = socket.socket(socket.AF_UNIX)
            made.settimeout(PATIENCE_SECONDS)
            try:
                made.connect(str(self.folder / name))
                return made
            except OSError:
                made.close()
                if time.monotonic() > end:
                    raise
                time.sleep(0.02)

    def ask(self, command, **arguments):
        self.monitor.sendall(json.dumps({"execute": command, "arguments": arguments}).encode() + b"\n")
        while True:
            answer = json.loads(self.answers.readline())
            if "error" in answer:
                raise RuntimeError(f"{command}: {answer['error']['desc']}")
            if "return" in answer:
                return answer["return"]

    def wait_for(self, words):
        while words not in self.text:
            self.text += self.serial.recv(4096)
        before, self.text = self.text.split(words, 1)
        return before

    def begin(self, command):
        self.serial.sendall(f"{command}; echo done\n".encode())

    def finish(self):
        return self.wait_for(b"done\n").decode().strip().splitlines()[-1:]

    def io(self, words):
        self.begin(f"io {words}")
        return float(self.finish()[0])

    def add_layer(self, path, driver, backing=None, read_only=False):
        options = {"driver": driver, "node-name": path.stem, "read-only": read_only, "discard": "unmap",
                   "file": {"driver": "file", "filename": str(path), "locking": "off", "discard": "unmap"}}
        self.ask("blockdev-add", **options, **({"backing": backing} if driver == "qcow2" else {}))

    def plug(self, top, serial):
        self.ask("device_add", driver="virtio-blk-pci", id=serial, drive=top, serial=serial, bus="disks",
                 werror="enospc", rerror="report", **{"disable-legacy": "on"})

    def device_of(self, serial):
        self.begin(f"while ! grep -l '^{serial}$' /sys/block/vd*/serial 2>/dev/null; do :; done")
        return "/dev/" + self.finish()[0].split("/")[3]

    def end(self):
        self.process.kill()
        self.process.wait()


def write_clusters(path, driver, clusters):
    step = 200  # arguments of one command
    for first in range(0, len(clusters), step):
        words = [word for index in clusters[first:first + step] for word in ("-c", f"write -q {index * CLUSTER_KIB}k {CLUSTER_KIB}k")]
        run("qemu-io", "-f", driver, *words, path)


def make_chain(folder, name, depth, size="1G"):
    """Layers from the bottom up; each holds its share of the clusters."""
    count = SPAN_MIB * 1024 // CLUSTER_KIB
    paths = []
    for level in range(depth):
        paths.append(folder / f"{name}{level}.qcow2")
        run("qemu-img", "create", "-q", "-f", "qcow2", paths[-1], size)
        write_clusters(paths[-1], "qcow2", [index for index in range(count) if index % depth == level])
    return paths


def plug_chain(guest, paths, serial):
    below = None
    for path in paths:
        guest.add_layer(path, "qcow2", below, path != paths[-1])
        below = path.stem
    guest.plug(below, serial)
    return guest.device_of(serial)


def compare(report, guest, ours, theirs, text, workloads, is_met):
    """`ours` against `theirs` in ABBA order, and theirs against itself."""
    for name in workloads:
        words, a, b = WORKLOADS[name], [], []
        for _ in range(QUADS):
            a.append(guest.io(f"{words} {ours} {SECONDS}"))
            b += [guest.io(f"{words} {theirs} {SECONDS}"), guest.io(f"{words} {theirs} {SECONDS}")]
            a.append(guest.io(f"{words} {ours} {SECONDS}"))
        report.keep(f"{text}: {name}", {"ours": a, "theirs": b})
        ratio = interval([one / other for one, other in zip(a, b)])
        itself = interval([one / other for one, other in zip(b[0::2], b[1::2])])
        line = (f"{text}, {name}: {ratio[1]:.2f}× [{ratio[0]:.2f} … {ratio[2]:.2f}]; A/A {itself[1]:.2f} "
                f"[{itself[0]:.2f} … {itself[2]:.2f}]; n = {len(b)}")
        quiet = is_quiet(itself)
        report.goal(line if quiet else line + ": too noisy to say", is_met(ratio[0]) if quiet else None)


def measure_pause(report, guest, folder, size):
    """How long a snapshot keeps a guest's writes waiting: the time of the command that switches (it drains them, and answers when
    they go on), which is the most that it can be; and the longest gap that the guest sees, with one and without."""
    first = folder / f"pause{size}.qcow2"
    run("qemu-img", "create", "-q", "-f", "qcow2", first, size)
    device, current = plug_chain(guest, [first], f"pause{size}"), first.stem
    guest.io(f"seq w {device} 2")
    with_one, without, switches = [], [], []
    for number in range(SNAPSHOTS):
        without.append(guest.io(f"gaps {device} 1") / 1000)
        following = folder / f"pause{size}-{number}.qcow2"
        run("qemu-img", "create", "-q", "-f", "qcow2", following, size)
        guest.begin(f"io gaps {device} 1")
        time.sleep(0.4)
        guest.add_layer(following, "qcow2")
        left = os.open(folder / f"{current}.qcow2", os.O_RDONLY)
        os.fdatasync(left)  # as the driver does, so that the guest need not wait for it
        os.close(left)
        action = {"type": "blockdev-snapshot", "data": {"node": current, "overlay": following.stem}}
        began = time.monotonic()
        guest.ask("transaction", actions=[action])
        switches.append((time.monotonic() - began) * 1000)
        with_one.append(float(guest.finish()[0]) / 1000)
        current = following.stem
    report.keep(f"pause, {size}, ms", {"the switch": switches, "longest gap with a snapshot": with_one, "without": without})
    return interval(switches), interval(with_one), interval(without)


def measure_pauses(report, guest, folder):
    for size in ("1G", "16T"):
        (low, switch, high), (_, gap, _), (_, nothing, _) = measure_pause(report, guest, folder, size)
        report.goal(f"a snapshot keeps a guest's writes waiting, {size}: {switch:.1f} ms at most [{low:.1f} … {high:.1f}], goal "
                    f"{PAUSE_GOAL_MS} ms; the longest gap that the guest saw: {gap:.1f} ms with one, {nothing:.1f} ms without; "
                    f"n = {SNAPSHOTS}", high <= PAUSE_GOAL_MS)


def measure_attach(report, guest, folder):
    times = []
    for number in range(8):
        path = folder / f"plug{number}.qcow2"
        run("qemu-img", "create", "-q", "-f", "qcow2", path, "1G")
        guest.begin(f"while ! grep -l '^plug{number}$' /sys/block/vd*/serial 2>/dev/null; do :; done")
        began = time.monotonic()
        guest.add_layer(path, "qcow2")
        guest.plug(path.stem, f"plug{number}")
        guest.finish()
        times.append(time.monotonic() - began)
    report.keep("attach to visible, s", times)
    low, median, high = interval(times)
    report.goal(f"attach to visible in the guest: {median:.2f} s [{low:.2f} … {high:.2f}], goal 1 s; n = {len(times)}", high <= 1)


def measure(report, quick):
    global QUADS, SNAPSHOTS
    if quick:
        QUADS, SNAPSHOTS = 2, 3
    with tempfile.TemporaryDirectory(prefix="bench-disks-", dir=os.environ.get("TMPDIR")) as name:
        folder = pathlib.Path(name)
        guest = Guest(folder, make_image(folder))
        try:
            measure_guest(report, guest, folder)
        finally:
            guest.end()


def measure_guest(report, guest, folder):
    measure_attach(report, guest, folder)
    measure_pauses(report, guest, folder)
    raw = folder / "raw.raw"
    run("qemu-img", "create", "-q", "-f", "raw", raw, "1G")
    write_clusters(raw, "raw", list(range(SPAN_MIB * 1024 // CLUSTER_KIB)))
    guest.add_layer(raw, "raw")
    guest.plug("raw", "raw")
    on_file = guest.device_of("raw")
    one = plug_chain(guest, make_chain(folder, "one", 1), "one")
    deep = plug_chain(guest, make_chain(folder, "deep", DEPTH), "deep")
    reads = [name for name in WORKLOADS if name.endswith("reads")]
    compare(report, guest, one, on_file, "a volume against a raw file", list(WORKLOADS), lambda low: low >= 0.9)
    compare(report, guest, deep, one, f"{DEPTH} layers against 1", reads, lambda low: low >= 1 / 1.15)
