#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Tests of what builds images; needs neither root nor a network. try_boot.py tests the images themselves."""

import base64
import os
import pty
import select
import struct
import subprocess
import sys
import tempfile
import threading
import time
import tty
import unittest
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

from lib import agent, boot_area, disk, packages, progress, recipe, tree  # noqa: E402


def kernel_of(setup_sectors: int, payload_bytes: int) -> bytes:
    kernel = bytearray((setup_sectors + 1) * 512) + bytearray(b"K" * payload_bytes)
    kernel[boot_area.SETUP_SECTORS] = setup_sectors
    kernel[boot_area.MAGIC:boot_area.MAGIC + 4] = b"HdrS"
    return bytes(kernel)


class HostSources(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.etc_apt = Path(self.folder.name)
        (self.etc_apt / "sources.list.d").mkdir()

    def tearDown(self):
        self.folder.cleanup()

    def test_reads_one_line_entries_of_the_suite_only(self):
        (self.etc_apt / "sources.list").write_text(
            "# deb http://mirror.invalid/debian bookworm main\n"
            "deb [arch=amd64] http://mirror.invalid/debian bookworm main contrib\n"
            "deb-src http://mirror.invalid/debian bookworm main\n"
            "deb http://other.invalid/ sdk-bookworm main\n")
        self.assertEqual(packages.host_sources("bookworm", self.etc_apt),
                         ["deb [arch=amd64] http://mirror.invalid/debian bookworm main contrib"])

    def test_reads_deb822_with_several_suites_and_an_inner_comment(self):
        (self.etc_apt / "sources.list.d/debian.sources").write_text(
            "Types: deb\n# a remark\nURIs: http://mirror.invalid/debian\nSuites: bookworm bookworm-updates sid\n"
            "Components: main\nSigned-By: /usr/share/keyrings/k.gpg\n")
        self.assertEqual(packages.host_sources("bookworm", self.etc_apt), [
            "deb [signed-by=/usr/share/keyrings/k.gpg] http://mirror.invalid/debian bookworm main",
            "deb [signed-by=/usr/share/keyrings/k.gpg] http://mirror.invalid/debian bookworm-updates main"])

    def test_says_what_to_do_without_a_source(self):
        with self.assertRaisesRegex(packages.BuildError, "--mirror"):
            packages.host_sources("bookworm", self.etc_apt)

    def test_guest_gets_no_options_that_name_files_of_this_machine(self):
        self.assertEqual(packages.guest_sources(["deb [signed-by=/root/own.gpg] http://mirror.invalid/ bookworm main"]),
                         ["deb http://mirror.invalid/ bookworm main"])


class BootArea(unittest.TestCase):
    def test_lays_out_whole_chunks_and_fills_in_the_header(self):
        area = boot_area.make_boot_area(kernel_of(30, 100_000), b"initrd", "root=UUID=1 ro")
        self.assertEqual((area.kernel_chunks, area.initrd_chunks), (2, 1))
        self.assertEqual(len(area.content), 4 * boot_area.CHUNK_BYTES)
        address, size = struct.unpack_from("<II", area.content, boot_area.RAMDISK_ADDRESS)
        self.assertEqual((address, size), (128 << 20, 6))
        line = area.content[boot_area.COMMAND_LINE_OFFSET:].split(b"\0")[0]
        self.assertEqual(line, b"root=UUID=1 ro")

    def test_refuses_what_is_no_kernel(self):
        with self.assertRaises(boot_area.BootAreaError):
            boot_area.make_boot_area(b"\0" * 4096, b"", "")

    def test_refuses_a_command_line_that_does_not_fit(self):
        with self.assertRaises(boot_area.BootAreaError):
            boot_area.make_boot_area(kernel_of(30, 100), b"", "x" * 10_000)

    def test_renew_writes_beside_the_area_in_use_and_keeps_the_partition_table(self):
        area = boot_area.make_boot_area(kernel_of(30, 100), b"", "first")
        start, sectors = 2048, 2048
        with tempfile.NamedTemporaryFile() as file:
            file.write(b"\0" * 440 + b"T" * 72)
            file.truncate((start + sectors) * 512)
            file.flush()
            places = []
            for _ in range(3):
                boot_area.renew(Path(file.name), start, sectors, b"code", area)
                content = Path(file.name).read_bytes()
                places.append(struct.unpack_from("<Q", content, boot_area.PARAMETERS_OFFSET)[0])
                self.assertEqual(content[440:512], b"T" * 72)
                self.assertEqual(content[places[-1] * 512:][:len(area.content)], area.content)
            self.assertEqual(places, [start, start + 1024, start])

    def test_renew_refuses_an_area_that_does_not_fit_and_writes_nothing(self):
        area = boot_area.make_boot_area(kernel_of(30, 2_000_000), b"", "")
        with tempfile.NamedTemporaryFile() as file:
            file.truncate(4096 * 512)
            with self.assertRaises(boot_area.BootAreaError):
                boot_area.renew(Path(file.name), 2048, 2048, b"code", area)
            self.assertEqual(Path(file.name).read_bytes().strip(b"\0"), b"")

    def test_boot_code_fits_the_first_sector_and_has_its_parameters_where_they_belong(self):
        with tempfile.TemporaryDirectory() as folder:
            code = disk.assemble_boot_code(Path(folder))
        self.assertLessEqual(len(code), boot_area.BOOT_CODE_BYTES)
        self.assertEqual(code[boot_area.PARAMETERS_OFFSET:boot_area.PARAMETERS_OFFSET + 14], b"\0" * 14)


class ProgressLines(unittest.TestCase):
    def test_percent_follows_the_weights_and_ends_at_100(self):
        reader, writer = os.pipe()
        shown = progress.Progress({"one": 1, "three": 3}, writer)
        shown.phase("one")
        shown.phase("three")
        shown.step(0.5)
        shown.finish("done")
        os.close(writer)
        with os.fdopen(reader) as lines:
            self.assertEqual([line.split()[0] for line in lines], ["0", "25", "62", "100"])


class Recipes(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.images = Path(self.folder.name)
        self.write("base", 'size_mib = 8\ndescription = "Base"\n', "kernel\nssh\n")

    def write(self, name, settings, packages):
        (self.images / name).mkdir()
        (self.images / name / "recipe.toml").write_text(settings)
        (self.images / name / "packages.txt").write_text(packages)

    def load(self, name):
        return recipe.load(name, self.images)

    def test_an_application_adds_to_its_base_and_its_own_settings_win(self):
        self.write("web", 'base = "base"\ndescription = "Web"\n', "nginx # serves\nssh\n")
        web = self.load("web")
        self.assertEqual(web.packages, ["kernel", "ssh", "nginx"])
        self.assertEqual((web["size_mib"], web["description"], web.base.name), (8, "Web", "base"))
        self.assertEqual([folder.name for folder in web.layers], ["base", "web"])

    def test_leaves_out_what_it_does_without(self):
        self.write("desktop", 'base = "base"\nwithout = ["kernel"]\n', "other-kernel\n")
        self.assertEqual(self.load("desktop").packages, ["ssh", "other-kernel"])

    def test_says_what_is_wrong_with_it(self):
        self.write("typo", 'base = "base"\nwithout = ["kernle"]\n', "")
        self.write("orphan", 'base = "gone"\n', "")
        self.write("round", 'base = "about"\n', "")
        self.write("about", 'base = "round"\n', "")
        for name, said in (("typo", "kernle"), ("orphan", "gone"), ("round", "round")):
            with self.assertRaisesRegex(recipe.BuildError, said):
                self.load(name)

    def test_every_recipe_of_ours_loads_and_has_a_health_check(self):
        for name in recipe.names():
            loaded = recipe.load(name)
            self.assertEqual(loaded.name, loaded["name"])
            self.assertTrue(os.access(loaded.layers[-1] / "health", os.X_OK), name)

    def test_the_hash_follows_the_base_but_not_the_health_check(self):
        self.write("web", 'base = "base"\n', "")
        hashes = [recipe.load("web", self.images).hash(self.images)]
        for path in ("web/health", "web/packages.txt", "base/packages.txt"):
            (self.images / path).write_text("changed\n")
            hashes.append(recipe.load("web", self.images).hash(self.images))
        self.assertEqual(hashes[0], hashes[1])
        self.assertEqual(len(set(hashes)), 3)


class Agent(unittest.TestCase):
    """The agent on a terminal in place of its port, and on a folder in place of the guest's root."""

    SEED, PUBLIC = bytes(range(32)), bytes.fromhex("03a107bff3ce10be1d70dd18e74bc09967e4d6309ba50d5f1ddc8664125531b8")

    @classmethod
    def setUpClass(cls):
        cls.build = tempfile.TemporaryDirectory()
        cls.addClassCleanup(cls.build.cleanup)
        cls.program = Path(cls.build.name) / "agent"
        agent.compile_agent(cls.program, "test")

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = Path(folder.name)
        for name in ("etc/ssh", "home/user"):
            (self.root / name).mkdir(parents=True)
        self.values = [("instance-id", "i-1"), ("host-name", "ip-1"), ("ssh-key", "ssh-ed25519 AAAA one"),
                       ("host-key-seed", self.SEED.hex()), ("host-key-public", self.PUBLIC.hex()),
                       ("machine-id", "0" * 31 + "1"), ("dns", "10.0.0.2"), ("domain", "ec2.internal"), ("new-key", "x")]

    def start(self, host_key="openssh:/etc/ssh/key"):
        self.host, guest = pty.openpty()
        tty.setraw(self.host)
        tty.setraw(guest)
        process = subprocess.Popen([self.program, "--port", os.ttyname(guest), "--root", self.root, "--files-only", "--home",
                                    "/home/user", "--host-key", host_key, "--wake", "/wake", "--instance-file", "/instance"])
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        self.addCleanup(os.close, guest)
        self.assertEqual(self.line(), "hello 1 test")

    def line(self) -> str:
        got = b""
        while not got.endswith(b"\n"):
            self.assertTrue(select.select([self.host], [], [], 20)[0], f"the agent said only {got}")
            got += os.read(self.host, 1)
        return got.decode().strip()

    def become(self, values) -> str:
        lines = "".join(f"{key} {value}\n" for key, value in values)
        os.write(self.host, f"a line of another time\nidentity\n{lines}end\n".encode())
        return self.line()

    def text(self, name) -> str:
        return (self.root / name).read_text()

    def test_becomes_who_it_is_told(self):
        (self.root / "etc/machine-id").write_text("")
        self.start()
        self.assertEqual(self.become(self.values), "applied")
        self.assertEqual(self.text("etc/hostname"), "ip-1\n")
        self.assertEqual(self.text("etc/machine-id"), "0" * 31 + "1\n")
        self.assertEqual(self.text("etc/resolv.conf"), "search ec2.internal\nnameserver 10.0.0.2\n")
        self.assertEqual(self.text("home/user/.ssh/authorized_keys"), "ssh-ed25519 AAAA one\n")
        self.assertEqual(self.text("instance"), "i-1\n")
        self.assertEqual((self.root / "etc/ssh/key").stat().st_mode & 0o777, 0o600)

    def test_host_key_is_one_that_ssh_reads(self):
        self.start()
        self.assertEqual(self.become(self.values), "applied")
        public = subprocess.run(["ssh-keygen", "-y", "-f", self.root / "etc/ssh/key"], capture_output=True, text=True,
                                check=True).stdout.split()[1]
        self.assertEqual(base64.b64decode(public)[-32:], self.PUBLIC)
        self.assertEqual(self.text("etc/ssh/key.pub").split()[1:], [public, "root@ip-1"])

    def test_host_key_of_dropbear(self):
        self.start("dropbear:/etc/ssh/key")
        self.assertEqual(self.become(self.values), "applied")
        self.assertEqual((self.root / "etc/ssh/key").read_bytes(),
                         b"\0\0\0\x0bssh-ed25519\0\0\0\x40" + self.SEED + self.PUBLIC)

    def test_tells_those_who_wait_even_if_they_come_late(self):
        key, wake = self.root / "etc/ssh/key", self.root / "wake"
        os.mkfifo(key, 0o600)
        os.mkfifo(wake)
        self.start()
        heard = {}

        def wait_at(path):
            time.sleep(0.1)
            heard[path] = path.read_bytes()
        waiting = [threading.Thread(target=wait_at, args=(path,)) for path in (key, wake)]
        for one in waiting:
            one.start()
        self.assertEqual(self.become(self.values), "applied")
        for one in waiting:
            one.join()
        self.assertEqual(heard, {key: key.read_bytes(), wake: b"i-1\n"})
        self.assertFalse(wake.exists())

    def test_keeps_login_keys_that_are_there_and_adds_none_twice(self):
        self.start()
        self.become(self.values)
        self.become([*self.values, ("ssh-key", "ssh-ed25519 BBBB two")])
        self.assertEqual(self.text("home/user/.ssh/authorized_keys"), "ssh-ed25519 AAAA one\nssh-ed25519 BBBB two\n")

    def test_says_why_it_is_not(self):
        self.start()
        for missing in ("instance-id", "host-key-seed"):
            said = self.become([pair for pair in self.values if pair[0] != missing])
            self.assertTrue(said.startswith("failed "), said)
        self.assertEqual(self.become(self.values), "applied")


class TreeDigest(unittest.TestCase):
    def test_tells_content_and_mode_apart_but_not_the_folder(self):
        digests = []
        for content, mode in (("a", 0o644), ("a", 0o644), ("b", 0o644), ("a", 0o600)):
            with tempfile.TemporaryDirectory() as folder:
                path = Path(folder) / "file"
                path.write_text(content)
                path.chmod(mode)
                tree.clamp_times(Path(folder), 1000)
                digests.append(tree.digest_of_tree(Path(folder)))
        self.assertEqual(digests[0], digests[1])
        self.assertEqual(len(set(digests)), 3)


if __name__ == "__main__":
    unittest.main()
