#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
. "$(dirname "$0")/../lib/guest.sh" "$1"

in_root usermod --append --groups docker admin
in_root systemctl --quiet enable containerd docker
