# SPDX-License-Identifier: Apache-2.0
"""Volumes as boto3 sees them: making, attaching, growing, deleting, status, encryption, and launches with several."""

import time

from botocore.exceptions import ClientError
from disk_fixture import DiskTest
from fixture import IMAGE

NOWHERE = "vol-00000000000000000"


class VolumeTest(DiskTest):
    def volume(self, volume_id):
        return self.ec2.describe_volumes(VolumeIds=[volume_id])["Volumes"][0]

    def reach(self, what, check, seconds=20):
        """Waits for a state that the engine brings about; the last value is in the message."""
        end = time.monotonic() + seconds
        while True:
            value = what()
            if check(value):
                return value
            self.assertLess(time.monotonic(), end, value)
            time.sleep(0.02)

    def attach(self, volume_id, instance_id, device="/dev/sdf"):
        made = self.ec2.attach_volume(VolumeId=volume_id, InstanceId=instance_id, Device=device)
        self.reach(lambda: self.volume(volume_id),
                   lambda v: v["Attachments"] and v["Attachments"][0]["State"] == "attached")
        return made

    def detached(self, volume_id):
        return self.reach(lambda: self.volume(volume_id), lambda v: v["State"] == "available")

    def modified(self, volume_id):
        return self.reach(lambda: self.ec2.describe_volumes_modifications(VolumeIds=[volume_id])["VolumesModifications"][0],
                          lambda m: m["ModificationState"] == "completed")

    def says(self, code, message, call, **options):
        with self.refused(code) as caught:
            call(**options)
        self.assertEqual(caught.exception.response["Error"]["Message"], message)


