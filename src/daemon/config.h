// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "auth/credentials.h"
#include "base/net.h"
#include "base/result.h"
#include "cloud/context.h"
#include "engine/warm_options.h"

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace pileus::daemon {

// An image that the emulation mode shows without having a disk for it.
struct DeclaredImage {
    std::string id;
    std::string name;
    std::string region; // "" for the default region
    std::string root_device_name = "/dev/xvda";
    int64_t size_gib = 8;
    bool has_guest_agent = false; // as if its guests took the identity that they are told
};

// Everything that an operator decides. Made of the defaults here, then the configuration file
// (docs/operator-guide.md lists its keys), then the command line. Immutable once the daemon runs.
struct Config {
    std::string installation = "pileus"; // in the name of every namespace, link and table
    std::filesystem::path data_dir = "/var/lib/pileus";
    std::filesystem::path run_dir = "/run/pileus";
    std::filesystem::path
        share_dir; // instance types and prices; found beside the program when empty
    std::filesystem::path prices_folder; // price lists; those of share_dir when empty
    std::string log_level = "info";

    std::string address = "127.0.0.1";
    int port = 4566;
    std::string tls_certificate_path; // both or none
    std::string tls_key_path;

    std::vector<auth::Credential> credentials; // "" in the file: one is made at the first start
    std::string default_account_id = "000000000000";

    std::string hypervisor = "auto"; // "auto", "kvm", "tcg", "emulated"
    Duration emulation_delay{0};     // how long an emulated guest takes to start or stop
    std::vector<DeclaredImage> declared_images;

    bool egress = true; // guests with a public address may reach the world through this machine
    std::string public_link; // of a pool on a real network; "" is the default route's
    Ipv4Cidr transit{Ipv4{0xc612'0000}, 15}; // 198.18.0.0/15
    int mtu = 1500;
    bool restart_after_boot = false;
    Duration terminated_visible = std::chrono::hours{1};
    int engine_threads = 8;
    engine::WarmOptions warm; // of these: what [warm] sets; the rest follows from the machine
    int api_threads = 16;

    cloud::Settings cloud;

    bool is_emulated() const { return hypervisor == "emulated"; }
};

Config default_config();
// An unknown key, a wrong type or a value out of range is an error that names the key.
Result<Config> parse_config(std::string_view toml, Config base);
// The file that is named, or else $PILEUS_CONFIG, or else /etc/pileus/pileus.toml where there is
// one.
Result<Config> load_config(const std::optional<std::filesystem::path>& path);

} // namespace pileus::daemon
