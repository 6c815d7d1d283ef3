# SPDX-License-Identifier: Apache-2.0
"""Network interfaces through boto3: alone, plugged into instances, and as a launch asks for them."""

import concurrent.futures
import time

from botocore.exceptions import ClientError
from fixture import IMAGE, ClientTest


class InterfaceTest(ClientTest):
    def setUp(self):
        super().setUp()
        subnets = self.ec2.describe_subnets(Filters=[{"Name": "default-for-az", "Values": ["true"]}])["Subnets"]
        self.subnets = sorted(subnets, key=lambda s: s["AvailabilityZone"])
        self.subnet_id = self.subnets[0]["SubnetId"]
        self.prefix = self.subnets[0]["CidrBlock"].rsplit(".", 2)[0]

    def create(self, **options):
        interface = self.ec2.create_network_interface(**{"SubnetId": self.subnet_id, **options})["NetworkInterface"]
        self.addCleanup(self.forget, interface["NetworkInterfaceId"])
        return interface["NetworkInterfaceId"]

    def forget(self, interface_id):
        for _ in range(200):
            found = self.ec2.describe_network_interfaces(
                Filters=[{"Name": "network-interface-id", "Values": [interface_id]}])["NetworkInterfaces"]
            if not found:
                return
            if found[0]["Status"] == "available":
                self.ec2.delete_network_interface(NetworkInterfaceId=interface_id)
                return
            time.sleep(0.05)
        self.fail(f"{interface_id} is still in use")

    def interface(self, interface_id):
        return self.ec2.describe_network_interfaces(NetworkInterfaceIds=[interface_id])["NetworkInterfaces"][0]

    def until(self, interface_id, status):
        for _ in range(200):
            seen = self.interface(interface_id)
            if seen["Status"] == status:
                return seen
            time.sleep(0.05)
        self.fail(f"{interface_id} is {seen['Status']}, not {status}")


