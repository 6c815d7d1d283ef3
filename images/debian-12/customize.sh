#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# customize.sh ROOT: settles the installed root folder: users and services.
. "$(dirname "$0")/../lib/guest.sh" "$1"

add_default_user() {
    in_root useradd --create-home --shell /bin/bash --comment Debian \
        --groups adm,audio,cdrom,dialout,dip,floppy,plugdev,sudo,video admin
    chmod 440 "$root/etc/sudoers.d/90-cloud-init-users"
}

choose_services() {
    in_root systemctl --quiet enable systemd-networkd systemd-resolved systemd-networkd-wait-online \
        ec2-identity grow-root journal-flush-late cloud-init await-identity login-message
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

# login-message.service makes /run/motd.dynamic.
shorten_login() {
    sed -i -E 's|^(session +optional +pam_motd.so +motd=/run/motd.dynamic).*|\1 noupdate|' "$root/etc/pam.d/sshd"
}

add_default_user
choose_services
shorten_login
