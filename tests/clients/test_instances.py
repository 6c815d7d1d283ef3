# SPDX-License-Identifier: Apache-2.0
"""The life of an instance through boto3."""

import base64
import concurrent.futures

from fixture import IMAGE, ClientTest


class Launch(ClientTest):
    def test_every_part_of_a_launch_is_in_the_answer(self):
        self.ec2.create_key_pair(KeyName="launch")
        self.addCleanup(self.ec2.delete_key_pair, KeyName="launch")
        [instance_id] = self.launch(
            KeyName="launch", PrivateIpAddress="172.31.0.77", UserData="#!/bin/sh\n", DisableApiTermination=True,
            InstanceInitiatedShutdownBehavior="terminate",
            BlockDeviceMappings=[{"DeviceName": "/dev/xvda", "Ebs": {"VolumeSize": 20, "DeleteOnTermination": False}}],
            MetadataOptions={"HttpTokens": "optional", "HttpPutResponseHopLimit": 3, "InstanceMetadataTags": "enabled"},
            TagSpecifications=[{"ResourceType": "instance", "Tags": [{"Key": "Name", "Value": "a<&>\"'é"}]},
                               {"ResourceType": "volume", "Tags": [{"Key": "of", "Value": "launch"}]}])
        instance = self.instance(instance_id)
        self.assertEqual(instance["PrivateIpAddress"], "172.31.0.77")
        self.assertEqual(instance["PrivateDnsName"], "ip-172-31-0-77.ec2.internal")
        self.assertEqual(instance["KeyName"], "launch")
        self.assertEqual(instance["Tags"], [{"Key": "Name", "Value": "a<&>\"'é"}])
        self.assertEqual(instance["MetadataOptions"]["HttpTokens"], "optional")
        self.assertEqual(instance["MetadataOptions"]["HttpPutResponseHopLimit"], 3)
        self.assertFalse(instance["BlockDeviceMappings"][0]["Ebs"]["DeleteOnTermination"])
        self.assertRegex(instance["PublicIpAddress"], r"^127\.64\.")
        volume_id = instance["BlockDeviceMappings"][0]["Ebs"]["VolumeId"]
        [volume] = self.ec2.describe_volumes(VolumeIds=[volume_id])["Volumes"]
        self.assertEqual((volume["Size"], volume["State"]), (20, "in-use"))
        self.assertEqual(volume["Tags"], [{"Key": "of", "Value": "launch"}])

        def attribute(name):
            answer = self.ec2.describe_instance_attribute(InstanceId=instance_id, Attribute=name)
            return answer[name[0].upper() + name[1:]]["Value"]
        self.assertEqual(attribute("instanceInitiatedShutdownBehavior"), "terminate")
        self.assertIs(attribute("disableApiTermination"), True)
        self.assertEqual(base64.b64decode(attribute("userData")), b"#!/bin/sh\n")

        with self.refused("OperationNotPermitted"):
            self.ec2.terminate_instances(InstanceIds=[instance_id])

    def test_same_client_token_launches_once(self):
        options = {"ImageId": IMAGE, "InstanceType": "t3.micro", "MinCount": 1, "MaxCount": 1, "ClientToken": "once"}
        with concurrent.futures.ThreadPoolExecutor(16) as pool:
            answers = list(pool.map(lambda _: self.client().run_instances(**options), range(32)))
        ids = {answer["Instances"][0]["InstanceId"] for answer in answers}
        self.addCleanup(self.terminate, list(ids))
        self.assertEqual(len(ids), 1)
        with self.refused("IdempotentParameterMismatch"):
            self.ec2.run_instances(**{**options, "InstanceType": "t3.small"})

    def test_dry_run_has_no_effect(self):
        before = self.ec2.describe_instances()["Reservations"]
        with self.refused("DryRunOperation", 412):
            self.ec2.run_instances(ImageId=IMAGE, InstanceType="t3.micro", MinCount=1, MaxCount=1, DryRun=True)
        self.assertEqual(len(self.ec2.describe_instances()["Reservations"]), len(before))

    def test_refusals(self):
        good = {"ImageId": IMAGE, "InstanceType": "t3.micro", "MinCount": 1, "MaxCount": 1}
        cases = [
            ({"ImageId": "ami-0000000000000000f"}, "InvalidAMIID.NotFound", 400),
            ({"ImageId": "nonsense"}, "InvalidAMIID.Malformed", 400),
            ({"InstanceType": "t9.huge"}, "InvalidParameterValue", 400),
            ({"InstanceType": "m5.24xlarge"}, "InsufficientInstanceCapacity", 500),
            ({"KeyName": "nobody's"}, "InvalidKeyPair.NotFound", 400),
            ({"SubnetId": "subnet-0000000000000000f"}, "InvalidSubnetID.NotFound", 400),
            ({"SecurityGroupIds": ["sg-0000000000000000f"]}, "InvalidGroup.NotFound", 400),
            ({"MinCount": 0, "MaxCount": 1}, "InvalidParameterValue", 400),
            ({"MinCount": 3, "MaxCount": 2}, "InvalidParameterValue", 400),
            ({"PrivateIpAddress": "10.9.9.9"}, "InvalidParameterValue", 400),
            ({"UserData": "x" * 16385}, "InvalidParameterValue", 400),
            ({"Placement": {"AvailabilityZone": "us-east-1x"}}, "InvalidParameterValue", 400),
            ({"BlockDeviceMappings": [{"DeviceName": "/dev/xvda", "Ebs": {"VolumeSize": 1}}]},
             "InvalidBlockDeviceMapping", 400),
            ({"IamInstanceProfile": {"Name": "role"}}, "UnsupportedOperation", 400),
            ({"HibernationOptions": {"Configured": True}}, "UnsupportedHibernationConfiguration", 400),
        ]
        for change, code, status in cases:
            with self.subTest(change=change), self.refused(code, status):
                self.ec2.run_instances(**{**good, **change})

    def test_explicit_defaults_of_terraform_are_taken(self):
        self.launch(EbsOptimized=False, Monitoring={"Enabled": False}, HibernationOptions={"Configured": False},
                    EnclaveOptions={"Enabled": False}, CreditSpecification={"CpuCredits": "standard"},
                    Placement={"AvailabilityZone": "us-east-1b", "Tenancy": "default"})

    def test_user_data_is_exact_to_the_byte(self):
        data = bytes(range(256)) * 64  # 16 KiB
        [instance_id] = self.launch(UserData=data)
        answer = self.ec2.describe_instance_attribute(InstanceId=instance_id, Attribute="userData")
        self.assertEqual(base64.b64decode(answer["UserData"]["Value"]), data)