class Alone(InterfaceTest):
    def test_create_answers_with_everything(self):
        made = self.ec2.create_network_interface(
            SubnetId=self.subnet_id, Description="router", PrivateIpAddress=f"{self.prefix}.1.20",
            SecondaryPrivateIpAddressCount=2, ClientToken="once",
            TagSpecifications=[{"ResourceType": "network-interface", "Tags": [{"Key": "Name", "Value": "r"}]}])
        interface = made["NetworkInterface"]
        self.addCleanup(self.forget, interface["NetworkInterfaceId"])
        self.assertEqual(made["ClientToken"], "once")
        self.assertEqual(interface["Status"], "pending")
        self.assertEqual(interface["InterfaceType"], "interface")
        self.assertEqual(interface["TagSet"], [{"Key": "Name", "Value": "r"}])
        self.assertEqual([g["GroupName"] for g in interface["Groups"]], ["default"])
        self.assertEqual([a["Primary"] for a in interface["PrivateIpAddresses"]], [True, False, False])
        self.assertEqual(interface["Ipv6Addresses"], [])
        self.assertNotIn("Attachment", interface)
        seen = self.interface(interface["NetworkInterfaceId"])
        self.assertEqual((seen["Status"], seen["PrivateIpAddress"]), ("available", f"{self.prefix}.1.20"))
        self.assertFalse(seen["RequesterManaged"])
        with self.refused("IdempotentParameterMismatch"):
            self.ec2.create_network_interface(SubnetId=self.subnet_id, ClientToken="once")

    def test_codes(self):
        create = self.ec2.create_network_interface
        with self.refused("InvalidSubnetID.NotFound"):
            create(SubnetId="subnet-00000000000000000")
        with self.refused("UnsupportedOperation") as caught:
            create(SubnetId=self.subnet_id, InterfaceType="efa")
        self.assertIn("InterfaceType", str(caught.exception))
        with self.refused("UnsupportedOperation"):
            create(SubnetId=self.subnet_id, Ipv4PrefixCount=1)
        with self.refused("InvalidParameterValue"):
            create(SubnetId=self.subnet_id, PrivateIpAddress="10.255.0.1")
        with self.refused("DryRunOperation", 412):
            create(SubnetId=self.subnet_id, DryRun=True)
        with self.refused("InvalidNetworkInterfaceID.NotFound"):
            self.ec2.delete_network_interface(NetworkInterfaceId="eni-00000000000000000")
        with self.refused("InvalidNetworkInterfaceId.Malformed"):
            self.ec2.delete_network_interface(NetworkInterfaceId="eni-x")
        with self.refused("InvalidAttachmentID.NotFound"):
            self.ec2.detach_network_interface(AttachmentId="eni-attach-00000000000000000")
        mine = self.create()
        second = self.client(account="second")
        with self.refused("InvalidNetworkInterfaceID.NotFound"):
            second.delete_network_interface(NetworkInterfaceId=mine)

    def test_attributes(self):
        interface_id = self.create(Description="before")

        def attribute(name):
            return self.ec2.describe_network_interface_attribute(NetworkInterfaceId=interface_id, Attribute=name)

        def modify(**change):
            self.ec2.modify_network_interface_attribute(NetworkInterfaceId=interface_id, **change)
        modify(Description={"Value": "after"})
        modify(SourceDestCheck={"Value": False})
        self.assertEqual(attribute("description")["Description"], {"Value": "after"})
        self.assertEqual(attribute("sourceDestCheck")["SourceDestCheck"], {"Value": False})
        self.assertEqual(len(attribute("groupSet")["Groups"]), 1)
        self.assertNotIn("Attachment", attribute("attachment"))
        self.ec2.reset_network_interface_attribute(NetworkInterfaceId=interface_id, SourceDestCheck="true")
        self.assertEqual(attribute("sourceDestCheck")["SourceDestCheck"], {"Value": True})
        group = self.ec2.create_security_group(GroupName="of-interfaces", Description="x",
                                               VpcId=self.subnets[0]["VpcId"])["GroupId"]
        modify(Groups=[group])
        self.assertEqual(self.interface(interface_id)["Groups"][0]["GroupId"], group)
        with self.refused("DependencyViolation"):
            self.ec2.delete_security_group(GroupId=group)
        with self.refused("InvalidParameterCombination"):
            modify(Description={"Value": "x"}, SourceDestCheck={"Value": True})
        with self.refused("InvalidParameterCombination"):
            modify()
        self.ec2.delete_network_interface(NetworkInterfaceId=interface_id)
        self.ec2.delete_security_group(GroupId=group)

    def test_secondary_addresses(self):
        first, second = self.create(), self.create()
        wanted = f"{self.prefix}.2.40"
        assigned = self.ec2.assign_private_ip_addresses(NetworkInterfaceId=first, PrivateIpAddresses=[wanted])
        self.assertEqual(assigned["AssignedPrivateIpAddresses"], [{"PrivateIpAddress": wanted}])
        counted = self.ec2.assign_private_ip_addresses(NetworkInterfaceId=first, SecondaryPrivateIpAddressCount=2)
        self.assertEqual(len(counted["AssignedPrivateIpAddresses"]), 2)
        with self.refused("InvalidParameterValue"):
            self.ec2.assign_private_ip_addresses(NetworkInterfaceId=second, PrivateIpAddresses=[wanted])
        self.ec2.assign_private_ip_addresses(NetworkInterfaceId=second, PrivateIpAddresses=[wanted],
                                             AllowReassignment=True)
        self.assertEqual(len(self.interface(first)["PrivateIpAddresses"]), 3)
        self.assertEqual(self.interface(second)["PrivateIpAddresses"][1]["PrivateIpAddress"], wanted)
        self.ec2.unassign_private_ip_addresses(NetworkInterfaceId=second, PrivateIpAddresses=[wanted])
        self.assertEqual(len(self.interface(second)["PrivateIpAddresses"]), 1)
        with self.refused("InvalidParameterValue"):
            self.ec2.unassign_private_ip_addresses(NetworkInterfaceId=second, PrivateIpAddresses=[wanted])

    def test_one_of_many_gets_the_address(self):
        def create(_):
            try:
                return self.client().create_network_interface(
                    SubnetId=self.subnet_id, PrivateIpAddress=f"{self.prefix}.3.3")["NetworkInterface"]
            except ClientError as error:
                return error.response["Error"]["Code"]
        with concurrent.futures.ThreadPoolExecutor(16) as pool:
            answers = list(pool.map(create, range(16)))
        made = [a["NetworkInterfaceId"] for a in answers if isinstance(a, dict)]
        for interface_id in made:
            self.forget(interface_id)
        self.assertEqual(len(made), 1)
        self.assertEqual({a for a in answers if isinstance(a, str)}, {"InvalidIPAddress.InUse"})

    def test_pages_and_filters(self):
        ids = sorted(self.create(Description="paged") for _ in range(7))
        described = [{"Name": "description", "Values": ["paged"]}]
        pages = list(self.ec2.get_paginator("describe_network_interfaces").paginate(
            Filters=described, PaginationConfig={"PageSize": 5}))
        self.assertEqual([len(p["NetworkInterfaces"]) for p in pages], [5, 2])
        self.assertEqual([i["NetworkInterfaceId"] for p in pages for i in p["NetworkInterfaces"]], ids)
        with self.refused("InvalidParameterValue"):
            self.ec2.describe_network_interfaces(Filters=[{"Name": "nothing", "Values": ["x"]}])


