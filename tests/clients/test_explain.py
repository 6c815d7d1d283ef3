# SPDX-License-Identifier: Apache-2.0
"""`pileus explain packet`: what it says changes when its own command is carried out."""

import json
import shlex
import subprocess

from fixture import ClientTest
from support.pileus import PROGRAMS


class ExplainPacket(ClientTest):
    def setUp(self):
        super().setUp()
        self.first, self.second = self.launch(2)
        self.group = self.instance(self.first)["SecurityGroups"][0]["GroupId"]

    def explain(self, **arguments):
        return self.daemon.pileus("ExplainPacket", **{"protocol": "tcp", "port": 443, **arguments})

    def stop(self, answer):
        return next((hop for hop in answer["hops"] if not hop["passes"]), None)

    def closed_group(self):
        group = self.ec2.create_security_group(GroupName="closed", Description="d")["GroupId"]
        self.addCleanup(self.ec2.delete_security_group, GroupId=group)
        interface = self.instance(self.second)["NetworkInterfaces"][0]["NetworkInterfaceId"]
        self.ec2.modify_network_interface_attribute(NetworkInterfaceId=interface, Groups=[group])
        self.addCleanup(self.ec2.modify_network_interface_attribute, NetworkInterfaceId=interface, Groups=[self.group])
        return group

    def test_the_default_group_lets_its_members_pass(self):
        answer = self.explain(**{"from": self.first, "to": self.second})
        self.assertEqual((answer["arrives"], answer["answered"], self.stop(answer)), (True, True, None))
        self.assertIn("security-group-ingress", [hop["kind"] for hop in answer["hops"]])

    def test_its_command_opens_what_it_found_closed(self):
        group = self.closed_group()
        ends = {"from": self.first, "to": self.second}
        stop = self.stop(self.explain(**ends))
        self.assertEqual((stop["kind"], stop["id"]), ("security-group-ingress", group))
        words = shlex.split(stop["command"])
        self.assertEqual(words[0], "aws")
        self.daemon.aws(*words[1:])
        self.assertTrue(self.explain(**ends)["answered"])
        self.assertFalse(self.explain(**{**ends, "port": 444})["arrives"])

    def test_outside(self):
        answer = self.explain(**{"from": "outside", "to": self.first, "port": 22})
        stop = self.stop(answer)
        self.assertEqual(stop["kind"], "security-group-ingress", answer)
        self.assertIn("0.0.0.0", json.dumps(answer))

    def test_a_stopped_instance_gets_nothing(self):
        self.ec2.stop_instances(InstanceIds=[self.second])
        self.wait("instance_stopped", [self.second])
        stop = self.stop(self.explain(**{"from": self.first, "to": self.second}))
        self.assertIn(f"{self.second} is stopped", stop["text"])

    def test_bad_questions(self):
        for arguments, code in (({"from": "i-0123456789abcdef0", "to": self.first}, "InvalidInstanceID.NotFound"),
                                ({"from": "eni-0123456789abcdef0", "to": self.first}, "InvalidNetworkInterfaceID.NotFound"),
                                ({"from": "nonsense", "to": self.first}, "InvalidParameterValue"),
                                ({"from": self.first, "to": "outside"}, "InvalidParameterValue"),
                                ({"from": "outside", "to": "outside"}, "InvalidParameterCombination"),
                                ({"from": self.first, "to": self.second, "port": 70000}, "InvalidParameterValue"),
                                ({"from": self.first, "to": self.second, "protocol": "xyz"}, "InvalidParameterValue")):
            with self.subTest(arguments), self.assertRaises(RuntimeError) as caught:
                self.explain(**arguments)
            self.assertIn(code, str(caught.exception))

    def test_the_command_line(self):
        words = [PROGRAMS / "pileus", "--config", self.daemon.config, "--data-dir", self.daemon.data_dir, "--run-dir",
                 self.daemon.run_dir, "--port", str(self.daemon.port), "explain", "packet", "--from", self.first, "--to",
                 self.second, "--port", "443"]
        words = [str(word) for word in words]
        done = subprocess.run(words, capture_output=True, text=True, timeout=60)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("It passes, and so does what comes back.", done.stdout)
        self.closed_group()
        done = subprocess.run(words, capture_output=True, text=True, timeout=60)
        self.assertEqual(done.returncode, 2, done.stderr)
        self.assertIn("pileus aws ec2 authorize-security-group-ingress --group-id sg-", done.stdout)
        done = subprocess.run(words + ["--json"], capture_output=True, text=True, timeout=60)
        self.assertFalse(json.loads(done.stdout)["arrives"])