class Life(ClientTest):
    def test_stop_start_reboot_terminate(self):
        [instance_id] = self.launch()
        address = self.instance(instance_id)["PublicIpAddress"]
        [change] = self.ec2.stop_instances(InstanceIds=[instance_id])["StoppingInstances"]
        self.assertEqual((change["PreviousState"]["Name"], change["CurrentState"]["Name"]), ("running", "stopping"))
        self.wait("instance_stopped", [instance_id])
        stopped = self.instance(instance_id)
        self.assertNotIn("PublicIpAddress", stopped)
        self.assertEqual(stopped["StateReason"]["Code"], "Client.UserInitiatedShutdown")
        self.assertRegex(stopped["StateTransitionReason"], r"^User initiated \(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d GMT\)$")
        with self.refused("IncorrectInstanceState"):
            self.ec2.reboot_instances(InstanceIds=[instance_id])

        self.ec2.modify_instance_attribute(InstanceId=instance_id, InstanceType={"Value": "t3.small"})
        self.ec2.start_instances(InstanceIds=[instance_id])
        self.wait("instance_running", [instance_id])
        started = self.instance(instance_id)
        self.assertEqual(started["InstanceType"], "t3.small")
        self.assertNotEqual(started["PublicIpAddress"], address)
        self.assertEqual(started["PrivateIpAddress"], stopped["PrivateIpAddress"])
        with self.refused("IncorrectInstanceState"):
            self.ec2.modify_instance_attribute(InstanceId=instance_id, InstanceType={"Value": "t3.micro"})
        self.ec2.reboot_instances(InstanceIds=[instance_id])
        self.assertEqual(self.instance(instance_id)["PublicIpAddress"], started["PublicIpAddress"])

        self.ec2.terminate_instances(InstanceIds=[instance_id])
        self.wait("instance_terminated", [instance_id])
        gone = self.instance(instance_id)
        self.assertEqual(gone["NetworkInterfaces"], [])
        self.assertEqual(gone["BlockDeviceMappings"], [])
        self.assertNotIn("VpcId", gone)
        # Again is no error, as on EC2.
        [change] = self.ec2.terminate_instances(InstanceIds=[instance_id])["TerminatingInstances"]
        self.assertEqual(change["CurrentState"]["Name"], "terminated")
        with self.refused("IncorrectInstanceState"):
            self.ec2.start_instances(InstanceIds=[instance_id])

    def test_stop_protection(self):
        [instance_id] = self.launch(DisableApiStop=True)
        with self.refused("OperationNotPermitted"):
            self.ec2.stop_instances(InstanceIds=[instance_id])
        self.ec2.modify_instance_attribute(InstanceId=instance_id, DisableApiStop={"Value": False})
        self.ec2.stop_instances(InstanceIds=[instance_id], Force=True)
        self.wait("instance_stopped", [instance_id])

    def test_one_protected_instance_saves_all_of_a_request(self):
        ids = self.launch(2)
        self.ec2.modify_instance_attribute(InstanceId=ids[1], DisableApiTermination={"Value": True})
        with self.refused("OperationNotPermitted"):
            self.ec2.terminate_instances(InstanceIds=ids)
        self.assertEqual(self.instance(ids[0])["State"]["Name"], "running")

    def test_one_attribute_at_a_time(self):
        [instance_id] = self.launch()
        with self.refused("InvalidParameterCombination"):
            self.ec2.modify_instance_attribute(InstanceId=instance_id, DisableApiStop={"Value": True},
                                               DisableApiTermination={"Value": True})
        with self.refused("InvalidParameterCombination"):
            self.ec2.modify_instance_attribute(InstanceId=instance_id)

    def test_emulation_says_so(self):
        [instance_id] = self.launch()
        self.assertEqual(self.instance(instance_id)["StateReason"]["Code"], "Server.Emulated")
        self.assertIn("emulated", self.ec2.get_console_output(InstanceId=instance_id)["Output"])
        self.ec2.get_waiter("instance_status_ok").wait(InstanceIds=[instance_id], WaiterConfig={"Delay": 0.05})

    def test_screen_of_a_running_instance(self):
        [instance_id] = self.launch()
        answer = self.ec2.get_console_screenshot(InstanceId=instance_id, WakeUp=True)
        self.assertEqual(answer["InstanceId"], instance_id)
        self.assertEqual(base64.b64decode(answer["ImageData"])[:3], b"\xff\xd8\xff")
        self.ec2.stop_instances(InstanceIds=[instance_id])
        with self.refused("IncorrectInstanceState"):
            self.ec2.get_console_screenshot(InstanceId=instance_id)


