# SPDX-License-Identifier: Apache-2.0
"""Elastic IP addresses through boto3."""

import concurrent.futures

from botocore.exceptions import ClientError
from fixture import ClientTest


class AddressTest(ClientTest):
    def allocate(self, **options):
        address = self.ec2.allocate_address(Domain="vpc", **options)
        self.addCleanup(self.give_back, address["AllocationId"])
        return address

    def give_back(self, allocation_id):
        for address in self.ec2.describe_addresses(
                Filters=[{"Name": "allocation-id", "Values": [allocation_id]}])["Addresses"]:
            if "AssociationId" in address:
                self.ec2.disassociate_address(AssociationId=address["AssociationId"])
            self.ec2.release_address(AllocationId=allocation_id)

    def address(self, allocation_id):
        return self.ec2.describe_addresses(AllocationIds=[allocation_id])["Addresses"][0]


class Life(AddressTest):
    def test_allocate_and_release(self):
        made = self.allocate(TagSpecifications=[{"ResourceType": "elastic-ip", "Tags": [{"Key": "k", "Value": "v"}]}])
        self.assertRegex(made["PublicIp"], r"^127\.64\.")
        self.assertRegex(made["AllocationId"], r"^eipalloc-[0-9a-f]{17}$")
        self.assertEqual((made["Domain"], made["PublicIpv4Pool"], made["NetworkBorderGroup"]),
                         ("vpc", "amazon", "us-east-1"))
        self.assertEqual(self.address(made["AllocationId"]),
                         {"InstanceId": "", "PublicIp": made["PublicIp"], "AllocationId": made["AllocationId"],
                          "Domain": "vpc", "PublicIpv4Pool": "amazon", "NetworkBorderGroup": "us-east-1",
                          "Tags": [{"Key": "k", "Value": "v"}]})
        self.ec2.release_address(AllocationId=made["AllocationId"])
        with self.refused("InvalidAllocationID.NotFound"):
            self.address(made["AllocationId"])
        with self.refused("InvalidAllocationID.NotFound"):
            self.ec2.release_address(AllocationId=made["AllocationId"])
        recovered = self.allocate(Address=made["PublicIp"])
        self.assertEqual(recovered["PublicIp"], made["PublicIp"])

    def test_tags_as_of_any_resource(self):
        allocation = self.allocate()["AllocationId"]
        self.ec2.create_tags(Resources=[allocation], Tags=[{"Key": "Name", "Value": "web"}])
        [tag] = self.ec2.describe_tags(Filters=[{"Name": "resource-type", "Values": ["elastic-ip"]}])["Tags"]
        self.assertEqual((tag["ResourceId"], tag["Value"]), (allocation, "web"))

    def test_quota(self):
        second = self.client(account="second", region="eu-west-1")
        made = [second.allocate_address()["AllocationId"] for _ in range(5)]
        with self.refused("AddressLimitExceeded"):
            second.allocate_address()
        for allocation_id in made:
            second.release_address(AllocationId=allocation_id)

    def test_quota_holds_when_many_ask_at_once(self):
        def allocate(_):
            try:
                return self.client(account="second", region="eu-west-1").allocate_address()
            except ClientError as error:
                return error.response["Error"]["Code"]
        with concurrent.futures.ThreadPoolExecutor(16) as pool:
            answers = list(pool.map(allocate, range(16)))
        made = [a for a in answers if isinstance(a, dict)]
        second = self.client(account="second", region="eu-west-1")
        for address in made:
            second.release_address(AllocationId=address["AllocationId"])
        self.assertEqual(len({a["PublicIp"] for a in made}), 5)
        self.assertEqual({a for a in answers if isinstance(a, str)}, {"AddressLimitExceeded"})

    def test_codes(self):
        mine = self.allocate()
        second = self.client(account="second")
        with self.refused("InvalidAllocationID.NotFound"):
            second.release_address(AllocationId=mine["AllocationId"])
        with self.refused("InvalidAddress.NotFound"):
            second.describe_addresses(PublicIps=[mine["PublicIp"]])
        with self.refused("AuthFailure", 401) as caught:
            second.release_address(PublicIp=mine["PublicIp"])
        self.assertIn("does not belong to you", str(caught.exception))
        with self.refused("DryRunOperation", 412):
            self.ec2.allocate_address(DryRun=True)
        with self.refused("InvalidAssociationID.NotFound"):
            self.ec2.disassociate_address(AssociationId="eipassoc-00000000000000000")
        with self.refused("MissingParameter"):
            self.ec2.associate_address(AllocationId=mine["AllocationId"])
        with self.refused("InvalidInstanceID.NotFound"):
            self.ec2.associate_address(AllocationId=mine["AllocationId"], InstanceId="i-00000000000000000")

    def test_reverse_names_are_refused_and_read_as_none(self):
        mine = self.allocate()
        answer = self.ec2.describe_addresses_attribute(AllocationIds=[mine["AllocationId"]], Attribute="domain-name")
        self.assertEqual(answer["Addresses"],
                         [{"PublicIp": mine["PublicIp"], "AllocationId": mine["AllocationId"]}])
        with self.refused("UnsupportedOperation"):
            self.ec2.modify_address_attribute(AllocationId=mine["AllocationId"], DomainName="www.example.com")
        self.ec2.reset_address_attribute(AllocationId=mine["AllocationId"], Attribute="domain-name")


