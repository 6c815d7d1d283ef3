# SPDX-License-Identifier: Apache-2.0
"""Images that users make, import, share and take away again, as boto3 sees them."""

import datetime

from disk_fixture import FIRST, QUICK, SECOND, DiskTest
from fixture import IMAGE


class Images(DiskTest):
    def test_of_a_running_instance(self):
        [instance_id] = self.launch(BlockDeviceMappings=[{"DeviceName": "/dev/sdf", "Ebs": {"VolumeSize": 2}}])
        name = self.name()
        image_id = self.ec2.create_image(
            InstanceId=instance_id, Name=name, Description="as of today",
            TagSpecifications=[{"ResourceType": "image", "Tags": [{"Key": "for", "Value": "image"}]},
                               {"ResourceType": "snapshot", "Tags": [{"Key": "for", "Value": "disks"}]}])["ImageId"]
        self.addCleanup(self.quietly, self.ec2.deregister_image, ImageId=image_id)
        self.available(image_id)
        image = self.image(image_id)
        self.assertEqual((image["Name"], image["Description"], image["OwnerId"], image["Public"], image["ImageLocation"]),
                         (name, "as of today", FIRST, False, f"{FIRST}/{name}"))
        answer = self.raw("DescribeImages", **{"ImageId.1": image_id})
        self.assertIn(f"<sourceInstanceId>{instance_id}</sourceInstanceId>", answer)
        self.assertIn(f"<sourceImageId>{IMAGE}</sourceImageId>", answer)
        root, data = image["BlockDeviceMappings"]
        self.assertEqual((root["DeviceName"], root["Ebs"]["VolumeSize"]), ("/dev/xvda", 8))
        self.assertEqual((data["DeviceName"], data["Ebs"]["VolumeSize"]), ("/dev/sdf", 2))
        self.assertEqual(image["Tags"], [{"Key": "for", "Value": "image"}])
        snapshot = self.snapshot(root["Ebs"]["SnapshotId"])
        self.assertEqual(snapshot["Tags"], [{"Key": "for", "Value": "disks"}])
        self.assertEqual(snapshot["Description"], f"Created by CreateImage({instance_id}) for {image_id}")
        self.assertEqual(self.instance(instance_id)["State"]["Name"], "running")
        with self.refused("InvalidAMIName.Duplicate"):
            self.ec2.create_image(InstanceId=instance_id, Name=name)

    def test_what_was_made_boots(self):
        [instance_id] = self.launch()
        image_id = self.ec2.create_image(InstanceId=instance_id, Name=self.name(), NoReboot=True)["ImageId"]
        self.addCleanup(self.quietly, self.ec2.deregister_image, ImageId=image_id)
        self.available(image_id)
        [second] = self.launch(ImageId=image_id)
        self.assertEqual(self.instance(second)["ImageId"], image_id)
        launched = self.raw("DescribeImageAttribute", ImageId=image_id, Attribute="lastLaunchedTime")
        self.assertRegex(launched, "<lastLaunchedTime><value>20")
        self.ec2.deregister_image(ImageId=image_id)
        self.ec2.stop_instances(InstanceIds=[second])
        self.wait("instance_stopped", [second])
        self.ec2.start_instances(InstanceIds=[second])
        self.wait("instance_running", [second])

    def test_of_a_stopped_instance(self):
        [instance_id] = self.launch()
        self.ec2.stop_instances(InstanceIds=[instance_id])
        self.wait("instance_stopped", [instance_id])
        image_id = self.ec2.create_image(InstanceId=instance_id, Name=self.name())["ImageId"]
        self.addCleanup(self.quietly, self.ec2.deregister_image, ImageId=image_id)
        self.available(image_id)
        self.assertEqual(self.instance(instance_id)["State"]["Name"], "stopped")

    def test_registered_from_snapshots(self):
        root, data = self.make_snapshot(), self.make_snapshot()
        image_id = self.make_image(BootMode="uefi", BlockDeviceMappings=[
            {"DeviceName": "/dev/xvda", "Ebs": {"SnapshotId": root, "VolumeSize": 4}},
            {"DeviceName": "/dev/sdf", "Ebs": {"SnapshotId": data, "DeleteOnTermination": False}},
            {"DeviceName": "/dev/sdg", "Ebs": {"VolumeSize": 1, "VolumeType": "gp2"}},
            {"DeviceName": "/dev/sdh", "VirtualName": "ephemeral0"}])
        image = self.image(image_id)
        self.assertEqual((image["State"], image["BootMode"], image["RootDeviceName"]), ("available", "uefi", "/dev/xvda"))
        self.assertEqual([m["DeviceName"] for m in image["BlockDeviceMappings"]],
                         ["/dev/xvda", "/dev/sdf", "/dev/sdg", "/dev/sdh"])
        self.assertFalse(image["BlockDeviceMappings"][1]["Ebs"]["DeleteOnTermination"])
        self.assertEqual(image["BlockDeviceMappings"][3]["VirtualName"], "ephemeral0")
        with self.refused("InvalidSnapshot.InUse"):
            self.ec2.delete_snapshot(SnapshotId=data)
        self.ec2.deregister_image(ImageId=image_id)
        self.ec2.delete_snapshot(SnapshotId=data)
        with self.refused("InvalidAMIID.NotFound"):
            self.image(image_id)

    def test_refusals(self):
        snapshot_id = self.make_snapshot()
        mapping = [{"DeviceName": "/dev/xvda", "Ebs": {"SnapshotId": snapshot_id}}]
        good = {"Name": "a good name", "RootDeviceName": "/dev/xvda", "BlockDeviceMappings": mapping}
        for code, options in [("InvalidAMIName.Malformed", {"Name": "x"}),
                              ("InvalidAMIName.Malformed", {"Name": "semi;colon"}),
                              ("InvalidBlockDeviceMapping", {"RootDeviceName": "/dev/sda1"}),
                              ("InvalidBlockDeviceMapping", {"BlockDeviceMappings": mapping + mapping}),
                              ("InvalidParameterValue", {"VirtualizationType": "paravirtual"}),
                              ("InvalidParameterValue", {"BootMode": "floppy"}),
                              ("UnsupportedOperation", {"ImageLocation": "bucket/manifest.xml"}),
                              ("UnsupportedOperation", {"KernelId": "aki-12345678"}),
                              ("InvalidSnapshot.NotFound", {"BlockDeviceMappings": [
                                  {"DeviceName": "/dev/xvda", "Ebs": {"SnapshotId": "snap-0123456789abcdef0"}}]})]:
            with self.subTest(options=options), self.refused(code):
                self.ec2.register_image(**{**good, **options})
        with self.refused("DryRunOperation", 412):
            self.ec2.register_image(**good, DryRun=True)
        with self.refused("InvalidAMIID.Malformed"):
            self.ec2.deregister_image(ImageId="nonsense")
        with self.refused("AuthFailure", 401):
            self.ec2.deregister_image(ImageId=IMAGE)
        with self.refused("InvalidInstanceID.NotFound"):
            self.ec2.create_image(InstanceId="i-0123456789abcdef0", Name="a good name")

    def test_copies(self):
        far = self.client(region="eu-west-1")
        options = {"SourceRegion": "us-east-1", "SourceImageId": IMAGE, "Name": self.name(), "ClientToken": self.id()[-60:],
                   "Encrypted": True}
        image_id = far.copy_image(**options)["ImageId"]
        self.addCleanup(self.quietly, far.deregister_image, ImageId=image_id)
        self.assertEqual(far.copy_image(**options)["ImageId"], image_id)
        self.available(image_id, far)
        image = self.image(image_id, far)
        self.assertEqual(image["OwnerId"], FIRST)
        [root] = image["BlockDeviceMappings"]
        self.assertTrue(root["Ebs"]["Encrypted"])
        copy = self.snapshot(root["Ebs"]["SnapshotId"], far)
        self.assertTrue(copy["Encrypted"])
        self.assertIn(f"Copied for DestinationAmi {image_id} from SourceAmi {IMAGE}", copy["Description"])
        with self.refused("OperationNotPermitted"):
            far.modify_image_attribute(ImageId=image_id, LaunchPermission={"Add": [{"UserId": SECOND}]})
        with self.refused("IdempotentParameterMismatch"):
            far.copy_image(**{**options, "Description": "another"})

    def test_sharing_and_isolation(self):
        other = self.client(account="second")
        image_id = self.make_image()
        attribute = {"ImageId": image_id, "Attribute": "launchPermission"}
        soon = datetime.datetime.utcnow() + datetime.timedelta(days=1)
        attempts = [(other.describe_images, {"ImageIds": [image_id]}),
                    (other.describe_image_attribute, attribute),
                    (other.modify_image_attribute, {"ImageId": image_id, "Description": {"Value": "mine"}}),
                    (other.reset_image_attribute, attribute),
                    (other.deregister_image, {"ImageId": image_id}),
                    (other.copy_image, {"SourceImageId": image_id, "SourceRegion": "us-east-1", "Name": "stolen"}),
                    (other.enable_image_deprecation, {"ImageId": image_id, "DeprecateAt": soon}),
                    (other.create_tags, {"Resources": [image_id], "Tags": [{"Key": "a", "Value": "b"}]}),
                    (other.run_instances, {"ImageId": image_id, "InstanceType": "t3.micro", "MinCount": 1, "MaxCount": 1})]
        for call, arguments in attempts:
            with self.subTest(call=call.__name__), self.refused("InvalidAMIID.NotFound"):
                call(**arguments)
        self.ec2.modify_image_attribute(ImageId=image_id, LaunchPermission={"Add": [{"UserId": SECOND}]})
        permissions = self.ec2.describe_image_attribute(**attribute)["LaunchPermissions"]
        self.assertEqual(permissions, [{"UserId": SECOND}])
        self.assertEqual([i["ImageId"] for i in other.describe_images(ExecutableUsers=["self"])["Images"]], [image_id])
        instance_id = other.run_instances(ImageId=image_id, InstanceType="t3.micro", MinCount=1,
                                          MaxCount=1)["Instances"][0]["InstanceId"]
        other.get_waiter("instance_running").wait(InstanceIds=[instance_id], WaiterConfig=QUICK)
        other.terminate_instances(InstanceIds=[instance_id])
        for call, arguments in attempts[1:5] + attempts[6:7]:
            with self.subTest(call=call.__name__), self.refused("AuthFailure", 401):
                call(**arguments)
        with self.refused("InvalidRequest"):
            other.copy_image(SourceImageId=image_id, SourceRegion="us-east-1", Name="stolen")
        self.ec2.modify_image_attribute(ImageId=image_id, Attribute="launchPermission", OperationType="remove",
                                        UserIds=[SECOND])
        with self.refused("InvalidAMIID.NotFound"):
            self.image(image_id, other)
        self.ec2.modify_image_attribute(ImageId=image_id, LaunchPermission={"Add": [{"Group": "all"}]})
        self.assertTrue(self.image(image_id, other)["Public"])
        self.ec2.reset_image_attribute(**attribute)
        self.assertFalse(self.image(image_id)["Public"])
        with self.refused("InvalidAMIAttributeItemValue"):
            self.ec2.modify_image_attribute(ImageId=image_id, LaunchPermission={"Add": [{"UserId": "bob"}]})

    def test_attributes(self):
        image_id = self.make_image(Description="first words", BootMode="uefi")

        def read(name):
            return self.ec2.describe_image_attribute(ImageId=image_id, Attribute=name)

        self.assertEqual(read("description")["Description"], {"Value": "first words"})
        self.assertEqual(read("bootMode")["BootMode"], {"Value": "uefi"})
        self.assertEqual(len(read("blockDeviceMapping")["BlockDeviceMappings"]), 1)
        self.assertEqual(read("launchPermission")["LaunchPermissions"], [])
        self.assertEqual(read("productCodes")["ProductCodes"], [])
        self.ec2.modify_image_attribute(ImageId=image_id, Description={"Value": "second words"})
        self.assertEqual(self.image(image_id)["Description"], "second words")
        self.ec2.modify_image_attribute(ImageId=image_id, Attribute="description", Value="third words")
        self.assertEqual(self.image(image_id)["Description"], "third words")
        with self.refused("InvalidParameterCombination"):
            self.ec2.modify_image_attribute(ImageId=image_id, Description={"Value": "x"},
                                            LaunchPermission={"Add": [{"Group": "all"}]})
        with self.refused("InvalidParameterValue"):
            self.ec2.modify_image_attribute(ImageId=image_id, Attribute="kernel", Value="aki-1")

    def test_deprecation(self):
        other = self.client(account="second")
        image_id = self.make_image()
        self.ec2.modify_image_attribute(ImageId=image_id, LaunchPermission={"Add": [{"Group": "all"}]})
        at = (datetime.datetime.utcnow() + datetime.timedelta(days=30)).replace(second=0, microsecond=0)
        self.assertTrue(self.ec2.enable_image_deprecation(ImageId=image_id, DeprecateAt=at)["Return"])
        self.assertEqual(self.image(image_id, other)["DeprecationTime"], at.strftime("%Y-%m-%dT%H:%M:%S.000Z"))
        self.assertTrue(self.ec2.disable_image_deprecation(ImageId=image_id)["Return"])
        self.assertNotIn("DeprecationTime", self.image(image_id))
        with self.refused("InvalidParameterValue"):
            self.ec2.enable_image_deprecation(ImageId=image_id, DeprecateAt=at - datetime.timedelta(days=90))

    def test_disabling_protection_and_blocking(self):
        image_id = self.make_image()
        self.assertIn("<return>true</return>", self.raw("DisableImage", ImageId=image_id))
        self.assertEqual(self.ec2.describe_images(ImageIds=[image_id])["Images"], [])
        self.assertIn("<imageState>disabled</imageState>",
                      self.raw("DescribeImages", **{"ImageId.1": image_id, "IncludeDisabled": "true"}))
        with self.refused("InvalidAMIID.Unavailable"):
            self.ec2.run_instances(ImageId=image_id, InstanceType="t3.micro", MinCount=1, MaxCount=1)
        self.assertIn("<return>true</return>", self.raw("EnableImage", ImageId=image_id))
        self.assertEqual(self.image(image_id)["State"], "available")
        self.raw("EnableImageDeregistrationProtection", ImageId=image_id)
        with self.refused("OperationNotPermitted"):
            self.ec2.deregister_image(ImageId=image_id)
        self.raw("DisableImageDeregistrationProtection", ImageId=image_id)
        self.assertIn("<imageBlockPublicAccessState>unblocked<", self.raw("GetImageBlockPublicAccessState"))
        self.addCleanup(self.raw, "DisableImageBlockPublicAccess")
        self.raw("EnableImageBlockPublicAccess", ImageBlockPublicAccessState="block-new-sharing")
        with self.refused("OperationNotPermitted"):
            self.ec2.modify_image_attribute(ImageId=image_id, LaunchPermission={"Add": [{"Group": "all"}]})
        self.raw("DisableImageBlockPublicAccess")
        snapshot_id = self.image(image_id)["BlockDeviceMappings"][0]["Ebs"]["SnapshotId"]
        answer = self.raw("DeregisterImage", ImageId=image_id, DeleteAssociatedSnapshots="true")
        self.assertIn(f"<snapshotId>{snapshot_id}</snapshotId><returnCode>success</returnCode>", answer)
        with self.refused("InvalidSnapshot.NotFound"):
            self.snapshot(snapshot_id)

    def test_lists(self):
        image_id = self.make_image()
        owned = self.ec2.describe_images(Owners=["self"])["Images"]
        self.assertIn(image_id, [i["ImageId"] for i in owned])
        self.assertEqual({i["OwnerId"] for i in owned}, {FIRST})
        shipped = self.ec2.describe_images(Owners=["amazon"])["Images"]
        self.assertIn(IMAGE, [i["ImageId"] for i in shipped])
        self.assertNotIn(image_id, [i["ImageId"] for i in shipped])
        name = self.image(image_id)["Name"]
        for filters in ([{"Name": "name", "Values": [name]}], [{"Name": "image-id", "Values": [image_id]}],
                        [{"Name": "owner-id", "Values": [FIRST]}, {"Name": "name", "Values": [name[:-3] + "*"]}]):
            self.assertEqual([i["ImageId"] for i in self.ec2.describe_images(Filters=filters)["Images"]], [image_id])

    def test_what_packer_does(self):
        """amazon-ebs: launch, stop, create the image, wait, tag image and snapshots, terminate."""
        [instance_id] = self.launch()
        self.ec2.stop_instances(InstanceIds=[instance_id])
        self.wait("instance_stopped", [instance_id])
        image_id = self.ec2.create_image(InstanceId=instance_id, Name=self.name("packer"), BlockDeviceMappings=[])["ImageId"]
        self.addCleanup(self.quietly, self.ec2.deregister_image, ImageId=image_id)
        self.available(image_id)
        [image] = self.ec2.describe_images(ImageIds=[image_id])["Images"]
        snapshots = [m["Ebs"]["SnapshotId"] for m in image["BlockDeviceMappings"] if "Ebs" in m]
        self.ec2.create_tags(Resources=[image_id, *snapshots], Tags=[{"Key": "built-by", "Value": "packer"}])
        self.ec2.terminate_instances(InstanceIds=[instance_id])
        self.wait("instance_terminated", [instance_id])
        found = self.ec2.describe_images(Owners=["self"], Filters=[{"Name": "tag:built-by", "Values": ["packer"]}])["Images"]
        self.assertEqual([i["ImageId"] for i in found], [image_id])
        self.ec2.deregister_image(ImageId=image_id)
        for snapshot_id in snapshots:
            self.ec2.delete_snapshot(SnapshotId=snapshot_id)


