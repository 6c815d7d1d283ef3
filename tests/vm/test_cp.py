# SPDX-License-Identifier: Apache-2.0
"""`pileus cp` with real guests: dropbear and an SFTP server are all that they have."""

import hashlib
import os
import pathlib
import random
import signal
import subprocess
import tempfile

from fixture import GuestTest, pileus, pileus_environment, pileus_words, wait_until

MIB = 1 << 20
NAMES = ["plain", "with space", "new\nline", "$(touch pwned)", "`touch pwned`", "'", '"', "-rf", "*", "\\", "i-0:x", "größe"]


class Copies(GuestTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        test = cls("setUp")
        cls.one = test.launch(keep=True, ssh=False)
        cls.two = test.launch(keep=True, ssh=False)
        for guest in (cls.one, cls.two):
            guest.wait_for_ssh()

    @classmethod
    def tearDownClass(cls):
        for guest in (cls.one, cls.two):
            cls("setUp").terminate(guest)

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def write(self, name, size, seed=1):
        path = self.folder / name
        path.write_bytes(random.Random(seed).randbytes(size))
        return path

    def sha256_in(self, guest, path):
        return guest.run(f"sha256sum '{path}'").split()[0]

    def test_a_folder_goes_there_and_to_another_instance_and_comes_back(self):
        tree = self.folder / "tree"
        (tree / "deep/deeper").mkdir(parents=True)
        for name in NAMES:
            (tree / "deep" / name).write_text(name)
        (tree / "deep/deeper/script").write_text("#!/bin/sh\n")
        (tree / "deep/deeper/script").chmod(0o750)
        (tree / "link").symlink_to("deep/plain")
        os.utime(tree / "deep/plain", (1e9, 1e9))
        pileus("cp", "-r", tree, f"{self.one.id}:")
        self.assertEqual(self.one.run("find tree -type f | grep -c ^tree/").strip(), str(len(NAMES) + 1))
        self.assertEqual(self.one.run("find / -xdev -name pwned 2>/dev/null", check=False), "")
        pileus("cp", "-r", f"{self.one.id}:tree", f"{self.two.id}:/tmp/copy")
        pileus("cp", "-r", f"{self.two.id}:/tmp/copy", self.folder / "back")
        back = self.folder / "back"
        for name in NAMES:
            self.assertEqual((back / "deep" / name).read_text(), name)
        self.assertEqual((back / "deep/deeper/script").stat().st_mode & 0o777, 0o750)
        self.assertEqual(os.readlink(back / "link"), "deep/plain")
        self.assertEqual((back / "deep/plain").stat().st_mtime, 1e9)

    def test_a_broken_copy_goes_on_where_it_ended(self):
        big = self.write("big", 16 * MIB)
        words = ("cp", big, f"{self.one.id}:/home/ec2-user/big")
        broken = subprocess.Popen(pileus_words(*words), env=pileus_environment(), stdin=subprocess.DEVNULL,
                                  stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        size = "du -k /home/ec2-user/.pileus-*.part 2>/dev/null | cut -f 1"
        wait_until(lambda: int(self.one.run(size).strip() or 0) > 2048, 60, "some of the file", pause_seconds=0.1)
        broken.send_signal(signal.SIGKILL)
        broken.wait()
        self.assertFalse(self.one.works("test -e /home/ec2-user/big"))
        again = pileus(*words)
        self.assertRegex(again.stderr, r"goes on at \d")
        self.assertEqual(self.sha256_in(self.one, "big"), hashlib.sha256(big.read_bytes()).hexdigest())
        self.assertEqual(self.one.run("ls -A /home/ec2-user | grep -c part; true").strip(), "0")
        print("    " + again.stderr.strip().splitlines()[-1], flush=True)

        # From one instance to another; through here, and not kept here.
        pileus("cp", f"{self.one.id}:big", f"{self.two.id}:/home/ec2-user/")
        self.assertEqual(self.sha256_in(self.two, "big"), hashlib.sha256(big.read_bytes()).hexdigest())

    def test_what_is_wrong_is_said_with_what_to_do(self):
        here = self.write("here", 10)
        for words, said in (((here, f"{self.one.id}:/no/x"), "make it first"),
                            ((f"{self.one.id}:/etc", self.folder), "add -r"),
                            ((f"{self.one.id}:none", self.folder), "is not there"),
                            ((here, f"{self.one.id}:/root/x"), "-l"),
                            ((here, "i-0123456789abcdef0:x"), "i-0123456789abcdef0"),
                            ((here, self.folder / "there"), "use cp")):
            done = pileus("cp", *words, check=False)
            self.assertNotEqual(done.returncode, 0, words)
            self.assertIn(said, done.stderr)
        pileus("cp", "-l", "root", here, f"{self.one.id}:/root/x")
