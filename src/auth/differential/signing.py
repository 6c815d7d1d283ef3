# SPDX-License-Identifier: Apache-2.0
"""Signs requests with botocore, an implementation that shares nothing with ours, and writes them as vectors (see vectors.h)."""

import datetime
import random
import urllib.parse

import botocore.auth
import botocore.awsrequest
import botocore.credentials

ACCESS_KEY = "AKIDEXAMPLE"
SECRET = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
TOKEN_ACCESS_KEY = "ASIAEXAMPLE"
TOKEN = "AQoDYXdzEPT//////////wEXAMPLEtc764bNrC9SAPBSM22wDOk4x4HIZ8j4FZTwdQWLWsKWHGBuFqwAeMicRXmxfpSPfIeoIYRqTflfKD8YUuw=="
NOW = datetime.datetime(2015, 8, 30, 12, 36, 0)


class FrozenClock(datetime.datetime):
    @classmethod
    def utcnow(cls):
        return NOW

    @classmethod
    def now(cls, tz=None):
        return NOW.replace(tzinfo=tz)


def freeze():
    botocore.auth.datetime.datetime = FrozenClock
    botocore.auth.time.gmtime = lambda *ignored: NOW.timetuple()
    if hasattr(botocore.auth, "get_current_datetime"):
        botocore.auth.get_current_datetime = lambda *ignored, **also_ignored: NOW


def credentials(with_token=False):
    if with_token:
        return botocore.credentials.Credentials(TOKEN_ACCESS_KEY, SECRET, TOKEN)
    return botocore.credentials.Credentials(ACCESS_KEY, SECRET)


def vector(name, prepared, host):
    """One vector from a prepared request; the Host header is what an HTTP library would send."""
    parts = urllib.parse.urlsplit(prepared.url)
    target = (parts.path or "/") + ("?" + parts.query if parts.query else "")
    body = prepared.body or b""
    if isinstance(body, str):
        body = body.encode()
    lines = [f"case {name}", f"now {NOW:%Y%m%dT%H%M%SZ}", f"method {prepared.method}", f"target {target}"]
    headers = [(key, value.decode() if isinstance(value, bytes) else str(value)) for key, value in prepared.headers.items()]
    if not any(key.lower() == "host" for key, _ in headers):
        headers.insert(0, ("Host", host))
    lines += [f"header {key}: {value}" for key, value in headers]
    lines += [f"body {body.hex()}", "end", ""]
    return "\n".join(lines)


def sign_header(name, method, url, headers=None, body=b"", service="service", with_token=False):
    request = botocore.awsrequest.AWSRequest(method=method, url=url, headers=headers or {}, data=body)
    botocore.auth.SigV4Auth(credentials(with_token), service, "us-east-1").add_auth(request)
    return vector(name, request.prepare(), urllib.parse.urlsplit(url).netloc)


def presign(name, url, method="GET", expires=3600, service="service", with_token=False):
    request = botocore.awsrequest.AWSRequest(method=method, url=url)
    botocore.auth.SigV4QueryAuth(credentials(with_token), service, "us-east-1", expires).add_auth(request)
    return vector(name, request.prepare(), urllib.parse.urlsplit(url).netloc)


def sign_v2(name, url, parameters, method, with_token=False):
    request = botocore.awsrequest.AWSRequest(method=method, url=url)
    if method == "POST":
        request.data = dict(parameters)
        request.headers["Content-Type"] = "application/x-www-form-urlencoded; charset=utf-8"
    else:
        request.params = dict(parameters)
    botocore.auth.SigV2Auth(credentials(with_token)).add_auth(request)
    return vector(name, request.prepare(), urllib.parse.urlsplit(url).netloc)


ALPHABET = "abcXYZ019-._~ +/=&%?:;,@$!*'()[]{}|\\^`\"<>#\t\u00e9\u1234\U0001f600"


def random_text(rng, longest=12):
    return "".join(rng.choice(ALPHABET) for _ in range(rng.randrange(longest + 1)))


def random_parameters(rng):
    names = {rng.choice(["Filter.1.Name", "Filter.1.Value.1", "a", "a-b", "A", "aa", random_text(rng) or "x"]) for _ in range(rng.randrange(6))}
    return {"Action": "DescribeInstances", "Version": "2016-11-15", **{name: random_text(rng) for name in sorted(names)}}


def random_path(rng):
    pieces = ["", ".", "..", "a", "b.c", "~x", "%20", "a%2Fb", "-_", "$@"]
    return "/" + "/".join(rng.choice(pieces) for _ in range(rng.randrange(5)))


def random_headers(rng):
    headers = {}
    for _ in range(rng.randrange(4)):
        value = " ".join(rng.choice(["a", "two", "x,y", '"q  q"', "=", "(b)"]) + " " * rng.randrange(3) for _ in range(rng.randrange(1, 4)))
        headers[rng.choice(["X-Amz-Meta", "X-Custom", "My-Header1", "x-amz-target", "Accept"])] = value
    return headers


def random_vector(rng, index):
    host = rng.choice(["localhost:4566", "127.0.0.1:4566", "ec2.us-east-1.amazonaws.com", "example.com:8080"])
    kind = rng.choice(["header-get", "header-post", "presigned", "v2-get", "v2-post"])
    name = f"{index}-{kind}"
    with_token = rng.random() < 0.3
    parameters = random_parameters(rng)
    query = urllib.parse.urlencode(parameters, quote_via=urllib.parse.quote, safe="-_.~")
    if kind == "header-get":
        return sign_header(name, "GET", f"http://{host}{random_path(rng)}?{query}", random_headers(rng), with_token=with_token)
    if kind == "header-post":
        headers = {"Content-Type": "application/x-www-form-urlencoded; charset=utf-8", **random_headers(rng)}
        return sign_header(name, "POST", f"http://{host}/", headers, query.encode(), with_token=with_token)
    if kind == "presigned":
        return presign(name, f"http://{host}/?{query}", expires=rng.randrange(1, 604801), with_token=with_token)
    return sign_v2(name, f"http://{host}/", parameters, "GET" if kind == "v2-get" else "POST", with_token)


def random_vectors(count, seed):
    rng = random.Random(seed)
    return [random_vector(rng, index) for index in range(count)]
