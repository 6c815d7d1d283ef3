# SPDX-License-Identifier: Apache-2.0
# Sourced. On the console, as EC2's users look for them.
print_host_keys() {
    printf -- '-----BEGIN SSH HOST KEY KEYS-----\n%s\n-----END SSH HOST KEY KEYS-----\n' \
        "$(</etc/ssh/ssh_host_ed25519_key.pub)" >/dev/console
}
