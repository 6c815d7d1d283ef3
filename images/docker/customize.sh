#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
. "$(dirname "$0")/../lib/guest.sh" "$1"

in_root usermod --append --groups docker admin
in_root systemctl --quiet enable containerd docker

# Each makes an id of its own at its first start.
for unit in containerd docker; do
    mkdir -p "$root/etc/systemd/system/$unit.service.d"
    printf '[Unit]\nConditionPathExists=!/run/nobody\n' >"$root/etc/systemd/system/$unit.service.d/10-nobody.conf"
done
in_root systemctl --quiet add-wants with-identity.target containerd.service docker.service
