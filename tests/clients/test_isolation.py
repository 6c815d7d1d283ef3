# SPDX-License-Identifier: Apache-2.0
"""Accounts and regions do not see each other: a foreign id is as good as none."""

from botocore.exceptions import ClientError
from fixture import IMAGE, ClientTest


class Isolation(ClientTest):
    def test_foreign_ids_are_not_found(self):
        [instance_id] = self.launch()
        group_id = self.instance(instance_id)["SecurityGroups"][0]["GroupId"]
        volume_id = self.instance(instance_id)["BlockDeviceMappings"][0]["Ebs"]["VolumeId"]
        for other in (self.client(account="second"), self.client(region="eu-west-1")):
            attempts = [
                (other.describe_instances, {"InstanceIds": [instance_id]}, "InvalidInstanceID.NotFound"),
                (other.stop_instances, {"InstanceIds": [instance_id]}, "InvalidInstanceID.NotFound"),
                (other.terminate_instances, {"InstanceIds": [instance_id]}, "InvalidInstanceID.NotFound"),
                (other.get_console_output, {"InstanceId": instance_id}, "InvalidInstanceID.NotFound"),
                (other.describe_instance_attribute, {"InstanceId": instance_id, "Attribute": "userData"},
                 "InvalidInstanceID.NotFound"),
                (other.create_tags, {"Resources": [instance_id], "Tags": [{"Key": "a", "Value": "b"}]},
                 "InvalidInstanceID.NotFound"),
                (other.describe_security_groups, {"GroupIds": [group_id]}, "InvalidGroup.NotFound"),
                (other.describe_volumes, {"VolumeIds": [volume_id]}, "InvalidVolume.NotFound"),
                (other.run_instances, {"ImageId": IMAGE, "InstanceType": "t3.micro", "MinCount": 1, "MaxCount": 1,
                                       "SecurityGroupIds": [group_id]}, None),
            ]
            for call, arguments, code in attempts:
                with self.subTest(call=call.__name__), self.assertRaises(ClientError) as caught:
                    call(**arguments)
                if code:
                    self.assertEqual(caught.exception.response["Error"]["Code"], code)
        self.assertEqual(self.instance(instance_id)["State"]["Name"], "running")

    def test_every_account_has_its_default_vpc_in_every_region(self):
        vpcs = set()
        for account in ("first", "second"):
            for region in ("us-east-1", "eu-west-1"):
                client = self.client(account=account, region=region)
                [vpc] = client.describe_vpcs(Filters=[{"Name": "isDefault", "Values": ["true"]}])["Vpcs"]
                self.assertEqual(vpc["CidrBlock"], "172.31.0.0/16")
                self.assertEqual(len(client.describe_subnets()["Subnets"]), 3)
                vpcs.add(vpc["VpcId"])
        self.assertEqual(len(vpcs), 4)

    def test_caller_identity(self):
        identity = self.client("sts", account="second").get_caller_identity()
        self.assertEqual(identity["Account"], "444455556666")
        self.assertEqual(identity["Arn"], "arn:aws:iam::444455556666:user/alice")
