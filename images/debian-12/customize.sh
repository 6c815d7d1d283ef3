#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# customize.sh ROOT: settles the installed root folder: users, services, what every instance makes anew.
set -euo pipefail
root=$1

in_root() { chroot "$root" /usr/bin/env --unset=TMPDIR LC_ALL=C.UTF-8 PATH=/usr/sbin:/usr/bin "$@"; }

add_default_user() {
    in_root useradd --create-home --shell /bin/bash --comment Debian \
        --groups adm,audio,cdrom,dialout,dip,floppy,plugdev,sudo,video admin
    chmod 440 "$root/etc/sudoers.d/90-cloud-init-users"
}

choose_services() {
    in_root systemctl --quiet enable systemd-networkd systemd-resolved systemd-networkd-wait-online \
        ec2-identity grow-root journal-flush-late cloud-init
    local wants="$root/etc/systemd/system"
    mkdir -p "$wants/sysinit.target.wants" "$wants/multi-user.target.wants"
    rm -f "$wants/sshd.service" "$wants/multi-user.target.wants/ssh.service"
    in_root systemctl --quiet enable ssh
    # What the generator of cloud-init would do after asking which cloud this is; here it is known.
    ln -sf /lib/systemd/system/cloud-init.target "$wants/multi-user.target.wants/cloud-init.target"

    # cloud-init.service of ours runs what these would.
    in_root systemctl --quiet mask cloud-init-local.service cloud-config.service cloud-final.service \
        cloud-init-hotplugd.socket
    # Work at the start or at random times that a server in a cloud does not miss.
    in_root systemctl --quiet mask apt-daily.timer apt-daily-upgrade.timer e2scrub_reap.service e2scrub_all.timer \
        systemd-journal-flush.service systemd-pstore.service systemd-binfmt.service systemd-update-utmp.service \
        systemd-update-utmp-runlevel.service proc-sys-fs-binfmt_misc.automount dev-hugepages.mount \
        sys-kernel-debug.mount sys-kernel-tracing.mount modprobe@configfs.service modprobe@drm.service \
        modprobe@efi_pstore.service modprobe@fuse.service modprobe@dm_mod.service modprobe@loop.service \
        systemd-network-generator.service systemd-sysusers.service
    mask_generators cloud-init debian debug getty hibernate-resume gpt-auto bless-boot cryptsetup integritysetup \
        rc-local run system-update veritysetup
    in_root systemctl --quiet enable serial-getty@ttyS0.service # in place of the getty generator
    start_after_ssh systemd-udevd systemd-udev-trigger systemd-networkd systemd-tmpfiles-setup \
        systemd-tmpfiles-setup-dev systemd-modules-load systemd-sysctl systemd-random-seed systemd-remount-fs \
        kmod-static-nodes
    mkdir -p "$root/etc/tmpfiles.d"
    # Nobody is kept out while the machine still starts.
    ln -sf /dev/null "$root/etc/tmpfiles.d/systemd-nologin.conf"
}

mask_generators() {
    local name folder="$root/etc/systemd/system-generators"
    mkdir -p "$folder"
    for name in "$@"; do
        case $name in
            cloud-init) ln -sf /dev/null "$folder/cloud-init-generator" ;;
            *) ln -sf /dev/null "$folder/systemd-$name-generator" ;;
        esac
    done
}

# SSH needs none of these: the root is writable, and the initramfs has loaded the drivers. They follow, and by the order
# of the packaged units all the rest follows them.
start_after_ssh() {
    local unit folder
    for unit in "$@"; do
        folder="$root/etc/systemd/system/$unit.service.d"
        mkdir -p "$folder"
        printf '# SSH first.\n[Unit]\nAfter=ssh.service\n' >"$folder/10-after-ssh.conf"
    done
}

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

add_default_user
settle_accounts
choose_services
settle_boot
forget_what_is_one_instances_own
forget_the_build
