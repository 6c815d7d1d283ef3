# SPDX-License-Identifier: Apache-2.0
"""kill -9 of the daemon and of guests: nobody is disturbed, nothing is lost, nothing is there twice."""

import os
import signal
import subprocess
import time

from fixture import Guest, GuestTest, wait_until


class Faults(GuestTest):
    def tearDown(self):
        if self.daemon.process.poll() is not None:
            self.daemon.start()

    def test_daemon_is_killed_while_a_guest_runs(self):
        guest = self.launch()
        process = guest.process()
        session = subprocess.Popen(guest.ssh_words() + ["for i in 1 2 3 4 5 6 7 8; do echo $i; sleep 0.5; done"],
                                   stdout=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True)
        self.assertEqual(session.stdout.readline(), "1\n")
        self.daemon.kill()
        began = time.monotonic()
        self.daemon.start()
        print(f"\n    the API answers {1000 * (time.monotonic() - began):.0f} ms after exec", flush=True)
        self.assertEqual(session.stdout.read().split(), ["2", "3", "4", "5", "6", "7", "8"])
        self.assertEqual(session.wait(), 0)
        self.assertEqual((guest.state, guest.process()), ("running", process))
        # It is not only seen, it is held: its firewall follows, and it obeys.
        self.ec2.revoke_security_group_ingress(GroupId=self.group, IpProtocol="tcp", FromPort=22, ToPort=22,
                                               CidrIp="0.0.0.0/0")
        wait_until(lambda: not guest.works("true"), 10, "the closed port")
        self.open_ssh()
        guest.wait_for_ssh(10)
        self.ec2.stop_instances(InstanceIds=[guest.id])
        guest.wait_for("stopped")

    def test_daemon_is_killed_in_the_middle_of_launches(self):
        guests = []
        for delay_seconds in (0.0, 0.03, 0.08, 0.15):
            [instance] = self.ec2.run_instances(ImageId=self.image, InstanceType="t2.nano", KeyName="vm", MinCount=1,
                                                MaxCount=1)["Instances"]
            guests.append(Guest(self, instance["InstanceId"]))
            self.addCleanup(self.terminate, guests[-1])
            time.sleep(delay_seconds)
            self.daemon.kill()
            self.daemon.start()
        for guest in guests:
            guest.wait_for("running")
            self.assertIsNotNone(guest.process())
        guests[0].wait_for_ssh()
        # Guest.process() fails when there is more than one.
        self.assertEqual(len({guest.process() for guest in guests}), len(guests))

    def test_guest_process_is_killed(self):
        guest = self.launch(ssh=False)
        os.kill(guest.process(), signal.SIGKILL)
        guest.wait_for("stopped")
        self.assertEqual(guest.describe()["StateReason"]["Code"], "Server.InternalError")

    def test_guest_dies_while_nobody_looks(self):
        dead, off = self.launch(ssh=False), self.launch()
        power_off = off.ssh_words() + ["sudo poweroff"]
        self.daemon.kill()
        os.kill(dead.process(), signal.SIGKILL)
        subprocess.run(power_off, stdin=subprocess.DEVNULL, capture_output=True, timeout=30)
        time.sleep(2)
        self.daemon.start()
        for guest, code in ((dead, "Server.InternalError"), (off, "Client.InstanceInitiatedShutdown")):
            guest.wait_for("stopped")
            self.assertEqual(guest.describe()["StateReason"]["Code"], code)

    def test_dnsmasq_comes_back(self):
        guest = self.launch(ssh=False)
        vpc = guest.describe()["VpcId"]
        namespace = f"{self.daemon.installation}-{vpc}"

        def servers():
            pids = subprocess.run(["ip", "netns", "pids", namespace], capture_output=True, text=True).stdout.split()
            return [int(pid) for pid in pids if "dnsmasq" in open(f"/proc/{pid}/comm").read()]
        [before] = servers()
        os.kill(before, signal.SIGKILL)
        wait_until(lambda: servers() and before not in servers(), 10, "another dnsmasq")
