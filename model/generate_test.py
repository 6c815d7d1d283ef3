# SPDX-License-Identifier: Apache-2.0
"""Tests of generate.py on a model small enough to read."""

import json
import pathlib
import tempfile
import unittest

import generate

MODEL = {
    "service": "ec2",
    "protocol": "ec2Query",
    "version": "2016-11-15",
    "namespace": "http://ec2.amazonaws.com/doc/2016-11-15/",
    "operations": {"GetThing": {"input": "GetThingRequest", "output": "Thing"}, "DropThing": {"input": "GetThingRequest"}},
    "enums": {"Colour": ["red", "blue"]},
    "structures": {
        "GetThingRequest": {"ThingIds": {"list": {"type": "string"}, "item": "item", "query": "ThingId", "required": True}},
        "Thing": {
            "Colour": {"enum": "Colour", "xml": "colour"},
            "Default": {"type": "boolean"},
            "Size": {"type": "integer", "min": 1},
            "Parts": {"list": {"structure": "Part"}, "item": "item", "xml": "partSet"},
            "Main": {"structure": "Part"},
        },
        "Part": {"Made": {"type": "timestamp"}},
    },
}


def generated(model):
    """The generator's outputs, by path."""
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "ec2.json"
        path.write_text(json.dumps(model))
        service = generate.Service(path)
        tables = generate.Tables([service])
        views = generate.Views(service, tables)
        files = {name: views.text("", includes, body) for name, includes, body in views.files()}
        return files | {"tables": tables.source("")}


class Names(unittest.TestCase):
    def test_snake_case(self):
        for name, expected in {
            "MaxCount": "max_count",
            "VpcId": "vpc_id",
            "Ipv6CidrBlock": "ipv6_cidr_block",
            "DNSName": "dns_name",
            "VCpus": "v_cpus",
            "EbsOptimized": "ebs_optimized",
        }.items():
            self.assertEqual(generate.snake_case(name), expected)

    def test_a_keyword_gets_an_underscore(self):
        self.assertEqual(generate.accessor("Default"), "default_")
        self.assertEqual(generate.accessor("Defaults"), "defaults")


class Headers(unittest.TestCase):
    def setUp(self):
        self.files = generated(MODEL)

    def test_one_header_a_structure_and_an_operation(self):
        self.assertEqual(
            sorted(self.files),
            [
                "model/ec2.h",
                "model/ec2/drop_thing.h",
                "model/ec2/get_thing.h",
                "model/ec2/structures/get_thing_request.h",
                "model/ec2/structures/part.h",
                "model/ec2/structures/thing.h",
                "tables",
            ],
        )

    def test_accessors(self):
        thing = self.files["model/ec2/structures/thing.h"]
        for line in (
            '#include "model/ec2/structures/part.h"',
            "std::optional<std::string_view> colour() const { return get_text(0); }",
            "Thing& set_default_(BooleanArgument v) { put_boolean(1, v); return *this; }",
            "std::optional<int32_t> size() const { return get_integer(2); }",
            "List<Part> parts() const { return List<Part>(find_value(3)); }",
            "Part add_parts() { return Part(append_record(3)); }",
            "Thing& touch_parts() { touch_list(3); return *this; }",
            "Part set_main() { return Part(touch_record(4)); }",
        ):
            self.assertIn(line, thing)

    def test_an_operation_without_output_answers_unit(self):
        self.assertIn("using Response = model::Unit;", self.files["model/ec2/drop_thing.h"])
        self.assertIn("using Response = model::Thing;", self.files["model/ec2/get_thing.h"])

    def test_tables_count_what_they_hold(self):
        # One service: operations 0..2, structures 0..3.
        self.assertIn('{"ec2","2016-11-15","http://ec2.amazonaws.com/doc/",Protocol::ec2_query,0,2,0,3}', self.files["tables"])
        self.assertIn("{1,INT64_MAX}", self.files["tables"])

    def test_the_same_model_gives_the_same_text(self):
        self.assertEqual(self.files, generated(MODEL))


class Refusals(unittest.TestCase):
    def refuse(self, message, **members):
        model = json.loads(json.dumps(MODEL))
        model["structures"]["Part"] = members
        with self.assertRaisesRegex(ValueError, message):
            generated(model)

    def test_a_wire_name_used_twice(self):
        self.refuse("wire name twice", A={"type": "string", "query": "X"}, B={"type": "string", "query": "X"})

    def test_a_structure_that_contains_itself(self):
        self.refuse("contains itself", Whole={"structure": "Thing"})

    def test_a_list_of_lists(self):
        self.refuse("list of lists", A={"list": {"list": {"type": "string"}, "item": "item"}, "item": "item"})


class Files(unittest.TestCase):
    def test_an_unchanged_file_keeps_its_time(self):
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "deep" / "x.h"
            generate.write_if_changed(path, "a")
            before = path.stat().st_mtime_ns
            generate.write_if_changed(path, "a")
            self.assertEqual(path.stat().st_mtime_ns, before)
            generate.write_if_changed(path, "b")
            self.assertEqual(path.read_text(), "b")


if __name__ == "__main__":
    unittest.main()
