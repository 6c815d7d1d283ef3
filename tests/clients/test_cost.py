# SPDX-License-Identifier: Apache-2.0
"""The bill, by boto3's Cost Explorer and Pricing, and by `pileus cost`."""

import csv
import datetime
import io
import json
import subprocess
import time

from fixture import ClientTest
from support.pileus import PROGRAMS

METRICS = ["UnblendedCost", "UsageQuantity"]


class Cost(ClientTest):
    def setUp(self):
        super().setUp()
        self.ce = self.client("ce")
        self.today = datetime.datetime.now(datetime.timezone.utc).date()
        self.tomorrow = self.today + datetime.timedelta(days=1)
        self.period = {"Start": str(self.today), "End": str(self.tomorrow)}

    def ask(self, operation="get_cost_and_usage", **options):
        options = {"TimePeriod": self.period, "Granularity": "DAILY", "Metrics": METRICS, **options}
        return getattr(self.ce, operation)(**options)

    def groups(self, key, type="DIMENSION", **options):
        answer = self.ask(GroupBy=[{"Type": type, "Key": key}], **options)
        return {group["Keys"][0]: float(group["Metrics"]["UnblendedCost"]["Amount"])
                for group in answer["ResultsByTime"][0]["Groups"]}

    def cost(self, *words):
        return self.program("cost", *words).stdout

    def program(self, *words):
        return subprocess.run([PROGRAMS / "pileus", "--config", self.daemon.config, "--data-dir", self.daemon.data_dir, "--run-dir",
                               self.daemon.run_dir, *words], capture_output=True, text=True, timeout=60)

    def test_an_instance_is_on_the_bill_within_a_second(self):
        before = self.groups("INSTANCE_TYPE").get("t3.small", 0)
        self.launch(InstanceType="t3.small")
        time.sleep(1)
        after = self.groups("INSTANCE_TYPE")["t3.small"]
        self.assertAlmostEqual(after - before, 0.0208 / 60, places=6)  # the first minute is owed at once
        self.assertIn("BoxUsage:t3.small", self.groups("USAGE_TYPE"))
        services = self.groups("SERVICE")
        self.assertIn("Amazon Elastic Compute Cloud - Compute", services)
        self.assertIn("EC2 - Other", services)
        total = self.ask()["ResultsByTime"][0]
        self.assertTrue(total["Estimated"])
        self.assertAlmostEqual(float(total["Total"]["UnblendedCost"]["Amount"]), sum(services.values()), delta=0.01)
        self.assertEqual(total["Total"]["UnblendedCost"]["Unit"], "USD")

    def test_tags_and_filters(self):
        ids = self.launch(InstanceType="t3.nano", TagSpecifications=[
            {"ResourceType": "instance", "Tags": [{"Key": "team", "Value": "red"}]}])
        by_tag = self.groups("team", "TAG", Filter={"Dimensions": {"Key": "INSTANCE_TYPE", "Values": ["t3.nano"]}})
        self.assertGreater(by_tag["team$red"], 0)
        red = {"Tags": {"Key": "team", "Values": ["red"]}}
        only = self.groups("INSTANCE_TYPE", Filter={"And": [red, {"Not": {"Dimensions": {
            "Key": "SERVICE", "Values": ["EC2 - Other"]}}}]})
        self.assertEqual(list(only), ["t3.nano"])
        answer = self.ask("get_cost_and_usage_with_resources", Filter=red, GroupBy=[{"Type": "DIMENSION", "Key": "RESOURCE_ID"}])
        self.assertIn(ids[0], [group["Keys"][0] for group in answer["ResultsByTime"][0]["Groups"]])
        self.assertIn("red", self.ce.get_tags(TimePeriod=self.period, TagKey="team")["Tags"])
        self.assertIn("team", self.ce.get_tags(TimePeriod=self.period)["Tags"])
        values = self.ce.get_dimension_values(TimePeriod=self.period, Dimension="INSTANCE_TYPE", SearchString="nano")
        self.assertEqual([value["Value"] for value in values["DimensionValues"]], ["t3.nano"])
        # Tags stay on the bill when the instance is gone.
        self.terminate(ids)
        self.assertGreater(self.groups("team", "TAG", Filter=red)["team$red"], 0)

    def test_hours_add_up_to_the_day(self):
        self.launch()
        hours = self.ask(Granularity="HOURLY")["ResultsByTime"]
        self.assertEqual(len(hours), 24)
        month = self.ask(Granularity="MONTHLY")["ResultsByTime"]
        self.assertAlmostEqual(sum(float(hour["Total"]["UnblendedCost"]["Amount"]) for hour in hours),
                               float(month[0]["Total"]["UnblendedCost"]["Amount"]), delta=0.001)

    def test_another_account_sees_nothing_of_it(self):
        self.launch()
        other = self.client("ce", account="second").get_cost_and_usage(
            TimePeriod=self.period, Granularity="DAILY", Metrics=METRICS, GroupBy=[{"Type": "DIMENSION", "Key": "LINKED_ACCOUNT"}])
        self.assertNotIn("111122223333", json.dumps(other["ResultsByTime"]))

    def test_forecast_is_what_nothing_changing_costs(self):
        self.launch(InstanceType="t3.large")
        end = self.tomorrow + datetime.timedelta(days=2)
        answer = self.ce.get_cost_forecast(TimePeriod={"Start": str(self.tomorrow), "End": str(end)}, Metric="UNBLENDED_COST",
                                           Granularity="DAILY", Filter={"Dimensions": {"Key": "INSTANCE_TYPE", "Values": ["t3.large"]}})
        self.assertAlmostEqual(float(answer["Total"]["Amount"]), 2 * 24 * 0.0832, places=6)
        self.assertEqual(len(answer["ForecastResultsByTime"]), 2)

    def test_what_cannot_be_asked_is_refused(self):
        with self.refused("ValidationException"):
            self.ask(TimePeriod={"Start": "2026-02-01", "End": "2026-01-01"})
        with self.refused("ValidationException"):
            self.ask(GroupBy=[{"Type": "DIMENSION", "Key": "TENANCY"}])
        with self.refused("ValidationException"):
            self.ask(Granularity="HOURLY", TimePeriod={"Start": "2026-01-01", "End": "2026-03-01"})
        with self.refused("ValidationException"):
            self.ask(GroupBy=[{"Type": "DIMENSION", "Key": "RESOURCE_ID"}])
        with self.refused("UnsupportedOperation"):
            self.ce.get_reservation_utilization(TimePeriod=self.period)

    def test_price_list(self):
        pricing = self.client("pricing")
        self.assertEqual(pricing.describe_services()["Services"][0]["ServiceCode"], "AmazonEC2")
        found = pricing.get_products(ServiceCode="AmazonEC2", Filters=[
            {"Type": "TERM_MATCH", "Field": "instanceType", "Value": "t3.micro"},
            {"Type": "TERM_MATCH", "Field": "location", "Value": "US East (N. Virginia)"}])["PriceList"]
        self.assertEqual(len(found), 1)
        product = json.loads(found[0])
        self.assertEqual(product["product"]["attributes"]["vcpu"], "2")
        term, = product["terms"]["OnDemand"].values()
        dimension, = term["priceDimensions"].values()
        self.assertEqual(float(dimension["pricePerUnit"]["USD"]), 0.0104)
        every = [product for page in pricing.get_paginator("get_products").paginate(ServiceCode="AmazonEC2")
                 for product in page["PriceList"]]
        self.assertGreater(len(every), 100)
        types = pricing.get_attribute_values(ServiceCode="AmazonEC2", AttributeName="volumeApiName")["AttributeValues"]
        self.assertIn({"Value": "gp3"}, types)

    def test_pileus_cost(self):
        instance_id, = self.launch(TagSpecifications=[{"ResourceType": "instance", "Tags": [{"Key": "Name", "Value": "=1+1"}]}])
        cost = json.loads(self.cost("--json"))
        mine = next(row for row in cost["instances"] if row["instance_id"] == instance_id)
        self.assertEqual((mine["state"], mine["name"]), ("running", "=1+1"))
        self.assertGreater(float(cost["next_hour"]), 0.0104)
        self.assertGreaterEqual(float(cost["month_forecast"]), float(cost["month"]))
        self.assertIn("t3.micro", self.cost("--by", "type"))
        self.assertIn("Amazon Elastic Compute Cloud - Compute", self.cost("--by", "service"))
        self.assertIn("=1+1", self.cost("--by", "tag:Name"))
        rows = list(csv.DictReader(io.StringIO(self.cost("--csv"))))
        self.assertIn(instance_id, {row["instance_id"] for row in rows})
        groups = list(csv.DictReader(io.StringIO(self.cost("--by", "tag:Name", "--csv"))))
        self.assertIn("'=1+1", {row["key"] for row in groups})

    def test_why_a_stopped_instance_is_still_charged(self):
        instance_id, = self.launch()
        self.ec2.stop_instances(InstanceIds=[instance_id])
        self.wait("instance_stopped", [instance_id])
        lines = [line for line in json.loads(self.cost("--json"))["lines"] if line["instance_id"] == instance_id]
        volume = next(line for line in lines if line["kind"] == "volume")
        self.assertIn("delete-volume", volume["why"])
        self.assertGreater(float(volume["next_hour"]), 0)
        instance = next(line for line in lines if line["kind"] == "instance")
        self.assertEqual((instance["active"], instance["why"], float(instance["next_hour"])), (False, "", 0))
        self.assertIn("delete-volume", self.cost())

    def test_fsck_reads_the_ledger(self):
        self.launch()
        done = self.program("fsck")
        self.assertEqual((done.returncode, "the ledger is what was written" in done.stdout), (0, True), done.stdout)
