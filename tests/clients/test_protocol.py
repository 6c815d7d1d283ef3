# SPDX-License-Identifier: Apache-2.0
"""What every operation has in common: unknown actions, unsupported operations, bad signatures, errors in EC2's form."""

import urllib.error
import urllib.request

import boto3
from botocore.exceptions import ClientError
from fixture import ClientTest


class Protocol(ClientTest):
    def test_every_operation_of_the_model_answers(self):
        """Every operation without required parameters: its answer, or UnsupportedOperation. Never a 5xx, never an empty success."""
        model = self.ec2.meta.service_model
        supported = 0
        for name in model.operation_names:
            shape = model.operation_model(name).input_shape
            if shape is not None and shape.required_members:
                continue
            method = boto3.session.botocore.xform_name(name)
            if not name.startswith(("Describe", "Get", "List")):
                continue
            with self.subTest(operation=name):
                try:
                    getattr(self.ec2, method)()
                    supported += 1
                except ClientError as error:
                    answer = error.response
                    self.assertEqual(answer["ResponseMetadata"]["HTTPStatusCode"], 400)
                    self.assertIn(answer["Error"]["Code"], ("UnsupportedOperation", "MissingParameter"))
                    self.assertIn(name if answer["Error"]["Code"] == "UnsupportedOperation" else "",
                                  answer["Error"]["Message"])
        self.assertGreater(supported, 15)

    def test_unsigned_and_badly_signed(self):
        for key, secret in (("AKIAFIRST00000000000", "wrong"), ("AKIANOBODY", "first-secret")):
            client = boto3.client("ec2", endpoint_url=self.daemon.endpoint, region_name="us-east-1",
                                  aws_access_key_id=key, aws_secret_access_key=secret)
            with self.refused("AuthFailure", 401):
                client.describe_vpcs()
        sts = boto3.client("sts", endpoint_url=self.daemon.endpoint, region_name="us-east-1",
                           aws_access_key_id="AKIAFIRST00000000000", aws_secret_access_key="wrong")
        with self.refused("SignatureDoesNotMatch", 403):
            sts.get_caller_identity()
        with self.assertRaises(urllib.error.HTTPError) as caught:
            urllib.request.urlopen(self.daemon.endpoint + "/?Action=DescribeVpcs&Version=2016-11-15")
        self.assertIn(caught.exception.code, (400, 401, 403))
        self.assertIn(b"<Response><Errors><Error><Code>", caught.exception.read())

    def test_presigned_request(self):
        url = self.ec2.generate_presigned_url("describe_vpcs", ExpiresIn=60, HttpMethod="GET")
        self.assertIn(b"<isDefault>true</isDefault>", urllib.request.urlopen(url).read())
        with self.assertRaises(urllib.error.HTTPError) as caught:
            urllib.request.urlopen(url.replace("DescribeVpcs", "DescribeTags"))
        self.assertEqual(caught.exception.code, 401)

    def test_malformed_parameters(self):
        cases = [
            ("Action=NoSuchAction", "InvalidAction"),
            ("", "MissingAction"),
            ("Action=RunInstances", "MissingParameter"),
            ("Action=DescribeVpcs&Colour=red", "UnknownParameter"),
            ("Action=RunInstances&ImageId=ami-1&MinCount=one&MaxCount=1", "InvalidParameterValue"),
            ("Action=DescribeVpcs&DryRun=perhaps", "InvalidParameterValue"),
        ]
        for query, code in cases:
            with self.subTest(query=query):
                status, body = self.signed_post(query)
                self.assertEqual(status, 400, body)
                self.assertIn(f"<Code>{code}</Code>", body)