class DiskTasks(DiskTest):
    def put(self, name, megabytes=1):
        path = self.daemon.data_dir / "imports" / name
        with open(path, "wb") as file:
            file.truncate(megabytes << 20)
        self.addCleanup(path.unlink, missing_ok=True)
        return name

    def task(self, task_id):
        return self.ec2.describe_import_image_tasks(ImportTaskIds=[task_id])["ImportImageTasks"][0]

    def snapshot_task(self, task_id):
        return self.ec2.describe_import_snapshot_tasks(ImportTaskIds=[task_id])["ImportSnapshotTasks"][0]

    def test_an_image_of_a_file(self):
        started = self.ec2.import_image(Description="the old server", BootMode="uefi",
                                        DiskContainers=[{"Format": "RAW", "Url": self.put("server.raw")}])
        task_id = started["ImportTaskId"]
        self.assertRegex(task_id, "^import-ami-[0-9a-f]{17}$")
        self.assertEqual(started["Status"], "active")
        self.until(lambda: self.task(task_id)["Status"] == "completed", f"import of {self.task(task_id)}")
        task = self.task(task_id)
        [detail] = task["SnapshotDetails"]
        self.assertEqual((detail["Format"], detail["Url"], detail["Status"]), ("RAW", "server.raw", "completed"))
        image = self.image(task["ImageId"])
        self.addCleanup(self.quietly, self.ec2.deregister_image, ImageId=image["ImageId"])
        self.assertEqual((image["Name"], image["State"], image["BootMode"], image["Description"]),
                         (task_id, "available", "uefi", "the old server"))
        [root] = image["BlockDeviceMappings"]
        self.assertEqual((root["Ebs"]["SnapshotId"], root["Ebs"]["VolumeSize"]), (detail["SnapshotId"], 1))
        with self.refused("IncorrectState"):
            self.ec2.cancel_import_task(ImportTaskId=task_id)
        self.launch(ImageId=image["ImageId"])

    def test_a_snapshot_of_a_file(self):
        """As Terraform's aws_ebs_snapshot_import waits for it."""
        task_id = self.ec2.import_snapshot(DiskContainer={"Format": "raw", "Url": self.put("data.img")}, Encrypted=True,
                                           Description="data")["ImportTaskId"]
        self.until(lambda: self.snapshot_task(task_id)["SnapshotTaskDetail"]["Status"] == "completed", "import")
        detail = self.snapshot_task(task_id)["SnapshotTaskDetail"]
        snapshot = self.snapshot(detail["SnapshotId"])
        self.addCleanup(self.quietly, self.ec2.delete_snapshot, SnapshotId=snapshot["SnapshotId"])
        self.assertEqual((snapshot["State"], snapshot["Encrypted"], snapshot["VolumeSize"], snapshot["VolumeId"]),
                         ("completed", True, 1, "vol-ffffffff"))

    def test_a_file_that_is_not_there(self):
        task_id = self.ec2.import_image(DiskContainers=[{"Format": "qcow2", "Url": "nobody.qcow2"}])["ImportTaskId"]
        self.until(lambda: self.task(task_id)["Status"] == "deleted", "the end of the task")
        self.assertIn("ClientError", self.task(task_id)["StatusMessage"])
        self.assertNotIn("ImageId", self.task(task_id))
        self.assertEqual(self.ec2.describe_images(Filters=[{"Name": "name", "Values": [task_id]}])["Images"], [])

    def test_refused_sources(self):
        for code, container in [("UnsupportedOperation", {"UserBucket": {"S3Bucket": "b", "S3Key": "k"}}),
                                ("UnsupportedOperation", {"Url": "s3://bucket/key"}),
                                ("OperationNotPermitted", {"Url": "https://example.org/disk.raw"}),
                                ("OperationNotPermitted", {"Url": "file:///etc/shadow"}),
                                ("InvalidParameterValue", {"Url": "/etc/shadow"}),
                                ("InvalidParameterValue", {"Url": "../store.db"}),
                                ("MissingParameter", {})]:
            with self.subTest(container=container), self.refused(code):
                self.ec2.import_image(DiskContainers=[{"Format": "raw", **container}])
        with self.refused("InvalidParameterValue"):
            self.ec2.import_image(DiskContainers=[{"Format": "vhdx", "Url": "disk.vhdx"}])
        other = self.client(account="second")
        task_id = self.ec2.import_snapshot(DiskContainer={"Url": self.put("mine.raw")})["ImportTaskId"]
        self.until(lambda: self.snapshot_task(task_id)["SnapshotTaskDetail"]["Status"] == "completed", "import")
        with self.refused("InvalidConversionTaskId"):
            other.describe_import_snapshot_tasks(ImportTaskIds=[task_id])
        with self.refused("InvalidConversionTaskId"):
            other.cancel_import_task(ImportTaskId=task_id)

    def test_an_export(self):
        image_id = self.make_image()
        started = self.ec2.export_image(ImageId=image_id, DiskImageFormat="RAW",
                                        S3ExportLocation={"S3Bucket": "backups", "S3Prefix": "2026/monday-"})
        task_id = started["ExportImageTaskId"]

        def task():
            return self.ec2.describe_export_image_tasks(ExportImageTaskIds=[task_id])["ExportImageTasks"][0]

        self.until(lambda: task()["Status"] == "completed", f"export of {task()}")
        self.assertEqual(task()["S3ExportLocation"], {"S3Bucket": "backups", "S3Prefix": "2026/monday-"})
        written = self.daemon.data_dir / "exports" / "backups" / "2026" / f"monday-{task_id}.raw"
        self.assertTrue(written.exists(), written)
        with self.refused("InvalidParameterValue"):
            self.ec2.export_image(ImageId=image_id, DiskImageFormat="RAW", S3ExportLocation={"S3Bucket": "../../etc"})
        with self.refused("InvalidExportTaskID.NotFound"):
            self.client(account="second").describe_export_image_tasks(ExportImageTaskIds=[task_id])

    def test_with_a_name_and_a_user(self):
        """The operation behind `pileus image import`."""
        made = self.daemon.pileus("ImportImage", file=self.put("stock.qcow2"), name=self.name("stock"), default_user="debian")
        self.until(lambda: self.task(made["task_id"])["Status"] == "completed", "import")
        image = self.image(made["image_id"])
        self.addCleanup(self.quietly, self.ec2.deregister_image, ImageId=made["image_id"])
        self.assertTrue(image["Name"].startswith("stock"))
        [instance_id] = self.launch(ImageId=made["image_id"])
        self.assertEqual(self.daemon.pileus("GetLogin", instance_id=instance_id)["user"], "debian")