class Describe(ClientTest):
    def test_filters(self):
        [first] = self.launch(TagSpecifications=[{"ResourceType": "instance", "Tags": [
            {"Key": "Name", "Value": "filter-one"}, {"Key": "env", "Value": "prod"}]}])
        [second] = self.launch(InstanceType="t3.small", TagSpecifications=[
            {"ResourceType": "instance", "Tags": [{"Key": "Name", "Value": "filter-two"}]}])

        def found(**filters):
            wanted = [{"Name": "tag:Name", "Values": ["filter-*"]}]
            wanted += [{"Name": name, "Values": values} for name, values in filters.items()]
            pages = self.ec2.get_paginator("describe_instances").paginate(Filters=wanted)
            return sorted(i["InstanceId"] for p in pages for r in p["Reservations"] for i in r["Instances"])
        both = sorted([first, second])
        cases = [
            ({}, both),
            ({"tag:Name": ["filter-one"]}, [first]),
            ({"tag:Name": ["filter-one", "filter-two"]}, both),
            ({"tag-key": ["env"]}, [first]),
            ({"instance-type": ["t3.small"]}, [second]),
            ({"instance-type": ["t3.*"]}, both),
            ({"instance-type": ["t3.m?cro"]}, [first]),
            ({"instance-state-name": ["running"]}, both),
            ({"instance-state-name": ["stopped"]}, []),
            ({"instance-state-code": ["16"]}, both),
            ({"private-ip-address": [self.instance(second)["PrivateIpAddress"]]}, [second]),
            ({"ip-address": [self.instance(first)["PublicIpAddress"]]}, [first]),
            ({"network-interface.mac-address": [self.instance(first)["NetworkInterfaces"][0]["MacAddress"]]}, [first]),
            ({"instance.group-name": ["default"]}, both),
            ({"block-device-mapping.device-name": ["/dev/xvda"]}, both),
            ({"instance-id": [first]}, [first]),
            ({"tag:Name": ["FILTER-ONE"]}, []),
        ]
        for filters, expected in cases:
            with self.subTest(filters=filters):
                self.assertEqual(found(**filters), expected)
        with self.refused("InvalidParameterValue"):
            self.ec2.describe_instances(Filters=[{"Name": "colour", "Values": ["red"]}])

    def test_pages(self):
        ids = set(self.launch(12))
        pages = list(self.ec2.get_paginator("describe_instances").paginate(
            Filters=[{"Name": "instance-state-name", "Values": ["running"]}], PaginationConfig={"PageSize": 5}))
        seen = [i["InstanceId"] for p in pages for r in p["Reservations"] for i in r["Instances"]]
        self.assertEqual(len(seen), len(set(seen)))
        self.assertLessEqual(ids, set(seen))
        self.assertTrue(all(sum(len(r["Instances"]) for r in p["Reservations"]) <= 5 for p in pages))
        with self.refused("InvalidParameterValue"):
            self.ec2.describe_instances(MaxResults=4)
        with self.refused("InvalidNextToken"):
            self.ec2.describe_instances(NextToken="forged", MaxResults=5)
        token = self.ec2.describe_instances(MaxResults=5)["NextToken"]
        with self.refused("InvalidNextToken"):
            self.client(account="second").describe_instances(NextToken=token, MaxResults=5)
        with self.refused("InvalidParameterCombination"):
            self.ec2.describe_instances(InstanceIds=[seen[0]], MaxResults=5)

    def test_unknown_ids_are_errors(self):
        [known] = self.launch()
        with self.refused("InvalidInstanceID.NotFound"):
            self.ec2.describe_instances(InstanceIds=[known, "i-0000000000000000f"])
        with self.refused("InvalidInstanceID.Malformed"):
            self.ec2.describe_instances(InstanceIds=["foobar"])

    def test_lists_are_there_even_when_empty(self):
        [instance_id] = self.launch()
        instance = self.instance(instance_id)
        for name in ("Tags", "ProductCodes", "SecurityGroups", "NetworkInterfaces", "BlockDeviceMappings"):
            self.assertIsInstance(instance[name], list, name)

    def test_status_shows_only_what_runs_unless_asked(self):
        [instance_id] = self.launch()
        self.ec2.stop_instances(InstanceIds=[instance_id])
        self.wait("instance_stopped", [instance_id])
        self.assertEqual(self.ec2.describe_instance_status(InstanceIds=[instance_id])["InstanceStatuses"], [])
        [status] = self.ec2.describe_instance_status(
            InstanceIds=[instance_id], IncludeAllInstances=True)["InstanceStatuses"]
        self.assertEqual(status["InstanceStatus"]["Status"], "not-applicable")