class Life(VolumeTest):
    def test_create_describe_delete(self):
        made = self.ec2.create_volume(
            AvailabilityZone="us-east-1a", Size=10, VolumeType="gp3", Iops=4000, Throughput=200,
            TagSpecifications=[{"ResourceType": "volume", "Tags": [{"Key": "Name", "Value": "data"}]}])
        self.assertRegex(made["VolumeId"], r"^vol-[0-9a-f]{17}$")
        self.assertEqual((made["State"], made["Size"], made["VolumeType"], made["Iops"], made["Throughput"],
                          made["AvailabilityZone"], made["Encrypted"], made["SnapshotId"], made["MultiAttachEnabled"],
                          made["Tags"]),
                         ("creating", 10, "gp3", 4000, 200, "us-east-1a", False, "", False,
                          [{"Key": "Name", "Value": "data"}]))
        self.ec2.get_waiter("volume_available").wait(VolumeIds=[made["VolumeId"]],
                                                     WaiterConfig={"Delay": 0.05, "MaxAttempts": 200})
        volume = self.volume(made["VolumeId"])
        self.assertEqual((volume["State"], volume["Attachments"]), ("available", []))
        self.ec2.delete_volume(VolumeId=made["VolumeId"])
        self.ec2.get_waiter("volume_deleted").wait(VolumeIds=[made["VolumeId"]],
                                                   WaiterConfig={"Delay": 0.05, "MaxAttempts": 200})
        self.says("InvalidVolume.NotFound", f"The volume '{made['VolumeId']}' does not exist.",
                  self.ec2.delete_volume, VolumeId=made["VolumeId"])

    def test_defaults(self):
        volume = self.volume(self.make_volume(Size=100))
        self.assertEqual((volume["VolumeType"], volume["Iops"]), ("gp2", 300))
        self.assertNotIn("Throughput", volume)
        cold = self.volume(self.make_volume(Size=125, VolumeType="st1"))
        self.assertNotIn("Iops", cold)

    def test_client_token(self):
        options = {"AvailabilityZone": "us-east-1a", "Size": 1, "ClientToken": "only-once"}
        first = self.ec2.create_volume(**options)["VolumeId"]
        self.addCleanup(self.quietly, self.ec2.delete_volume, VolumeId=first)
        self.assertEqual(self.ec2.create_volume(**options)["VolumeId"], first)
        with self.refused("IdempotentParameterMismatch"):
            self.ec2.create_volume(**{**options, "Size": 2})

    def test_refusals(self):
        def refuse(code, message, **options):
            self.says(code, message, self.ec2.create_volume, **{"AvailabilityZone": "us-east-1a", **options})
        refuse("InvalidZone.NotFound", "The zone 'us-east-1z' does not exist.", AvailabilityZone="us-east-1z", Size=1)
        refuse("MissingParameter", "The request must contain the parameter size or snapshotId")
        refuse("InvalidParameterCombination", "The parameter iops is not supported for gp2 volumes.", Size=1, Iops=100)
        refuse("InvalidParameterValue", "Iops to volume size ratio of 750.000000 is too high; maximum is 500",
               Size=20, VolumeType="gp3", Iops=15000)
        refuse("InvalidParameterValue", "Volume iops of 2147483647 is too high; maximum is 80000.",
               Size=4, VolumeType="gp3", Iops=2147483647)
        refuse("MissingParameter", "The parameter iops must be specified for io1 volumes.", Size=4, VolumeType="io1")
        refuse("InvalidParameterValue", "Volume of 1GiB is too small; minimum is 125GiB.", Size=1, VolumeType="sc1")
        refuse("VolumeLimitExceeded", "You have exceeded your maximum gp3 storage limit of 50 TiB in this region. The "
               "operator of this installation can raise it.", Size=65536, VolumeType="gp3")
        refuse("MaxIOPSLimitExceeded", "You have exceeded your maximum io2 IOPS limit of 100000 in this region. The "
               "operator of this installation can raise it.", Size=200, VolumeType="io2", Iops=150000)
        refuse("InvalidSnapshot.NotFound", "The snapshot 'snap-00000000000000000' does not exist.",
               SnapshotId="snap-00000000000000000")
        refuse("UnsupportedOperation", "CreateVolume: MultiAttachEnabled is not supported: leave it out.",
               Size=4, VolumeType="io2", Iops=100, MultiAttachEnabled=True)
        with self.refused("DryRunOperation", 412):
            self.ec2.create_volume(AvailabilityZone="us-east-1a", Size=1, DryRun=True)
        status, body = self.signed_post(f"Action=CopyVolumes&Version=2016-11-15&SourceVolumeId={NOWHERE}")
        self.assertEqual(status, 400)
        self.assertIn("<Code>UnsupportedOperation</Code>", body)
        self.assertIn("CreateSnapshot", body)

    def test_tags_and_pages(self):
        made = {self.make_volume(Size=1, TagSpecifications=[{"ResourceType": "volume", "Tags": [
            {"Key": "test", "Value": self.id()}]}]) for _ in range(7)}
        of_this_test = [{"Name": "tag:test", "Values": [self.id()]}]
        pages = list(self.ec2.get_paginator("describe_volumes").paginate(Filters=of_this_test,
                                                                         PaginationConfig={"PageSize": 5}))
        self.assertEqual([len(page["Volumes"]) for page in pages], [5, 2])
        self.assertEqual({v["VolumeId"] for page in pages for v in page["Volumes"]}, made)
        statuses = self.ec2.describe_volume_status(Filters=[{"Name": "availability-zone", "Values": ["us-east-1a"]}])
        self.assertLessEqual(made, {s["VolumeId"] for s in statuses["VolumeStatuses"]})

    def test_recycle_bin_is_empty(self):
        status, body = self.signed_post("Action=ListVolumesInRecycleBin&Version=2016-11-15")
        self.assertEqual(status, 200, body)
        self.assertIn("<volumeSet/>", body)
        status, body = self.signed_post(f"Action=RestoreVolumeFromRecycleBin&Version=2016-11-15&VolumeId={NOWHERE}")
        self.assertEqual(status, 400)
        self.assertIn("<Code>InvalidVolume.NotFound</Code>", body)


