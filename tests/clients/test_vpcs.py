# SPDX-License-Identifier: Apache-2.0
"""VPCs, their blocks and attributes, the default VPC, and what is refused beside them, as boto3 sees them."""

from fixture import ClientTest
from vpc_fixture import VpcTest


class Vpcs(VpcTest):
    def vpc(self, vpc_id=None):
        return self.ec2.describe_vpcs(VpcIds=[vpc_id or self.vpc_id])["Vpcs"][0]

    def make(self, **options):
        vpc = self.ec2.create_vpc(**options)["Vpc"]
        self.addCleanup(self.ec2.delete_vpc, VpcId=vpc["VpcId"])
        return vpc

    def attribute(self, name):
        answer = self.ec2.describe_vpc_attribute(VpcId=self.vpc_id, Attribute=name)
        return answer[name[0].upper() + name[1:]]["Value"]

    def test_what_terraform_reads_is_there_at_once(self):
        vpc = self.make(CidrBlock="10.7.1.9/16", TagSpecifications=[
            {"ResourceType": "vpc", "Tags": [{"Key": "Name", "Value": "lab"}]}])
        self.assertEqual((vpc["CidrBlock"], vpc["State"], vpc["InstanceTenancy"], vpc["IsDefault"]),
                         ("10.7.0.0/16", "pending", "default", False))
        self.assertEqual(vpc["Tags"], [{"Key": "Name", "Value": "lab"}])
        self.assertEqual(self.vpc(vpc["VpcId"])["State"], "available")
        of_vpc = [{"Name": "vpc-id", "Values": [vpc["VpcId"]]}]
        self.ec2.get_waiter("vpc_available").wait(VpcIds=[vpc["VpcId"]])
        [acl] = self.ec2.describe_network_acls(Filters=of_vpc)["NetworkAcls"]
        self.assertTrue(acl["IsDefault"])
        [group] = self.ec2.describe_security_groups(Filters=of_vpc)["SecurityGroups"]
        self.assertEqual(group["GroupName"], "default")
        [table] = self.ec2.describe_route_tables(Filters=of_vpc)["RouteTables"]
        self.assertTrue(table["Associations"][0]["Main"])

    def test_refusals_of_create(self):
        cases = [({}, "MissingParameter"), ({"CidrBlock": "10.0.0.0"}, "InvalidParameterValue"),
                 ({"CidrBlock": "10.0.0.0/8"}, "InvalidVpc.Range"), ({"CidrBlock": "10.0.0.0/29"}, "InvalidVpc.Range"),
                 ({"CidrBlock": "169.254.0.0/16"}, "InvalidVpc.Range"),
                 ({"CidrBlock": "10.0.0.0/16", "InstanceTenancy": "host"}, "InvalidParameterValue"),
                 ({"CidrBlock": "10.0.0.0/16", "Ipv6Pool": "p", "Ipv6CidrBlock": "2001:db8::/56"},
                  "UnsupportedOperation")]
        for options, code in cases:
            with self.subTest(**options), self.refused(code):
                self.ec2.create_vpc(**options)
        with self.refused("DryRunOperation", 412):
            self.ec2.create_vpc(CidrBlock="10.0.0.0/16", DryRun=True)

    def test_quota(self):
        while len(self.ec2.describe_vpcs()["Vpcs"]) < 5:
            self.make(CidrBlock="10.99.0.0/16")
        with self.refused("VpcLimitExceeded") as caught:
            self.ec2.create_vpc(CidrBlock="10.99.0.0/16")
        self.assertEqual(caught.exception.response["Error"]["Message"], "The maximum number of VPCs has been reached.")

    def test_dependencies(self):
        subnet = self.ec2.create_subnet(VpcId=self.vpc_id, CidrBlock="10.0.200.0/24")["Subnet"]["SubnetId"]
        with self.refused("DependencyViolation") as caught:
            self.ec2.delete_vpc(VpcId=self.vpc_id)
        self.assertEqual(caught.exception.response["Error"]["Message"],
                         f"The vpc '{self.vpc_id}' has dependencies and cannot be deleted.")
        self.ec2.delete_subnet(SubnetId=subnet)
        with self.refused("InvalidVpcID.NotFound"):
            self.ec2.delete_vpc(VpcId="vpc-0123456789abcdef0")
        with self.refused("InvalidVpcID.NotFound"):
            self.client(account="second").delete_vpc(VpcId=self.vpc_id)

    def test_attributes(self):
        self.assertEqual([self.attribute(name) for name in
                          ("enableDnsSupport", "enableDnsHostnames", "enableNetworkAddressUsageMetrics")],
                         [True, False, False])
        self.ec2.modify_vpc_attribute(VpcId=self.vpc_id, EnableDnsHostnames={"Value": True})
        self.assertTrue(self.attribute("enableDnsHostnames"))
        with self.refused("InvalidParameterCombination"):
            self.ec2.modify_vpc_attribute(VpcId=self.vpc_id, EnableDnsHostnames={"Value": False},
                                          EnableDnsSupport={"Value": False})
        with self.refused("InvalidParameterValue"):
            self.ec2.describe_vpc_attribute(VpcId=self.vpc_id, Attribute="colour")

    def test_tenancy(self):
        vpc = self.make(CidrBlock="10.0.0.0/16", InstanceTenancy="dedicated")
        self.assertEqual(vpc["InstanceTenancy"], "dedicated")
        self.assertTrue(self.ec2.modify_vpc_tenancy(VpcId=vpc["VpcId"], InstanceTenancy="default")["ReturnValue"])
        self.assertEqual(self.vpc(vpc["VpcId"])["InstanceTenancy"], "default")

    def test_secondary_blocks(self):
        made = self.ec2.associate_vpc_cidr_block(VpcId=self.vpc_id, CidrBlock="100.64.0.0/16")["CidrBlockAssociation"]
        self.assertEqual(made["CidrBlockState"], {"State": "associating"})
        blocks = self.vpc()["CidrBlockAssociationSet"]
        self.assertEqual([b["CidrBlock"] for b in blocks], ["10.0.0.0/16", "100.64.0.0/16"])
        self.assertEqual({b["CidrBlockState"]["State"] for b in blocks}, {"associated"})
        for cidr in ("10.0.0.0/24", "172.16.0.0/16", "198.19.0.0/16"):
            with self.subTest(cidr=cidr), self.refused("InvalidVpc.Range"):
                self.ec2.associate_vpc_cidr_block(VpcId=self.vpc_id, CidrBlock=cidr)
        with self.refused("OperationNotPermitted"):
            self.ec2.disassociate_vpc_cidr_block(AssociationId=blocks[0]["AssociationId"])
        gone = self.ec2.disassociate_vpc_cidr_block(AssociationId=made["AssociationId"])
        self.assertEqual(gone["CidrBlockAssociation"]["CidrBlockState"], {"State": "disassociating"})
        with self.refused("InvalidVpcCidrBlockAssociationID.NotFound"):
            self.ec2.disassociate_vpc_cidr_block(AssociationId=made["AssociationId"])

    def test_ipv6_blocks(self):
        vpc = self.make(CidrBlock="10.0.0.0/16", AmazonProvidedIpv6CidrBlock=True)
        [block] = vpc["Ipv6CidrBlockAssociationSet"]
        self.assertEqual(block["Ipv6CidrBlockState"], {"State": "associating"})
        [block] = self.vpc(vpc["VpcId"])["Ipv6CidrBlockAssociationSet"]
        self.assertTrue(block["Ipv6CidrBlock"].endswith("/56"))
        self.assertEqual((block["Ipv6CidrBlockState"]["State"], block["NetworkBorderGroup"], block["Ipv6Pool"]),
                         ("associated", "us-east-1", "Amazon"))
        found = self.ec2.describe_vpcs(Filters=self.filters(
            **{"ipv6-cidr-block-association.ipv6-cidr-block": block["Ipv6CidrBlock"]}))["Vpcs"]
        self.assertEqual([v["VpcId"] for v in found], [vpc["VpcId"]])
        self.ec2.disassociate_vpc_cidr_block(AssociationId=block["AssociationId"])
        self.assertEqual(self.vpc(vpc["VpcId"])["Ipv6CidrBlockAssociationSet"], [])

    def test_what_is_not_there_says_so(self):
        self.assertEqual(self.ec2.describe_vpc_endpoints()["VpcEndpoints"], [])
        self.assertEqual(self.ec2.describe_flow_logs()["FlowLogs"], [])
        self.assertEqual(self.ec2.describe_prefix_lists()["PrefixLists"], [])
        refused = [lambda: self.ec2.create_vpc_endpoint(VpcId=self.vpc_id, ServiceName="com.amazonaws.us-east-1.s3"),
                   self.ec2.describe_vpc_endpoint_services,
                   lambda: self.ec2.create_flow_logs(ResourceIds=[self.vpc_id], ResourceType="VPC", TrafficType="ALL")]
        for call in refused:
            with self.refused("UnsupportedOperation") as caught:
                call()
            self.assertIn("not supported by Pileus: it offers no", caught.exception.response["Error"]["Message"])

    def test_account_attributes(self):
        [default] = self.ec2.describe_vpcs(Filters=self.filters(is_default="true"))["Vpcs"]
        attributes = {a["AttributeName"]: [v["AttributeValue"] for v in a["AttributeValues"]]
                      for a in self.ec2.describe_account_attributes()["AccountAttributes"]}
        self.assertEqual(attributes["default-vpc"], [default["VpcId"]])
        self.assertEqual(attributes["supported-platforms"], ["VPC"])
        self.assertEqual(attributes["vpc-max-elastic-ips"], ["5"])
        self.assertEqual(attributes["vpc-max-security-groups-per-interface"], ["5"])