class Associated(AddressTest):
    def test_instance_gives_its_own_address_back_and_gets_another(self):
        [instance_id] = self.launch()
        before = self.instance(instance_id)["PublicIpAddress"]
        made = self.allocate()
        association = self.ec2.associate_address(AllocationId=made["AllocationId"],
                                                 InstanceId=instance_id)["AssociationId"]
        seen = self.instance(instance_id)
        self.assertEqual(seen["PublicIpAddress"], made["PublicIp"])
        self.assertEqual(seen["NetworkInterfaces"][0]["Association"]["IpOwnerId"], "111122223333")
        interface_id = seen["NetworkInterfaces"][0]["NetworkInterfaceId"]
        address = self.address(made["AllocationId"])
        self.assertEqual((address["AssociationId"], address["InstanceId"], address["NetworkInterfaceId"],
                          address["PrivateIpAddress"], address["NetworkInterfaceOwnerId"]),
                         (association, instance_id, interface_id, seen["PrivateIpAddress"], "111122223333"))
        [interface] = self.ec2.describe_network_interfaces(
            Filters=[{"Name": "association.allocation-id", "Values": [made["AllocationId"]]}])["NetworkInterfaces"]
        self.assertEqual(interface["Association"]["AssociationId"], association)
        for name, value in (("allocation-id", made["AllocationId"]), ("association-id", association)):
            [found] = self.ec2.describe_instances(
                Filters=[{"Name": f"network-interface.association.{name}", "Values": [value]}])["Reservations"]
            self.assertEqual(found["Instances"][0]["InstanceId"], instance_id)
        again = self.ec2.associate_address(AllocationId=made["AllocationId"], InstanceId=instance_id)
        self.assertEqual(again["AssociationId"], association)
        with self.refused("InvalidIPAddress.InUse"):
            self.ec2.release_address(AllocationId=made["AllocationId"])

        self.ec2.disassociate_address(AssociationId=association)
        after = self.instance(instance_id)["PublicIpAddress"]
        self.assertNotIn(after, (before, made["PublicIp"]))

    def test_stays_over_a_stop_and_goes_free_with_the_instance(self):
        [instance_id] = self.launch()
        made = self.allocate()
        self.ec2.associate_address(AllocationId=made["AllocationId"], InstanceId=instance_id)
        self.ec2.stop_instances(InstanceIds=[instance_id])
        self.wait("instance_stopped", [instance_id])
        self.assertEqual(self.instance(instance_id)["PublicIpAddress"], made["PublicIp"])
        self.ec2.start_instances(InstanceIds=[instance_id])
        self.wait("instance_running", [instance_id])
        self.assertEqual(self.instance(instance_id)["PublicIpAddress"], made["PublicIp"])
        self.terminate([instance_id])
        self.assertNotIn("AssociationId", self.address(made["AllocationId"]))
        self.ec2.release_address(AllocationId=made["AllocationId"])

    def test_reassociation(self):
        first, second = self.launch(2)
        made = self.allocate()["AllocationId"]
        association = self.ec2.associate_address(AllocationId=made, InstanceId=first)["AssociationId"]
        with self.refused("Resource.AlreadyAssociated") as caught:
            self.ec2.associate_address(AllocationId=made, InstanceId=second, AllowReassociation=False)
        self.assertIn(f"resource {made} is already associated with associate-id {association}", str(caught.exception))
        moved = self.ec2.associate_address(AllocationId=made, InstanceId=second)["AssociationId"]
        self.assertNotEqual(moved, association)
        self.assertEqual(self.address(made)["InstanceId"], second)

    def test_vpc_without_internet_gateway(self):
        vpc_id = self.ec2.create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]
        self.addCleanup(self.ec2.delete_vpc, VpcId=vpc_id)
        subnet_id = self.ec2.create_subnet(VpcId=vpc_id, CidrBlock="10.9.1.0/24")["Subnet"]["SubnetId"]
        self.addCleanup(self.ec2.delete_subnet, SubnetId=subnet_id)
        interface = self.ec2.create_network_interface(SubnetId=subnet_id)["NetworkInterface"]
        self.addCleanup(self.ec2.delete_network_interface, NetworkInterfaceId=interface["NetworkInterfaceId"])
        self.assertNotIn("PrivateDnsName", interface)
        with self.refused("Gateway.NotAttached"):
            self.ec2.associate_address(AllocationId=self.allocate()["AllocationId"],
                                       NetworkInterfaceId=interface["NetworkInterfaceId"])


