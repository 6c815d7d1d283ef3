# SPDX-License-Identifier: Apache-2.0
"""What passes between guests, and what does not."""

import socket
import time

from fixture import GuestTest, wait_until


def accepts(address, port, timeout_seconds=1.0):
    try:
        socket.create_connection((address, port), timeout_seconds).close()
    except OSError:
        return False
    return True


class Network(GuestTest):
    def listen(self, guest, port):
        guest.run(f"setsid nc -ll -p {port} -e /bin/echo hello < /dev/null > /dev/null 2>&1 &")

    def test_security_groups_on_running_guests(self):
        """Ports open and close, groups name each other, subnets and names work: with two guests for all of it."""
        # Not the default group: its members reach each other on every port.
        login, client_group, web = (self.new_group(name) for name in ("login", "client", "web"))
        self.allow(login, 22)
        subnets = {s["AvailabilityZone"]: s["SubnetId"] for s in self.ec2.describe_subnets()["Subnets"]}
        server = self.launch(SecurityGroupIds=[login, web], SubnetId=subnets["us-east-1a"])
        client = self.launch(SecurityGroupIds=[login], SubnetId=subnets["us-east-1b"])
        # Cleanups run last to first: the guests go before the groups.
        self.listen(server, 8080)
        self.listen(server, 8081)

        with self.subTest("a port opens and closes on a running guest"):
            self.assertFalse(accepts(server.public_ip, 8080))
            address = server.public_ip
            permission = self.allow(web, 8080)
            answered = time.monotonic()
            wait_until(lambda: accepts(address, 8080, 0.02), 1, "the open port", pause_seconds=0.005)
            print(f"\n    open {1000 * (time.monotonic() - answered):.0f} ms after the answer", end=" ", flush=True)
            self.ec2.revoke_security_group_ingress(GroupId=web, IpPermissions=[permission])
            answered = time.monotonic()
            wait_until(lambda: not accepts(address, 8080, 0.02), 1, "the closed port", pause_seconds=0.005)
            print(f"closed {1000 * (time.monotonic() - answered):.0f} ms after the answer", flush=True)

        reach = f"nc -w 2 {server.private_ip} 8081 < /dev/null | grep -q hello"
        with self.subTest("a group that is named as a source lets its members in"):
            self.assertFalse(client.works(reach))
            self.allow(web, 8081, UserIdGroupPairs=[{"GroupId": client_group}])
            self.assertFalse(client.works(reach))
            self.ec2.modify_instance_attribute(InstanceId=client.id, Groups=[login, client_group])
            wait_until(lambda: client.works(reach), 5, "the member")
        with self.subTest("by name, across subnets"):
            name = server.describe()["PrivateDnsName"]
            self.assertTrue(client.works(f"nc -w 2 {name} 8081 < /dev/null | grep -q hello"))
            self.assertIn(server.private_ip, client.run(f"nslookup {name}"))
        with self.subTest("an address that is not its own gets nowhere"):
            spoofed = ".".join(client.private_ip.split(".")[:3] + ["250"])
            client.run(f"sudo ip addr add {spoofed}/20 dev eth0")
            self.assertFalse(client.works(f"nc -w 2 -s {spoofed} {server.private_ip} 8081 < /dev/null | grep -q hello"))
            self.assertTrue(client.works(reach))
        with self.subTest("out of the group, out of reach"):
            self.ec2.modify_instance_attribute(InstanceId=client.id, Groups=[login])
            wait_until(lambda: not client.works(reach), 5, "no member any more")
