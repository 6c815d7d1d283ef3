#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# finish.sh ROOT: the last step, after every customize.sh: what the boot needs, and nothing of the build or of one instance.
. "$(dirname "$0")/../lib/guest.sh" "$1"

# The same files again, but with the times and numbers of every build.
repack_initramfs() {
    local image=$1 folder
    folder=$(mktemp -d)
    zcat "$image" | (cd "$folder" && cpio --quiet --extract)
    find "$folder" -exec touch --no-dereference --date="@${SOURCE_DATE_EPOCH:-0}" {} +
    (cd "$folder" && find . ! -name . | LC_ALL=C sort | cpio --quiet -o -H newc --reproducible -R 0:0) |
        gzip -9 --no-name >"$image"
    rm -r "$folder"
}

settle_boot() {
    in_root update-tirfs
    local image
    for image in "$root"/boot/initrd.img-*; do
        repack_initramfs "$image"
    done
    local grub="$root/boot/grub/x86_64-efi"
    mkdir -p "$grub" "$root/boot/efi"
    cp "$root"/usr/lib/grub/x86_64-efi/*.mod "$root"/usr/lib/grub/x86_64-efi/*.lst "$grub/"
}

forget_what_is_one_instances_own() {
    rm -f "$root"/etc/ssh/ssh_host_* "$root/var/lib/dbus/machine-id" "$root/var/lib/systemd/random-seed"
    : >"$root/etc/machine-id"
    echo localhost >"$root/etc/hostname"
    printf '127.0.0.1 localhost\n::1 localhost ip6-localhost ip6-loopback\n' >"$root/etc/hosts"
    ln -sf ../run/systemd/resolve/stub-resolv.conf "$root/etc/resolv.conf"
}

forget_the_build() {
    rm -rf "$root"/var/cache/apt/* "$root"/var/lib/apt/lists/* "$root"/var/log/apt "$root"/tmp/* "$root"/run/*
    rm -f "$root"/var/log/*.log "$root/var/cache/ldconfig/aux-cache" "$root"/var/cache/debconf/*-old \
        "$root"/var/lib/dpkg/*-old "$root"/etc/*- "$root/etc/dpkg/dpkg.cfg.d/99mmdebstrap" \
        "$root/etc/apt/apt.conf.d/99mmdebstrap" "$root"/etc/apt/sources.list.d/*
    mkdir -p "$root/var/lib/apt/lists/partial" "$root/var/cache/apt/archives/partial" "$root/var/log/apt"
}

# The day of an account's last change is the day of the build; it should not tell builds apart.
settle_accounts() {
    local day=$((${SOURCE_DATE_EPOCH:-0} / 86400))
    sed -i -E "s/^([^:]*:[^:]*:)[0-9]+:/\1$day:/" "$root/etc/shadow"
}

settle_accounts
settle_boot
forget_what_is_one_instances_own
forget_the_build
