# SPDX-License-Identifier: Apache-2.0
"""The images that we build: each is well in a real guest; and images that others built."""

import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest
import urllib.request

import stock_image
from fixture import GuestTest, pileus, register, wait_until
from support.images import ROOT, build_image, image_folder, images_root, is_current, manifest_of

ALL_IMAGES = "--all-images" in sys.argv
HEALTH_SECONDS = 900  # a database makes itself at the first start, without KVM
RUN_SCRIPT = "f=$(mktemp) && cat >$f && chmod 700 $f && $f"
only_with_all = unittest.skipUnless(ALL_IMAGES, "takes long; --all-images runs it")


class Images(GuestTest):
    def temporary_folder(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        return pathlib.Path(folder.name)

    def launch_recipe(self, name, user="admin", **options):
        guest = self.launch(ImageId=register(name), ssh=False, user=user, **{"InstanceType": "t2.small", **options})
        return guest.wait_for_ssh(300)

    def check_health(self, guest, recipe):
        done = subprocess.run(guest.ssh_words() + [RUN_SCRIPT], input=(ROOT / "images" / recipe / "health").read_text(),
                              capture_output=True, text=True, timeout=HEALTH_SECONDS)
        self.assertEqual(done.returncode, 0, f"{recipe}: {done.stdout} {done.stderr}")
        print(f"\n    {recipe}: {' · '.join(done.stdout.split(chr(10))).strip(' ·')}", flush=True)

    def get(self, url):
        with urllib.request.urlopen(url, timeout=30) as answer:
            return answer.read().decode()

    def test_a_web_server_with_a_larger_root_and_a_page_that_was_copied(self):
        guest = self.launch_recipe("web", BlockDeviceMappings=[{"DeviceName": "/dev/xvda", "Ebs": {"VolumeSize": 12}}])
        group = self.new_group_of(guest)
        self.allow(group, 80)
        self.check_health(guest, "web")
        wait_until(lambda: int(guest.run("df -m / | tail -1").split()[1]) > 11_000, 120, "the root as large as its volume",
                   pause_seconds=2)
        site = self.temporary_folder() / "site"
        (site / "a b").mkdir(parents=True)
        (site / "index.html").write_text("mine\n")
        (site / "a b/page.html").write_text("another\n")
        pileus("cp", "-r", f"{site}/.", f"{guest.id}:/var/www/html")
        address = f"http://{guest.public_ip}"
        self.assertEqual(self.get(f"{address}/"), "mine\n")
        self.assertEqual(self.get(f"{address}/a%20b/page.html"), "another\n")
        pileus("cp", f"{guest.id}:/var/www/html/a b/page.html", site / "back")
        self.assertEqual((site / "back").read_text(), "another\n")

    def new_group_of(self, guest):
        return guest.describe()["SecurityGroups"][0]["GroupId"]

    def test_a_second_build_without_a_network_has_the_same_content(self):
        self.check_second_build("tiny")

    def check_second_build(self, name):
        first = image_folder(name)
        folder = self.temporary_folder()
        # Images that were handed over may be of another recipe than this one, or without their packages.
        if not is_current(name, first) or not (images_root() / "cache").exists():
            first = folder / "first"
            build_image(name, first)
        second = build_image(name, folder / "second", before=("unshare", "--net"))
        self.assertEqual(second["root_sha256"], manifest_of(first)["root_sha256"])
        self.assertEqual(second["packages"], manifest_of(first)["packages"])

    def test_a_disk_of_ones_own_is_imported_and_starts(self):
        disk = self.temporary_folder() / "My disk (1).qcow2"
        shutil.copy(image_folder("tiny") / "disk.qcow2", disk)
        self.check_import(disk, "ec2-user", "My disk (1)")

    def check_import(self, disk, user, name, boot_seconds=60):
        """Without a user, the file's name tells that it is Debian's."""
        done = pileus("image", "import", disk, *(["--user", user] if user else []), timeout_seconds=600)
        image_id = done.stdout.split()[0]
        [image] = self.ec2.describe_images(ImageIds=[image_id])["Images"]
        self.assertEqual((image["State"], image["Name"]), ("available", name))
        guest = self.launch(ImageId=image_id, ssh=False, user=user or "debian", InstanceType="t2.small",
                            BlockDeviceMappings=[{"DeviceName": image["RootDeviceName"], "Ebs": {"VolumeSize": 12}}])
        guest.wait_for_ssh(boot_seconds)
        wait_until(lambda: int(guest.run("df -m / | tail -1").split()[1]) > 11_000, 120, "the root as large as its volume",
                   pause_seconds=2)
        self.assertEqual(guest.run("hostname").strip(), guest.describe()["PrivateDnsName"].split(".")[0])
        self.assertEqual(list((self.daemon.data_dir / "imports").iterdir()), [])
        return guest

    @only_with_all
    def test_a_stock_cloud_image_starts_as_it_is(self):
        disk = self.temporary_folder() / "debian-12-genericcloud-amd64.qcow2"
        stock_image.make(disk)
        guest = self.check_import(disk, None, "debian-12-genericcloud-amd64", boot_seconds=600)
        wait_until(lambda: guest.works("test -e /run/cloud-init/result.json"), 600, "the end of cloud-init", pause_seconds=5)
        self.assertIn("DataSourceEc2", guest.run("cat /var/lib/cloud/instance/datasource"))

    @only_with_all
    def test_every_application_image_is_well(self):
        for recipe in ("database", "docker", "dev", "desktop"):
            with self.subTest(recipe=recipe):
                guest = self.launch_recipe(recipe)
                self.check_health(guest, recipe)
                self.terminate(guest)

    @only_with_all
    def test_a_second_build_of_an_application_image_has_the_same_content(self):
        self.check_second_build("web")