class Attachment(VolumeTest):
    def test_attach_and_detach(self):
        [instance_id] = self.launch()
        volume_id = self.make_volume(Size=1)
        made = self.attach(volume_id, instance_id)
        self.assertEqual((made["State"], made["Device"], made["InstanceId"], made["DeleteOnTermination"]),
                         ("attaching", "/dev/sdf", instance_id, False))
        volume = self.volume(volume_id)
        self.assertEqual(volume["State"], "in-use")
        mappings = self.instance(instance_id)["BlockDeviceMappings"]
        self.assertEqual([(m["DeviceName"], m["Ebs"]["Status"]) for m in mappings],
                         [("/dev/xvda", "attached"), ("/dev/sdf", "attached")])
        self.assertEqual(mappings[1]["Ebs"]["VolumeId"], volume_id)
        self.says("VolumeInUse", f"Volume {volume_id} is currently attached to {instance_id}",
                  self.ec2.delete_volume, VolumeId=volume_id)
        self.says("VolumeInUse", f"{volume_id} is already attached to an instance",
                  self.ec2.attach_volume, VolumeId=volume_id, InstanceId=instance_id, Device="/dev/sdg")
        detaching = self.ec2.detach_volume(VolumeId=volume_id)
        self.assertEqual((detaching["State"], detaching["Device"]), ("detaching", "/dev/sdf"))
        self.detached(volume_id)
        self.says("IncorrectState", f"Volume '{volume_id}' is in the 'available' state.",
                  self.ec2.detach_volume, VolumeId=volume_id)

    def test_stopped_instance(self):
        [instance_id] = self.launch()
        self.ec2.stop_instances(InstanceIds=[instance_id])
        self.wait("instance_stopped", [instance_id])
        volume_id = self.make_volume(Size=1)
        self.attach(volume_id, instance_id)
        root = self.instance(instance_id)["BlockDeviceMappings"][0]["Ebs"]["VolumeId"]
        self.ec2.detach_volume(VolumeId=root)
        self.detached(root)
        self.says("InvalidParameterValue", f"Invalid value '{instance_id}' for instanceId. Instance does not have a volume "
                  "attached at root (/dev/xvda)", self.ec2.start_instances, InstanceIds=[instance_id])
        self.attach(root, instance_id, "/dev/xvda")
        self.ec2.start_instances(InstanceIds=[instance_id])
        self.wait("instance_running", [instance_id])
        self.says("OperationNotPermitted", f"Unable to detach root volume '{root}' from instance '{instance_id}'",
                  self.ec2.detach_volume, VolumeId=root, Force=True)
        self.addCleanup(self.quietly, self.ec2.delete_volume, VolumeId=root)

    def test_refusals(self):
        [instance_id] = self.launch()
        volume_id = self.make_volume(Size=1)

        def refuse(code, message, **options):
            self.says(code, message, self.ec2.attach_volume,
                      **{"VolumeId": volume_id, "InstanceId": instance_id, "Device": "/dev/sdf", **options})
        refuse("InvalidParameterValue", "Invalid value '/dev/xvda' for unixDevice. Attachment point /dev/xvda is already "
               "in use", Device="/dev/xvda")
        refuse("InvalidParameterValue", "Value (/dev/sdk1) for parameter device is invalid. /dev/sdk1 is not a valid EBS "
               "device name.", Device="/dev/sdk1")
        refuse("InvalidVolume.NotFound", f"The volume '{NOWHERE}' does not exist.", VolumeId=NOWHERE)
        refuse("InvalidInstanceID.NotFound", "The instance ID 'i-00000000' does not exist", InstanceId="i-00000000")
        far = self.make_volume(Size=1, AvailabilityZone="us-east-1b")
        zone = self.instance(instance_id)["Placement"]["AvailabilityZone"]
        self.assertEqual(zone, "us-east-1a")
        refuse("InvalidVolume.ZoneMismatch", f"The volume '{far}' is not in the same availability zone as instance "
               f"'{instance_id}'", VolumeId=far)
        with self.refused("InvalidAttachment.NotFound"):
            attached = self.make_volume(Size=1)
            self.attach(attached, instance_id, "/dev/sdh")
            self.ec2.detach_volume(VolumeId=attached, Device="/dev/sdi")

    def test_twenty_seven_and_no_more(self):
        devices = [f"/dev/sd{letter}" for letter in "bcdefghijklmnopqrstuvwxyz"]
        [instance_id] = self.launch(BlockDeviceMappings=[{"DeviceName": d, "Ebs": {"VolumeSize": 1}} for d in devices])
        self.attach(self.make_volume(Size=1), instance_id, "/dev/xvdba")
        self.assertEqual(len(self.instance(instance_id)["BlockDeviceMappings"]), 27)
        with self.refused("AttachmentLimitExceeded"):
            self.ec2.attach_volume(VolumeId=self.make_volume(Size=1), InstanceId=instance_id, Device="/dev/xvdbb")

    def test_termination_keeps_what_is_to_stay(self):
        [instance_id] = self.launch(BlockDeviceMappings=[
            {"DeviceName": "/dev/sdf", "Ebs": {"VolumeSize": 1, "DeleteOnTermination": False}},
            {"DeviceName": "/dev/sdg", "Ebs": {"VolumeSize": 1}},
            {"DeviceName": "/dev/sdh", "Ebs": {"VolumeSize": 1}}])
        root, stays, goes, saved = [m["Ebs"]["VolumeId"] for m in self.instance(instance_id)["BlockDeviceMappings"]]
        self.ec2.modify_instance_attribute(InstanceId=instance_id, BlockDeviceMappings=[
            {"DeviceName": "/dev/sdh", "Ebs": {"DeleteOnTermination": False}}])
        with self.refused("InvalidInstanceAttributeValue"):
            self.ec2.modify_instance_attribute(InstanceId=instance_id, BlockDeviceMappings=[
                {"DeviceName": "/dev/sdz", "Ebs": {"DeleteOnTermination": False}}])
        shown = self.ec2.describe_instance_attribute(InstanceId=instance_id, Attribute="blockDeviceMapping")
        self.assertEqual([(m["DeviceName"], m["Ebs"]["DeleteOnTermination"]) for m in shown["BlockDeviceMappings"]],
                         [("/dev/xvda", True), ("/dev/sdf", False), ("/dev/sdg", True), ("/dev/sdh", False)])
        self.terminate([instance_id])
        for volume_id in (stays, saved):
            self.detached(volume_id)
            self.ec2.delete_volume(VolumeId=volume_id)
        for volume_id in (root, goes):
            self.ec2.get_waiter("volume_deleted").wait(VolumeIds=[volume_id],
                                                       WaiterConfig={"Delay": 0.05, "MaxAttempts": 200})


