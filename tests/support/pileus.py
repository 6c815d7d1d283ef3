# SPDX-License-Identifier: Apache-2.0
"""A pileusd of a test's own: its folders are temporary, its port is free, its names on the machine are its own."""

import json
import os
import pathlib
import random
import shutil
import signal
import subprocess
import tempfile
import time
import tomllib
import unittest
import urllib.error
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[2]
PROGRAMS = pathlib.Path(os.environ.get("PILEUS_BIN", ROOT / "build/test/bin"))


class Daemon:
    """Started by start(), ended by stop() (guests go on) or destroy() (nothing is left)."""

    def __init__(self, config="", emulated=True, name=None):
        # Short: names of links and paths of sockets have limits.
        self.installation = name or f"pt{random.randrange(16**5):05x}"
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix=f"{self.installation}-"))
        self.folder.chmod(0o755)
        self.data_dir = self.folder / "data"
        self.run_dir = self.folder / "run"
        self.config = self.folder / "pileus.toml"
        self.config.write_text(config)
        self.log = self.folder / "pileusd.log"
        self.emulated = emulated
        self.hypervisor = "emulated" if emulated else "auto"
        self.port = 0
        self.process = None
        self.credentials = {}

    def arguments(self):
        words = [PROGRAMS / "pileusd", "--config", self.config, "--data-dir", self.data_dir, "--run-dir", self.run_dir,
                 "--installation", self.installation, "--log-file", self.log]
        return [str(word) for word in words + ["--hypervisor", self.hypervisor]]

    def start(self, timeout_seconds=60):
        """Returns when the API answers. A second start() takes the same port again."""
        self.process = subprocess.Popen(self.arguments() + ["--port", str(self.port)], stdin=subprocess.DEVNULL,
                                        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, start_new_session=True)
        deadline = time.monotonic() + timeout_seconds
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                raise RuntimeError(f"pileusd ended: {self.process.stderr.read().decode()} {self.log_tail()}")
            if self.answers():
                return self
            time.sleep(0.01)
        raise TimeoutError(f"pileusd does not answer: {self.log_tail()}")

    def answers(self):
        try:
            self.credentials = tomllib.loads((self.data_dir / "credentials.toml").read_text())
            if self.credentials["endpoint"].endswith(":0"):
                return False
            self.port = int(self.credentials["endpoint"].rsplit(":", 1)[1])
            urllib.request.urlopen(self.endpoint, timeout=5)
        except urllib.error.HTTPError:
            return True  # it answers, and refuses an unsigned request
        except (OSError, KeyError, tomllib.TOMLDecodeError):
            return False
        return True

    @property
    def endpoint(self):
        return self.credentials["endpoint"]

    def kill(self):
        """As a crash would: no time to finish anything."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def stop(self):
        if self.process and self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(30)
            except subprocess.TimeoutExpired:
                self.kill()
                raise
        if self.process:
            self.process.stderr.close()

    def destroy(self):
        """Ends guests and networks, and removes the folders."""
        self.stop()
        if not self.emulated:
            subprocess.run(self.arguments() + ["--destroy"], check=True, timeout=120)
        shutil.rmtree(self.folder)

    def log_tail(self, lines=20):
        return "\n".join(self.log.read_text().splitlines()[-lines:]) if self.log.exists() else ""

    def environment(self):
        return {"AWS_ACCESS_KEY_ID": self.credentials["access_key_id"],
                "AWS_SECRET_ACCESS_KEY": self.credentials["secret_access_key"],
                "AWS_DEFAULT_REGION": self.credentials["region"],
                "AWS_EC2_METADATA_DISABLED": "true",
                "AWS_CONFIG_FILE": "/dev/null",
                "AWS_SHARED_CREDENTIALS_FILE": "/dev/null"}

    def client(self, service="ec2", **options):
        import boto3
        from botocore.config import Config
        return boto3.client(service, endpoint_url=self.endpoint, region_name=self.credentials["region"],
                            aws_access_key_id=self.credentials["access_key_id"],
                            aws_secret_access_key=self.credentials["secret_access_key"],
                            config=Config(retries={"max_attempts": 0}, **options))

    def pileus(self, operation, **arguments):
        """The administrator's service."""
        from botocore.auth import SigV4Auth
        from botocore.awsrequest import AWSRequest
        from botocore.credentials import Credentials
        request = AWSRequest("POST", self.endpoint + "/", data=json.dumps(arguments).encode(),
                             headers={"Content-Type": "application/x-amz-json-1.1", "X-Amz-Target": f"Pileus.{operation}"})
        keys = Credentials(self.credentials["access_key_id"], self.credentials["secret_access_key"])
        SigV4Auth(keys, "pileus", self.credentials["region"]).add_auth(request)
        try:
            answer = urllib.request.urlopen(urllib.request.Request(request.url, request.body, dict(request.headers),
                                                                   method="POST"), timeout=120)
        except urllib.error.HTTPError as error:
            raise RuntimeError(error.read().decode()) from error
        return json.loads(answer.read())

    def aws(self, *words, check=True):
        """The AWS CLI; returns the finished process."""
        return subprocess.run(["aws", "--endpoint-url", self.endpoint, "--output", "json", *words], check=check,
                              capture_output=True, text=True, timeout=120, env={**os.environ, **self.environment()})


def wait_until(condition, timeout_seconds, what, pause_seconds=0.05):
    """The first true value of condition(), or a failure that says what was waited for."""
    deadline = time.monotonic() + timeout_seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {timeout_seconds} s: {what}")
        time.sleep(pause_seconds)


class Runner(unittest.TextTestResult):
    """Counts what passed."""

    def __init__(self, *arguments, **options):
        super().__init__(*arguments, **options)
        self.passed = 0

    def addSuccess(self, test):
        super().addSuccess(test)
        self.passed += 1

    def addSubTest(self, test, subtest, error):
        super().addSubTest(test, subtest, error)
        if error is None:
            self.passed += 1


def run_folder(folder, pattern="test_*.py", arguments=()):
    """Runs the tests of a folder and prints the closing line that ./test reads; returns the exit code."""
    loader = unittest.TestLoader()
    names = [word for word in arguments if not word.startswith("-")]
    if names:
        loader.testNamePatterns = [f"*{name}*" for name in names]
    suite = loader.discover(str(folder), pattern, top_level_dir=str(folder))
    result = unittest.TextTestRunner(resultclass=Runner, verbosity=2, failfast="--failfast" in arguments).run(suite)
    failed = len(result.failures) + len(result.errors) + len(result.unexpectedSuccesses)
    print(f"{result.passed} passed, {failed} failed" + (f", {len(result.skipped)} skipped" if result.skipped else ""))
    return 1 if failed or not result.passed else 0
