# SPDX-License-Identifier: Apache-2.0
"""Subnets, their IPv6 blocks and attributes, as boto3 sees them."""

from vpc_fixture import VpcTest


class Subnets(VpcTest):
    def make(self, cidr, **options):
        subnet = self.ec2.create_subnet(VpcId=self.vpc_id, CidrBlock=cidr, **options)["Subnet"]
        self.addCleanup(self.ec2.delete_subnet, SubnetId=subnet["SubnetId"])
        return subnet

    def see(self, subnet_id):
        return self.ec2.describe_subnets(SubnetIds=[subnet_id])["Subnets"][0]

    def ipv6_block(self):
        made = self.ec2.associate_vpc_cidr_block(VpcId=self.vpc_id, AmazonProvidedIpv6CidrBlock=True)
        return made["Ipv6CidrBlockAssociation"]["Ipv6CidrBlock"].replace("/56", "/64")

    def test_create(self):
        subnet = self.make("10.0.60.0/24", AvailabilityZoneId="use1-az3", TagSpecifications=[
            {"ResourceType": "subnet", "Tags": [{"Key": "Name", "Value": "web"}]}])
        self.assertEqual((subnet["AvailabilityZone"], subnet["AvailableIpAddressCount"], subnet["State"],
                          subnet["MapPublicIpOnLaunch"], subnet["DefaultForAz"], subnet["AssignIpv6AddressOnCreation"]),
                         ("us-east-1c", 251, "available", False, False, False))
        self.assertEqual(subnet["SubnetArn"], f"arn:aws:ec2:us-east-1:{subnet['OwnerId']}:subnet/{subnet['SubnetId']}")
        self.assertEqual(subnet["Ipv6CidrBlockAssociationSet"], [])
        self.assertEqual(subnet["PrivateDnsNameOptionsOnLaunch"], {
            "HostnameType": "ip-name", "EnableResourceNameDnsARecord": False, "EnableResourceNameDnsAAAARecord": False})
        self.assertEqual(self.see(subnet["SubnetId"])["Tags"], [{"Key": "Name", "Value": "web"}])

    def test_refusals_of_create(self):
        self.make("10.0.61.0/24")
        cases = [("10.0.61.0/25", {}, "InvalidSubnet.Conflict"), ("10.1.0.0/24", {}, "InvalidSubnet.Range"),
                 ("10.0.62.0/29", {}, "InvalidSubnet.Range"), ("10.0.62.0", {}, "InvalidParameterValue"),
                 ("10.0.62.0/24", {"AvailabilityZone": "us-east-1z"}, "InvalidParameterValue"),
                 ("10.0.62.0/24", {"Ipv6Native": True}, "UnsupportedOperation"),
                 ("10.0.62.0/24", {"Ipv6CidrBlock": "2001:db8::/64"}, "InvalidSubnet.Range")]
        for cidr, options, code in cases:
            with self.subTest(cidr=cidr, **options), self.refused(code):
                self.ec2.create_subnet(VpcId=self.vpc_id, CidrBlock=cidr, **options)
        with self.refused("InvalidVpcID.NotFound"):
            self.ec2.create_subnet(VpcId="vpc-0123456789abcdef0", CidrBlock="10.0.0.0/24")
        with self.refused("DryRunOperation", 412):
            self.ec2.create_subnet(VpcId=self.vpc_id, CidrBlock="10.0.62.0/24", DryRun=True)

    def test_attributes(self):
        subnet_id = self.make("10.0.63.0/24")["SubnetId"]
        self.ec2.modify_subnet_attribute(SubnetId=subnet_id, MapPublicIpOnLaunch={"Value": True})
        self.assertTrue(self.see(subnet_id)["MapPublicIpOnLaunch"])
        with self.refused("InvalidParameterValue"):
            self.ec2.modify_subnet_attribute(SubnetId=subnet_id, AssignIpv6AddressOnCreation={"Value": True})
        for name, value in (("EnableDns64", {"Value": True}), ("PrivateDnsHostnameTypeOnLaunch", "resource-name"),
                            ("CustomerOwnedIpv4Pool", "pool"), ("EnableLniAtDeviceIndex", 1)):
            with self.subTest(attribute=name), self.refused("UnsupportedOperation") as caught:
                self.ec2.modify_subnet_attribute(SubnetId=subnet_id, **{name: value})
            self.assertIn(name, caught.exception.response["Error"]["Message"])

    def test_ipv6_block_comes_and_goes(self):
        block = self.ipv6_block()
        subnet_id = self.make("10.0.64.0/24")["SubnetId"]
        made = self.ec2.associate_subnet_cidr_block(SubnetId=subnet_id, Ipv6CidrBlock=block)["Ipv6CidrBlockAssociation"]
        self.assertEqual((made["Ipv6CidrBlock"], made["Ipv6CidrBlockState"]), (block, {"State": "associating"}))
        self.ec2.modify_subnet_attribute(SubnetId=subnet_id, AssignIpv6AddressOnCreation={"Value": True})
        subnet = self.see(subnet_id)
        self.assertTrue(subnet["AssignIpv6AddressOnCreation"])
        self.assertEqual(subnet["Ipv6CidrBlockAssociationSet"][0]["Ipv6CidrBlockState"]["State"], "associated")
        with self.refused("InvalidCidrBlock.InUse"):
            vpc = self.ec2.describe_vpcs(VpcIds=[self.vpc_id])["Vpcs"][0]
            self.ec2.disassociate_vpc_cidr_block(
                AssociationId=vpc["Ipv6CidrBlockAssociationSet"][0]["AssociationId"])
        self.ec2.disassociate_subnet_cidr_block(AssociationId=made["AssociationId"])
        self.assertEqual(self.see(subnet_id)["Ipv6CidrBlockAssociationSet"], [])
        with self.refused("InvalidSubnetCidrBlockAssociationID.NotFound"):
            self.ec2.disassociate_subnet_cidr_block(AssociationId=made["AssociationId"])

    def test_in_use_is_not_deleted(self):
        subnet_id = self.make("10.0.65.0/28")["SubnetId"]
        self.assertEqual(self.see(subnet_id)["AvailableIpAddressCount"], 11)
        [instance_id] = self.launch(SubnetId=subnet_id)
        self.assertEqual(self.see(subnet_id)["AvailableIpAddressCount"], 10)
        with self.refused("DependencyViolation") as caught:
            self.ec2.delete_subnet(SubnetId=subnet_id)
        self.assertEqual(caught.exception.response["Error"]["Message"],
                         f"The subnet '{subnet_id}' has dependencies and cannot be deleted.")
        self.assertEqual(self.instance(instance_id)["VpcId"], self.vpc_id)
        with self.refused("InvalidSubnetID.NotFound"):
            self.ec2.delete_subnet(SubnetId="subnet-0123456789abcdef0")
