#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
. "$(dirname "$0")/../lib/guest.sh" "$1"

in_root update-alternatives --quiet --set editor /usr/bin/vim.basic
