# SPDX-License-Identifier: Apache-2.0
"""Peering connections between VPCs of one account, of two, and of two regions, as boto3 sees them."""

from vpc_fixture import VpcTest

OTHER_ACCOUNT = "444455556666"


class VpcPeeringConnections(VpcTest):
    def peer_vpc(self, cidr="10.1.0.0/16", **who):
        client = self.client(**who)
        vpc_id = client.create_vpc(CidrBlock=cidr)["Vpc"]["VpcId"]
        self.addCleanup(client.delete_vpc, VpcId=vpc_id)
        return client, vpc_id

    def ask(self, peer, **options):
        made = self.ec2.create_vpc_peering_connection(VpcId=self.vpc_id, PeerVpcId=peer, **options)
        return made["VpcPeeringConnection"]

    def see(self, peering_id):
        return self.ec2.describe_vpc_peering_connections(VpcPeeringConnectionIds=[peering_id])[
            "VpcPeeringConnections"][0]

    def test_of_one_account(self):
        client, peer = self.peer_vpc()
        made = self.ask(peer, TagSpecifications=[
            {"ResourceType": "vpc-peering-connection", "Tags": [{"Key": "Name", "Value": "p"}]}])
        peering_id = made["VpcPeeringConnectionId"]
        self.assertEqual(made["Status"]["Code"], "initiating-request")
        seen = self.see(peering_id)
        self.assertEqual(seen["Status"], {"Code": "pending-acceptance",
                                          "Message": f"Pending Acceptance by {seen['AccepterVpcInfo']['OwnerId']}"})
        self.assertIn("ExpirationTime", seen)
        accepted = client.accept_vpc_peering_connection(VpcPeeringConnectionId=peering_id)["VpcPeeringConnection"]
        self.assertEqual(accepted["Status"], {"Code": "active", "Message": "Active"})
        seen = self.see(peering_id)
        self.assertEqual(seen["AccepterVpcInfo"]["CidrBlockSet"], [{"CidrBlock": "10.1.0.0/16"}])
        self.assertFalse(seen["RequesterVpcInfo"]["PeeringOptions"]["AllowDnsResolutionFromRemoteVpc"])
        self.assertEqual(seen["Tags"], [{"Key": "Name", "Value": "p"}])
        with self.refused("InvalidStateTransition"):
            client.accept_vpc_peering_connection(VpcPeeringConnectionId=peering_id)
        with self.refused("VpcPeeringConnectionAlreadyExists"):
            self.ask(peer)
        self.assertTrue(self.ec2.delete_vpc_peering_connection(VpcPeeringConnectionId=peering_id)["Return"])
        self.assertEqual(self.see(peering_id)["Status"]["Code"], "deleted")

    def test_of_two_accounts(self):
        other, peer = self.peer_vpc(account="second")
        peering_id = self.ask(peer, PeerOwnerId=OTHER_ACCOUNT)["VpcPeeringConnectionId"]
        self.assertNotIn("CidrBlock", self.see(peering_id)["AccepterVpcInfo"])
        with self.refused("OperationNotPermitted"):
            self.ec2.accept_vpc_peering_connection(VpcPeeringConnectionId=peering_id)
        with self.refused("InvalidVpcPeeringConnectionID.NotFound"):
            self.client(account="second", region="eu-west-1").accept_vpc_peering_connection(
                VpcPeeringConnectionId=peering_id)
        other.accept_vpc_peering_connection(VpcPeeringConnectionId=peering_id)
        self.assertEqual(self.see(peering_id)["AccepterVpcInfo"]["CidrBlock"], "10.1.0.0/16")
        with self.refused("OperationNotPermitted"):
            self.ec2.modify_vpc_peering_connection_options(
                VpcPeeringConnectionId=peering_id,
                RequesterPeeringConnectionOptions={"AllowDnsResolutionFromRemoteVpc": True})
        for client, vpc_id in ((self.ec2, self.vpc_id), (other, peer)):
            client.modify_vpc_attribute(VpcId=vpc_id, EnableDnsHostnames={"Value": True})
        answer = self.ec2.modify_vpc_peering_connection_options(
            VpcPeeringConnectionId=peering_id,
            RequesterPeeringConnectionOptions={"AllowDnsResolutionFromRemoteVpc": True})
        self.assertTrue(answer["RequesterPeeringConnectionOptions"]["AllowDnsResolutionFromRemoteVpc"])
        other.delete_vpc_peering_connection(VpcPeeringConnectionId=peering_id)
        self.assertEqual(self.see(peering_id)["Status"]["Message"], f"Deleted by {OTHER_ACCOUNT}")

    def test_of_two_regions(self):
        there, peer = self.peer_vpc(region="eu-west-1")
        peering_id = self.ask(peer, PeerRegion="eu-west-1")["VpcPeeringConnectionId"]
        self.assertEqual(self.see(peering_id)["AccepterVpcInfo"]["Region"], "eu-west-1")
        there.accept_vpc_peering_connection(VpcPeeringConnectionId=peering_id)
        self.assertEqual(self.see(peering_id)["Status"]["Code"], "active")
        there.delete_vpc_peering_connection(VpcPeeringConnectionId=peering_id)

    def test_what_overlaps_fails_and_what_is_refused_is_rejected(self):
        other, peer = self.peer_vpc(account="second")
        _, same = self.peer_vpc(cidr="10.0.0.0/16", account="second")
        failed = self.ask(same, PeerOwnerId=OTHER_ACCOUNT)["VpcPeeringConnectionId"]
        missing = self.ask("vpc-0123456789abcdef0", PeerOwnerId=OTHER_ACCOUNT)["VpcPeeringConnectionId"]
        self.assertEqual(self.see(failed)["Status"], self.see(missing)["Status"], "nobody learns what is there")
        self.assertEqual(self.see(failed)["Status"]["Code"], "failed")
        with self.refused("InvalidStateTransition"):
            self.ec2.delete_vpc_peering_connection(VpcPeeringConnectionId=failed)
        asked = self.ask(peer, PeerOwnerId=OTHER_ACCOUNT)["VpcPeeringConnectionId"]
        other.reject_vpc_peering_connection(VpcPeeringConnectionId=asked)
        self.assertEqual(self.see(asked)["Status"]["Code"], "rejected")
