#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes sigv4_vectors.txt beside it: the situations of AWS's published signing test suite, signed by botocore."""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "differential"))
import signing  # noqa: E402

HOST = "http://example.amazonaws.com"
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


def vectors():
    get = lambda name, target, headers=None, **more: signing.sign_header(name, "GET", HOST + target, headers, **more)
    post = lambda name, target, headers=None, body=b"", **more: signing.sign_header(name, "POST", HOST + target, headers, body, **more)
    yield get("get-vanilla", "/")
    yield get("get-vanilla-query", "/?Param1=value1")
    yield get("get-vanilla-query-order-key-case", "/?Param2=value2&Param1=value1")
    yield get("get-vanilla-query-order-key", "/?Param1=value2&Param1=Value1")
    yield get("get-vanilla-query-order-value", "/?Param1=value2&Param1=value1")
    yield get("get-vanilla-query-prefix-order", "/?a-b=1&a=2&aa=3&A=4")
    yield get("get-vanilla-empty-query-key", "/?Param1=")
    yield get("get-vanilla-query-encoded", "/?Param-3=Value%20three%2F%2B&Param=%E1%88%B4")
    yield get("get-vanilla-query-unreserved", "/?-._~0123456789ABCXYZabcxyz=-._~0123456789ABCXYZabcxyz")
    yield get("get-unreserved", "/-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz")
    yield get("get-relative", "/example/..")
    yield get("get-relative-relative", "/example1/example2/../..")
    yield get("get-slash-dot-slash", "/./")
    yield get("get-slash-pointless-dot", "/./example")
    yield get("get-slashes", "//example//")
    yield get("get-space", "/example%20space/")
    yield get("get-utf8", "/%E1%88%B4")
    yield get("get-header-value-trim", "/", {"My-Header1": " value1", "My-Header2": ' "a   b   c"'})
    yield get("get-vanilla-with-session-token", "/", with_token=True)
    yield post("post-vanilla", "/")
    yield post("post-vanilla-query", "/?Param1=value1")
    yield post("post-x-www-form-urlencoded", "/", FORM, b"Param1=value1")
    yield post("post-x-www-form-urlencoded-parameters", "/", {"Content-Type": "application/x-www-form-urlencoded; charset=utf-8"}, b"Param1=value1")
    yield post("post-header-key-sort", "/", {"My-Header1": "value1"})
    yield post("post-binary-body", "/", FORM, bytes(range(256)))
    yield signing.presign("presigned-vanilla", HOST + "/?Action=DescribeVpcs")
    yield signing.presign("presigned-session-token", HOST + "/?Action=DescribeVpcs", with_token=True)
    yield signing.presign("presigned-encoded", HOST + "/?Name=a%20b%2Fc%2B&Empty=")
    parameters = {"Action": "DescribeInstances", "Filter.1.Value.1": "a b+c/~*", "Version": "2010-08-31"}
    yield signing.sign_v2("v2-get", HOST + "/", parameters, "GET")
    yield signing.sign_v2("v2-post", HOST + "/", parameters, "POST")
    yield signing.sign_v2("v2-session-token", HOST + "/", parameters, "GET", with_token=True)


if __name__ == "__main__":
    signing.freeze()
    text = "# Made by make_sigv4_vectors.py with botocore; do not edit.\n\n" + "\n".join(vectors())
    (pathlib.Path(__file__).resolve().parent / "sigv4_vectors.txt").write_text(text)