class Attached(InterfaceTest):
    def test_comes_and_goes_with_a_running_instance(self):
        [instance_id] = self.launch()
        interface_id = self.create()
        attachment = self.ec2.attach_network_interface(
            NetworkInterfaceId=interface_id, InstanceId=instance_id, DeviceIndex=1)
        self.assertEqual(attachment["NetworkCardIndex"], 0)
        seen = self.until(interface_id, "in-use")
        self.assertEqual(seen["Attachment"]["Status"], "attached")
        self.assertEqual(seen["Attachment"]["AttachmentId"], attachment["AttachmentId"])
        self.assertFalse(seen["Attachment"]["DeleteOnTermination"])
        interfaces = self.instance(instance_id)["NetworkInterfaces"]
        self.assertEqual([i["Attachment"]["DeviceIndex"] for i in interfaces], [0, 1])
        with self.refused("InvalidNetworkInterface.InUse"):
            self.ec2.delete_network_interface(NetworkInterfaceId=interface_id)
        with self.refused("InvalidInstanceID"):
            self.ec2.modify_instance_attribute(InstanceId=instance_id, SourceDestCheck={"Value": False})
        with self.refused("AttachmentLimitExceeded"):
            self.ec2.attach_network_interface(NetworkInterfaceId=self.create(), InstanceId=instance_id, DeviceIndex=2)
        with self.refused("OperationNotPermitted"):
            self.ec2.detach_network_interface(AttachmentId=interfaces[0]["Attachment"]["AttachmentId"])
        self.ec2.detach_network_interface(AttachmentId=attachment["AttachmentId"])
        self.until(interface_id, "available")
        self.assertEqual(len(self.instance(instance_id)["NetworkInterfaces"]), 1)

    def test_other_zone_is_refused(self):
        [instance_id] = self.launch(SubnetId=self.subnet_id)
        with self.refused("InvalidParameterCombination"):
            self.ec2.attach_network_interface(NetworkInterfaceId=self.create(SubnetId=self.subnets[1]["SubnetId"]),
                                              InstanceId=instance_id, DeviceIndex=1)

    def test_termination_deletes_or_frees_by_the_flag(self):
        kept, deleted = self.create(), self.create()
        [instance_id] = self.launch(InstanceType="m5.large", SubnetId=self.subnet_id)
        for index, interface_id in enumerate((kept, deleted), 1):
            attachment = self.ec2.attach_network_interface(
                NetworkInterfaceId=interface_id, InstanceId=instance_id, DeviceIndex=index)["AttachmentId"]
            self.until(interface_id, "in-use")
        self.ec2.modify_network_interface_attribute(
            NetworkInterfaceId=deleted, Attachment={"AttachmentId": attachment, "DeleteOnTermination": True})
        self.terminate([instance_id])
        self.until(kept, "available")
        with self.refused("InvalidNetworkInterfaceID.NotFound"):
            self.interface(deleted)


