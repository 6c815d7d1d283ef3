#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
. "$(dirname "$0")/../lib/guest.sh" "$1"

# What the packages made once is made by every instance for itself: its data, with their system identifier, and its key.
rm -rf "$root"/etc/postgresql/* "$root"/var/lib/postgresql/15 "$root"/var/log/postgresql/* \
    "$root/etc/ssl/private/ssl-cert-snakeoil.key" "$root/etc/ssl/certs/ssl-cert-snakeoil.pem"
find "$root/etc/ssl/certs" -xtype l -delete # the name by hash of that certificate
in_root systemctl --quiet enable postgresql first-database
