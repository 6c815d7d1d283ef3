#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Boots an image as Pileus would, measures it, checks it, and leaves nothing behind.

In a network namespace of its own: a tap, dnsmasq for DHCP and DNS, and a small metadata service that
knows IMDSv2 only. Prints one JSON line per boot. Needs root, qemu-system-x86, dnsmasq-base, iproute2 and
openssh-client.
"""

import argparse
import http.server
import json
import os
import re
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

GUEST_ADDRESS = "172.31.5.10"
GATEWAY = "172.31.0.1"
HOSTNAME = "ip-172-31-5-10"
METADATA = "169.254.169.254"
MAC = "02:50:49:4c:45:01"
FROZEN_MAC = "02:50:49:4c:45:00"
CPU = "qemu64,+ssse3,+sse4.1,+sse4.2,+popcnt,+cx16"
OVMF = Path("/usr/share/OVMF/OVMF_CODE.fd")
HERE = Path(__file__).resolve().parent
RUN_SCRIPT = "f=$(mktemp) && cat >$f && chmod 700 $f && $f"

USER_DATA = "#!/bin/sh\necho \"user data $(hostname)\" >/var/tmp-user-data\n"
CLOUD_CONFIG = """#cloud-config
users:
  - default
  - name: carol
    groups: [users]
    sudo: "ALL=(ALL) NOPASSWD:ALL"
write_files:
  - path: /etc/written
    content: "written by cloud-config\\n"
runcmd:
  - [sh, -c, "echo user data $(hostname) >/var/tmp-user-data"]
