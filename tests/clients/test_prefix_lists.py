# SPDX-License-Identifier: Apache-2.0
"""Managed prefix lists and their versions, as boto3 sees them."""

from fixture import ClientTest


class PrefixLists(ClientTest):
    def make(self, cidrs, **options):
        options = {"PrefixListName": "office", "AddressFamily": "IPv4", "MaxEntries": 10, **options}
        made = self.ec2.create_managed_prefix_list(
            Entries=[{"Cidr": cidr, "Description": f"entry {cidr}"} for cidr in cidrs], **options)["PrefixList"]
        self.addCleanup(self.ec2.delete_managed_prefix_list, PrefixListId=made["PrefixListId"])
        return made

    def see(self, list_id):
        return self.ec2.describe_managed_prefix_lists(PrefixListIds=[list_id])["PrefixLists"][0]

    def cidrs(self, list_id, **options):
        entries = self.ec2.get_managed_prefix_list_entries(PrefixListId=list_id, **options)["Entries"]
        return [entry["Cidr"] for entry in entries]

    def test_create(self):
        made = self.make(["10.0.0.0/8"], TagSpecifications=[
            {"ResourceType": "prefix-list", "Tags": [{"Key": "Name", "Value": "o"}]}])
        self.assertEqual((made["State"], made["Version"], made["MaxEntries"]), ("create-in-progress", 1, 10))
        self.assertTrue(made["PrefixListArn"].endswith(":prefix-list/" + made["PrefixListId"]))
        seen = self.see(made["PrefixListId"])
        self.assertEqual((seen["State"], seen["Tags"]), ("create-complete", [{"Key": "Name", "Value": "o"}]))
        self.assertEqual(self.ec2.get_managed_prefix_list_entries(PrefixListId=made["PrefixListId"])["Entries"],
                         [{"Cidr": "10.0.0.0/8", "Description": "entry 10.0.0.0/8"}])
        with self.refused("PrefixListMaxEntriesExceeded"):
            self.make(["10.0.0.0/8", "11.0.0.0/8"], MaxEntries=1)
        for cidr in ("fd00::/8", "10.0.0.0", "x"):
            with self.subTest(cidr=cidr), self.refused("InvalidParameterValue"):
                self.make([cidr])

    def test_versions(self):
        list_id = self.make(["10.0.0.0/8"])["PrefixListId"]
        changed = self.ec2.modify_managed_prefix_list(
            PrefixListId=list_id, CurrentVersion=1, AddEntries=[{"Cidr": "11.0.0.0/8"}],
            RemoveEntries=[{"Cidr": "10.0.0.0/8"}])["PrefixList"]
        self.assertEqual((changed["State"], changed["Version"]), ("modify-in-progress", 2))
        self.assertEqual(self.see(list_id)["State"], "modify-complete")
        self.assertEqual(self.cidrs(list_id), ["11.0.0.0/8"])
        self.assertEqual(self.cidrs(list_id, TargetVersion=1), ["10.0.0.0/8"])
        with self.refused("PrefixListVersionMismatch"):
            self.ec2.modify_managed_prefix_list(PrefixListId=list_id, CurrentVersion=1,
                                                AddEntries=[{"Cidr": "12.0.0.0/8"}])
        self.ec2.restore_managed_prefix_list_version(PrefixListId=list_id, PreviousVersion=1, CurrentVersion=2)
        self.assertEqual(self.cidrs(list_id), ["10.0.0.0/8"])
        with self.refused("InvalidParameterCombination"):
            self.ec2.modify_managed_prefix_list(PrefixListId=list_id, CurrentVersion=3, MaxEntries=20,
                                                AddEntries=[{"Cidr": "12.0.0.0/8"}])
        self.assertEqual(self.ec2.modify_managed_prefix_list(PrefixListId=list_id, MaxEntries=20)
                         ["PrefixList"]["MaxEntries"], 20)

    def test_rules_that_name_it_keep_it(self):
        list_id = self.make(["10.0.0.0/8"])["PrefixListId"]
        group_id = self.ec2.create_security_group(GroupName="with-list", Description="x")["GroupId"]
        self.ec2.authorize_security_group_ingress(GroupId=group_id, IpPermissions=[
            {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "PrefixListIds": [{"PrefixListId": list_id}]}])
        associations = self.ec2.get_managed_prefix_list_associations(PrefixListId=list_id)["PrefixListAssociations"]
        self.assertEqual([a["ResourceId"] for a in associations], [group_id])
        with self.refused("DependencyViolation"):
            self.ec2.delete_managed_prefix_list(PrefixListId=list_id)
        self.ec2.delete_security_group(GroupId=group_id)

    def test_isolation(self):
        list_id = self.make(["10.0.0.0/8"])["PrefixListId"]
        for other in (self.client(account="second"), self.client(region="eu-west-1")):
            with self.refused("InvalidPrefixListID.NotFound"):
                other.get_managed_prefix_list_entries(PrefixListId=list_id)
            with self.refused("InvalidPrefixListID.NotFound"):
                other.delete_managed_prefix_list(PrefixListId=list_id)
