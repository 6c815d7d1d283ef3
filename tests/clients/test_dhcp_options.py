# SPDX-License-Identifier: Apache-2.0
"""Sets of DHCP options, as boto3 sees them."""

from vpc_fixture import VpcTest


class DhcpOptions(VpcTest):
    def make(self, **values):
        made = self.ec2.create_dhcp_options(DhcpConfigurations=[
            {"Key": key.replace("_", "-"), "Values": value} for key, value in values.items()])["DhcpOptions"]
        return made["DhcpOptionsId"]

    def options_of_vpc(self):
        return self.ec2.describe_vpcs(VpcIds=[self.vpc_id])["Vpcs"][0]["DhcpOptionsId"]

    def test_a_new_vpc_has_the_regions_set(self):
        [options] = self.ec2.describe_dhcp_options(DhcpOptionsIds=[self.options_of_vpc()])["DhcpOptions"]
        self.assertEqual(options["DhcpConfigurations"], [
            {"Key": "domain-name", "Values": [{"Value": "ec2.internal"}]},
            {"Key": "domain-name-servers", "Values": [{"Value": "AmazonProvidedDNS"}]}])

    def test_from_creation_to_deletion(self):
        options_id = self.make(domain_name=["lab.example"], domain_name_servers=["10.0.0.9", "AmazonProvidedDNS"],
                               ntp_servers=["10.0.0.8"])
        found = self.ec2.describe_dhcp_options(Filters=self.filters(value="lab.*"))["DhcpOptions"]
        self.assertEqual([o["DhcpOptionsId"] for o in found], [options_id])
        self.ec2.associate_dhcp_options(DhcpOptionsId=options_id, VpcId=self.vpc_id)
        self.assertEqual(self.options_of_vpc(), options_id)
        with self.refused("DependencyViolation"):
            self.ec2.delete_dhcp_options(DhcpOptionsId=options_id)
        self.ec2.associate_dhcp_options(DhcpOptionsId="default", VpcId=self.vpc_id)
        self.assertEqual(self.options_of_vpc(), "default")
        with self.refused("DryRunOperation", 412):
            self.ec2.delete_dhcp_options(DhcpOptionsId=options_id, DryRun=True)
        self.ec2.delete_dhcp_options(DhcpOptionsId=options_id)
        with self.refused("InvalidDhcpOptionID.NotFound"):
            self.ec2.describe_dhcp_options(DhcpOptionsIds=[options_id])

    def test_refusals(self):
        for values in ({"colour": ["red"]}, {"domain_name_servers": ["x"]}, {"netbios_node_type": ["3"]}):
            with self.subTest(**values), self.refused("InvalidParameterValue"):
                self.make(**values)
        with self.refused("UnsupportedOperation"):
            self.make(ipv6_address_preferred_lease_time=["300"])
        with self.refused("InvalidDhcpOptionID.NotFound"):
            self.ec2.associate_dhcp_options(DhcpOptionsId="dopt-0123456789abcdef0", VpcId=self.vpc_id)
