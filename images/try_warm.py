# SPDX-License-Identifier: Apache-2.0
"""try_boot.py --warm: freezes a guest of an image before it is anybody, and starts clones of it, with plain QEMU.

What the hypervisor driver does, for work on the images alone: memory is a file that clones map privately; the state of
the devices goes through `migrate`; the agent in the guest is told who it is. Not here: what the driver writes over in
frozen memory (MAC, DMI texts, boot id).
"""

import base64
import json
import os
import secrets
import socket
import statistics
import subprocess
import sys
import time
from pathlib import Path

import try_boot
from try_boot import GATEWAY, GUEST_ADDRESS, HOSTNAME, MAC, Machine, Metadata, Shell

READY_LIMIT_S = 240
IGNORE_SHARED = [{"capability": "x-ignore-shared", "state": True}]


def memory_options(folder: Path, mib: int, share: str) -> list[str]:
    return ["-object", f"memory-backend-file,id=ram,size={mib}M,mem-path={folder}/memory,share={share}",
            "-machine", "memory-backend=ram"]


class Agent:
    """The host's end of the channel (images/agent/README.md)."""

    def __init__(self, path: Path):
        self.connection = try_boot.connect(path)
        self.lines = b""

    def wait_for(self, words: tuple[str, ...], limit_s: float) -> str:
        """The next line that begins with one of the words."""
        deadline = time.monotonic() + limit_s
        while True:
            line, newline, rest = self.lines.partition(b"\n")
            if newline:
                self.lines = rest
                if line.decode().split(" ")[0] in words:
                    return line.decode()
                continue
            self.connection.settimeout(max(deadline - time.monotonic(), 0.01))
            got = self.connection.recv(4096)
            if not got:
                raise RuntimeError("the agent's channel was closed")
            self.lines += got

    def become(self, values: list[tuple[str, str]]) -> None:
        lines = "".join(f"{key} {value}\n" for key, value in values)
        self.connection.sendall(f"identity\n{lines}end\n".encode())


def wait_for_migration(machine: Machine) -> None:
    while (status := machine.command("query-migrate").get("status")) != "completed":
        if status == "failed":
            raise RuntimeError("the device state could not be moved")
        time.sleep(0.002)


def freeze(options, frozen: Path, folder: Path) -> dict:
    """Leaves `memory` and `state` beside the disk of the frozen guest."""
    base = frozen / "frozen.qcow2"
    template_id = "wt-" + secrets.token_hex(8)
    machine = Machine(options, base, folder, template_id, memory_options(frozen, options.memory_mib, "on") + ["-S"],
                      frozen_nic=True)
    try:
        machine.command("set_link", name="nic0", up=False)
        machine.command("cont")
        said = Agent(folder / "agent.sock").wait_for(("ready",), READY_LIMIT_S)
        result = {"template": template_id, "ready_s": machine.seconds(), "said": said}
        machine.command("stop")
        stopped = time.monotonic()
        machine.command("migrate-set-capabilities", capabilities=IGNORE_SHARED)
        machine.command("migrate", uri=f"exec:cat >{frozen}/state.new")
        wait_for_migration(machine)
        (frozen / "state.new").rename(frozen / "state")
        result["freeze_s"] = round(time.monotonic() - stopped, 3)
        machine.command("quit")
        machine.process.wait(30)
    finally:
        machine.kill()
        if options.serial_log:
            options.serial_log.with_suffix(".template").write_text(machine.console())
    result["cpu_s"] = round(sum(os.times()[2:4]), 1)
    result["memory_mb"] = (frozen / "memory").stat().st_blocks * 512 >> 20
    result["state_kb"] = (frozen / "state").stat().st_size >> 10
    result["disk_mb"] = base.stat().st_blocks * 512 >> 20
    return result


def host_key(folder: Path) -> tuple[str, str, str]:
    """Seed and public half in hexadecimal, and the public half as SSH writes it."""
    name = folder / "host-key"
    for path in (name, name.with_suffix(".pub")):
        path.unlink(missing_ok=True)
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "", "-f", name], check=True)
    text = "".join(name.read_text().splitlines()[1:-1])
    public = name.with_suffix(".pub").read_text().split()[1]
    public_bytes = base64.b64decode(public)[-32:]
    blob = base64.b64decode(text)
    pair = blob.index(b"\0\0\0\x40", blob.rindex(b"ssh-ed25519")) + 4
    assert blob[pair + 32:pair + 64] == public_bytes
    return blob[pair:pair + 32].hex(), public_bytes.hex(), public


def identity(options, instance_id: str, login_key: str, seed: str, public: str) -> list[tuple[str, str]]:
    boot_id = secrets.token_hex(16)
    return [("instance-id", instance_id), ("host-name", HOSTNAME), ("ssh-key", login_key), ("host-key-seed", seed),
            ("host-key-public", public), ("machine-id", secrets.token_hex(16)),
            ("boot-id", f"{boot_id[:8]}-{boot_id[8:12]}-{boot_id[12:16]}-{boot_id[16:20]}-{boot_id[20:]}"),
            ("random-seed", secrets.token_hex(64)), ("address", f"{GUEST_ADDRESS}/20"), ("gateway", GATEWAY),
            ("dns", GATEWAY), ("domain", "ec2.internal"), ("mtu", "1500"), ("mac", MAC),
            ("time-ns", str(time.time_ns()))]