class OfNatGateway(AddressTest):
    def test_belongs_to_the_gateway_until_it_is_deleted(self):
        subnet_id = self.ec2.describe_subnets(
            Filters=[{"Name": "default-for-az", "Values": ["true"]}])["Subnets"][0]["SubnetId"]
        made = self.allocate()
        gateway_id = self.ec2.create_nat_gateway(
            SubnetId=subnet_id, AllocationId=made["AllocationId"])["NatGateway"]["NatGatewayId"]
        waiting = {"NatGatewayIds": [gateway_id], "WaiterConfig": {"Delay": 0.05, "MaxAttempts": 200}}
        self.ec2.get_waiter("nat_gateway_available").wait(**waiting)
        address = self.address(made["AllocationId"])
        with self.refused("OperationNotPermitted"):
            self.ec2.disassociate_address(AssociationId=address["AssociationId"])
        with self.refused("InvalidIPAddress.InUse"):
            self.ec2.release_address(AllocationId=made["AllocationId"])
        [interface] = self.ec2.describe_network_interfaces(
            Filters=[{"Name": "attachment.nat-gateway-id", "Values": [gateway_id]}])["NetworkInterfaces"]
        self.assertEqual((interface["InterfaceType"], interface["RequesterManaged"], interface["Status"]),
                         ("nat_gateway", True, "in-use"))
        self.assertEqual(interface["Association"]["PublicIp"], made["PublicIp"])
        self.assertEqual(interface["Attachment"]["InstanceOwnerId"], "amazon-aws")
        with self.refused("InvalidNetworkInterface.InUse"):
            self.ec2.delete_network_interface(NetworkInterfaceId=interface["NetworkInterfaceId"])
        self.ec2.delete_nat_gateway(NatGatewayId=gateway_id)
        self.ec2.get_waiter("nat_gateway_deleted").wait(**waiting)
        self.assertNotIn("AssociationId", self.address(made["AllocationId"]))
        [instance_id] = self.launch()
        self.ec2.associate_address(AllocationId=made["AllocationId"], InstanceId=instance_id)
