# SPDX-License-Identifier: Apache-2.0
"""What tests of volumes, snapshots and images share: makers that clean up, waiters that do not dawdle."""

import itertools
import re
import urllib.parse

from botocore.exceptions import ClientError
from fixture import ClientTest
from support.pileus import wait_until

FIRST = "111122223333"
SECOND = "444455556666"
QUICK = {"Delay": 0.05, "MaxAttempts": 400}
_numbers = itertools.count(1)


class DiskTest(ClientTest):
    def name(self, what="image"):
        return f"{what} {next(_numbers)} of {self.id().rsplit('.', 1)[-1]}"[:128]

    def quietly(self, call, **arguments):
        try:
            call(**arguments)
        except ClientError:
            pass

    def make_volume(self, client=None, **options):
        client = client or self.ec2
        options = {"AvailabilityZone": "us-east-1a", **({} if "SnapshotId" in options else {"Size": 1}), **options}
        volume_id = client.create_volume(**options)["VolumeId"]
        self.addCleanup(self.quietly, client.delete_volume, VolumeId=volume_id)
        client.get_waiter("volume_available").wait(VolumeIds=[volume_id], WaiterConfig=QUICK)
        return volume_id

    def make_snapshot(self, volume_id=None, client=None, wait=True, **options):
        """Of a volume of the test's own when none is given."""
        client = client or self.ec2
        volume_id = volume_id or self.make_volume(client)
        snapshot_id = client.create_snapshot(VolumeId=volume_id, **options)["SnapshotId"]
        self.addCleanup(self.quietly, client.delete_snapshot, SnapshotId=snapshot_id)
        if wait:
            self.completed(snapshot_id, client)
        return snapshot_id

    def completed(self, snapshot_id, client=None):
        (client or self.ec2).get_waiter("snapshot_completed").wait(SnapshotIds=[snapshot_id], WaiterConfig=QUICK)

    def available(self, image_id, client=None):
        (client or self.ec2).get_waiter("image_available").wait(ImageIds=[image_id], WaiterConfig=QUICK)

    def make_image(self, client=None, snapshot_id=None, **options):
        """Registered from a snapshot."""
        client = client or self.ec2
        snapshot_id = snapshot_id or self.make_snapshot(client=client)
        options = {"Name": self.name(), "RootDeviceName": "/dev/xvda", "Architecture": "x86_64",
                   "BlockDeviceMappings": [{"DeviceName": "/dev/xvda", "Ebs": {"SnapshotId": snapshot_id}}], **options}
        image_id = client.register_image(**options)["ImageId"]
        self.addCleanup(self.quietly, client.deregister_image, ImageId=image_id)
        return image_id

    def snapshot(self, snapshot_id, client=None):
        return (client or self.ec2).describe_snapshots(SnapshotIds=[snapshot_id])["Snapshots"][0]

    def image(self, image_id, client=None, **options):
        return (client or self.ec2).describe_images(ImageIds=[image_id], **options)["Images"][0]

    def root_volume(self, instance_id):
        [mapping] = [m for m in self.instance(instance_id)["BlockDeviceMappings"] if m["DeviceName"] == "/dev/xvda"]
        return mapping["Ebs"]["VolumeId"]

    def raw(self, operation, **parameters):
        """An operation or a member that Debian's boto3 does not know: the answer, or the code of the refusal."""
        body = urllib.parse.urlencode({"Action": operation, "Version": "2016-11-15", **parameters})
        status, answer = self.signed_post(body)
        return answer if status == 200 else re.search("<Code>(.*?)</Code>", answer).group(1)

    def until(self, condition, what):
        return wait_until(condition, 20, what)
