# SPDX-License-Identifier: Apache-2.0
"""One installation with real guests for all tests of this folder: its networks, pools and names are its own, and guests have no way out."""

import atexit
import base64
import os
import pathlib
import random
import shlex
import shutil
import subprocess
import tempfile
import time
import unittest

from botocore.exceptions import ClientError
from support.images import image_folder
from support.pileus import PROGRAMS, ROOT, Daemon, wait_until

BOOT_SECONDS = 60  # of the tiny guest, on a busy machine without KVM
# Two files of tests may run beside each other: each takes its networks from a half of its own.
_number = random.randrange(30) + 30 * int(os.environ.get("PILEUS_VM_HALF", "0"))
CONFIG = f"""
[network]
egress = false
public_pool = "127.{65 + _number}.0.0/16"
transit = "100.{64 + _number // 2 * 2}.0.0/15"
[host]
cpu_overcommit = 16.0
[instances]
stop_timeout_seconds = 30
[warm]
mode = "off"
"""

_daemon = None


def daemon():
    global _daemon
    if _daemon is None:
        _daemon = Daemon(CONFIG, emulated=False)
        _daemon.hypervisor = "tcg"
        atexit.register(_daemon.destroy)
        _daemon.start()
    return _daemon


def register(name):
    """The AMI of a recipe, built when it is not there yet."""
    folder = daemon().data_dir / "images" / name
    if not folder.exists():
        folder.parent.mkdir(parents=True, exist_ok=True)
        shutil.copytree(image_folder(name), folder)
    return daemon().pileus("RegisterImage", folder=name)["image_ids"]["us-east-1"]


def pileus_words(*words):
    """The command line of this installation; its user's folder is the test's own."""
    d = daemon()
    return [str(PROGRAMS / "pileus"), "--config", str(d.config), "--data-dir", str(d.data_dir), "--run-dir", str(d.run_dir),
            "--port", str(d.port), *(str(word) for word in words)]


def pileus_environment():
    return {**os.environ, "PILEUS_ROOT": str(ROOT), "PILEUS_USER_DIR": str(daemon().folder / "user")}


def pileus(*words, check=True, timeout_seconds=300):
    """Runs a command of `pileus` to its end; returns the finished process."""
    done = subprocess.run(pileus_words(*words), env=pileus_environment(), capture_output=True, text=True,
                          timeout=timeout_seconds, stdin=subprocess.DEVNULL)
    if check and done.returncode != 0:
        raise AssertionError(f"pileus {' '.join(map(str, words))}: {done.returncode} {done.stdout} {done.stderr}")
    return done


class Guest:
    """One instance, and SSH to it."""

    def __init__(self, test, instance_id, user="ec2-user"):
        self.test = test
        self.id = instance_id
        self.user = user

    def describe(self):
        return self.test.ec2.describe_instances(InstanceIds=[self.id])["Reservations"][0]["Instances"][0]

    @property
    def state(self):
        return self.describe()["State"]["Name"]

    @property
    def public_ip(self):
        return self.describe()["PublicIpAddress"]

    @property
    def private_ip(self):
        return self.describe()["PrivateIpAddress"]

    def wait_for(self, state, timeout_seconds=60):
        wait_until(lambda: self.state == state, timeout_seconds, f"{self.id} {state}")
        return self

    def ssh_words(self, known_hosts="/dev/null", strict="no"):
        return ["ssh", "-i", str(self.test.key), "-o", "BatchMode=yes", "-o", f"StrictHostKeyChecking={strict}",
                "-o", f"UserKnownHostsFile={known_hosts}", "-o", "LogLevel=ERROR", "-o", "ConnectTimeout=5",
                "-o", f"HostKeyAlias={self.id}", f"{self.user}@{self.public_ip}"]

    def run(self, command, check=True, timeout_seconds=60):
        done = subprocess.run(self.ssh_words() + [command], capture_output=True, text=True, timeout=timeout_seconds,
                              stdin=subprocess.DEVNULL)
        if check and done.returncode != 0:
            raise AssertionError(f"{command}: {done.returncode} {done.stdout} {done.stderr}")
        return done.stdout

    def works(self, command):
        return subprocess.run(self.ssh_words() + [command], capture_output=True, timeout=60,
                              stdin=subprocess.DEVNULL).returncode == 0

    def wait_for_ssh(self, timeout_seconds=BOOT_SECONDS):
        wait_until(lambda: self.works("true"), timeout_seconds, f"ssh to {self.id}", pause_seconds=0.2)
        return self

    def console(self):
        return self.test.ec2.get_console_output(InstanceId=self.id).get("Output", "")

    def process(self):
        """The id of its QEMU; None when there is none."""
        found = subprocess.run(["pgrep", "-f", f"guest={self.id},"], capture_output=True, text=True).stdout.split()
        assert len(found) <= 1, f"{self.id} has {len(found)} processes"
        return int(found[0]) if found else None


class GuestTest(unittest.TestCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        cls.daemon = daemon()
        cls.ec2 = cls.daemon.client()
        cls.image = register("tiny")
        cls.key = cls.make_key()
        cls.group = cls.open_ssh()

    @classmethod
    def make_key(cls):
        path = cls.daemon.folder / "key.pem"
        if not path.exists():
            material = cls.ec2.create_key_pair(KeyName="vm", KeyType="ed25519")["KeyMaterial"]
            path.write_text(material)
            path.chmod(0o600)
            # And where the command line looks for it.
            keys = cls.daemon.folder / "user/keys"
            keys.mkdir(parents=True)
            shutil.copy(path, keys / "vm.pem")
        return path

    @classmethod
    def open_ssh(cls):
        [group] = cls.ec2.describe_security_groups(GroupNames=["default"])["SecurityGroups"]
        try:
            cls.ec2.authorize_security_group_ingress(GroupId=group["GroupId"], IpProtocol="tcp", FromPort=22, ToPort=22,
                                                     CidrIp="0.0.0.0/0")
        except ClientError as error:
            assert error.response["Error"]["Code"] == "InvalidPermission.Duplicate", error
        return group["GroupId"]

    def launch(self, ssh=True, user="ec2-user", keep=False, **options):
        options = {"ImageId": self.image, "InstanceType": "t2.micro", "KeyName": "vm", "MinCount": 1, "MaxCount": 1, **options}
        [instance] = self.ec2.run_instances(**options)["Instances"]
        guest = Guest(self, instance["InstanceId"], user)
        if not keep:
            self.addCleanup(self.terminate, guest)
        guest.wait_for("running")
        return guest.wait_for_ssh() if ssh else guest

    def terminate(self, guest):
        self.ec2.terminate_instances(InstanceIds=[guest.id])
        guest.wait_for("terminated")

    def new_group(self, name):
        group_id = self.ec2.create_security_group(GroupName=name, Description=name)["GroupId"]
        self.addCleanup(self.ec2.delete_security_group, GroupId=group_id)
        return group_id

    def allow(self, group_id, port, **peer):
        permission = {"IpProtocol": "tcp", "FromPort": port, "ToPort": port, **(peer or {"IpRanges": [{"CidrIp": "0.0.0.0/0"}]})}
        self.ec2.authorize_security_group_ingress(GroupId=group_id, IpPermissions=[permission])
        return permission
