// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

namespace pileus::drivers {

// Who a guest is to become that was frozen before it was anybody: what the host tells the agent in
// the guest, so that nothing need be asked for, made or waited for there. Plain values; one use.
struct GuestIdentity {
    std::string instance_id;
    std::string host_name;             // "ip-172-31-0-5"
    std::vector<std::string> ssh_keys; // lines for the default user's authorized_keys
    std::string host_key_seed; // 32 bytes: the private half of an Ed25519 host key (RFC 8032)
    std::string machine_id;    // 32 hexadecimal digits
    std::string boot_id;       // a UUID in lower case
    std::string random_seed;   // 64 bytes for the kernel's pool

    // Of the primary interface, as DHCP would hand them out.
    std::string address; // "172.31.0.5"
    int prefix_length = 0;
    std::string gateway;
    std::vector<std::string> dns_servers;
    std::string domain; // to search; "" for none
    int mtu = 1500;
};

} // namespace pileus::drivers
