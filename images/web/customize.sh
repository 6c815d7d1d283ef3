#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
. "$(dirname "$0")/../lib/guest.sh" "$1"

in_root systemctl --quiet enable nginx
rm -f "$root/var/www/html/index.nginx-debian.html"
# So that `pileus cp -r site/. i-…:/var/www/html` needs no root.
in_root chown -R admin:www-data /var/www/html
