# SPDX-License-Identifier: Apache-2.0
"""One emulated installation for all tests of this folder, with two accounts and two regions."""

import atexit
import contextlib
import unittest
import urllib.error
import urllib.request

from botocore.exceptions import ClientError
from support.pileus import Daemon

IMAGE = "ami-0123456789abcdef0"
IMAGE_WITH_AGENT = "ami-0123456789abcdef1"
CONFIG = f"""
regions = ["us-east-1", "eu-west-1"]
[host]
cpus = 8
memory_mib = 65536
[[credentials]]
access_key_id = "AKIAFIRST00000000000"
secret_access_key = "first-secret"
account_id = "111122223333"
[[credentials]]
access_key_id = "AKIASECOND0000000000"
secret_access_key = "second-secret"
account_id = "444455556666"
user = "alice"
[[images]]
id = "{IMAGE}"
name = "demo"
size_gib = 8
[[images]]
id = "{IMAGE_WITH_AGENT}"
name = "with-agent"
size_gib = 8
guest_agent = true
"""

_daemon = None


def daemon():
    global _daemon
    if _daemon is None:
        _daemon = Daemon(CONFIG).start()
        atexit.register(_daemon.destroy)
    return _daemon


class ClientTest(unittest.TestCase):
    maxDiff = None

    def setUp(self):
        self.daemon = daemon()
        self.ec2 = self.daemon.client()

    def client(self, service="ec2", account="first", region="us-east-1", **options):
        import boto3
        keys = {"first": ("AKIAFIRST00000000000", "first-secret"), "second": ("AKIASECOND0000000000", "second-secret")}
        return boto3.client(service, endpoint_url=self.daemon.endpoint, region_name=region,
                            aws_access_key_id=keys[account][0], aws_secret_access_key=keys[account][1], **options)

    @contextlib.contextmanager
    def refused(self, code, status=400):
        with self.assertRaises(ClientError) as caught:
            yield caught
        answer = caught.exception.response
        self.assertEqual((answer["Error"]["Code"], answer["ResponseMetadata"]["HTTPStatusCode"]), (code, status),
                         answer["Error"]["Message"])

    def launch(self, count=1, **options):
        """Running instances that are terminated when the test ends."""
        options = {"ImageId": IMAGE, "InstanceType": "t3.micro", "MinCount": count, "MaxCount": count, **options}
        ids = [i["InstanceId"] for i in self.ec2.run_instances(**options)["Instances"]]
        self.addCleanup(self.terminate, ids)
        self.wait("instance_running", ids)
        return ids

    def terminate(self, ids):
        for instance_id in ids:
            for attribute in ("DisableApiTermination", "DisableApiStop"):
                try:
                    self.ec2.modify_instance_attribute(InstanceId=instance_id, **{attribute: {"Value": False}})
                except ClientError:
                    return
        self.ec2.terminate_instances(InstanceIds=ids)
        self.wait("instance_terminated", ids)

    def wait(self, waiter, ids):
        self.ec2.get_waiter(waiter).wait(InstanceIds=ids, WaiterConfig={"Delay": 0.05, "MaxAttempts": 200})

    def instance(self, instance_id):
        return self.ec2.describe_instances(InstanceIds=[instance_id])["Reservations"][0]["Instances"][0]

    def signed_post(self, body):
        """For what this boto3 cannot say. Status and body of the answer."""
        from botocore.auth import SigV4Auth
        from botocore.awsrequest import AWSRequest
        from botocore.credentials import Credentials
        request = AWSRequest("POST", self.daemon.endpoint + "/", data=body.encode(),
                             headers={"Content-Type": "application/x-www-form-urlencoded; charset=utf-8"})
        SigV4Auth(Credentials("AKIAFIRST00000000000", "first-secret"), "ec2", "us-east-1").add_auth(request)
        try:
            answer = urllib.request.urlopen(urllib.request.Request(
                request.url, body.encode(), dict(request.headers), method="POST"))
            return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()
