# SPDX-License-Identifier: Apache-2.0
"""A VPC of its own for each test, taken apart when the test ends."""

from botocore.exceptions import ClientError
from fixture import ClientTest


class VpcTest(ClientTest):
    def setUp(self):
        super().setUp()
        self.vpc_id = self.make_vpc("10.0.0.0/16")
        self.subnet_id = self.make_subnet(self.vpc_id, "10.0.1.0/24")

    def make_vpc(self, block, ec2=None, **options):
        ec2 = ec2 or self.ec2
        vpc_id = ec2.create_vpc(CidrBlock=block, **options)["Vpc"]["VpcId"]
        self.addCleanup(self.quietly, ec2.delete_vpc, VpcId=vpc_id)
        return vpc_id

    def make_subnet(self, vpc_id, block, zone="us-east-1a", ec2=None):
        ec2 = ec2 or self.ec2
        subnet_id = ec2.create_subnet(VpcId=vpc_id, CidrBlock=block, AvailabilityZone=zone)["Subnet"]["SubnetId"]
        self.addCleanup(self.quietly, ec2.delete_subnet, SubnetId=subnet_id)
        return subnet_id

    def make_gateway(self, vpc_id=None):
        gateway_id = self.ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
        self.addCleanup(self.quietly, self.ec2.delete_internet_gateway, InternetGatewayId=gateway_id)
        if vpc_id:
            self.ec2.attach_internet_gateway(InternetGatewayId=gateway_id, VpcId=vpc_id)
            self.addCleanup(self.quietly, self.ec2.detach_internet_gateway, InternetGatewayId=gateway_id, VpcId=vpc_id)
        return gateway_id

    def make_table(self, vpc_id=None):
        table_id = self.ec2.create_route_table(VpcId=vpc_id or self.vpc_id)["RouteTable"]["RouteTableId"]
        self.addCleanup(self.quietly, self.ec2.delete_route_table, RouteTableId=table_id)
        return table_id

    def make_interface(self, subnet_id=None, **options):
        interface = self.ec2.create_network_interface(SubnetId=subnet_id or self.subnet_id, **options)
        interface_id = interface["NetworkInterface"]["NetworkInterfaceId"]
        self.addCleanup(self.quietly, self.ec2.delete_network_interface, NetworkInterfaceId=interface_id)
        return interface_id

    @staticmethod
    def quietly(call, **arguments):
        try:
            call(**arguments)
        except ClientError:
            pass  # the test did it already

    @staticmethod
    def filters(**values):
        """filters(vpc_id=…) is Filters=[{"Name": "vpc-id", …}]"""
        return [{"Name": name.replace("_", "-"), "Values": [value]} for name, value in values.items()]
