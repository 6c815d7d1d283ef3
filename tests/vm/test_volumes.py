# SPDX-License-Identifier: Apache-2.0
"""Disks in real guests: attach, grow, snapshot under writes, images, kill -9 in the middle, and a machine without space."""

import random
import re
import shutil
import subprocess
import threading
import time

from fixture import CONFIG, GuestTest, wait_until
from support.images import image_folder
from support.pileus import Daemon


# Of the second installation: its pools are beside those of the first, which may be running.
OTHER_CONFIG = re.sub('transit = "[^"]*"', f'transit = "100.{random.choice((124, 126))}.0.0/15"',
                      re.sub('public_pool = "[^"]*"', f'public_pool = "127.{random.randrange(126, 250)}.0.0/16"', CONFIG))


def serial_of(volume_id):
    return volume_id.replace("-", "")


class DiskTest(GuestTest):
    def check_disks(self):
        wait_until(lambda: self.daemon.pileus("CheckDisks")["findings"] == [], 30,
                   f"fsck without findings: {self.daemon.pileus('CheckDisks')['findings']}")

    def new_volume(self, **options):
        options = {"AvailabilityZone": "us-east-1a", **options}
        volume_id = self.ec2.create_volume(**options)["VolumeId"]
        self.addCleanup(self.delete_volume, volume_id)
        self.wait_for_volume(volume_id, "available")
        return volume_id

    def volume(self, volume_id):
        [volume] = self.ec2.describe_volumes(VolumeIds=[volume_id])["Volumes"]
        return volume

    def wait_for_volume(self, volume_id, state):
        wait_until(lambda: self.volume(volume_id)["State"] == state, 30, f"{volume_id} {state}")

    def delete_volume(self, volume_id):
        if self.volume(volume_id)["State"] == "in-use":
            self.ec2.detach_volume(VolumeId=volume_id, Force=True)
            self.wait_for_volume(volume_id, "available")
        self.ec2.delete_volume(VolumeId=volume_id)

    def attach(self, guest, volume_id, device="/dev/sdf"):
        """The name that the guest gives it."""
        self.ec2.attach_volume(VolumeId=volume_id, InstanceId=guest.id, Device=device)
        began = time.monotonic()
        wait_until(lambda: self.volume(volume_id)["Attachments"][0]["State"] == "attached", 30, f"{volume_id} attached")
        name = wait_until(lambda: self.disk_of(guest, volume_id), 10, f"{volume_id} in the guest")
        print(f"\n    attached and visible after {1000 * (time.monotonic() - began):.0f} ms", flush=True)
        return name

    def disk_of(self, guest, volume_id):
        return guest.run(f"grep -l {serial_of(volume_id)} /sys/block/vd*/serial | cut -d/ -f4", check=False).strip()

    def snapshot(self, volume_id):
        snapshot_id = self.ec2.create_snapshot(VolumeId=volume_id)["SnapshotId"]
        self.addCleanup(self.ec2.delete_snapshot, SnapshotId=snapshot_id)
        return snapshot_id

    def wait_for_snapshot(self, snapshot_id):
        def is_completed():
            [row] = self.ec2.describe_snapshots(SnapshotIds=[snapshot_id])["Snapshots"]
            return row["State"] == "completed"
        wait_until(is_completed, 60, f"{snapshot_id} completed")