"""


class Metadata(http.server.BaseHTTPRequestHandler):
    """IMDSv2 and nothing older; `pages` maps a path below /latest/ (or a dated version) to its text."""

    protocol_version = "HTTP/1.1"
    pages: dict[str, str] = {}
    token = secrets.token_hex(16)

    def do_PUT(self):
        if self.path == "/latest/api/token" and self.headers.get("X-aws-ec2-metadata-token-ttl-seconds"):
            return self._answer(200, self.token)
        return self._answer(400, "")

    def do_GET(self):
        if self.headers.get("X-aws-ec2-metadata-token") != self.token:
            return self._answer(401, "")
        path = re.sub(r"^/[^/]+/?", "", self.path)
        if path in self.pages:
            return self._answer(200, self.pages[path])
        below = {name[len(path.rstrip("/") + "/") if path else 0:] for name in self.pages
                 if not path or name.startswith(path.rstrip("/") + "/")}
        names = sorted({name.partition("/")[0] + ("/" if "/" in name else "") for name in below})
        return self._answer(200, "\n".join(names)) if names else self._answer(404, "")

    def _answer(self, status, text):
        body = text.encode()
        self.send_response(status)
        self.send_header("Content-Type", "text/plain")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


def metadata_pages(instance_id: str, public_key: str, user_data: str) -> dict[str, str]:
    interface = f"meta-data/network/interfaces/macs/{MAC}"
    pages = {
        "meta-data/ami-id": "ami-0123456789abcdef0",
        "meta-data/instance-id": instance_id,
        "meta-data/instance-type": "t3.micro",
        "meta-data/hostname": f"{HOSTNAME}.ec2.internal",
        "meta-data/local-hostname": f"{HOSTNAME}.ec2.internal",
        "meta-data/local-ipv4": GUEST_ADDRESS,
        "meta-data/mac": MAC,
        "meta-data/placement/availability-zone": "us-east-1a",
        "meta-data/placement/region": "us-east-1",
        "meta-data/public-keys/0/openssh-key": public_key,
        "meta-data/block-device-mapping/ami": "xvda",
        "meta-data/block-device-mapping/root": "/dev/xvda",
        "meta-data/services/domain": "amazonaws.com",
        f"{interface}/device-number": "0",
        f"{interface}/local-ipv4s": GUEST_ADDRESS,
        f"{interface}/mac": MAC,
        f"{interface}/subnet-ipv4-cidr-block": "172.31.0.0/20",
        "dynamic/instance-identity/document": json.dumps({"instanceId": instance_id, "region": "us-east-1"}),
    }
    return {**pages, "user-data": user_data} if user_data else pages


class Machine:
    """One QEMU process with its QMP socket, and the agent's channel with it. try_warm.py says more of guests that are frozen
    before they are anybody."""

    def __init__(self, options, disk: Path, folder: Path, instance_id: str, extra=(), frozen_nic=False):
        self.serial = folder / "serial.log"
        self.serial.unlink(missing_ok=True)
        qmp = folder / "qmp.sock"
        qmp.unlink(missing_ok=True)
        digits = instance_id.partition("-")[2]
        identity = f"ec2{digits[:5]}-{digits[5:9]}-4000-8000-{digits[4:16]}"
        argv = ["qemu-system-x86_64", "-M", options.machine, "-accel", "tcg,thread=multi,tb-size=256",
                "-cpu", options.cpu, "-smp", str(options.cpus), "-m", str(options.memory_mib),
                "-nodefaults", "-no-user-config", "-display", "none",
                "-smbios", f"type=1,manufacturer=Amazon EC2,product=t3.micro,serial={identity},uuid={identity}",
                "-smbios", f"type=2,manufacturer=Amazon EC2,asset={instance_id}",
                "-drive", f"if=none,id=root,file={disk},format=qcow2,cache=unsafe,discard=unmap",
                "-device", "virtio-blk-pci,drive=root,serial=vol0123456789abcdef0,bootindex=1,addr=0x10",
                "-netdev", "tap,id=net0,ifname=tap0,script=no,downscript=no",
                "-device", f"virtio-net-pci,id=nic0,netdev=net0,mac={FROZEN_MAC if frozen_nic else MAC},romfile=,addr=0x5",
                "-device", "virtio-rng-pci,addr=0x3", "-device", "virtio-serial-pci,addr=0x4",
                "-chardev", f"socket,id=agent,path={folder}/agent.sock,server=on,wait=off",
                "-device", "virtserialport,chardev=agent,name=org.pileus.agent,nr=1",
                "-chardev", f"file,id=serial0,path={self.serial}", "-device", "isa-serial,chardev=serial0",
                "-qmp", f"unix:{qmp},server=on,wait=off"]
        if options.uefi:
            argv += ["-drive", f"if=pflash,unit=0,format=raw,readonly=on,file={OVMF}"]
        self.started = time.monotonic()
        if options.screenshot:
            argv += ["-device", "VGA", "-device", "virtio-keyboard-pci", "-device", "virtio-tablet-pci"]
        self.process = subprocess.Popen([*argv, *extra, *options.qemu])
        self.qmp_path = qmp
        self.qmp = None

    def seconds(self) -> float:
        return round(time.monotonic() - self.started, 2)

    def command(self, name: str, /, **arguments):
        if self.qmp is None:
            self.qmp = connect(self.qmp_path).makefile("rw")
            self.qmp.readline()
            self.command("qmp_capabilities")
        self.qmp.write(json.dumps({"execute": name, "arguments": arguments}) + "\n")
        self.qmp.flush()
        while "return" not in (answer := json.loads(self.qmp.readline())):
            if "error" in answer:
                raise RuntimeError(f"QMP {name}: {answer['error']}")
        return answer["return"]

    def console(self) -> str:
        return self.serial.read_text(errors="replace") if self.serial.exists() else ""

    def kill(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()


def connect(path: Path) -> socket.socket:
    """To a socket that QEMU is about to make."""
    connection = socket.socket(socket.AF_UNIX)
    for _ in range(1000):
        try:
            connection.connect(str(path))
            return connection
        except OSError:
            time.sleep(0.005)
    raise RuntimeError(f"nobody listens at {path}")


def wait_for_banner(machine: Machine, limit_s: float) -> float | None:
    """Seconds until sshd says who it is; one patient connection at a time."""
    while machine.seconds() < limit_s and machine.process.poll() is None:
        try:
            with socket.create_connection((GUEST_ADDRESS, 22), 0.2) as connection:
                connection.settimeout(15)
                if connection.recv(30).startswith(b"SSH"):
                    return machine.seconds()
        except OSError:
            pass
        time.sleep(0.05)
    return None


class Shell:
    def __init__(self, folder: Path, user: str, key: Path):
        self.argv = ["ssh", "-i", str(key), "-o", "StrictHostKeyChecking=accept-new", "-o", "LogLevel=ERROR",
                     "-o", f"UserKnownHostsFile={folder}/known_hosts", "-o", "ConnectTimeout=20",
                     "-o", "IdentitiesOnly=yes", "-o", "BatchMode=yes", f"{user}@{GUEST_ADDRESS}"]

    def run(self, command: str, timeout_s: float = 120, stdin: str = "") -> tuple[int, str]:
        try:
            result = subprocess.run([*self.argv, command], capture_output=True, text=True, timeout=timeout_s,
                                    check=False, input=stdin)
        except subprocess.TimeoutExpired:
            return 255, "timeout"
        return result.returncode, (result.stdout + result.stderr).strip()


def boot_once(options, disk: Path, folder: Path, key: Path, instance_id: str) -> dict:
    """Boots, measures, checks, presses the power button. Booleans of the answer must all be true."""
    Metadata.pages = metadata_pages(instance_id, key.with_suffix(".pub").read_text().strip(),
                                    options.user_data_text)
    (folder / "known_hosts").unlink(missing_ok=True)
    result: dict = {"image": options.name, "instance": instance_id, "firmware": "ovmf" if options.uefi else "seabios",
                    "load": round(os.getloadavg()[0], 1)}
    machine = Machine(options, disk, folder, instance_id)
    try:
        measure(machine, options, folder, key, result)
    finally:
        machine.kill()
        result["console_tail"] = machine.console()[-400:] if not result.get("powered_off") else ""
        if options.serial_log:
            shutil.copy(machine.serial, options.serial_log)
    return result


def measure(machine: Machine, options, folder: Path, key: Path, result: dict) -> None:
    result["banner_s"] = wait_for_banner(machine, options.limit_s)
    if result["banner_s"] is None:
        return
    shell = Shell(folder, options.user, key)
    while machine.seconds() < options.limit_s:
        status, text = shell.run("hostname")
        if status == 0:
            break
        time.sleep(0.2)
    result["login_s"] = machine.seconds()
    result["hostname_right"] = text == HOSTNAME
    measure_after_login(machine, options, shell, result)


def measure_after_login(machine: Machine, options, shell: Shell, result: dict) -> None:
    status, text = shell.run(options.wait_command)
    result["done_s"] = machine.seconds()
    result["initialised"] = status == 0
    if status != 0:
        result["initialised_text"] = text[-300:]
    for name, command, expected in options.checks:
        status, text = shell.run(command)
        result[name] = status == 0 and re.search(expected, text) is not None
        if not result[name]:
            result[f"{name}_text"] = text[-300:]
    status, text = shell.run("ssh-keygen -lf /dev/null; cat /etc/ssh/ssh_host_ed25519_key.pub "
                             "/etc/dropbear/dropbear_ed25519_host_key.pub 2>/dev/null")
    keys = re.findall(r"ssh-ed25519 (\S+)", text)
    result["host_key"] = keys[0][-12:] if keys else ""
    result["host_key_on_console"] = bool(keys) and keys[0] in machine.console()
    result["machine_id"] = shell.run("cat /etc/machine-id 2>/dev/null")[1][:8]
    if options.health:
        status, text = shell.run(RUN_SCRIPT, 900, (HERE / options.name / "health").read_text())
        result.update(healthy=status == 0, health_s=machine.seconds(), health_said=text[-400:])
    if options.screenshot:
        machine.command("screendump", filename=str(options.screenshot.resolve()), format="png")
    if options.commands:
        for command in options.commands:
            print(f"$ {command}\n{shell.run(command)[1]}", file=sys.stderr)
    before = machine.seconds()
    machine.command("system_powerdown")
    try:
        machine.process.wait(60)
        result["powered_off"] = True
        result["poweroff_s"] = round(machine.seconds() - before, 2)
    except subprocess.TimeoutExpired:
        result["powered_off"] = False


def checks_for(name: str, grown_gib: int | None, user_data: str) -> list[tuple[str, str, str]]:
    checks = [("name_resolves", "ping -c 1 $(hostname)", r"[^0-9]0% packet loss"),
              ("root_by_sudo", "sudo id -u", r"^0$")]
    if user_data != "none":
        checks.append(("user_data_ran", "cat /var/tmp-user-data", f"user data {HOSTNAME}"))
    if user_data == "cloud-config":
        checks += [("file_written", "cat /etc/written", "written by cloud-config"),
                   ("user_made", "id carol", "carol")]
    if grown_gib:
        checks.append(("root_grown", "df -m / | awk 'NR == 2 { print ($2 > %d) ? \"yes\" : $2 }'"
                       % int(grown_gib * 1024 * 0.9), "^yes$"))
    if name != "tiny":
        checks.append(("nothing_failed", "systemctl --failed --no-legend | wc -l", "^0$"))
    return checks


def in_namespace(options) -> int:
    """Runs inside the fresh namespace: network, metadata service, boots."""
    for command in (["ip", "link", "set", "lo", "up"], ["ip", "tuntap", "add", "tap0", "mode", "tap"],
                    ["ip", "addr", "add", f"{GATEWAY}/20", "dev", "tap0"],
                    ["ip", "addr", "add", f"{METADATA}/32", "dev", "tap0"], ["ip", "link", "set", "tap0", "up"]):
        subprocess.run(command, check=True)
    with tempfile.TemporaryDirectory(prefix="pileus-try-") as name:
        folder = Path(name)
        dnsmasq = subprocess.Popen(
            ["dnsmasq", "--keep-in-foreground", "--conf-file=/dev/null", "--interface=tap0", "--bind-interfaces",
             "--except-interface=lo", "--dhcp-authoritative", "--no-ping", "--dhcp-rapid-commit", "--no-resolv",
             "--no-hosts", f"--dhcp-leasefile={folder}/leases", "--user=root", "--pid-file=",
             "--dhcp-range=172.31.5.10,static,255.255.240.0,1h", f"--dhcp-host={MAC},{GUEST_ADDRESS}",
             f"--dhcp-option=option:router,{GATEWAY}", f"--dhcp-option=option:dns-server,{GATEWAY}",
             "--dhcp-option=option:domain-name,ec2.internal", f"--address=/{HOSTNAME}.ec2.internal/{GUEST_ADDRESS}"],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        server = http.server.ThreadingHTTPServer((METADATA, 80), Metadata)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            if options.warm:
                import try_warm  # it imports this file in turn
                return try_warm.boots(options, folder)
            return boots(options, folder)
        finally:
            server.shutdown()
            dnsmasq.send_signal(signal.SIGTERM)
            dnsmasq.wait()


def boots(options, folder: Path) -> int:
    key = folder / "key"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key], check=True)
    failures = 0
    disk = folder / "disk.qcow2"
    for number in range(options.runs):
        if number == 0 or not options.same_disk:
            disk.unlink(missing_ok=True)
            size = [f"{options.grow_gib}G"] if options.grow_gib else []
            subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", "-F", "qcow2", "-b", options.disk.resolve(),
                            disk, *size], check=True)
        instance_id = "i-" + secrets.token_hex(9)[:17] if not options.same_instance else "i-0123456789abcdef0"
        result = boot_once(options, disk, folder, key, instance_id)
        print(json.dumps({name: value for name, value in result.items() if value != ""}), flush=True)
        failures += not result.get("powered_off") or any(value is False for value in result.values())
    return 1 if failures else 0


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Boots an image, measures and checks it; one JSON line per boot.")
    parser.add_argument("image", type=Path, help="folder with disk.qcow2 and image.json")
    parser.add_argument("--runs", type=int, default=1)
    parser.add_argument("--memory-mib", type=int, default=1024)
    parser.add_argument("--cpus", type=int, default=1)
    parser.add_argument("--cpu", default=CPU)
    parser.add_argument("--machine", default="q35")
    parser.add_argument("--warm", action="store_true",
                        help="freezes the image before it is anybody, and starts the runs from there (try_warm.py)")
    parser.add_argument("--frozen", type=Path, metavar="DIR", help="with --warm: the frozen guest is kept there, and used again")
    parser.add_argument("--fast", action="store_true", help="with --warm: ends each clone after its second command")
    parser.add_argument("--uefi", action="store_true", help="boot through OVMF instead of SeaBIOS")
    parser.add_argument("--grow-gib", type=int, help="a root volume of this size")
    parser.add_argument("--same-disk", action="store_true", help="the runs share a disk, each a new instance")
    parser.add_argument("--same-instance", action="store_true", help="the runs share an instance id")
    parser.add_argument("--user-data", choices=("script", "cloud-config", "none"), default="script")
    parser.add_argument("--limit-s", type=float, default=240)
    parser.add_argument("--serial-log", type=Path, help="keeps the console's text")
    parser.add_argument("--health", action="store_true", help="runs the recipe's health check in the guest")
    parser.add_argument("--screenshot", type=Path, metavar="PNG", help="adds a screen, and keeps a picture of it")
    parser.add_argument("--run", dest="commands", action="append", default=[], help="a command to run in the guest")
    parser.add_argument("--qemu", action="append", default=[], help="a further argument for QEMU")
    parser.add_argument("--inside", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    manifest = json.loads((options.image / "image.json").read_text())
    options.disk = options.image / "disk.qcow2"
    options.name, options.user = manifest["name"], manifest["default_user"]
    options.user_data_text = {"script": USER_DATA, "cloud-config": CLOUD_CONFIG, "none": ""}[options.user_data]
    options.wait_command = ("cloud-init status --wait" if options.name != "tiny" else
                            "until [ -s /run/boot-finished ]; do usleep 100000; done")
    options.checks = checks_for(options.name, options.grow_gib, options.user_data)
    return options


def main() -> int:
    options = parse()
    if options.inside:
        return in_namespace(options)
    namespace = f"pileus-try-{os.getpid()}"
    subprocess.run(["ip", "netns", "add", namespace], check=True)
    try:
        return subprocess.run(["ip", "netns", "exec", namespace, sys.executable, __file__, *sys.argv[1:], "--inside"],
                              check=False).returncode
    finally:
        subprocess.run(["ip", "netns", "delete", namespace], check=True)


if __name__ == "__main__":
    import try_boot  # this file as try_warm.py sees it too

    sys.exit(try_boot.main())
