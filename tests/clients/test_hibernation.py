# SPDX-License-Identifier: Apache-2.0
"""Hibernation, and copies of running instances."""

import subprocess

from fixture import IMAGE_WITH_AGENT, ClientTest
from support.pileus import PROGRAMS

ENCRYPTED_ROOT = [{"DeviceName": "/dev/xvda", "Ebs": {"Encrypted": True}}]


class Hibernation(ClientTest):
    def launch_hibernating(self):
        [instance_id] = self.launch(BlockDeviceMappings=ENCRYPTED_ROOT, HibernationOptions={"Configured": True})
        return instance_id

    def test_life(self):
        instance_id = self.launch_hibernating()
        self.assertEqual(self.instance(instance_id)["HibernationOptions"], {"Configured": True})
        private_ip = self.instance(instance_id)["PrivateIpAddress"]
        self.ec2.stop_instances(InstanceIds=[instance_id], Hibernate=True)
        self.wait("instance_stopped", [instance_id])
        stopped = self.instance(instance_id)
        self.assertEqual(stopped["StateReason"], {"Code": "Client.UserInitiatedHibernate",
                                                  "Message": "Client.UserInitiatedHibernate: User initiated hibernate"})
        self.assertRegex(stopped["StateTransitionReason"], r"User initiated \(.* GMT\)")
        with self.refused("IncorrectInstanceState"):
            self.ec2.modify_instance_attribute(InstanceId=instance_id, InstanceType={"Value": "t3.small"})
        with self.refused("IncorrectInstanceState"):
            self.ec2.detach_volume(VolumeId=stopped["BlockDeviceMappings"][0]["Ebs"]["VolumeId"])
        self.ec2.start_instances(InstanceIds=[instance_id])
        self.wait("instance_running", [instance_id])
        self.assertEqual(self.instance(instance_id)["PrivateIpAddress"], private_ip)

    def test_what_a_launch_needs(self):
        with self.refused("UnsupportedHibernationConfiguration") as caught:
            self.launch(HibernationOptions={"Configured": True})
        self.assertEqual(caught.exception.response["Error"]["Message"],
                         "For hibernation, the root device volume must be encrypted.")
        with self.refused("UnsupportedHibernationConfiguration"):
            self.launch(InstanceType="r6i.8xlarge", BlockDeviceMappings=ENCRYPTED_ROOT,
                        HibernationOptions={"Configured": True})

    def test_only_what_was_launched_for_it(self):
        [instance_id] = self.launch()
        self.assertEqual(self.instance(instance_id)["HibernationOptions"], {"Configured": False})
        with self.refused("UnsupportedHibernationConfiguration") as caught:
            self.ec2.stop_instances(InstanceIds=[instance_id], Hibernate=True)
        self.assertIn("was not configured at launch for hibernation: " + instance_id,
                      caught.exception.response["Error"]["Message"])
        with self.refused("InvalidParameterCombination"):
            self.ec2.stop_instances(InstanceIds=[instance_id], Hibernate=True, Force=True)

    def test_types_and_filter(self):
        [small, large] = [self.ec2.describe_instance_types(InstanceTypes=[name])["InstanceTypes"][0]
                          for name in ("t3.micro", "r6i.8xlarge")]
        self.assertEqual((small["HibernationSupported"], large["HibernationSupported"]), (True, False))
        instance_id = self.launch_hibernating()
        [other] = self.launch()
        found = {value: [i["InstanceId"] for r in self.ec2.describe_instances(
            InstanceIds=[instance_id, other], Filters=[{"Name": "hibernation-options.configured", "Values": [value]}],
        )["Reservations"] for i in r["Instances"]] for value in ("true", "false")}
        self.assertEqual(found, {"true": [instance_id], "false": [other]})


class Fork(ClientTest):
    def fork(self, instance_id, **arguments):
        answer = self.daemon.pileus("ForkInstance", instance_id=instance_id, **arguments)
        ids = [i["instance_id"] for i in answer["instances"]]
        self.addCleanup(self.terminate, ids)
        return ids

    def launch_source(self, **options):
        [instance_id] = self.launch(ImageId=IMAGE_WITH_AGENT, TagSpecifications=[
            {"ResourceType": "instance", "Tags": [{"Key": "Name", "Value": "source"}]}], **options)
        return instance_id

    def wait_for_volume(self, state, volume):
        self.ec2.get_waiter(f"volume_{state}").wait(VolumeIds=[volume["VolumeId"]],
                                                    WaiterConfig={"Delay": 0.05, "MaxAttempts": 200})

    def test_copies_run_as_instances_of_their_own(self):
        source = self.launch_source()
        volume = self.ec2.create_volume(AvailabilityZone=self.instance(source)["Placement"]["AvailabilityZone"], Size=3)
        self.wait_for_volume("available", volume)
        self.ec2.attach_volume(InstanceId=source, VolumeId=volume["VolumeId"], Device="/dev/sdf")
        self.wait_for_volume("in_use", volume)
        snapshots = self.ec2.describe_snapshots(OwnerIds=["self"])["Snapshots"]
        ids = self.fork(source, count=3)
        self.wait("instance_running", ids)
        copies = [self.instance(i) for i in [source, *ids]]
        self.assertEqual(len({c["PrivateIpAddress"] for c in copies}), 4)
        self.assertEqual(len({c["NetworkInterfaces"][0]["MacAddress"] for c in copies}), 4)
        for copy in copies[1:]:
            self.assertEqual({t["Key"]: t["Value"] for t in copy["Tags"]},
                             {"Name": "source", "pileus:forked-from": source})
            self.assertEqual([m["DeviceName"] for m in copy["BlockDeviceMappings"]], ["/dev/xvda", "/dev/sdf"])
        self.assertEqual(self.ec2.describe_snapshots(OwnerIds=["self"])["Snapshots"], snapshots)
        self.ec2.detach_volume(VolumeId=volume["VolumeId"])
        self.wait_for_volume("available", volume)
        self.ec2.delete_volume(VolumeId=volume["VolumeId"])

    def test_refusals(self):
        [plain] = self.launch()
        source = self.launch_source()
        for instance_id, arguments, why in [(plain, {}, "UnsupportedOperation"),
                                            (source, {"count": 0}, "InvalidParameterValue"),
                                            ("i-0123456789abcdef0", {}, "InvalidInstanceID.NotFound")]:
            with self.assertRaisesRegex(RuntimeError, why):
                self.fork(instance_id, **arguments)

    def test_token_makes_it_repeatable(self):
        source = self.launch_source()
        ids = self.fork(source, count=2, client_token="once")
        self.assertEqual(self.fork(source, count=2, client_token="once"), ids)
        with self.assertRaisesRegex(RuntimeError, "IdempotentParameterMismatch"):
            self.fork(source, count=3, client_token="once")

    def test_command(self):
        source = self.launch_source()
        daemon = self.daemon
        done = subprocess.run([PROGRAMS / "pileus", "--config", daemon.config, "--data-dir", daemon.data_dir, "--run-dir",
                               daemon.run_dir, "--port", str(daemon.port), "fork", source, "--count", "2"],
                              capture_output=True, text=True, timeout=60)
        ids = [word for word in done.stdout.split() if word.startswith("i-")]
        self.addCleanup(self.terminate, ids)
        self.assertEqual((done.returncode, len(ids), done.stdout.count("running")), (0, 2, 2), done.stderr)
