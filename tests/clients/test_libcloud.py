# SPDX-License-Identifier: Apache-2.0
"""Apache Libcloud, which signs us-east-1 with SigV2, sends everything as GET, and matches the response's whole namespace."""

import urllib.parse

from fixture import IMAGE, ClientTest
from libcloud.compute.base import NodeImage
from libcloud.compute.providers import get_driver
from libcloud.compute.types import Provider


class Libcloud(ClientTest):
    def setUp(self):
        super().setUp()
        address = urllib.parse.urlsplit(self.daemon.endpoint)
        self.driver = get_driver(Provider.EC2)(
            "AKIAFIRST00000000000", "first-secret", region="us-east-1", host=address.hostname, port=address.port,
            secure=False)

    def test_lists(self):
        self.assertIn(IMAGE, [image.id for image in self.driver.list_images()])
        self.assertEqual(len(self.driver.ex_list_availability_zones()), 3)
        self.assertEqual(len(self.driver.ex_list_subnets()), 3)

    def test_node_from_creation_to_destruction(self):
        size = next(size for size in self.driver.list_sizes() if size.id == "t3.micro")
        node = self.driver.create_node(name="libcloud", size=size, image=NodeImage(IMAGE, "demo", self.driver))
        self.addCleanup(self.terminate, [node.id])
        self.wait("instance_running", [node.id])
        [seen] = [n for n in self.driver.list_nodes() if n.id == node.id]
        self.assertEqual(seen.name, "libcloud")
        self.assertEqual(seen.state, "running")
        self.assertTrue(self.driver.reboot_node(seen))
        self.assertTrue(self.driver.destroy_node(seen))

    def test_key_pair_that_is_not_there(self):
        from libcloud.compute.types import KeyPairDoesNotExistError
        with self.assertRaises(KeyPairDoesNotExistError):
            self.driver.get_key_pair("nobody's")
