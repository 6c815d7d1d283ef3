# SPDX-License-Identifier: Apache-2.0
"""Interfaces that come and go, addresses that move, and VPCs beside each other: with guests that are really there."""

import subprocess
import time

from fixture import GuestTest, wait_until
from test_network import accepts


class Interfaces(GuestTest):
    """One VPC, two guests for all of it."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.maker = cls("setUp")
        subnet = [s for s in cls.ec2.describe_subnets()["Subnets"] if s["AvailabilityZone"] == "us-east-1a"]
        cls.subnet = subnet[0]["SubnetId"]
        options = {"SubnetId": cls.subnet, "InstanceType": "t2.small", "keep": True}
        cls.first, cls.other = cls.maker.launch(**options), cls.maker.launch(**options)

    @classmethod
    def tearDownClass(cls):
        for guest in (cls.first, cls.other):
            cls.maker.terminate(guest)

    def setUp(self):
        pass

    def elastic_ip(self):
        address = self.ec2.allocate_address(Domain="vpc")
        self.addCleanup(self.ec2.release_address, AllocationId=address["AllocationId"])
        self.addCleanup(self.disassociate, address["AllocationId"])
        return address

    def disassociate(self, allocation):
        [address] = self.ec2.describe_addresses(AllocationIds=[allocation])["Addresses"]
        if "AssociationId" in address:
            self.ec2.disassociate_address(AssociationId=address["AssociationId"])

    def watch(self, guest, condition, word):
        """A shell in the guest that says so as soon as the condition is true: SSH itself takes long without KVM."""
        return subprocess.Popen(guest.ssh_words() + [f"echo ready; until {condition}; do usleep 20000; done; echo {word}"],
                                stdout=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True)

    def interface(self, interface_id):
        return self.ec2.describe_network_interfaces(NetworkInterfaceIds=[interface_id])["NetworkInterfaces"][0]

    def test_interface_is_attached_to_a_running_guest_and_detached(self):
        guest = self.first
        made = self.ec2.create_network_interface(SubnetId=self.subnet, Groups=[self.group])["NetworkInterface"]
        interface, mac = made["NetworkInterfaceId"], made["MacAddress"]
        self.addCleanup(self.ec2.delete_network_interface, NetworkInterfaceId=interface)

        watching = self.watch(guest, "[ -e /sys/class/net/eth1 ]", "seen")
        self.assertEqual(watching.stdout.readline(), "ready\n")
        attachment = self.ec2.attach_network_interface(NetworkInterfaceId=interface, InstanceId=guest.id, DeviceIndex=1)
        answered = time.monotonic()
        self.assertEqual(watching.stdout.readline(), "seen\n")
        seen = time.monotonic() - answered
        self.assertEqual(watching.wait(), 0)
        wait_until(lambda: made["PrivateIpAddress"] in guest.run("ip addr show eth1"), 20, "its address", pause_seconds=0.1)
        print(f"\n    seen {1000 * seen:.0f} ms after the answer", end=" ", flush=True)
        self.assertLess(seen, 1)
        self.assertEqual(guest.run("cat /sys/class/net/eth1/address").strip(), mac)
        self.assertEqual(self.interface(interface)["Attachment"]["Status"], "attached")

        with self.subTest("its metadata"):
            path = f"meta-data/network/interfaces/macs/{mac}"
            self.assertEqual(guest.run(f"sudo imds {path}/device-number"), "1")
            self.assertEqual(guest.run(f"sudo imds {path}/local-ipv4s"), made["PrivateIpAddress"])
        with self.subTest("it answers on an address of its own"):
            address = self.elastic_ip()
            self.ec2.associate_address(AllocationId=address["AllocationId"], NetworkInterfaceId=interface)
            wait_until(lambda: accepts(address["PublicIp"], 22), 10, "SSH over the second interface")
        with self.subTest("it goes"):
            watching = self.watch(guest, "[ ! -e /sys/class/net/eth1 ]", "gone")
            self.assertEqual(watching.stdout.readline(), "ready\n")
            self.ec2.detach_network_interface(AttachmentId=attachment["AttachmentId"])
            answered = time.monotonic()
            self.assertEqual(watching.stdout.readline(), "gone\n")
            print(f"gone {1000 * (time.monotonic() - answered):.0f} ms after the answer", flush=True)
            self.assertEqual(watching.wait(), 0)
            wait_until(lambda: self.interface(interface)["Status"] == "available", 10, "the free interface")
            self.assertFalse(accepts(address["PublicIp"], 22))
        self.assertTrue(guest.works("true"))

    def test_daemon_is_killed_while_interfaces_come_and_go(self):
        guest = self.first
        interface = self.ec2.create_network_interface(SubnetId=self.subnet)["NetworkInterface"]["NetworkInterfaceId"]
        self.addCleanup(self.ec2.delete_network_interface, NetworkInterfaceId=interface)
        for delay_seconds in (0.0, 0.02):
            attachment = self.ec2.attach_network_interface(NetworkInterfaceId=interface, InstanceId=guest.id, DeviceIndex=1)
            self.restart_daemon(delay_seconds)
            wait_until(lambda: self.interface(interface)["Attachment"]["Status"] == "attached", 10, "the attached interface")
            wait_until(lambda: guest.works("ls -d /sys/class/net/eth1"), 10, "the interface in the guest")
            self.ec2.detach_network_interface(AttachmentId=attachment["AttachmentId"])
            self.restart_daemon(delay_seconds)
            wait_until(lambda: self.interface(interface)["Status"] == "available", 10, "the free interface")
            self.assertFalse(guest.works("ls -d /sys/class/net/eth1"))

    def restart_daemon(self, delay_seconds):
        time.sleep(delay_seconds)
        self.daemon.kill()
        self.daemon.start()

    def test_elastic_ip_moves_between_guests(self):
        address = self.elastic_ip()
        for guest in (self.first, self.other, self.first):
            self.ec2.associate_address(AllocationId=address["AllocationId"], InstanceId=guest.id, AllowReassociation=True)
            name = guest.describe()["PrivateDnsName"].split(".")[0]
            self.assertEqual(guest.public_ip, address["PublicIp"])
            wait_until(lambda: guest.works("true"), 10, "SSH by the Elastic IP")
            self.assertEqual(guest.run("hostname").strip(), name)
        self.disassociate(address["AllocationId"])
        wait_until(lambda: not accepts(address["PublicIp"], 22), 5, "nobody at the Elastic IP")
        for guest in (self.first, self.other):  # the others' tests want to reach them
            if "PublicIpAddress" not in guest.describe():
                own = self.ec2.allocate_address(Domain="vpc")
                self.ec2.associate_address(AllocationId=own["AllocationId"], InstanceId=guest.id)
                type(self).addClassCleanup(self.ec2.release_address, AllocationId=own["AllocationId"])

    def test_network_acl_denies_on_a_running_guest(self):
        guest = self.other
        guest.run("setsid nc -ll -p 8090 -e /bin/echo hello < /dev/null > /dev/null 2>&1 &")
        permission = self.allow(self.group, 8090)
        self.addCleanup(self.ec2.revoke_security_group_ingress, GroupId=self.group, IpPermissions=[permission])
        public_ip = guest.public_ip
        wait_until(lambda: accepts(public_ip, 8090), 5, "the open port")
        ours = [{"Name": "association.subnet-id", "Values": [self.subnet]}]
        [acl] = self.ec2.describe_network_acls(Filters=ours)["NetworkAcls"]
        entry = {"NetworkAclId": acl["NetworkAclId"], "RuleNumber": 50, "Egress": False}
        self.ec2.create_network_acl_entry(**entry, Protocol="6", RuleAction="deny", CidrBlock="0.0.0.0/0",
                                          PortRange={"From": 8090, "To": 8090})
        answered = time.monotonic()
        wait_until(lambda: not accepts(public_ip, 8090, 0.05), 5, "the closed port", pause_seconds=0.01)
        print(f"\n    closed {1000 * (time.monotonic() - answered):.0f} ms after the answer", flush=True)
        self.assertTrue(accepts(public_ip, 22))
        self.ec2.delete_network_acl_entry(**entry)
        wait_until(lambda: accepts(public_ip, 8090), 5, "the port that is open again")


class Vpcs(GuestTest):
    def make_vpc(self, block):
        """A VPC of both families, whose first subnet is public. All is deleted with the test, last made first gone."""
        vpc = self.ec2.create_vpc(CidrBlock=block, AmazonProvidedIpv6CidrBlock=True)["Vpc"]["VpcId"]
        self.addCleanup(self.ec2.delete_vpc, VpcId=vpc)
        gateway = self.ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
        self.addCleanup(self.ec2.delete_internet_gateway, InternetGatewayId=gateway)
        self.ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc)
        self.addCleanup(self.ec2.detach_internet_gateway, InternetGatewayId=gateway, VpcId=vpc)
        table = self.main_table(vpc)
        self.ec2.create_route(RouteTableId=table, DestinationCidrBlock="0.0.0.0/0", GatewayId=gateway)
        prefix = block.split(".0.0/")[0]
        subnet = self.make_subnet(vpc, f"{prefix}.0.0/24", Ipv6CidrBlock=self.ipv6_block(vpc).replace("/56", "/64"))
        self.ec2.modify_subnet_attribute(SubnetId=subnet, MapPublicIpOnLaunch={"Value": True})
        group = self.ec2.create_security_group(GroupName="open", Description="open", VpcId=vpc)["GroupId"]
        self.addCleanup(self.ec2.delete_security_group, GroupId=group)
        self.allow(group, 22)
        return vpc, table, subnet, group

    def ipv6_block(self, vpc):
        [found] = self.ec2.describe_vpcs(VpcIds=[vpc])["Vpcs"]
        return found["Ipv6CidrBlockAssociationSet"][0]["Ipv6CidrBlock"]

    def make_subnet(self, vpc, block, **options):
        options = {"VpcId": vpc, "CidrBlock": block, "AvailabilityZone": "us-east-1a", **options}
        subnet = self.ec2.create_subnet(**options)["Subnet"]["SubnetId"]
        self.addCleanup(self.ec2.delete_subnet, SubnetId=subnet)
        return subnet

    def main_table(self, vpc):
        [table] = self.ec2.describe_route_tables(Filters=[{"Name": "vpc-id", "Values": [vpc]},
                                                          {"Name": "association.main", "Values": ["true"]}])["RouteTables"]
        return table["RouteTableId"]

    def serve(self, guest, text):
        guest.run(f"setsid nc -ll -p 8080 -e /bin/echo {text} < /dev/null > /dev/null 2>&1 &")

    def ask(self, guest, address):
        return guest.run(f"nc -w 2 {address} 8080 < /dev/null", check=False).strip()

    def test_vpcs_beside_each_other(self):
        """Overlapping blocks, a peering, and a subnet behind a NAT gateway: four guests."""
        vpc_a, table_a, subnet_a, group_a = self.make_vpc("10.20.0.0/16")
        vpc_b, _, subnet_b, group_b = self.make_vpc("10.20.0.0/16")
        vpc_c, table_c, subnet_c, group_c = self.make_vpc("10.30.0.0/16")
        a, b, c = (self.launch(SubnetId=subnet, SecurityGroupIds=[group], PrivateIpAddress=ip, Ipv6AddressCount=1, ssh=False)
                   for subnet, group, ip in ((subnet_a, group_a, "10.20.0.10"), (subnet_b, group_b, "10.20.0.11"),
                                             (subnet_c, group_c, "10.30.0.10")))
        for guest, group, text in ((a, group_a, "a"), (b, group_b, "b"), (c, group_c, "c")):
            guest.wait_for_ssh()
            self.serve(guest, text)
        for group in (group_a, group_b):
            self.allow(group, 8080)

        with self.subTest("overlapping blocks do not meet"):
            self.assertEqual(self.ask(a, "10.20.0.11"), "")  # b's address, in another VPC
            self.assertEqual(self.ask(a, "10.30.0.10"), "")
            self.assertEqual((self.ask(a, "10.20.0.10"), self.ask(b, "10.20.0.11")), ("a", "b"))

        peering = self.ec2.create_vpc_peering_connection(VpcId=vpc_a, PeerVpcId=vpc_c)["VpcPeeringConnection"]
        peering = peering["VpcPeeringConnectionId"]
        self.ec2.accept_vpc_peering_connection(VpcPeeringConnectionId=peering)
        with self.subTest("a peering carries what routes and groups let through"):
            self.allow(group_c, 8080, UserIdGroupPairs=[{"GroupId": group_a}])  # of the other VPC
            self.ec2.create_route(RouteTableId=table_a, DestinationCidrBlock="10.30.0.0/16", VpcPeeringConnectionId=peering)
            self.assertEqual(self.ask(a, "10.30.0.10"), "")  # no way back yet
            self.ec2.create_route(RouteTableId=table_c, DestinationCidrBlock="10.20.0.0/16", VpcPeeringConnectionId=peering)
            wait_until(lambda: self.ask(a, "10.30.0.10") == "c", 10, "an answer over the peering")
            self.assertEqual(self.ask(b, "10.30.0.10"), "")

        with self.subTest("and as much of IPv6"):
            address = c.describe()["NetworkInterfaces"][0]["Ipv6Addresses"][0]["Ipv6Address"]
            wait_until(lambda: address in c.run("ip -6 addr show eth0"), 10, "the IPv6 address")
            for table, block in ((table_a, self.ipv6_block(vpc_c)), (table_c, self.ipv6_block(vpc_a))):
                self.ec2.create_route(RouteTableId=table, DestinationIpv6CidrBlock=block, VpcPeeringConnectionId=peering)
            wait_until(lambda: self.ask(a, address) == "c", 10, "an answer over IPv6")

        with self.subTest("a NAT gateway speaks for a private subnet"):
            self.behind_nat_gateway(vpc_a, subnet_a, group_a, group_c)

        with self.subTest("without the peering nothing passes"):
            self.ec2.delete_vpc_peering_connection(VpcPeeringConnectionId=peering)
            wait_until(lambda: self.ask(a, "10.30.0.10") == "", 10, "silence")

    def behind_nat_gateway(self, vpc, public_subnet, group, peer_group):
        """The server lets only the gateway's address in: who gets an answer was translated."""
        private = self.make_subnet(vpc, "10.20.1.0/24")
        gateway = self.ec2.create_nat_gateway(SubnetId=public_subnet, ConnectivityType="private")["NatGateway"]["NatGatewayId"]
        self.addCleanup(self.delete_nat_gateway, gateway)
        wait_until(lambda: self.nat_gateway(gateway)["State"] == "available", 20, "the NAT gateway")
        address = self.nat_gateway(gateway)["NatGatewayAddresses"][0]["PrivateIp"]
        table = self.ec2.create_route_table(VpcId=vpc)["RouteTable"]["RouteTableId"]
        self.addCleanup(self.ec2.delete_route_table, RouteTableId=table)
        association = self.ec2.associate_route_table(RouteTableId=table, SubnetId=private)["AssociationId"]
        self.addCleanup(self.ec2.disassociate_route_table, AssociationId=association)
        self.ec2.create_route(RouteTableId=table, DestinationCidrBlock="10.30.0.0/16", NatGatewayId=gateway)
        question = "nc -w 2 10.30.0.10 8080 </dev/null"
        script = f"#!/bin/sh\n(while :; do echo \"answer: $({question})\"; sleep 1; done) >/dev/console 2>&1 &\n"
        guest = self.launch(SubnetId=private, SecurityGroupIds=[group], UserData=script, ssh=False)
        self.assertNotIn("PublicIpAddress", guest.describe())
        wait_until(lambda: "answer:" in guest.console(), 60, "the first question")
        self.assertNotIn("answer: c", guest.console())
        self.allow(peer_group, 8080, IpRanges=[{"CidrIp": f"{address}/32"}])
        wait_until(lambda: "answer: c" in guest.console(), 20, "an answer through the gateway")

    def nat_gateway(self, gateway):
        return self.ec2.describe_nat_gateways(NatGatewayIds=[gateway])["NatGateways"][0]

    def delete_nat_gateway(self, gateway):
        self.ec2.delete_nat_gateway(NatGatewayId=gateway)
        wait_until(lambda: self.nat_gateway(gateway)["State"] == "deleted", 20, "the deleted NAT gateway")
