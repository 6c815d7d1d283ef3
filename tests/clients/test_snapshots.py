# SPDX-License-Identifier: Apache-2.0
"""Snapshots as boto3 sees them: making, copying, sharing, deleting, and what EC2 has that is not here."""

from disk_fixture import FIRST, SECOND, DiskTest


class Snapshots(DiskTest):
    def test_of_a_volume(self):
        volume_id = self.make_volume(Size=3)
        made = self.ec2.create_snapshot(
            VolumeId=volume_id, Description="before the update",
            TagSpecifications=[{"ResourceType": "snapshot", "Tags": [{"Key": "Name", "Value": "monday"}]}])
        self.addCleanup(self.quietly, self.ec2.delete_snapshot, SnapshotId=made["SnapshotId"])
        self.assertIn(made["State"], ("pending", "completed"))
        self.assertEqual((made["VolumeId"], made["VolumeSize"], made["OwnerId"], made["Description"], made["Encrypted"]),
                         (volume_id, 3, FIRST, "before the update", False))
        self.assertEqual(made["Tags"], [{"Key": "Name", "Value": "monday"}])
        self.completed(made["SnapshotId"])
        snapshot = self.snapshot(made["SnapshotId"])
        self.assertEqual((snapshot["State"], snapshot["Progress"], snapshot["StorageTier"]), ("completed", "100%", "standard"))
        answer = self.raw("DescribeSnapshots", **{"SnapshotId.1": made["SnapshotId"]})
        self.assertRegex(answer, "<completionTime>20")
        self.assertEqual(snapshot["Tags"], made["Tags"])

    def test_of_a_running_instance_and_a_volume_from_it(self):
        [instance_id] = self.launch()
        snapshot_id = self.make_snapshot(self.root_volume(instance_id))
        self.assertEqual(self.snapshot(snapshot_id)["VolumeSize"], 8)
        volume_id = self.make_volume(SnapshotId=snapshot_id)
        [volume] = self.ec2.describe_volumes(VolumeIds=[volume_id])["Volumes"]
        self.assertEqual((volume["SnapshotId"], volume["Size"]), (snapshot_id, 8))
        self.ec2.delete_snapshot(SnapshotId=snapshot_id)
        with self.refused("InvalidSnapshot.NotFound"):
            self.snapshot(snapshot_id)
        [volume] = self.ec2.describe_volumes(VolumeIds=[volume_id])["Volumes"]
        self.assertEqual(volume["State"], "available")

    def test_a_set_of_an_instance(self):
        [instance_id] = self.launch(BlockDeviceMappings=[{"DeviceName": "/dev/sdf", "Ebs": {"VolumeSize": 2}}])
        made = self.ec2.create_snapshots(InstanceSpecification={"InstanceId": instance_id}, Description="both")["Snapshots"]
        for snapshot in made:
            self.addCleanup(self.quietly, self.ec2.delete_snapshot, SnapshotId=snapshot["SnapshotId"])
            self.completed(snapshot["SnapshotId"])
        self.assertEqual([s["VolumeSize"] for s in made], [8, 2])
        self.assertEqual({s["Description"] for s in made}, {"both"})
        [alone] = self.ec2.create_snapshots(
            InstanceSpecification={"InstanceId": instance_id, "ExcludeBootVolume": True})["Snapshots"]
        self.addCleanup(self.quietly, self.ec2.delete_snapshot, SnapshotId=alone["SnapshotId"])
        self.assertEqual(alone["VolumeSize"], 2)
        self.completed(alone["SnapshotId"])
        with self.refused("InvalidInstanceID.NotFound"):
            self.ec2.create_snapshots(InstanceSpecification={"InstanceId": "i-0123456789abcdef0"})

    def test_refusals(self):
        volume_id = self.make_volume()
        with self.refused("InvalidVolume.NotFound"):
            self.ec2.create_snapshot(VolumeId="vol-0123456789abcdef0")
        with self.refused("DryRunOperation", 412):
            self.ec2.create_snapshot(VolumeId=volume_id, DryRun=True)
        with self.refused("InvalidParameterValue"):
            self.ec2.create_snapshot(VolumeId=volume_id, TagSpecifications=[
                {"ResourceType": "volume", "Tags": [{"Key": "a", "Value": "b"}]}])
        with self.refused("InvalidSnapshot.NotFound"):
            self.ec2.delete_snapshot(SnapshotId="snap-0123456789abcdef0")
        with self.refused("InvalidSnapshotID.Malformed"):
            self.ec2.describe_snapshots(SnapshotIds=["nonsense"])
        with self.refused("InvalidParameterValue"):
            self.ec2.describe_snapshots(Filters=[{"Name": "colour", "Values": ["red"]}])

    def test_copies(self):
        snapshot_id = self.make_snapshot(Description="the first")
        far = self.client(region="eu-west-1")
        copy_id = far.copy_snapshot(SourceRegion="us-east-1", SourceSnapshotId=snapshot_id, Description="far away",
                                    Encrypted=True, TagSpecifications=[
                                        {"ResourceType": "snapshot", "Tags": [{"Key": "a", "Value": "b"}]}])["SnapshotId"]
        self.addCleanup(self.quietly, far.delete_snapshot, SnapshotId=copy_id)
        self.completed(copy_id, far)
        copy = self.snapshot(copy_id, far)
        self.assertEqual((copy["VolumeId"], copy["Encrypted"], copy["Description"], copy["Tags"]),
                         ("vol-ffffffff", True, "far away", [{"Key": "a", "Value": "b"}]))
        self.assertRegex(copy["KmsKeyId"], rf"^arn:aws:kms:eu-west-1:{FIRST}:key/[0-9a-f-]{{36}}$")
        self.ec2.delete_snapshot(SnapshotId=snapshot_id)
        self.assertEqual(self.snapshot(copy_id, far)["State"], "completed")
        with self.refused("InvalidSnapshot.NotFound"):
            far.copy_snapshot(SourceRegion="us-east-1", SourceSnapshotId=snapshot_id)
        with self.refused("OperationNotPermitted"):
            far.modify_snapshot_attribute(SnapshotId=copy_id, Attribute="createVolumePermission", OperationType="add",
                                          UserIds=[SECOND])

    def test_sharing(self):
        other = self.client(account="second")
        snapshot_id = self.make_snapshot()
        with self.refused("InvalidSnapshot.NotFound"):
            self.snapshot(snapshot_id, other)
        self.ec2.modify_snapshot_attribute(SnapshotId=snapshot_id, CreateVolumePermission={"Add": [{"UserId": SECOND}]})
        attribute = self.ec2.describe_snapshot_attribute(SnapshotId=snapshot_id, Attribute="createVolumePermission")
        self.assertEqual(attribute["CreateVolumePermissions"], [{"UserId": SECOND}])
        self.assertEqual(self.snapshot(snapshot_id, other)["OwnerId"], FIRST)
        shared = other.describe_snapshots(RestorableByUserIds=["self"], OwnerIds=[FIRST])["Snapshots"]
        self.assertEqual([s["SnapshotId"] for s in shared], [snapshot_id])
        volume_id = self.make_volume(other, SnapshotId=snapshot_id)
        self.assertTrue(volume_id)
        for call in (other.delete_snapshot, other.reset_snapshot_attribute):
            options = {"Attribute": "createVolumePermission"} if call == other.reset_snapshot_attribute else {}
            with self.refused("AuthFailure", 401):
                call(SnapshotId=snapshot_id, **options)
        with self.refused("InvalidSnapshot.NotFound"):
            other.create_tags(Resources=[snapshot_id], Tags=[{"Key": "a", "Value": "b"}])
        self.ec2.modify_snapshot_attribute(SnapshotId=snapshot_id, Attribute="createVolumePermission",
                                           OperationType="add", GroupNames=["all"])
        public = other.describe_snapshots(RestorableByUserIds=["all"])["Snapshots"]
        self.assertEqual([s["SnapshotId"] for s in public], [snapshot_id])
        self.ec2.reset_snapshot_attribute(SnapshotId=snapshot_id, Attribute="createVolumePermission")
        with self.refused("InvalidSnapshot.NotFound"):
            self.snapshot(snapshot_id, other)

    def test_block_public_access(self):
        snapshot_id = self.make_snapshot()
        other = self.client(account="second")
        self.assertIn("<state>unblocked</state>", self.raw("GetSnapshotBlockPublicAccessState"))
        self.addCleanup(self.raw, "DisableSnapshotBlockPublicAccess")
        self.assertIn("<state>block-new-sharing</state>",
                      self.raw("EnableSnapshotBlockPublicAccess", State="block-new-sharing"))
        public = {"SnapshotId": snapshot_id, "CreateVolumePermission": {"Add": [{"Group": "all"}]}}
        with self.refused("OperationNotPermitted"):
            self.ec2.modify_snapshot_attribute(**public)
        self.assertIn("<state>unblocked</state>", self.raw("DisableSnapshotBlockPublicAccess"))
        self.ec2.modify_snapshot_attribute(**public)
        self.assertTrue(self.snapshot(snapshot_id, other))
        self.raw("EnableSnapshotBlockPublicAccess", State="block-all-sharing")
        with self.refused("InvalidSnapshot.NotFound"):
            self.snapshot(snapshot_id, other)

    def test_pages(self):
        volume_id = self.make_volume()
        made = sorted(self.make_snapshot(volume_id, wait=False) for _ in range(7))
        for snapshot_id in made:
            self.completed(snapshot_id)
        pages = self.ec2.get_paginator("describe_snapshots").paginate(
            OwnerIds=["self"], Filters=[{"Name": "volume-id", "Values": [volume_id]}], PaginationConfig={"PageSize": 5})
        sizes, found = [], []
        for page in pages:
            sizes.append(len(page["Snapshots"]))
            found += [s["SnapshotId"] for s in page["Snapshots"]]
        self.assertEqual((sizes, found), ([5, 2], made))
        with self.refused("InvalidParameterValue"):
            self.ec2.describe_snapshots(MaxResults=4)

    def test_deleting_in_any_order(self):
        [instance_id] = self.launch()
        volume_id = self.root_volume(instance_id)
        chain = [self.make_snapshot(volume_id) for _ in range(4)]
        for snapshot_id in (chain[2], chain[0], chain[3], chain[1]):
            self.ec2.delete_snapshot(SnapshotId=snapshot_id)
        self.assertEqual(self.ec2.describe_snapshots(
            OwnerIds=["self"], Filters=[{"Name": "volume-id", "Values": [volume_id]}])["Snapshots"], [])

    def test_honest_answers_and_refusals(self):
        snapshot_id = self.make_snapshot()
        tiers = self.ec2.describe_snapshot_tier_status(Filters=[{"Name": "snapshot-id", "Values": [snapshot_id]}])
        [tier] = tiers["SnapshotTierStatuses"]
        self.assertEqual((tier["StorageTier"], tier["OwnerId"]), ("standard", FIRST))
        self.assertIn("<snapshotSet/>", self.raw("DescribeLockedSnapshots", **{"SnapshotId.1": snapshot_id}))
        self.assertEqual(self.ec2.describe_fast_snapshot_restores()["FastSnapshotRestores"], [])
        self.assertEqual(self.ec2.list_snapshots_in_recycle_bin()["Snapshots"], [])
        for call, options in ((self.ec2.modify_snapshot_tier, {"StorageTier": "archive"}),
                              (self.ec2.restore_snapshot_tier, {"PermanentRestore": True}),
                              (self.ec2.restore_snapshot_from_recycle_bin, {})):
            with self.subTest(call=call.__name__), self.refused("UnsupportedOperation"):
                call(SnapshotId=snapshot_id, **options)
        with self.refused("UnsupportedOperation"):
            self.ec2.enable_fast_snapshot_restores(SourceSnapshotIds=[snapshot_id], AvailabilityZones=["us-east-1a"])
        self.assertEqual(self.raw("LockSnapshot", SnapshotId=snapshot_id, LockMode="governance", LockDuration=1),
                         "UnsupportedOperation")

    def test_what_terraform_asks(self):
        """aws_ebs_snapshot: create, wait, read with DescribeSnapshots, delete until it is gone."""
        snapshot_id = self.make_snapshot(TagSpecifications=[
            {"ResourceType": "snapshot", "Tags": [{"Key": "made-by", "Value": "terraform"}]}])
        [read] = self.ec2.describe_snapshots(SnapshotIds=[snapshot_id])["Snapshots"]
        for member in ("SnapshotId", "VolumeId", "VolumeSize", "OwnerId", "Encrypted", "StartTime", "StorageTier",
                       "Description", "Progress", "State", "Tags"):
            self.assertIn(member, read)
        self.ec2.create_tags(Resources=[snapshot_id], Tags=[{"Key": "made-by", "Value": "pulumi"}])
        [found] = self.ec2.describe_snapshots(Filters=[{"Name": "tag:made-by", "Values": ["pulumi"]}])["Snapshots"]
        self.assertEqual(found["SnapshotId"], snapshot_id)
        self.ec2.delete_snapshot(SnapshotId=snapshot_id)
        with self.refused("InvalidSnapshot.NotFound"):
            self.ec2.describe_snapshots(SnapshotIds=[snapshot_id])

    def test_the_command_line(self):
        volume_id = self.make_volume()
        made = self.daemon.aws("ec2", "create-snapshot", "--volume-id", volume_id, "--description", "by hand")
        import json
        snapshot_id = json.loads(made.stdout)["SnapshotId"]
        self.addCleanup(self.quietly, self.ec2.delete_snapshot, SnapshotId=snapshot_id)
        self.completed(snapshot_id)
        listed = self.daemon.aws("ec2", "describe-snapshots", "--owner-ids", "self", "--query",
                                 f"Snapshots[?SnapshotId=='{snapshot_id}'].Description", "--output", "text")
        self.assertEqual(listed.stdout.strip(), "by hand")