class AtLaunch(InterfaceTest):
    def test_several_interfaces(self):
        existing = self.create()
        [instance_id] = self.launch(InstanceType="m5.large", NetworkInterfaces=[
            {"DeviceIndex": 0, "SubnetId": self.subnet_id, "SecondaryPrivateIpAddressCount": 1},
            {"DeviceIndex": 1, "SubnetId": self.subnet_id, "Description": "second", "DeleteOnTermination": False},
            {"DeviceIndex": 2, "NetworkInterfaceId": existing}])
        first, second, third = self.instance(instance_id)["NetworkInterfaces"]
        self.addCleanup(self.forget, second["NetworkInterfaceId"])
        self.assertEqual(len(first["PrivateIpAddresses"]), 2)
        self.assertTrue(first["Attachment"]["DeleteOnTermination"])
        self.assertEqual((second["Description"], second["Attachment"]["DeleteOnTermination"]), ("second", False))
        self.assertEqual(third["NetworkInterfaceId"], existing)
        self.assertNotIn("PublicIpAddress", self.instance(instance_id))
        self.terminate([instance_id])
        for interface_id in (second["NetworkInterfaceId"], existing):
            self.until(interface_id, "available")

    def test_codes(self):
        def run(*interfaces, **options):
            self.ec2.run_instances(**{"ImageId": IMAGE, "InstanceType": "t3.micro", "MinCount": 1, "MaxCount": 1,
                                      "NetworkInterfaces": list(interfaces), **options})
        with self.refused("InvalidParameterCombination"):
            run({"DeviceIndex": 0}, SubnetId=self.subnet_id)
        with self.refused("InvalidParameterCombination"):
            run({"DeviceIndex": 0, "AssociatePublicIpAddress": True}, {"DeviceIndex": 1})
        with self.refused("InvalidParameterValue"):
            run({"DeviceIndex": 0}, {"DeviceIndex": 0})
        with self.refused("AttachmentLimitExceeded"):
            run({"DeviceIndex": 0}, {"DeviceIndex": 1}, {"DeviceIndex": 2})
        with self.refused("PrivateIpAddressLimitExceeded"):
            run({"DeviceIndex": 0, "SecondaryPrivateIpAddressCount": 2})
        with self.refused("UnsupportedOperation") as caught:
            run({"DeviceIndex": 0, "InterfaceType": "efa"})
        self.assertIn("InterfaceType", str(caught.exception))


class Ipv6(InterfaceTest):
    def setUp(self):
        super().setUp()
        vpc_id = self.ec2.create_vpc(CidrBlock="10.66.0.0/16", AmazonProvidedIpv6CidrBlock=True)["Vpc"]["VpcId"]
        self.addCleanup(self.ec2.delete_vpc, VpcId=vpc_id)
        [vpc] = self.ec2.describe_vpcs(VpcIds=[vpc_id])["Vpcs"]
        self.block = vpc["Ipv6CidrBlockAssociationSet"][0]["Ipv6CidrBlock"].replace("/56", "/64")
        self.subnet_id = self.ec2.create_subnet(VpcId=vpc_id, CidrBlock="10.66.1.0/24",
                                                Ipv6CidrBlock=self.block)["Subnet"]["SubnetId"]
        self.addCleanup(self.ec2.delete_subnet, SubnetId=self.subnet_id)

    def test_addresses_of_an_interface(self):
        wanted = self.block.replace("/64", "beef")
        interface_id = self.create(Ipv6Addresses=[{"Ipv6Address": wanted}])
        [more] = self.ec2.assign_ipv6_addresses(NetworkInterfaceId=interface_id,
                                                Ipv6AddressCount=1)["AssignedIpv6Addresses"]
        seen = [a["Ipv6Address"] for a in self.interface(interface_id)["Ipv6Addresses"]]
        self.assertEqual(seen, [wanted, more])
        with self.refused("InvalidIPAddress.InUse"):
            self.ec2.create_network_interface(SubnetId=self.subnet_id, Ipv6Addresses=[{"Ipv6Address": wanted}])
        self.assertEqual(self.ec2.unassign_ipv6_addresses(
            NetworkInterfaceId=interface_id, Ipv6Addresses=[wanted])["UnassignedIpv6Addresses"], [wanted])
        with self.refused("InvalidParameterValue"):
            self.ec2.unassign_ipv6_addresses(NetworkInterfaceId=interface_id, Ipv6Addresses=[wanted])

    def test_instance_gets_them_from_the_request_or_the_subnet(self):
        [instance_id] = self.launch(SubnetId=self.subnet_id, Ipv6AddressCount=2)
        seen = self.instance(instance_id)
        addresses = [a["Ipv6Address"] for a in seen["NetworkInterfaces"][0]["Ipv6Addresses"]]
        self.assertEqual(len(addresses), 2)
        self.assertEqual(seen["Ipv6Address"], addresses[0])
        self.assertNotIn("PublicIpAddress", seen)
        [found] = self.ec2.describe_instances(
            Filters=[{"Name": "ipv6-address", "Values": [addresses[1]]}])["Reservations"]
        self.assertEqual(found["Instances"][0]["InstanceId"], instance_id)
        self.ec2.modify_subnet_attribute(SubnetId=self.subnet_id, AssignIpv6AddressOnCreation={"Value": True})
        [other_id] = self.launch(SubnetId=self.subnet_id)
        self.assertEqual(len(self.instance(other_id)["NetworkInterfaces"][0]["Ipv6Addresses"]), 1)