class Modification(VolumeTest):
    def test_grow_and_change(self):
        [instance_id] = self.launch()
        volume_id = self.make_volume(Size=10)
        self.attach(volume_id, instance_id)
        made = self.ec2.modify_volume(VolumeId=volume_id, Size=20, VolumeType="gp3", Iops=5000, Throughput=250)
        begun = made["VolumeModification"]
        self.assertEqual((begun["ModificationState"], begun["OriginalSize"], begun["TargetSize"], begun["OriginalVolumeType"],
                          begun["TargetVolumeType"], begun["OriginalIops"], begun["TargetIops"], begun["TargetThroughput"],
                          begun["Progress"]),
                         ("modifying", 10, 20, "gp2", "gp3", 100, 5000, 250, 0))
        done = self.modified(volume_id)
        self.assertEqual(done["Progress"], 100)
        self.assertIn("EndTime", done)
        volume = self.volume(volume_id)
        self.assertEqual((volume["Size"], volume["VolumeType"], volume["Iops"], volume["Throughput"], volume["State"]),
                         (20, "gp3", 5000, 250, "in-use"))
        self.says("InvalidParameterValue", "New size cannot be smaller than existing size",
                  self.ec2.modify_volume, VolumeId=volume_id, Size=19)

    def test_four_a_day(self):
        volume_id = self.make_volume(Size=1)
        for size in (2, 3, 4, 5):
            self.ec2.modify_volume(VolumeId=volume_id, Size=size)
            self.modified(volume_id)
        with self.refused("VolumeModificationRateExceeded"):
            self.ec2.modify_volume(VolumeId=volume_id, Size=6)
        self.assertEqual(self.volume(volume_id)["Size"], 5)

    def test_describe(self):
        volume_id = self.make_volume(Size=1)
        self.says("InvalidVolumeModification.NotFound", f"Modification for volume '{volume_id}' does not exist.",
                  self.ec2.describe_volumes_modifications, VolumeIds=[volume_id])
        self.ec2.modify_volume(VolumeId=volume_id, Size=7)
        self.modified(volume_id)
        for name, value in (("target-size", "7"), ("volume-id", volume_id), ("modification-state", "completed")):
            found = self.ec2.describe_volumes_modifications(Filters=[{"Name": name, "Values": [value]}])
            self.assertIn(volume_id, [m["VolumeId"] for m in found["VolumesModifications"]], name)


