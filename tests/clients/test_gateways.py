# SPDX-License-Identifier: Apache-2.0
"""Internet gateways, egress-only ones and NAT gateways, as boto3 sees them."""

import time

from vpc_fixture import VpcTest


class InternetGateways(VpcTest):
    def test_attach_and_detach(self):
        gateway_id = self.make_gateway()
        [gateway] = self.ec2.describe_internet_gateways(InternetGatewayIds=[gateway_id])["InternetGateways"]
        self.assertEqual(gateway["Attachments"], [])
        self.ec2.attach_internet_gateway(InternetGatewayId=gateway_id, VpcId=self.vpc_id)
        [gateway] = self.ec2.describe_internet_gateways(
            Filters=[{"Name": "attachment.vpc-id", "Values": [self.vpc_id]}])["InternetGateways"]
        self.assertEqual(gateway["Attachments"], [{"State": "available", "VpcId": self.vpc_id}])
        with self.refused("Resource.AlreadyAssociated"):
            self.ec2.attach_internet_gateway(InternetGatewayId=gateway_id, VpcId=self.vpc_id)
        with self.refused("InvalidParameterValue"):
            self.ec2.attach_internet_gateway(InternetGatewayId=self.make_gateway(), VpcId=self.vpc_id)
        with self.refused("DependencyViolation"):
            self.ec2.delete_internet_gateway(InternetGatewayId=gateway_id)
        with self.refused("DependencyViolation"):
            self.ec2.delete_vpc(VpcId=self.vpc_id)
        self.ec2.detach_internet_gateway(InternetGatewayId=gateway_id, VpcId=self.vpc_id)
        with self.refused("Gateway.NotAttached"):
            self.ec2.detach_internet_gateway(InternetGatewayId=gateway_id, VpcId=self.vpc_id)
        self.ec2.delete_internet_gateway(InternetGatewayId=gateway_id)
        with self.refused("InvalidInternetGatewayID.NotFound"):
            self.ec2.describe_internet_gateways(InternetGatewayIds=[gateway_id])

    def test_stays_while_public_addresses_are_mapped(self):
        gateway_id = self.make_gateway(self.vpc_id)
        interface_id = self.make_interface()
        address = self.ec2.allocate_address(Domain="vpc")["AllocationId"]
        self.addCleanup(self.ec2.release_address, AllocationId=address)
        association = self.ec2.associate_address(AllocationId=address, NetworkInterfaceId=interface_id)
        with self.refused("DependencyViolation") as caught:
            self.ec2.detach_internet_gateway(InternetGatewayId=gateway_id, VpcId=self.vpc_id)
        self.assertIn("has some mapped public address(es)", str(caught.exception))
        self.ec2.disassociate_address(AssociationId=association["AssociationId"])
        self.ec2.detach_internet_gateway(InternetGatewayId=gateway_id, VpcId=self.vpc_id)

    def test_the_limit(self):
        made = [g for g in self.ec2.describe_internet_gateways()["InternetGateways"]]
        for _ in range(5 - len(made)):
            self.make_gateway()
        with self.refused("InternetGatewayLimitExceeded"):
            self.ec2.create_internet_gateway()

    def test_egress_only(self):
        options = {"VpcId": self.vpc_id, "ClientToken": f"eigw-{self.vpc_id}", "TagSpecifications": [
            {"ResourceType": "egress-only-internet-gateway", "Tags": [{"Key": "a", "Value": self.vpc_id}]}]}
        made = self.ec2.create_egress_only_internet_gateway(**options)["EgressOnlyInternetGateway"]
        gateway_id = made["EgressOnlyInternetGatewayId"]
        self.assertEqual(made["Attachments"], [{"State": "attached", "VpcId": self.vpc_id}])
        again = self.ec2.create_egress_only_internet_gateway(**options)["EgressOnlyInternetGateway"]
        self.assertEqual(again["EgressOnlyInternetGatewayId"], gateway_id)
        table_id = self.make_table()
        with self.refused("InvalidParameterValue"):
            self.ec2.create_route(RouteTableId=table_id, DestinationCidrBlock="0.0.0.0/0",
                                  EgressOnlyInternetGatewayId=gateway_id)
        self.ec2.create_route(RouteTableId=table_id, DestinationIpv6CidrBlock="::/0",
                              EgressOnlyInternetGatewayId=gateway_id)
        [found] = self.ec2.describe_egress_only_internet_gateways(
            Filters=[{"Name": "tag:a", "Values": [self.vpc_id]}])["EgressOnlyInternetGateways"]
        self.assertEqual(found["EgressOnlyInternetGatewayId"], gateway_id)
        self.assertTrue(self.ec2.delete_egress_only_internet_gateway(
            EgressOnlyInternetGatewayId=gateway_id)["ReturnCode"])
        route = self.ec2.describe_route_tables(RouteTableIds=[table_id])["RouteTables"][0]["Routes"][-1]
        self.assertEqual((route["EgressOnlyInternetGatewayId"], route["State"]), (gateway_id, "blackhole"))
        with self.refused("InvalidGatewayID.NotFound"):
            self.ec2.delete_egress_only_internet_gateway(EgressOnlyInternetGatewayId=gateway_id)