class PublicParameters(DiskTest):
    def setUp(self):
        super().setUp()
        self.ssm = self.client("ssm")

    def test_the_image_of_a_name(self):
        name = "/aws/service/pileus/release/demo/latest/amd64"
        parameter = self.ssm.get_parameter(Name=name)["Parameter"]
        self.assertEqual((parameter["Value"], parameter["Type"], parameter["DataType"]), (IMAGE, "String", "aws:ec2:image"))
        self.assertEqual(parameter["ARN"], f"arn:aws:ssm:us-east-1::parameter{name}")
        answer = self.ssm.get_parameters(Names=[name, "/aws/service/nothing"])
        self.assertEqual([p["Value"] for p in answer["Parameters"]], [IMAGE])
        self.assertEqual(answer["InvalidParameters"], ["/aws/service/nothing"])
        pages = self.ssm.get_paginator("get_parameters_by_path").paginate(Path="/aws/service/pileus/", Recursive=True)
        self.assertIn(name, [p["Name"] for page in pages for p in page["Parameters"]])

    def test_what_is_not_here(self):
        for name in ("/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64", "mine"):
            with self.refused("ParameterNotFound"):
                self.ssm.get_parameter(Name=name)
        with self.refused("UnsupportedOperation"):
            self.ssm.put_parameter(Name="/mine", Value="x", Type="String")