class Status(VolumeTest):
    def test_status_and_attributes(self):
        volume_id = self.make_volume(Size=1, VolumeType="gp3")
        [status] = self.ec2.describe_volume_status(VolumeIds=[volume_id])["VolumeStatuses"]
        self.assertEqual((status["VolumeStatus"]["Status"], status["Actions"], status["Events"]), ("ok", [], []))
        self.assertEqual({d["Name"]: d["Status"] for d in status["VolumeStatus"]["Details"]},
                         {"io-enabled": "passed", "io-performance": "normal"})
        self.ec2.enable_volume_io(VolumeId=volume_id)
        with self.refused("InvalidVolume.NotFound"):
            self.ec2.enable_volume_io(VolumeId=NOWHERE)

        def auto_enable():
            return self.ec2.describe_volume_attribute(VolumeId=volume_id, Attribute="autoEnableIO")["AutoEnableIO"]["Value"]
        self.assertFalse(auto_enable())
        self.ec2.modify_volume_attribute(VolumeId=volume_id, AutoEnableIO={"Value": True})
        self.assertTrue(auto_enable())
        self.assertEqual(self.ec2.describe_volume_attribute(VolumeId=volume_id, Attribute="productCodes")["ProductCodes"], [])


class Encryption(VolumeTest):
    def test_by_default(self):
        ec2 = self.client(account="second", region="eu-west-1")
        self.assertFalse(ec2.get_ebs_encryption_by_default()["EbsEncryptionByDefault"])
        self.assertTrue(ec2.enable_ebs_encryption_by_default()["EbsEncryptionByDefault"])
        self.addCleanup(ec2.disable_ebs_encryption_by_default)
        self.assertTrue(ec2.get_ebs_encryption_by_default()["EbsEncryptionByDefault"])
        self.assertFalse(self.ec2.get_ebs_encryption_by_default()["EbsEncryptionByDefault"])
        made = ec2.create_volume(AvailabilityZone="eu-west-1a", Size=1)
        self.addCleanup(self.quietly, ec2.delete_volume, VolumeId=made["VolumeId"])
        self.assertTrue(made["Encrypted"])
        self.assertRegex(made["KmsKeyId"], r"^arn:aws:kms:eu-west-1:444455556666:key/[0-9a-f-]{36}$")
        self.reach(lambda: ec2.describe_volumes(VolumeIds=[made["VolumeId"]])["Volumes"][0]["State"],
                   lambda state: state == "available")

    def test_key(self):
        self.assertEqual(self.ec2.get_ebs_default_kms_key_id()["KmsKeyId"], "alias/aws/ebs")
        own = self.ec2.modify_ebs_default_kms_key_id(KmsKeyId="alias/aws/ebs")["KmsKeyId"]
        self.assertRegex(own, r"^arn:aws:kms:us-east-1:111122223333:key/")
        self.assertEqual(self.ec2.modify_ebs_default_kms_key_id(KmsKeyId=own)["KmsKeyId"], own)
        with self.refused("InvalidParameterValue"):
            self.ec2.modify_ebs_default_kms_key_id(KmsKeyId="alias/mine")
        self.assertEqual(self.ec2.reset_ebs_default_kms_key_id()["KmsKeyId"], "alias/aws/ebs")
        volume = self.volume(self.make_volume(Size=1, Encrypted=True, KmsKeyId=own))
        self.assertEqual((volume["Encrypted"], volume["KmsKeyId"]), (True, own))


