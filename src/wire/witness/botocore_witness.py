#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Holds the codec against botocore, which was written by others from a model of its own.

    botocore_witness.py PATH-OF-wire_echo

For every operation that both know, botocore writes random requests and the decoder must understand what was meant; the writer writes
random responses and botocore's parser must read what was meant. Exits with 77 when botocore is not installed.
"""

import base64
import datetime
import decimal
import os
import random
import subprocess
import sys
import urllib.parse

try:
    import botocore.model
    import botocore.parsers
    import botocore.serialize
    import botocore.session
except ImportError:
    print("botocore is not installed")
    sys.exit(77)

ROUNDS = 3
SERVICES = ("ec2", "sts")
UTC = datetime.timezone.utc


class Echo:
    """The program under test: one line in, one line out."""

    def __init__(self, path):
        self.process = subprocess.Popen([path], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def ask(self, line):
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()
        status, _, text = self.process.stdout.readline().rstrip("\n").partition(" ")
        return status, text

    def close(self):
        self.process.stdin.close()
        return self.process.wait()


class RandomValues:
    """A random value of a shape, never empty: an empty scalar means "absent" in a request."""

    def __init__(self, seed):
        self.random = random.Random(seed)

    def of(self, shape, depth=0):
        return getattr(self, "_" + shape.type_name)(shape, depth)

    def _structure(self, shape, depth):
        members = {}
        for name, member in shape.members.items():
            required = name in shape.required_members
            if depth > 5 and member.type_name in ("structure", "list") and not required:
                continue
            if required or self.random.random() < 0.6:
                members[name] = self.of(member, depth + 1)
        if not members and shape.members:  # one scalar at least: an empty structure leaves no trace in a request
            for name, member in shape.members.items():
                if member.type_name not in ("structure", "list"):
                    return {name: self.of(member, depth + 1)}
            name, member = next(iter(shape.members.items()))
            return {name: self.of(member, depth + 1)}
        return members

    def _list(self, shape, depth):
        return [self.of(shape.member, depth + 1) for _ in range(self.random.randint(1, 3))]

    def _string(self, shape, _):
        if shape.enum:
            return self.random.choice(shape.enum)
        return "".join(self.random.choice("aZ09 &=%+<>\"'.\u00e9\u20ac\U0001f511/\t") for _ in range(self.random.randint(1, 12))) + "x"

    def _number(self, shape, low, high):
        return self.random.randint(shape.metadata.get("min", low), shape.metadata.get("max", high))

    def _integer(self, shape, _):
        return self._number(shape, -(2**31), 2**31 - 1)

    def _long(self, shape, _):
        return self._number(shape, -(2**63), 2**63 - 1)

    def _float(self, *_):
        return self.random.randint(-(10**6), 10**6) / 64

    _double = _float

    def _boolean(self, *_):
        return self.random.random() < 0.5

    def _timestamp(self, *_):
        return datetime.datetime.fromtimestamp(self.random.randint(0, 4 * 10**9), UTC)

    def _blob(self, *_):
        return self.random.randbytes(self.random.randint(1, 40))


def canonical(name, value):
    """One spelling for each value that two encoders may spell in two ways."""
    try:
        return name, datetime.datetime.fromisoformat(value.replace("Z", "+00:00")).isoformat()
    except ValueError:
        pass
    try:
        return name, str(decimal.Decimal(value).normalize())
    except decimal.InvalidOperation:
        return name, value


def as_set(pairs):
    return {canonical(name, str(value)) for name, value in pairs if name not in ("Action", "Version")}


def encode(pairs):
    return "&".join(f"{name}={urllib.parse.quote(str(value), safe='')}" for name, value in pairs)


class Witness:
    def __init__(self, echo, service):
        self.echo = echo
        self.service = service
        self.model = botocore.model.ServiceModel(
            botocore.session.get_session().get_component("data_loader").load_service_model(service, "service-2"), service
        )
        protocol = self.model.metadata["protocol"]
        self.serializer = botocore.serialize.create_serializer(protocol, include_validation=False)
        self.parser = botocore.parsers.create_parser(protocol)
        self.failures = []
        self.unknown = []
        self.newly_required = set()
        self.passed = 0

    def check_all(self):
        for name in self.model.operation_names:
            operation = self.model.operation_model(name)
            if self.echo.ask(f"request {self.service} Action={name}")[1].startswith("InvalidAction"):
                self.unknown.append(name)
                continue
            for seed in range(ROUNDS):
                values = RandomValues(f"{name} {seed}")
                self.check_request(operation, values)
                self.check_response(operation, values)

    def check_request(self, operation, values):
        shape = operation.input_shape
        meant = values.of(shape) if shape and shape.members else {}
        pairs = list(self.serializer.serialize_to_request(meant, operation)["body"].items())
        status, text = self.echo.ask(f"request {self.service} {encode(pairs)}")
        if status == "ok":
            understood = as_set(urllib.parse.parse_qsl(text, keep_blank_values=True))
            sent = as_set(pairs)
            if understood != sent:
                text = f"sent and not understood: {sorted(sent - understood)}, understood and not sent: {sorted(understood - sent)}"
                status = "wrong"
        if text.startswith("MissingParameter") and not self.requires(shape, text.rsplit(" ", 1)[1]):
            self.newly_required.add(f"{operation.name}.{text.rsplit(' ', 1)[1]}")
            return
        self.note(operation, "request", status, text)

    def requires(self, shape, path):
        """Whether botocore's model, too, requires the parameter of that wire name."""
        first, _, rest = path.partition(".")
        for name, member in shape.members.items():
            location = member.serialization.get("queryName") or member.serialization.get("name", name)
            if location[:1].upper() + location[1:] == first:
                while member.type_name == "list":
                    member, rest = member.member, rest.partition(".")[2]
                return self.requires(member, rest) if rest else name in shape.required_members
        return False

    def check_response(self, operation, values):
        shape = operation.output_shape
        meant = values.of(shape) if shape and shape.members else {}
        body = {}
        if meant:  # the same rules write an output as a query
            self.serializer._serialize(body, meant, shape)
        status, text = self.echo.ask(f"response {self.service} {operation.name} {encode(body.items())}")
        if status == "ok":
            answer = {"status_code": 200, "headers": {}, "body": base64.b64decode(text)}
            read = self.parser.parse(answer, shape)
            if read.pop("ResponseMetadata")["RequestId"] != "request-id":
                status, text = "wrong", "no request id"
            # Lists render even when empty, and so does a success; botocore shows them, and the rest must be what was meant.
            missed = {key: (value, read.get(key)) for key, value in meant.items() if read.get(key) != value}
            added = {key: value for key, value in read.items() if key not in meant and value not in ([], True)}
            if missed or added:
                status, text = "wrong", f"meant and not read: {missed}, read and not meant: {added}"
        self.note(operation, "response", status, text)

    def note(self, operation, what, status, text):
        if status == "ok":
            self.passed += 1
        else:
            self.failures.append(f"{self.service} {operation.name} {what}: {status} {text[:600]}")


def main():
    echo = Echo(sys.argv[1])
    failed = 0
    for service in SERVICES:
        witness = Witness(echo, service)
        witness.check_all()
        for failure in witness.failures[: int(os.environ.get("SHOW", "20"))]:
            print(failure)
        if witness.unknown:
            print(f"{service}: only botocore knows {', '.join(witness.unknown)}")
        if witness.newly_required:
            print(f"{service}: required since botocore's model was made: {', '.join(sorted(witness.newly_required))}")
        print(f"{service}: {witness.passed} passed, {len(witness.failures)} failed")
        failed += len(witness.failures)
    if echo.close() != 0:
        print("wire_echo ended badly")
        failed += 1
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
