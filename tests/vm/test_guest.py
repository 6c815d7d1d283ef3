# SPDX-License-Identifier: Apache-2.0
"""A guest and what is inside it: login, user data, metadata, hardware, and its life from start to termination."""

import json
import subprocess
import time

from fixture import Guest, GuestTest, daemon, wait_until

USER_DATA = "#!/bin/sh\necho ran > /root/user-data-ran\n"
IMDS = "http://169.254.169.254/latest"


class OneGuest(GuestTest):
    """What needs only to look: one guest serves all tests."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        test = cls("setUp")
        cls.guest = test.launch(
            keep=True, UserData=USER_DATA, InstanceType="t2.small",
            BlockDeviceMappings=[{"DeviceName": "/dev/xvda", "Ebs": {"VolumeSize": 3}}],
            MetadataOptions={"HttpTokens": "required", "HttpPutResponseHopLimit": 1},
            TagSpecifications=[{"ResourceType": "instance", "Tags": [{"Key": "Name", "Value": "one"}]}])

    @classmethod
    def tearDownClass(cls):
        cls("setUp").terminate(cls.guest)

    def setUp(self):
        pass

    def test_host_key_is_the_one_on_the_console(self):
        known = self.daemon.folder / "known_hosts"

        def keys():
            text = self.guest.console()
            if "-----END SSH HOST KEY KEYS-----" not in text:
                return None
            block = text.split("-----BEGIN SSH HOST KEY KEYS-----")[-1].split("-----END")[0]
            return [line for line in block.split("\n") if line.startswith(("ssh-", "ecdsa-"))]
        lines = wait_until(keys, 30, "host keys on the console")
        known.write_text("".join(f"{self.guest.id} {' '.join(line.split()[:2])}\n" for line in lines))
        done = subprocess.run(self.guest.ssh_words(known, "yes") + ["true"], stdin=subprocess.DEVNULL, timeout=60)
        self.assertEqual(done.returncode, 0)

    def test_user_data_ran(self):
        wait_until(lambda: self.guest.works("sudo cat /root/user-data-ran"), 30, "user data")

    def test_name_address_and_hardware_are_its_own(self):
        seen = self.guest.describe()
        self.assertEqual(self.guest.run("hostname").strip(), seen["PrivateDnsName"].split(".")[0])
        self.assertIn(f"inet {seen['PrivateIpAddress']}/20", self.guest.run("ip addr show eth0"))
        self.assertEqual(self.guest.run("grep -c ^processor /proc/cpuinfo").strip(), "1")
        memory_kib = int(self.guest.run("grep MemTotal /proc/meminfo").split()[1])
        self.assertTrue(1_850_000 < memory_kib < 2_097_152, memory_kib)
        root_kib = int(self.guest.run("df -k / | tail -1").split()[1])
        self.assertGreater(root_kib, 2_700_000)
        self.assertEqual(self.guest.run("cat /sys/class/dmi/id/sys_vendor").strip(), "Amazon EC2")
        self.assertEqual(self.guest.run("cat /sys/block/vda/serial").strip(),
                         seen["BlockDeviceMappings"][0]["Ebs"]["VolumeId"].replace("-", ""))

    def test_status_is_ok_once_the_guest_was_heard_of(self):
        [status] = self.ec2.describe_instance_status(InstanceIds=[self.guest.id])["InstanceStatuses"]
        self.assertEqual(status["InstanceStatus"]["Status"], "ok")

    def token(self, ttl=60, guest=None):
        return (guest or self.guest).run(
            "printf 'PUT /latest/api/token HTTP/1.0\\r\\nHost: 169.254.169.254\\r\\n"
            f"X-aws-ec2-metadata-token-ttl-seconds: {ttl}\\r\\n\\r\\n' | nc -w 5 169.254.169.254 80 | tail -n 1").strip()

    def get(self, path, headers="", method="GET", guest=None):
        """Status and body."""
        answer = (guest or self.guest).run(
            f"printf '{method} {path} HTTP/1.0\\r\\nHost: 169.254.169.254\\r\\n{headers}\\r\\n' | nc -w 5 169.254.169.254 80")
        head, _, body = answer.replace("\r\n", "\n").partition("\n\n")
        return int(head.split()[1]), body

    def test_metadata_with_a_token_only(self):
        header = f"X-aws-ec2-metadata-token: {self.token()}\\r\\n"
        self.assertEqual(self.get("/latest/meta-data/instance-id"), (401, self.get("/latest/meta-data/instance-id")[1]))
        self.assertEqual(self.get("/latest/meta-data/instance-id", header), (200, self.guest.id))
        self.assertEqual(self.get("/latest/user-data", header), (200, USER_DATA))
        self.assertEqual(self.get("/latest/meta-data/public-keys/", header), (200, "0=vm"))
        self.assertEqual(self.get("/latest/meta-data/tags/instance/Name", header)[0], 404)  # not asked for at launch
        self.assertEqual(self.get("/latest/meta-data/nothing", header)[0], 404)
        document = json.loads(self.get("/latest/dynamic/instance-identity/document", header)[1])
        self.assertEqual(document["instanceId"], self.guest.id)
        self.assertEqual(document["privateIp"], self.guest.private_ip)
        bad = "X-aws-ec2-metadata-token: AAAA\\r\\n"
        self.assertEqual(self.get("/latest/meta-data/", bad)[0], 401)

    def test_tokens_are_refused_to_proxies_and_for_odd_lives(self):
        ttl = "X-aws-ec2-metadata-token-ttl-seconds: "
        self.assertEqual(self.get("/latest/api/token", f"{ttl}60\\r\\nX-Forwarded-For: 1.2.3.4\\r\\n", "PUT")[0], 403)
        for life in ("0", "21601", "x"):
            self.assertEqual(self.get("/latest/api/token", f"{ttl}{life}\\r\\n", "PUT")[0], 400)
        self.assertEqual(self.get("/latest/api/token", "", "PUT")[0], 400)

    def test_token_of_another_guest_is_worth_nothing(self):
        other = self.launch(MetadataOptions={"HttpTokens": "optional"})
        stolen = f"X-aws-ec2-metadata-token: {self.token()}\\r\\n"
        self.assertEqual(self.get("/latest/meta-data/instance-id", stolen, guest=other)[0], 401)
        # And this one may ask without a token at all.
        self.assertEqual(self.get("/latest/meta-data/instance-id", guest=other), (200, other.id))

    def test_a_guest_has_no_way_out_and_not_to_the_host(self):
        self.assertFalse(self.guest.works("nc -w 2 192.0.2.1 80 < /dev/null"))
        host_side = subprocess.run(["ip", "-4", "-o", "addr", "show", f"{self.daemon.installation}-edge"],
                                   capture_output=True, text=True, check=True).stdout.split()[3].split("/")[0]
        self.assertFalse(self.guest.works(f"nc -w 2 {host_side} {self.daemon.port} < /dev/null"))

    def test_the_bill_runs(self):
        [row] = [r for r in self.daemon.pileus("GetCost")["instances"] if r["instance_id"] == self.guest.id]
        self.assertGreaterEqual(row["running_seconds"], 60)
        self.assertGreater(float(row["compute"]), 0)
        self.assertGreater(float(row["addresses"]), 0)
        self.assertEqual(row["unpriced"], [])


class Life(GuestTest):
    def test_stop_start_reboot_resize_terminate(self):
        guest = self.launch()
        first_ip, private_ip = guest.public_ip, guest.private_ip
        volume = guest.describe()["BlockDeviceMappings"][0]["Ebs"]["VolumeId"]
        guest.run("echo kept > ~/file && sync")

        self.ec2.reboot_instances(InstanceIds=[guest.id])
        wait_until(lambda: guest.works("test $(cut -d. -f1 /proc/uptime) -lt 15"), 60, "the reboot", pause_seconds=0.3)
        self.assertEqual((guest.run("cat file"), guest.public_ip), ("kept\n", first_ip))

        self.ec2.stop_instances(InstanceIds=[guest.id])
        guest.wait_for("stopped")
        self.assertIsNone(guest.process())
        self.assertNotIn("PublicIpAddress", guest.describe())
        self.ec2.modify_instance_attribute(InstanceId=guest.id, InstanceType={"Value": "t2.nano"})
        self.ec2.start_instances(InstanceIds=[guest.id])
        guest.wait_for("running").wait_for_ssh()
        self.assertEqual((guest.run("cat file"), guest.private_ip), ("kept\n", private_ip))
        self.assertNotEqual(guest.public_ip, first_ip)
        self.assertLess(int(guest.run("grep MemTotal /proc/meminfo").split()[1]), 520_000)

        disk = list(self.daemon.data_dir.rglob(f"*{volume}*"))
        self.assertTrue(disk)
        self.terminate(guest)
        self.assertIsNone(guest.process())
        self.assertEqual(list(self.daemon.data_dir.rglob(f"*{volume}*")), [])
        self.assertEqual(self.ec2.describe_network_interfaces(
            Filters=[{"Name": "attachment.instance-id", "Values": [guest.id]}])["NetworkInterfaces"], [])

    def test_power_off_inside_the_guest(self):
        stays, goes = self.launch(), self.launch(InstanceInitiatedShutdownBehavior="terminate")
        for guest in (stays, goes):
            guest.works("sudo poweroff")
        stays.wait_for("stopped")
        goes.wait_for("terminated")
        self.assertEqual(stays.describe()["StateReason"]["Code"], "Client.InstanceInitiatedShutdown")

    def test_forced_stop_does_not_wait(self):
        guest = self.launch(ssh=False)
        began = time.monotonic()
        self.ec2.stop_instances(InstanceIds=[guest.id], Force=True)
        guest.wait_for("stopped")
        self.assertLess(time.monotonic() - began, 5)