def wait_for_first_banner(machine: Machine, limit_s: float) -> None:
    """As try_boot.wait_for_banner, but asking as often as a benchmark does."""
    while machine.seconds() < limit_s:
        try:
            with socket.create_connection((GUEST_ADDRESS, 22), 0.1) as connection:
                connection.settimeout(10)
                if connection.recv(30).startswith(b"SSH"):
                    return
        except OSError:
            time.sleep(0.01)


def cpu_seconds(pid: int) -> float:
    """Of the machine's time: the others' load changes it less than what a clock shows."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def memory_of(pid: int) -> dict:
    fields = dict(line.split(":") for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()[1:])
    return {name: int(fields[field].split()[0]) >> 10 for name, field in
            (("pss_mb", "Pss"), ("private_mb", "Private_Dirty"))}


def clone_once(options, frozen: Path, folder: Path, key: Path, disk: Path) -> dict:
    instance_id = "i-" + secrets.token_hex(9)[:17]
    login_key = key.with_suffix(".pub").read_text().strip()
    Metadata.pages = try_boot.metadata_pages(instance_id, login_key, options.user_data_text)
    seed, public, public_text = host_key(folder)
    (folder / "known_hosts").write_text(f"{GUEST_ADDRESS} ssh-ed25519 {public_text}\n")
    result: dict = {"instance": instance_id, "load": round(os.getloadavg()[0], 1)}
    size = [f"{options.grow_gib}G"] if options.grow_gib else []
    disk.unlink(missing_ok=True)
    subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", "-F", "qcow2", "-b", frozen / "frozen.qcow2", disk, *size], check=True)
    machine = Machine(options, disk, folder, instance_id,
                      memory_options(frozen, options.memory_mib, "off") + ["-S", "-incoming", "defer"])

    def step(name: str) -> None:
        result[name] = round(time.monotonic() - machine.started, 3)
        result[name + "_cpu"] = cpu_seconds(machine.process.pid)

    try:
        machine.command("migrate-set-capabilities", capabilities=IGNORE_SHARED)
        step("qmp")
        machine.command("set_link", name="nic0", up=False)
        machine.command("migrate-incoming", uri=f"exec:cat {frozen}/state")
        wait_for_migration(machine)
        step("restored")
        agent = Agent(folder / "agent.sock")
        machine.command("cont")
        step("running")
        agent.become(identity(options, instance_id, login_key, seed, public))
        said = agent.wait_for(("applied", "failed"), 30)
        step("applied")
        if said != "applied":
            raise RuntimeError(said)
        machine.command("set_link", name="nic0", up=True)
        wait_for_first_banner(machine, 60)
        step("banner")
        shell = Shell(folder, options.user, key)
        status, text = shell.run("hostname; date +%s; cat /etc/machine-id || :")
        step("command")
        lines = text.split("\n")
        result["hostname_right"] = status == 0 and lines[0] == HOSTNAME
        result["clock_right"] = status == 0 and abs(time.time() - int(lines[1])) < 3
        begun = time.monotonic()
        shell.run("true")
        result["second_command"] = round(time.monotonic() - begun, 3)
        result["second_command_cpu"] = round(cpu_seconds(machine.process.pid) - result["command_cpu"], 2)
        result.update(memory_of(machine.process.pid))
        if not options.fast:
            try_boot.measure_after_login(machine, options, shell, result)
    finally:
        machine.kill()
        if options.serial_log:
            options.serial_log.write_text(machine.console())
    return result


def boots(options, folder: Path) -> int:
    key = folder / "key"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key], check=True)
    options.limit_s = max(options.limit_s, 600)
    frozen = (options.frozen or folder).resolve()
    frozen_disk = frozen / "frozen.qcow2"
    if not (frozen / "state").exists():
        frozen.mkdir(parents=True, exist_ok=True)
        subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", "-F", "qcow2", "-b", options.disk.resolve(),
                        frozen_disk], check=True)
        print(json.dumps(freeze(options, frozen, folder)), flush=True)
    results, failures = [], 0
    for _ in range(options.runs):
        result = clone_once(options, frozen, folder, key, folder / "clone.qcow2")
        print(json.dumps({name: value for name, value in result.items() if value != ""}), flush=True)
        failures += any(value is False for value in result.values())
        results.append(result)
    for name in ("qmp", "restored", "running", "applied", "applied_cpu", "banner", "banner_cpu", "command", "command_cpu",
                 "second_command", "pss_mb", "private_mb"):
        values = [result[name] for result in results if result.get(name) is not None]
        if values:
            print(f"{name:15} median {statistics.median(values):7.3f}  min {min(values):7.3f}  max {max(values):7.3f}"
                  f"  n {len(values)}", file=sys.stderr)
    return 1 if failures else 0
