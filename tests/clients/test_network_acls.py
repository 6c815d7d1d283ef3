# SPDX-License-Identifier: Apache-2.0
"""Network ACLs, their entries and which subnet has which, as boto3 sees them."""

from vpc_fixture import VpcTest


class NetworkAcls(VpcTest):
    def acl(self, acl_id):
        return self.ec2.describe_network_acls(NetworkAclIds=[acl_id])["NetworkAcls"][0]

    def default_acl(self, vpc_id=None):
        return self.ec2.describe_network_acls(Filters=[
            {"Name": "vpc-id", "Values": [vpc_id or self.vpc_id]}, {"Name": "default", "Values": ["true"]}])["NetworkAcls"][0]

    def make(self, vpc_id=None, **options):
        acl_id = self.ec2.create_network_acl(VpcId=vpc_id or self.vpc_id, **options)["NetworkAcl"]["NetworkAclId"]
        self.addCleanup(self.quietly, self.ec2.delete_network_acl, NetworkAclId=acl_id)
        return acl_id

    def entry(self, acl_id, number=100, **options):
        return {"NetworkAclId": acl_id, "RuleNumber": number, "Egress": False, "Protocol": "6", "RuleAction": "allow",
                "CidrBlock": "0.0.0.0/0", "PortRange": {"From": 22, "To": 22}, **options}

    @staticmethod
    def implied(egress, **block):
        number = 32767 if "CidrBlock" in block else 32768
        return {"Egress": egress, "Protocol": "-1", "RuleAction": "deny", "RuleNumber": number, **block}

    def test_the_default_one(self):
        acl = self.default_acl()
        everywhere = {"CidrBlock": "0.0.0.0/0"}
        self.assertEqual(acl["Entries"], [
            {"Egress": True, "Protocol": "-1", "RuleAction": "allow", "RuleNumber": 100, **everywhere},
            self.implied(True, **everywhere),
            {"Egress": False, "Protocol": "-1", "RuleAction": "allow", "RuleNumber": 100, **everywhere},
            self.implied(False, **everywhere)])
        self.assertEqual([a["SubnetId"] for a in acl["Associations"]], [self.subnet_id])
        with self.refused("InvalidParameterValue"):
            self.ec2.delete_network_acl(NetworkAclId=acl["NetworkAclId"])

    def test_ipv6_is_let_through_too(self):
        vpc_id = self.make_vpc("10.7.0.0/16", AmazonProvidedIpv6CidrBlock=True)
        entries = [(e["RuleNumber"], e.get("Ipv6CidrBlock")) for e in self.default_acl(vpc_id)["Entries"] if e["Egress"]]
        self.assertEqual(entries, [(100, None), (101, "::/0"), (32767, None), (32768, "::/0")])

    def test_a_new_one_denies(self):
        options = {"VpcId": self.vpc_id, "TagSpecifications": [
            {"ResourceType": "network-acl", "Tags": [{"Key": "a", "Value": "b"}]}]}
        made = self.ec2.create_network_acl(**options)["NetworkAcl"]
        self.assertEqual(made["Entries"], [self.implied(True, CidrBlock="0.0.0.0/0"),
                                           self.implied(False, CidrBlock="0.0.0.0/0")])
        self.assertEqual((made["IsDefault"], made["Associations"], made["Tags"]), (False, [], [{"Key": "a", "Value": "b"}]))
        self.ec2.delete_network_acl(NetworkAclId=made["NetworkAclId"])
        with self.refused("InvalidNetworkAclID.NotFound"):
            self.acl(made["NetworkAclId"])

    def test_entries(self):
        acl_id = self.make()
        self.ec2.create_network_acl_entry(**self.entry(acl_id))
        with self.refused("NetworkAclEntryAlreadyExists"):
            self.ec2.create_network_acl_entry(**self.entry(acl_id))
        ping = {"Protocol": "icmp", "IcmpTypeCode": {"Type": 8, "Code": -1}, "PortRange": {}, "Egress": True}
        self.ec2.create_network_acl_entry(**self.entry(acl_id, 110, **ping))
        [entry] = [e for e in self.acl(acl_id)["Entries"] if e["RuleNumber"] == 110]
        self.assertEqual((entry["Protocol"], entry["IcmpTypeCode"]), ("1", {"Type": 8, "Code": -1}))
        self.ec2.replace_network_acl_entry(**self.entry(acl_id, RuleAction="deny", PortRange={"From": 0, "To": 65535}))
        [entry] = [e for e in self.acl(acl_id)["Entries"] if e["RuleNumber"] == 100]
        self.assertEqual((entry["RuleAction"], entry["PortRange"]), ("deny", {"From": 0, "To": 65535}))
        with self.refused("InvalidNetworkAclEntry.NotFound"):
            self.ec2.replace_network_acl_entry(**self.entry(acl_id, 120))
        self.ec2.delete_network_acl_entry(NetworkAclId=acl_id, RuleNumber=100, Egress=False)
        with self.refused("InvalidNetworkAclEntry.NotFound"):
            self.ec2.delete_network_acl_entry(NetworkAclId=acl_id, RuleNumber=100, Egress=False)
        for code, options in [("InvalidParameterValue", {"CidrBlock": "0.0.0.0"}),
                              ("InvalidParameterValue", {"RuleNumber": 32767}),
                              ("InvalidParameterValue", {"Protocol": "tpc"}),
                              ("MissingParameter", {"PortRange": {}}),
                              ("InvalidParameterValue", {"PortRange": {"From": 2, "To": 1}}),
                              ("InvalidParameterCombination", {"Ipv6CidrBlock": "::/0"}),
                              ("InvalidNetworkAclID.NotFound", {"NetworkAclId": "acl-0123456789abcdef0"})]:
            with self.subTest(options=options), self.refused(code):
                self.ec2.create_network_acl_entry(**self.entry(acl_id, **options))

    def test_the_limit_of_entries(self):
        acl_id = self.make()
        for number in range(1, 21):
            self.ec2.create_network_acl_entry(**self.entry(acl_id, number))
        with self.refused("NetworkAclEntryLimitExceeded"):
            self.ec2.create_network_acl_entry(**self.entry(acl_id, 21))

    def test_replace_association(self):
        acl_id = self.make()
        [old] = self.default_acl()["Associations"]
        new = self.ec2.replace_network_acl_association(AssociationId=old["NetworkAclAssociationId"],
                                                       NetworkAclId=acl_id)["NewAssociationId"]
        [found] = self.ec2.describe_network_acls(
            Filters=[{"Name": "association.subnet-id", "Values": [self.subnet_id]}])["NetworkAcls"]
        self.assertEqual(found["NetworkAclId"], acl_id)
        self.assertEqual(found["Associations"][0]["NetworkAclAssociationId"], new)
        with self.refused("DependencyViolation"):
            self.ec2.delete_network_acl(NetworkAclId=acl_id)
        with self.refused("InvalidAssociationID.NotFound"):
            self.ec2.replace_network_acl_association(AssociationId=old["NetworkAclAssociationId"], NetworkAclId=acl_id)
        with self.refused("InvalidParameterValue"):
            self.ec2.replace_network_acl_association(AssociationId=new,
                                                     NetworkAclId=self.make(self.make_vpc("10.8.0.0/16")))
        self.ec2.delete_subnet(SubnetId=self.subnet_id)
        self.ec2.delete_network_acl(NetworkAclId=acl_id)

    def test_other_accounts_do_not_see_them(self):
        acl_id = self.make()
        other = self.client(account="second")
        for call, arguments in [(other.describe_network_acls, {"NetworkAclIds": [acl_id]}),
                                (other.delete_network_acl, {"NetworkAclId": acl_id}),
                                (other.create_network_acl_entry, self.entry(acl_id)),
                                (other.delete_network_acl_entry, {"NetworkAclId": acl_id, "RuleNumber": 1, "Egress": True})]:
            with self.subTest(call=call.__name__), self.refused("InvalidNetworkAclID.NotFound"):
                call(**arguments)