class Volumes(DiskTest):
    def test_disk_keeps_what_was_put_on_it(self):
        guest = self.launch(Placement={"AvailabilityZone": "us-east-1a"})
        volume_id = self.new_volume(Size=1)
        disk = self.attach(guest, volume_id)
        self.assertEqual(guest.run(f"sudo head -c 1048576 /dev/{disk} | tr -d '\\0' | wc -c").strip(), "0")
        guest.run(f"sudo mkfs.ext4 -q -F /dev/{disk} && sudo mount /dev/{disk} /mnt && "
                  "sudo sh -c 'echo before >/mnt/before; sync'")

        # What was written before the request is in the snapshot, what is written after its answer is not.
        writes = subprocess.Popen(guest.ssh_words() + [
            "sudo sh -c 'for i in $(seq 200); do echo $i >>/mnt/log; sync; done; echo all'"],
            stdout=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True)
        snapshot_id = self.snapshot(volume_id)
        guest.run("sudo sh -c 'echo after >/mnt/after; sync'")
        self.assertEqual(writes.communicate(timeout=120)[0], "all\n")
        self.wait_for_snapshot(snapshot_id)

        # Larger, without being taken away.
        self.ec2.modify_volume(VolumeId=volume_id, Size=2)
        wait_until(lambda: guest.run(f"cat /sys/block/{disk}/size").strip() == str(2 << 21), 10, "the new size")
        guest.run(f"sudo resize2fs /dev/{disk}")
        self.assertEqual(guest.run("sudo cat /mnt/after").strip(), "after")

        copy_id = self.new_volume(SnapshotId=snapshot_id, VolumeType="gp2")
        copy = self.attach(guest, copy_id, "/dev/sdg")
        guest.run(f"sudo mkdir -p /tmp/copy && sudo mount /dev/{copy} /tmp/copy")
        self.assertEqual(guest.run("sudo cat /tmp/copy/before").strip(), "before")
        self.assertFalse(guest.works("sudo ls /tmp/copy/after"))
        lines = guest.run("sudo cat /tmp/copy/log", check=False).split()
        self.assertEqual(lines, [str(i + 1) for i in range(len(lines))])

        guest.run("sudo umount /tmp/copy /mnt")
        self.ec2.detach_volume(VolumeId=copy_id)
        self.wait_for_volume(copy_id, "available")
        wait_until(lambda: not self.disk_of(guest, copy_id), 10, "the disk gone")
        self.check_image_of(guest)
        self.check_disks()

    def check_image_of(self, guest):
        """CreateImage reboots the instance, which stays `running`; what is launched from it has its data, and is another one."""
        guest.run("sudo sh -c 'echo mine >/root/mark; sync'")
        process = guest.process()
        image_id = self.ec2.create_image(InstanceId=guest.id, Name="made-here")["ImageId"]
        self.addCleanup(self.remove_image, image_id)

        def is_made():
            self.assertEqual(guest.state, "running")
            [image] = self.ec2.describe_images(ImageIds=[image_id])["Images"]
            return image["State"] == "available"
        wait_until(is_made, 120, "the image")
        wait_until(lambda: guest.process() not in (None, process), 60, "the reboot")
        other = self.launch(ImageId=image_id)
        self.assertEqual(other.run("sudo cat /root/mark").strip(), "mine")
        guest.wait_for_ssh()
        for command in ("hostname", "cat /etc/dropbear/*.pub /var/lib/cloud/instance-id", "cat /sys/class/dmi/id/product_uuid"):
            self.assertNotEqual(other.run(f"sudo sh -c '{command}'"), guest.run(f"sudo sh -c '{command}'"), command)

    def remove_image(self, image_id):
        [image] = self.ec2.describe_images(ImageIds=[image_id])["Images"]
        self.ec2.deregister_image(ImageId=image_id)
        for mapping in image["BlockDeviceMappings"]:
            self.ec2.delete_snapshot(SnapshotId=mapping["Ebs"]["SnapshotId"])