class Launch(VolumeTest):
    def test_mappings(self):
        snapshot_id = self.make_snapshot(self.make_volume(Size=2))
        [instance_id] = self.launch(BlockDeviceMappings=[
            {"DeviceName": "/dev/xvda", "Ebs": {"VolumeSize": 20, "VolumeType": "gp3", "Iops": 4000, "Throughput": 250}},
            {"DeviceName": "/dev/sdf", "Ebs": {"SnapshotId": snapshot_id}},
            {"DeviceName": "/dev/sdg", "Ebs": {"VolumeSize": 5, "VolumeType": "io1", "Iops": 100, "Encrypted": True}},
            {"DeviceName": "/dev/sdh", "VirtualName": "ephemeral0"},
            {"DeviceName": "/dev/sdi", "NoDevice": ""}],
            TagSpecifications=[{"ResourceType": "volume", "Tags": [{"Key": "of", "Value": "launch"}]}])
        volumes = [self.volume(m["Ebs"]["VolumeId"]) for m in self.instance(instance_id)["BlockDeviceMappings"]]
        self.assertEqual([(v["Attachments"][0]["Device"], v["Size"], v["VolumeType"], v["Iops"], v["Encrypted"])
                          for v in volumes],
                         [("/dev/xvda", 20, "gp3", 4000, False), ("/dev/sdf", 2, "gp2", 100, False),
                          ("/dev/sdg", 5, "io1", 100, True)])
        self.assertEqual(volumes[1]["SnapshotId"], snapshot_id)
        for volume in volumes:
            self.assertEqual(volume["Tags"], [{"Key": "of", "Value": "launch"}])
            self.assertTrue(volume["Attachments"][0]["DeleteOnTermination"])

    def test_refusals(self):
        def refuse(code, mapping):
            with self.refused(code):
                self.ec2.run_instances(ImageId=IMAGE, InstanceType="t3.micro", MinCount=1, MaxCount=1,
                                       BlockDeviceMappings=[mapping])
        refuse("InvalidBlockDeviceMapping", {"DeviceName": "/dev/xvda", "Ebs": {"VolumeSize": 7}})
        refuse("InvalidBlockDeviceMapping", {"DeviceName": "/dev/nvme1n1", "Ebs": {"VolumeSize": 7}})
        refuse("InvalidBlockDeviceMapping", {"DeviceName": "/dev/xvda", "NoDevice": ""})
        refuse("InvalidBlockDeviceMapping", {"DeviceName": "/dev/xvda", "Ebs": {"VolumeSize": 200, "VolumeType": "sc1"}})
        refuse("MissingParameter", {"DeviceName": "/dev/sdf", "Ebs": {}})
        refuse("InvalidSnapshot.NotFound", {"DeviceName": "/dev/sdf", "Ebs": {"SnapshotId": "snap-00000000"}})
        refuse("InvalidParameterDependency", {"DeviceName": "/dev/sdf", "Ebs": {"VolumeSize": 1, "KmsKeyId": "alias/aws/ebs"}})


class Isolation(VolumeTest):
    def test_another_account_sees_and_touches_nothing(self):
        [instance_id] = self.launch()
        volume_id = self.make_volume(Size=1)
        second = self.client(account="second")
        calls = [(second.describe_volumes, {"VolumeIds": [volume_id]}),
                 (second.describe_volume_status, {"VolumeIds": [volume_id]}),
                 (second.describe_volumes_modifications, {"VolumeIds": [volume_id]}),
                 (second.describe_volume_attribute, {"VolumeId": volume_id, "Attribute": "autoEnableIO"}),
                 (second.modify_volume_attribute, {"VolumeId": volume_id, "AutoEnableIO": {"Value": True}}),
                 (second.modify_volume, {"VolumeId": volume_id, "Size": 9}),
                 (second.attach_volume, {"VolumeId": volume_id, "InstanceId": instance_id, "Device": "/dev/sdf"}),
                 (second.detach_volume, {"VolumeId": volume_id}),
                 (second.enable_volume_io, {"VolumeId": volume_id}),
                 (second.delete_volume, {"VolumeId": volume_id})]
        for call, options in calls:
            try:
                call(**options)
                self.fail(call.__name__)
            except ClientError as error:
                self.assertEqual(error.response["Error"]["Code"], "InvalidVolume.NotFound", call.__name__)
        self.assertNotIn(volume_id, [v["VolumeId"] for v in second.describe_volumes()["Volumes"]])
        self.assertEqual(self.volume(volume_id)["State"], "available")
