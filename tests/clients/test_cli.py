# SPDX-License-Identifier: Apache-2.0
"""Debian's AWS CLI."""

import json

from fixture import IMAGE, ClientTest


class AwsCli(ClientTest):
    def ask(self, *words):
        return json.loads(self.daemon.aws(*words).stdout or "null")

    def test_launch_wait_describe_terminate(self):
        launched = self.ask("ec2", "run-instances", "--image-id", IMAGE, "--instance-type", "t3.micro", "--tag-specifications",
                            "ResourceType=instance,Tags=[{Key=Name,Value=cli}]", "--user-data", "hello")
        instance_id = launched["Instances"][0]["InstanceId"]
        self.addCleanup(self.terminate, [instance_id])
        self.daemon.aws("ec2", "wait", "instance-running", "--instance-ids", instance_id)
        found = self.ask("ec2", "describe-instances", "--filters", "Name=tag:Name,Values=cli",
                         "--query", "Reservations[].Instances[].InstanceId")
        self.assertEqual(found, [instance_id])
        self.assertIn("emulated", self.daemon.aws(
            "ec2", "get-console-output", "--instance-id", instance_id, "--output", "text").stdout)

    def test_security_group_rules(self):
        group_id = self.ask("ec2", "create-security-group", "--group-name", "cli", "--description", "d")["GroupId"]
        self.addCleanup(self.ec2.delete_security_group, GroupId=group_id)
        self.ask("ec2", "authorize-security-group-ingress", "--group-id", group_id, "--protocol", "tcp", "--port", "22",
                 "--cidr", "0.0.0.0/0")
        again = self.daemon.aws("ec2", "authorize-security-group-ingress", "--group-id", group_id, "--protocol", "tcp",
                                "--port", "22", "--cidr", "0.0.0.0/0", check=False)
        self.assertIn("InvalidPermission.Duplicate", again.stderr)
        rules = self.ask("ec2", "describe-security-group-rules", "--filters", f"Name=group-id,Values={group_id}")
        self.assertEqual(sorted(rule["IsEgress"] for rule in rules["SecurityGroupRules"]), [False, True])

    def test_key_pair(self):
        material = self.daemon.aws("ec2", "create-key-pair", "--key-name", "cli", "--key-type", "ed25519", "--query",
                                   "KeyMaterial", "--output", "text").stdout
        self.addCleanup(self.ec2.delete_key_pair, KeyName="cli")
        self.assertTrue(material.startswith("-----BEGIN OPENSSH PRIVATE KEY-----\n"))
