# SPDX-License-Identifier: Apache-2.0
"""Security groups with every kind of peer, as boto3 sees them."""

from vpc_fixture import VpcTest


class SecurityGroups(VpcTest):
    def make(self, name="web", vpc_id=None, ec2=None):
        ec2 = ec2 or self.ec2
        group_id = ec2.create_security_group(GroupName=name, Description="a group",
                                             VpcId=vpc_id or self.vpc_id)["GroupId"]
        self.addCleanup(self.quietly, ec2.delete_security_group, GroupId=group_id)
        return group_id

    def group(self, group_id):
        return self.ec2.describe_security_groups(GroupIds=[group_id])["SecurityGroups"][0]

    def allow(self, group_id, ec2=None, **permission):
        permission = {"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, **permission}
        return (ec2 or self.ec2).authorize_security_group_ingress(
            GroupId=group_id, IpPermissions=[permission])["SecurityGroupRules"]

    def test_every_kind_of_rule(self):
        web, db = self.make("web"), self.make("db")
        list_id = self.ec2.create_managed_prefix_list(PrefixListName="offices", MaxEntries=3, AddressFamily="IPv4",
                                                      Entries=[{"Cidr": "192.0.2.0/24"}])["PrefixList"]["PrefixListId"]
        self.addCleanup(self.quietly, self.ec2.delete_managed_prefix_list, PrefixListId=list_id)
        cases = [
            ({"IpRanges": [{"CidrIp": "203.0.113.7/24", "Description": "office"}]},
             {"CidrIpv4": "203.0.113.0/24", "Description": "office", "FromPort": 443}),
            ({"Ipv6Ranges": [{"CidrIpv6": "2001:DB8::1/32"}]}, {"CidrIpv6": "2001:db8::/32"}),
            ({"PrefixListIds": [{"PrefixListId": list_id}]}, {"PrefixListId": list_id}),
            ({"UserIdGroupPairs": [{"GroupId": db}]},
             {"ReferencedGroupInfo": {"GroupId": db, "UserId": "111122223333"}}),
            ({"IpProtocol": "icmp", "FromPort": 8, "ToPort": -1, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]},
             {"IpProtocol": "icmp", "FromPort": 8, "ToPort": -1}),
            ({"IpProtocol": "58", "FromPort": -1, "ToPort": -1, "Ipv6Ranges": [{"CidrIpv6": "::/0"}]},
             {"IpProtocol": "icmpv6", "FromPort": -1}),
            ({"IpProtocol": "50", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}, {"IpProtocol": "50"}),
            ({"IpProtocol": "-1", "IpRanges": [{"CidrIp": "10.0.0.0/8"}]}, {"IpProtocol": "-1", "FromPort": -1}),
        ]
        for permission, expected in cases:
            with self.subTest(expected=expected):
                [rule] = self.allow(web, **permission)
                self.assertEqual({name: rule.get(name) for name in expected}, expected)
                with self.refused("InvalidPermission.Duplicate"):
                    self.allow(web, **permission)
        rules = self.ec2.describe_security_group_rules(Filters=self.filters(group_id=web))["SecurityGroupRules"]
        self.assertEqual(len([r for r in rules if not r["IsEgress"]]), len(cases))
        with self.refused("DependencyViolation"):
            self.ec2.delete_security_group(GroupId=db)
        with self.refused("InvalidPrefixListID.NotFound"):
            self.allow(web, PrefixListIds=[{"PrefixListId": "pl-0123456789abcdef0"}])

    def test_a_prefix_list_counts_for_all_its_entries(self):
        web = self.make()
        list_id = self.ec2.create_managed_prefix_list(PrefixListName="large", MaxEntries=60,
                                                      AddressFamily="IPv4")["PrefixList"]["PrefixListId"]
        self.addCleanup(self.quietly, self.ec2.delete_managed_prefix_list, PrefixListId=list_id)
        self.allow(web, PrefixListIds=[{"PrefixListId": list_id}])
        with self.refused("RulesPerSecurityGroupLimitExceeded"):
            self.allow(web, IpRanges=[{"CidrIp": "192.0.2.0/24"}])
        self.ec2.delete_security_group(GroupId=web)

    def test_modify_and_describe_rules_by_id(self):
        web = self.make()
        [rule] = self.allow(web, IpRanges=[{"CidrIp": "192.0.2.0/24"}])
        rule_id = rule["SecurityGroupRuleId"]
        self.ec2.modify_security_group_rules(GroupId=web, SecurityGroupRules=[
            {"SecurityGroupRuleId": rule_id, "SecurityGroupRule": {
                "IpProtocol": "udp", "FromPort": 53, "ToPort": 53, "CidrIpv6": "::/0", "Description": "names"}}])
        [rule] = self.ec2.describe_security_group_rules(SecurityGroupRuleIds=[rule_id])["SecurityGroupRules"]
        self.assertEqual((rule["IpProtocol"], rule["CidrIpv6"], rule["Description"], rule.get("CidrIpv4")),
                         ("udp", "::/0", "names", None))
        self.ec2.update_security_group_rule_descriptions_ingress(GroupId=web, SecurityGroupRuleDescriptions=[
            {"SecurityGroupRuleId": rule_id, "Description": "other"}])
        self.ec2.create_tags(Resources=[rule_id], Tags=[{"Key": "a", "Value": web}])
        [rule] = self.ec2.describe_security_group_rules(
            Filters=[{"Name": "tag:a", "Values": [web]}])["SecurityGroupRules"]
        self.assertEqual(rule["Description"], "other")
        self.ec2.revoke_security_group_ingress(GroupId=web, SecurityGroupRuleIds=[rule_id])
        with self.refused("InvalidSecurityGroupRuleId.NotFound"):
            self.ec2.revoke_security_group_ingress(GroupId=web, SecurityGroupRuleIds=[rule_id])
        with self.refused("InvalidPermission.NotFound"):
            self.ec2.revoke_security_group_ingress(GroupId=web, IpPermissions=[
                {"IpProtocol": "tcp", "FromPort": 1, "ToPort": 1, "IpRanges": [{"CidrIp": "192.0.2.0/24"}]}])

    def test_groups_across_a_peering(self):
        other = self.client(account="second")
        peer_vpc = self.make_vpc("10.9.0.0/16", other)
        web, peer = self.make(), self.make("peer", peer_vpc, other)
        pair = {"UserIdGroupPairs": [{"GroupId": peer, "UserId": "444455556666"}]}
        with self.refused("InvalidGroup.NotFound"):
            self.allow(web, **pair)
        peering_id = self.ec2.create_vpc_peering_connection(
            VpcId=self.vpc_id, PeerVpcId=peer_vpc,
            PeerOwnerId="444455556666")["VpcPeeringConnection"]["VpcPeeringConnectionId"]
        self.addCleanup(self.quietly, self.ec2.delete_vpc_peering_connection, VpcPeeringConnectionId=peering_id)
        other.accept_vpc_peering_connection(VpcPeeringConnectionId=peering_id)
        self.allow(web, **pair)
        [shown] = self.group(web)["IpPermissions"][0]["UserIdGroupPairs"]
        self.assertEqual(shown, {"GroupId": peer, "UserId": "444455556666", "VpcId": peer_vpc,
                                 "VpcPeeringConnectionId": peering_id, "PeeringStatus": "active"})
        [use] = other.describe_security_group_references(GroupId=[peer])["SecurityGroupReferenceSet"]
        self.assertEqual(use, {"GroupId": peer, "ReferencingVpcId": self.vpc_id, "VpcPeeringConnectionId": peering_id})
        self.assertEqual(self.ec2.describe_stale_security_groups(VpcId=self.vpc_id)["StaleSecurityGroupSet"], [])
        self.ec2.delete_vpc_peering_connection(VpcPeeringConnectionId=peering_id)
        [stale] = self.ec2.describe_stale_security_groups(VpcId=self.vpc_id)["StaleSecurityGroupSet"]
        self.assertEqual(stale["GroupId"], web)
        [permission] = stale["StaleIpPermissions"]
        self.assertEqual(permission["UserIdGroupPairs"][0]["PeeringStatus"], "deleted")
        self.ec2.revoke_security_group_ingress(GroupId=web, IpPermissions=[
            {"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, **pair}])
        self.assertEqual(self.group(web)["IpPermissions"], [])
