# SPDX-License-Identifier: Apache-2.0
"""Route tables, their associations and their routes, as boto3 sees them."""

from vpc_fixture import VpcTest


class RouteTables(VpcTest):
    def table(self, table_id):
        return self.ec2.describe_route_tables(RouteTableIds=[table_id])["RouteTables"][0]

    def main_table(self):
        filters = [{"Name": "vpc-id", "Values": [self.vpc_id]}, {"Name": "association.main", "Values": ["true"]}]
        return self.ec2.describe_route_tables(Filters=filters)["RouteTables"][0]

    def routes(self, table_id):
        return {route.get("DestinationCidrBlock") or route.get("DestinationIpv6CidrBlock")
                or route.get("DestinationPrefixListId"): route for route in self.table(table_id)["Routes"]}

    def test_every_vpc_has_a_main_one(self):
        table = self.main_table()
        [association] = table["Associations"]
        self.assertTrue(association["Main"])
        self.assertNotIn("SubnetId", association)
        self.assertEqual(association["AssociationState"], {"State": "associated"})
        self.assertEqual(table["Routes"], [{"DestinationCidrBlock": "10.0.0.0/16", "GatewayId": "local",
                                            "Origin": "CreateRouteTable", "State": "active"}])
        self.assertEqual(table["PropagatingVgws"], [])
        with self.refused("DependencyViolation"):
            self.ec2.delete_route_table(RouteTableId=table["RouteTableId"])
        with self.refused("InvalidParameterValue"):
            self.ec2.disassociate_route_table(AssociationId=association["RouteTableAssociationId"])

    def test_the_default_vpc_has_a_way_out(self):
        [vpc] = self.ec2.describe_vpcs(Filters=self.filters(is_default="true"))["Vpcs"]
        [table] = self.ec2.describe_route_tables(Filters=self.filters(vpc_id=vpc["VpcId"]))["RouteTables"]
        out = [r for r in table["Routes"] if r.get("DestinationCidrBlock") == "0.0.0.0/0"]
        self.assertEqual(out[0]["State"], "active")
        self.assertTrue(out[0]["GatewayId"].startswith("igw-"))

    def test_create_with_tags_and_dry_run(self):
        options = {"VpcId": self.vpc_id, "TagSpecifications": [
            {"ResourceType": "route-table", "Tags": [{"Key": "tier", "Value": "web"}]}]}
        with self.refused("DryRunOperation", 412):
            self.ec2.create_route_table(DryRun=True, **options)
        table = self.ec2.create_route_table(**options)["RouteTable"]
        self.assertEqual(table["Tags"], [{"Key": "tier", "Value": "web"}])
        self.ec2.create_tags(Resources=[table["RouteTableId"]], Tags=[{"Key": "b", "Value": "2"}])
        self.assertEqual(len(self.table(table["RouteTableId"])["Tags"]), 2)
        self.ec2.delete_route_table(RouteTableId=table["RouteTableId"])
        with self.refused("InvalidRouteTableID.NotFound"):
            self.table(table["RouteTableId"])

    def test_associate_replace_disassociate(self):
        first, second = self.make_table(), self.make_table()
        association = self.ec2.associate_route_table(RouteTableId=first, SubnetId=self.subnet_id)
        self.assertEqual(association["AssociationState"]["State"], "associated")
        with self.refused("Resource.AlreadyAssociated"):
            self.ec2.associate_route_table(RouteTableId=second, SubnetId=self.subnet_id)
        with self.refused("DependencyViolation"):
            self.ec2.delete_route_table(RouteTableId=first)
        with self.refused("UnsupportedOperation"):
            self.ec2.associate_route_table(RouteTableId=second, GatewayId=self.make_gateway(self.vpc_id))
        new = self.ec2.replace_route_table_association(AssociationId=association["AssociationId"],
                                                       RouteTableId=second)["NewAssociationId"]
        self.assertNotEqual(new, association["AssociationId"])
        by_subnet = self.ec2.describe_route_tables(Filters=[{"Name": "association.subnet-id",
                                                             "Values": [self.subnet_id]}])["RouteTables"]
        self.assertEqual([t["RouteTableId"] for t in by_subnet], [second])
        self.ec2.disassociate_route_table(AssociationId=new)
        with self.refused("InvalidAssociationID.NotFound"):
            self.ec2.disassociate_route_table(AssociationId=new)

    def test_another_main_table(self):
        old, new = self.main_table(), self.make_table()
        association = old["Associations"][0]["RouteTableAssociationId"]
        replaced = self.ec2.replace_route_table_association(AssociationId=association, RouteTableId=new)
        self.assertEqual(self.main_table()["RouteTableId"], new)
        self.ec2.replace_route_table_association(AssociationId=replaced["NewAssociationId"],
                                                 RouteTableId=old["RouteTableId"])
        self.assertEqual(self.main_table()["RouteTableId"], old["RouteTableId"])

    def test_routes_to_an_internet_gateway(self):
        table_id, gateway_id = self.make_table(), self.make_gateway()
        route = {"RouteTableId": table_id, "DestinationCidrBlock": "0.0.0.0/0", "GatewayId": gateway_id}
        with self.refused("InvalidParameterValue") as caught:
            self.ec2.create_route(**route)
        self.assertIn("belong to different networks", str(caught.exception))
        self.ec2.attach_internet_gateway(InternetGatewayId=gateway_id, VpcId=self.vpc_id)
        self.assertTrue(self.ec2.create_route(**route)["Return"])
        with self.refused("RouteAlreadyExists"):
            self.ec2.create_route(**route)
        self.assertEqual(self.routes(table_id)["0.0.0.0/0"],
                         {"DestinationCidrBlock": "0.0.0.0/0", "GatewayId": gateway_id, "Origin": "CreateRoute",
                          "State": "active"})
        self.ec2.detach_internet_gateway(InternetGatewayId=gateway_id, VpcId=self.vpc_id)
        self.assertEqual(self.routes(table_id)["0.0.0.0/0"]["State"], "blackhole")
        found = self.ec2.describe_route_tables(Filters=self.filters(vpc_id=self.vpc_id) + [
            {"Name": "route.state", "Values": ["blackhole"]}])["RouteTables"]
        self.assertEqual([t["RouteTableId"] for t in found], [table_id])
        self.ec2.delete_route(RouteTableId=table_id, DestinationCidrBlock="0.0.0.0/0")
        with self.refused("InvalidRoute.NotFound"):
            self.ec2.delete_route(RouteTableId=table_id, DestinationCidrBlock="0.0.0.0/0")

    def test_routes_to_an_instance_and_its_interface(self):
        table_id = self.make_table()
        [instance_id] = self.launch(SubnetId=self.subnet_id)
        self.ec2.create_route(RouteTableId=table_id, DestinationCidrBlock="192.0.2.0/24", InstanceId=instance_id)
        route = self.routes(table_id)["192.0.2.0/24"]
        self.assertEqual(route["InstanceId"], instance_id)
        self.assertEqual(route["InstanceOwnerId"], "111122223333")
        self.assertEqual(route["NetworkInterfaceId"],
                         self.instance(instance_id)["NetworkInterfaces"][0]["NetworkInterfaceId"])
        self.assertEqual(route["State"], "active")
        self.ec2.create_route(RouteTableId=table_id, DestinationCidrBlock="10.0.1.0/24",
                              NetworkInterfaceId=route["NetworkInterfaceId"])
        self.terminate([instance_id])
        self.assertEqual(self.routes(table_id)["192.0.2.0/24"]["State"], "blackhole")

    def test_local_routes_are_guarded(self):
        table_id, gateway_id = self.make_table(), self.make_gateway(self.vpc_id)
        attempts = [
            (self.ec2.create_route, {"DestinationCidrBlock": "10.0.0.0/16", "GatewayId": gateway_id}, "RouteAlreadyExists"),
            (self.ec2.create_route, {"DestinationCidrBlock": "10.0.1.0/24", "GatewayId": gateway_id}, "InvalidParameterValue"),
            (self.ec2.create_route, {"DestinationCidrBlock": "0.0.0.0/0", "GatewayId": "local"}, "InvalidGatewayID.NotFound"),
            (self.ec2.delete_route, {"DestinationCidrBlock": "10.0.0.0/16"}, "InvalidParameterValue"),
            (self.ec2.replace_route, {"DestinationCidrBlock": "10.9.0.0/16", "GatewayId": gateway_id}, "InvalidParameterValue"),
            (self.ec2.create_route, {"DestinationCidrBlock": "0.0.0.0/0", "TransitGatewayId": "tgw-0123456789abcdef0"},
             "UnsupportedOperation"),
            (self.ec2.create_route, {"DestinationCidrBlock": "0.0.0.0/0"}, "MissingParameter"),
            (self.ec2.create_route, {"GatewayId": gateway_id}, "MissingParameter"),
        ]
        for call, arguments, code in attempts:
            with self.subTest(arguments=arguments), self.refused(code):
                call(RouteTableId=table_id, **arguments)
        self.assertEqual(list(self.routes(table_id)), ["10.0.0.0/16"])

    def test_routes_to_prefix_lists(self):
        table_id, gateway_id = self.make_table(), self.make_gateway(self.vpc_id)
        list_id = self.ec2.create_managed_prefix_list(
            PrefixListName="offices", MaxEntries=3, AddressFamily="IPv4",
            Entries=[{"Cidr": "192.0.2.0/24"}])["PrefixList"]["PrefixListId"]
        self.addCleanup(self.quietly, self.ec2.delete_managed_prefix_list, PrefixListId=list_id)
        self.ec2.create_route(RouteTableId=table_id, DestinationPrefixListId=list_id, GatewayId=gateway_id)
        self.assertEqual(self.routes(table_id)[list_id]["GatewayId"], gateway_id)
        self.ec2.delete_route(RouteTableId=table_id, DestinationPrefixListId=list_id)
        self.assertNotIn(list_id, self.routes(table_id))

    def test_pages(self):
        for _ in range(6):
            self.make_table()
        pages = self.ec2.get_paginator("describe_route_tables").paginate(
            Filters=self.filters(vpc_id=self.vpc_id), PaginationConfig={"PageSize": 5})
        sizes = [len(page["RouteTables"]) for page in pages]
        self.assertEqual(sizes, [5, 2])
        with self.refused("InvalidParameterValue"):
            self.ec2.describe_route_tables(MaxResults=101)

    def test_other_accounts_do_not_see_them(self):
        table_id = self.make_table()
        other = self.client(account="second")
        for call, arguments in [(other.describe_route_tables, {"RouteTableIds": [table_id]}),
                                (other.delete_route_table, {"RouteTableId": table_id}),
                                (other.create_tags, {"Resources": [table_id], "Tags": [{"Key": "a", "Value": "b"}]}),
                                (other.delete_route, {"RouteTableId": table_id, "DestinationCidrBlock": "0.0.0.0/0"})]:
            with self.subTest(call=call.__name__), self.refused("InvalidRouteTableID.NotFound"):
                call(**arguments)