class NatGateways(VpcTest):
    def allocate(self):
        allocation_id = self.ec2.allocate_address(Domain="vpc")["AllocationId"]
        self.addCleanup(self.quietly, self.ec2.release_address, AllocationId=allocation_id)
        return allocation_id

    def make(self, **options):
        gateway = self.ec2.create_nat_gateway(SubnetId=self.subnet_id, **options)["NatGateway"]
        self.addCleanup(self.remove, gateway["NatGatewayId"])
        return gateway

    def remove(self, gateway_id):
        self.ec2.delete_nat_gateway(NatGatewayId=gateway_id)
        self.wait_for(gateway_id, "deleted")

    def wait_for(self, gateway_id, *states):
        for _ in range(200):
            [gateway] = self.ec2.describe_nat_gateways(NatGatewayIds=[gateway_id])["NatGateways"]
            if gateway["State"] in states:
                return gateway
            time.sleep(0.05)
        self.fail(f"{gateway_id} is {gateway['State']}, not {states}")

    def test_a_public_one(self):
        self.make_gateway(self.vpc_id)
        allocation_id = self.allocate()
        made = self.make(AllocationId=allocation_id, PrivateIpAddress="10.0.1.77", ClientToken=f"n-{self.vpc_id}",
                         TagSpecifications=[{"ResourceType": "natgateway", "Tags": [{"Key": "Name", "Value": "out"}]}])
        self.assertEqual(made["State"], "pending")
        gateway = self.wait_for(made["NatGatewayId"], "available")
        self.assertEqual(gateway["ConnectivityType"], "public")
        self.assertEqual(gateway["Tags"], [{"Key": "Name", "Value": "out"}])
        [address] = gateway["NatGatewayAddresses"]
        self.assertEqual((address["AllocationId"], address["PrivateIp"]), (allocation_id, "10.0.1.77"))
        [interface] = self.ec2.describe_network_interfaces(
            NetworkInterfaceIds=[address["NetworkInterfaceId"]])["NetworkInterfaces"]
        self.assertEqual(interface["InterfaceType"], "nat_gateway")
        self.assertEqual(interface["Description"], f"Interface for NAT Gateway {gateway['NatGatewayId']}")
        with self.refused("DependencyViolation"):
            self.ec2.delete_subnet(SubnetId=self.subnet_id)

        table_id = self.make_table()
        self.ec2.create_route(RouteTableId=table_id, DestinationCidrBlock="0.0.0.0/0",
                              NatGatewayId=gateway["NatGatewayId"])
        self.remove(gateway["NatGatewayId"])
        gone = self.wait_for(gateway["NatGatewayId"], "deleted")
        self.assertIn("DeleteTime", gone)
        route = self.ec2.describe_route_tables(RouteTableIds=[table_id])["RouteTables"][0]["Routes"][-1]
        self.assertEqual((route["NatGatewayId"], route["State"]), (gateway["NatGatewayId"], "blackhole"))
        [address] = self.ec2.describe_addresses(AllocationIds=[allocation_id])["Addresses"]
        self.assertNotIn("AssociationId", address)

    def test_a_private_one(self):
        made = self.make(ConnectivityType="private")
        gateway = self.wait_for(made["NatGatewayId"], "available")
        self.assertEqual(gateway["ConnectivityType"], "private")
        self.assertNotIn("PublicIp", gateway["NatGatewayAddresses"][0])
        for name, value in [("state", "available"), ("subnet-id", self.subnet_id), ("vpc-id", self.vpc_id),
                            ("nat-gateway-id", made["NatGatewayId"])]:
            found = self.ec2.describe_nat_gateways(Filters=[{"Name": name, "Values": [value]}])["NatGateways"]
            self.assertIn(made["NatGatewayId"], [g["NatGatewayId"] for g in found], name)

    def test_failures_as_ec2_tells_them(self):
        allocation_id = self.allocate()
        without_way_out = self.make(AllocationId=allocation_id)
        failed = self.wait_for(without_way_out["NatGatewayId"], "failed")
        self.assertEqual((failed["FailureCode"], failed["FailureMessage"]),
                         ("Gateway.NotAttached", f"Network {self.vpc_id} has no Internet gateway attached"))
        self.make_gateway(self.vpc_id)
        self.wait_for(self.make(AllocationId=allocation_id)["NatGatewayId"], "available")
        failed = self.wait_for(self.make(AllocationId=allocation_id)["NatGatewayId"], "failed")
        self.assertEqual(failed["FailureCode"], "Resource.AlreadyAssociated")
        for code, options in [("InvalidElasticIpID.NotFound", {"AllocationId": "eipalloc-0123456789abcdef0"}),
                              ("MissingParameter", {}),
                              ("InvalidParameterCombination", {"AllocationId": allocation_id,
                                                               "ConnectivityType": "private"}),
                              ("InvalidParameterValue", {"ConnectivityType": "private",
                                                         "PrivateIpAddress": "192.0.2.1"})]:
            with self.subTest(code=code), self.refused(code):
                self.ec2.create_nat_gateway(SubnetId=self.subnet_id, **options)
        with self.refused("NatGatewayNotFound"):
            self.ec2.delete_nat_gateway(NatGatewayId="nat-0123456789abcdef0")
