#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
. "$(dirname "$0")/../lib/guest.sh" "$1"

# A udev rule starts it, once there is a screen: an instance without one does not try in vain.
in_root systemctl --quiet disable lightdm
in_root systemctl --quiet set-default multi-user.target
# The panel as it is by default, without a question at the first login.
cp "$root/etc/xdg/xfce4/panel/default.xml" "$root/etc/xdg/xfce4/xfconf/xfce-perchannel-xml/xfce4-panel.xml"