class Faults(DiskTest):
    def tearDown(self):
        if self.daemon.process.poll() is not None:
            self.daemon.start()

    def test_daemon_is_killed_in_the_middle_of_snapshots(self):
        guest = self.launch(BlockDeviceMappings=[{"DeviceName": "/dev/sdf", "Ebs": {"VolumeSize": 1, "DeleteOnTermination": True}}])
        [volume_id] = [mapping["Ebs"]["VolumeId"] for mapping in guest.describe()["BlockDeviceMappings"]
                       if mapping["DeviceName"] == "/dev/sdf"]
        disk = self.disk_of(guest, volume_id)
        guest.run(f"sudo mkfs.ext4 -q -F /dev/{disk} && sudo mount /dev/{disk} /mnt")
        process = guest.process()
        writes = subprocess.Popen(guest.ssh_words() + [
            "sudo sh -c 'i=0; while [ ! -e /tmp/stop ]; do i=$((i+1)); echo $i >>/mnt/log; sync; done; echo $i'"],
            stdout=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True)
        for delay_seconds in (0.0, 0.005, 0.02, 0.05, 0.1):
            request = threading.Thread(target=self.ask_for_snapshots, args=[guest])
            request.start()
            time.sleep(delay_seconds)
            self.daemon.kill()
            request.join()
            self.daemon.start()
        self.snapshots_are_completed(guest)
        self.assertEqual((guest.state, guest.process()), ("running", process))
        guest.run("touch /tmp/stop")
        last = int(writes.communicate(timeout=60)[0])
        # The next start opens what the guest wrote to.
        guest.run("sudo umount /mnt && sync")
        self.ec2.stop_instances(InstanceIds=[guest.id])
        guest.wait_for("stopped")
        self.ec2.start_instances(InstanceIds=[guest.id])
        guest.wait_for("running").wait_for_ssh()
        guest.run(f"sudo mount /dev/{self.disk_of(guest, volume_id)} /mnt")
        self.assertEqual(guest.run("tail -n 1 /mnt/log").strip(), str(last))
        self.check_disks()

    def ask_for_snapshots(self, guest):
        try:
            self.ec2.create_snapshots(InstanceSpecification={"InstanceId": guest.id})
        except Exception:  # the daemon died before it answered
            pass

    def snapshots_are_completed(self, guest):
        volumes = [mapping["Ebs"]["VolumeId"] for mapping in guest.describe()["BlockDeviceMappings"]]
        filters = [{"Name": "volume-id", "Values": volumes}]

        def rows():
            return self.ec2.describe_snapshots(OwnerIds=["self"], Filters=filters)["Snapshots"]
        wait_until(lambda: all(row["State"] == "completed" for row in rows()), 60, "the snapshots completed")
        self.assertEqual(len(rows()) % len(volumes), 0, "a set is taken whole or not at all")
        for row in rows():
            self.ec2.delete_snapshot(SnapshotId=row["SnapshotId"])


class FullMachine(GuestTest):
    """An installation of its own, with a small file system for its disks."""

    @classmethod
    def setUpClass(cls):
        cls.daemon = Daemon(OTHER_CONFIG, emulated=False)
        cls.daemon.hypervisor = "tcg"
        # The store is elsewhere: where it is not, nothing can be noted while the disk is full.
        cls.disks = cls.daemon.data_dir / "volumes"
        cls.disks.mkdir(parents=True)
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=256m,mode=700", "none", cls.disks], check=True)
        cls.addClassCleanup(cls.remove_installation)
        cls.daemon.start()
        cls.ec2 = cls.daemon.client()
        folder = cls.daemon.data_dir / "images" / "tiny"
        folder.parent.mkdir()
        subprocess.run(["cp", "-r", image_folder("tiny"), folder], check=True)
        cls.image = cls.daemon.pileus("RegisterImage", folder="tiny")["image_ids"]["us-east-1"]
        cls.key = cls.make_key()
        cls.group = cls.open_ssh()

    @classmethod
    def remove_installation(cls):
        cls.daemon.stop()
        subprocess.run(cls.daemon.arguments() + ["--destroy"], check=True, timeout=120)
        subprocess.run(["umount", cls.disks], check=True)
        shutil.rmtree(cls.daemon.folder)

    def status(self, guest):
        [status] = self.ec2.describe_instance_status(InstanceIds=[guest.id])["InstanceStatuses"]
        return status["InstanceStatus"]["Status"]

    def test_guest_waits_for_space_and_loses_nothing(self):
        guest = self.launch()
        ballast = self.disks / "ballast"
        free = shutil.disk_usage(self.disks).free
        with open(ballast, "wb") as file:
            file.write(b"x" * (free - (24 << 20)))
        writes = subprocess.Popen(guest.ssh_words() + [
            "sudo sh -c 'dd if=/dev/urandom bs=1M count=48 | tee /root/data | sha256sum; sync; "
            "echo 3 >/proc/sys/vm/drop_caches; sha256sum </root/data'"],
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL, text=True)
        wait_until(lambda: self.status(guest) == "impaired", 120, "an impaired guest")
        self.assertEqual(guest.state, "running")
        time.sleep(1)
        self.assertIsNone(writes.poll())
        ballast.unlink()
        wait_until(lambda: self.status(guest) == "ok", 30, "a guest that runs on")
        written, read = writes.communicate(timeout=120)[0].split("\n")[:2]
        self.assertEqual(written, read)
        self.assertEqual(self.daemon.pileus("CheckDisks")["findings"], [])