class DefaultVpc(ClientTest):
    """In a region of its own: other tests launch into the default VPC."""

    def test_it_goes_and_comes_back(self):
        ec2 = self.client(account="second", region="eu-west-1")
        with self.refused("DefaultVpcAlreadyExists"):
            ec2.create_default_vpc()
        [vpc] = ec2.describe_vpcs()["Vpcs"]
        with self.refused("DefaultSubnetAlreadyExistsInAvailabilityZone"):
            ec2.create_default_subnet(AvailabilityZone="eu-west-1a")
        self.delete_default(ec2, vpc["VpcId"])
        self.assertEqual(ec2.describe_vpcs()["Vpcs"], [])
        attributes = ec2.describe_account_attributes(AttributeNames=["default-vpc"])["AccountAttributes"]
        self.assertEqual(attributes[0]["AttributeValues"], [{"AttributeValue": "none"}])
        with self.refused("DefaultVpcDoesNotExist"):
            ec2.create_default_subnet(AvailabilityZone="eu-west-1a")
        again = ec2.create_default_vpc()["Vpc"]
        self.assertTrue(again["IsDefault"])
        self.assertEqual(len(ec2.describe_subnets()["Subnets"]), 3)
        [gateway] = ec2.describe_internet_gateways()["InternetGateways"]
        self.assertEqual(gateway["Attachments"][0]["VpcId"], again["VpcId"])

    def delete_default(self, ec2, vpc_id):
        for subnet in ec2.describe_subnets()["Subnets"]:
            ec2.delete_subnet(SubnetId=subnet["SubnetId"])
        with self.refused("DependencyViolation"):
            ec2.delete_vpc(VpcId=vpc_id)
        for gateway in ec2.describe_internet_gateways()["InternetGateways"]:
            ec2.detach_internet_gateway(InternetGatewayId=gateway["InternetGatewayId"], VpcId=vpc_id)
            ec2.delete_internet_gateway(InternetGatewayId=gateway["InternetGatewayId"])
        ec2.delete_vpc(VpcId=vpc_id)
