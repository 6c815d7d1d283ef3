# SPDX-License-Identifier: Apache-2.0
"""The Debian image: a whole system, ready for its user."""

import time

from fixture import GuestTest, register, wait_until

CLOUD_CONFIG = """#cloud-config
write_files:
  - path: /root/written
    content: by cloud-init
runcmd:
  - echo ran > /root/ran
"""


class Debian(GuestTest):
    def test_login_cloud_init_and_a_new_start(self):
        image = register("debian-12")
        began = time.monotonic()
        guest = self.launch(ImageId=image, ssh=False, user="admin", UserData=CLOUD_CONFIG)
        guest.wait_for_ssh(90)
        print(f"\n    SSH with a command's output {time.monotonic() - began:.1f} s after run-instances", flush=True)
        self.assertEqual(guest.run("sudo id -u").strip(), "0")
        self.assertEqual(guest.run("hostname").strip(), guest.describe()["PrivateDnsName"].split(".")[0])
        wait_until(lambda: "done" in guest.run("cloud-init status", check=False), 400, "cloud-init", pause_seconds=2)
        self.assertEqual(guest.run("sudo cat /root/written /root/ran"), "by cloud-initran\n")
        self.assertIn("SSH HOST KEY KEYS", guest.console())
        host_key = guest.run("cat /etc/ssh/ssh_host_ed25519_key.pub")

        self.ec2.stop_instances(InstanceIds=[guest.id])
        guest.wait_for("stopped", 60)
        self.ec2.start_instances(InstanceIds=[guest.id])
        guest.wait_for("running").wait_for_ssh(90)
        self.assertEqual(guest.run("cat /etc/ssh/ssh_host_ed25519_key.pub"), host_key)
