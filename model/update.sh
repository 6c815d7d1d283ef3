#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Reads the pinned SDK packages into the committed interface tables. For maintainers: needs node, npm and python3-botocore.
# To move to a newer SDK, change the first version, run this, and read the difference.
set -eu

sdk_version=3.1169.0
serializers_version=3.914.0 # the last generation whose package spells the wire names out

here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

fetch() { # package version folder
    mkdir "$work/$3"
    (cd "$work" && npm pack --silent "$1@$2" | xargs -I{} tar -xzf {} -C "$3" --strip-components=1)
}
fetch @aws-sdk/client-ec2 "$sdk_version" ec2
fetch @aws-sdk/client-ec2 "$serializers_version" ec2-serializers
fetch @aws-sdk/client-sts "$sdk_version" sts

botocore=$(/usr/bin/python3 -c 'import botocore, os; print(os.path.dirname(botocore.__file__))')/data
node "$here/read_sdk.mjs" --sdk "$work/ec2" --service ec2 --serializers "$work/ec2-serializers" \
    --model "$botocore/ec2/2016-11-15/service-2.json" --out "$here/ec2.json"
node "$here/read_sdk.mjs" --sdk "$work/sts" --service sts \
    --model "$botocore/sts/2011-06-15/service-2.json" --out "$here/sts.json"
