# SPDX-License-Identifier: Apache-2.0
"""Instances that are started from a warm template: fast, each its own, and booted when that cannot be."""

import subprocess
import time

from fixture import Guest, GuestTest, pileus, wait_until

CLONES = 20
TYPE = "t2.nano"


class Warm(GuestTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.set_mode("off", "shared")
        [first] = cls.ec2.run_instances(ImageId=cls.image, InstanceType=TYPE, KeyName="vm", MinCount=1, MaxCount=1)["Instances"]
        cls.first = Guest(cls, first["InstanceId"])
        cls.made = wait_until(cls.ready_template, 240, "the warm template", pause_seconds=0.5)

    @classmethod
    def tearDownClass(cls):
        cls.ec2.terminate_instances(InstanceIds=[cls.first.id])
        cls.set_mode("shared", "off")
        super().tearDownClass()

    @classmethod
    def set_mode(cls, before, after):
        """The installation is that of the other tests, which boot."""
        text = cls.daemon.config.read_text()
        assert f'mode = "{before}"' in text
        cls.daemon.config.write_text(text.replace(f'mode = "{before}"', f'mode = "{after}"'))
        if cls.daemon.process.poll() is None:
            cls.daemon.kill()
        cls.daemon.start()

    def setUp(self):
        if self.daemon.process.poll() is not None:
            self.daemon.start()

    @classmethod
    def templates(cls):
        return cls.daemon.pileus("ListWarmTemplates")["templates"]

    @classmethod
    def ready_template(cls):
        return next((each for each in cls.templates() if each["state"] == "ready"), None)

    def launch_many(self, count):
        answer = self.ec2.run_instances(ImageId=self.image, InstanceType=TYPE, KeyName="vm", MinCount=count, MaxCount=count)
        guests = [Guest(self, instance["InstanceId"]) for instance in answer["Instances"]]
        for guest in guests:
            self.addCleanup(self.terminate, guest)
        return guests

    def host_key(self, guest):
        found = subprocess.run(["ssh-keyscan", "-T", "10", "-t", "ed25519", guest.public_ip], capture_output=True, text=True)
        return found.stdout.split()[-1] if found.stdout else ""

    def identifiers(self, guest):
        """Whatever must not be the same in two guests."""
        words = guest.run("cat /proc/sys/kernel/random/boot_id; hostname; cat /sys/class/net/eth0/address; "
                          "head -c 16 /dev/urandom | hexdump -ve '1/1 \"%02x\"'; echo; cat /sys/class/dmi/id/board_asset_tag; "
                          "date +%s").split()
        self.assertEqual(len(words), 6, words)
        *own, seconds = words
        self.assertLess(abs(time.time() - int(seconds)), 5, "its clock is right")
        self.assertEqual(own[1].split(".")[0], "ip-" + guest.private_ip.replace(".", "-"))
        self.assertEqual(own[4], guest.id)
        return [*own, self.host_key(guest)]

    def test_twenty_clones_have_nothing_in_common(self):
        before = self.ready_template()
        began = time.monotonic()
        guests = self.launch_many(CLONES)
        answered = time.monotonic() - began
        for guest in guests:
            guest.wait_for("running")
        print(f"\n    {CLONES} launches: answer {1000 * answered:.0f} ms, all running {time.monotonic() - began:.1f} s", flush=True)
        seen = [self.identifiers(guest.wait_for_ssh()) for guest in guests]
        for values in zip(*seen):
            self.assertEqual(len(set(values)), CLONES, values)
        after = self.ready_template()
        self.assertEqual(after["fallbacks"], before["fallbacks"])
        self.assertEqual(after["hits"], before["hits"] + CLONES)
        self.assertGreater(after["saved_milliseconds"], 0)
        self.assertIn("ready", pileus("templates").stdout)
        self.assertIn("1 ready", pileus("status").stdout)

    def test_clone_stays_who_it_is_when_it_stops_and_starts(self):
        [guest] = self.launch_many(1)
        guest.wait_for("running").wait_for_ssh()
        guest.run("echo kept | sudo tee /root/file >/dev/null; sync")
        key = self.host_key(guest)
        self.ec2.stop_instances(InstanceIds=[guest.id])
        guest.wait_for("stopped")
        self.ec2.start_instances(InstanceIds=[guest.id])
        guest.wait_for("running").wait_for_ssh()
        self.assertEqual(guest.run("sudo cat /root/file").strip(), "kept")
        self.assertEqual(self.host_key(guest), key)
        self.assertEqual(guest.run("hostname").strip().split(".")[0], "ip-" + guest.private_ip.replace(".", "-"))
        self.assertEqual(pileus("fsck", check=False).returncode, 0)

    def test_launch_boots_when_its_template_is_broken(self):
        made = self.ready_template()
        self.daemon.kill()  # what it has in its own memory would still do
        folder = self.daemon.data_dir / "templates" / made["id"]
        kept = {path: path.read_bytes() for path in folder.iterdir() if path.name == "state"}
        self.assertTrue(kept)
        for path in kept:
            path.write_bytes(b"nonsense")
        try:
            self.daemon.start()
            [guest] = self.launch_many(1)
            guest.wait_for("running").wait_for_ssh()
            self.assertEqual(self.ready_template()["fallbacks"], made["fallbacks"] + 1)
        finally:
            for path, content in kept.items():
                path.write_bytes(content)
        self.assertEqual(pileus("fsck", check=False).returncode, 0)

    def test_kill_of_the_daemon_in_the_middle_of_warm_launches(self):
        guests = []
        for delay_seconds in (0.05, 0.2, 0.4):
            guests += self.launch_many(1)
            time.sleep(delay_seconds)
            self.daemon.kill()
            self.daemon.start()
        for guest in guests:
            guest.wait_for("running").wait_for_ssh()
            self.assertIsNotNone(guest.process())  # and not two
        self.assertEqual(len({tuple(self.identifiers(guest)) for guest in guests}), len(guests))
        self.assertEqual(pileus("fsck", check=False).returncode, 0)
