// SPDX-License-Identifier: Apache-2.0
#include "daemon/config.h"

#include "base/file.h"
#include "base/text.h"

#include <cstdlib>
#include <fmt/format.h>
#include <functional>
#include <map>
#include <toml++/toml.h>

namespace pileus::daemon {

namespace {

// "us-east-1" → "use1": the first part, the first letter of the second, the number; as in zone ids.
std::string short_name(std::string_view region) {
    const auto parts = split(region, '-');
    if (parts.size() != 3 || parts[1].empty())
        return std::string(region);
    static const std::map<std::string_view, std::string_view> compass{
        {"northeast", "ne"}, {"northwest", "nw"}, {"southeast", "se"}, {"southwest", "sw"}};
    const auto direction = compass.find(parts[1]);
    return fmt::format("{}{}{}",
                       parts[0],
                       direction == compass.end() ? parts[1].substr(0, 1) : direction->second,
                       parts[2]);
}

cloud::Region make_region(const std::string& name, const std::vector<std::string>& letters) {
    cloud::Region region{name, {}};
    for (size_t i = 0; i < letters.size(); ++i)
        region.zones.push_back(
            {name + letters[i], fmt::format("{}-az{}", short_name(name), i + 1)});
    return region;
}

tl::unexpected<Error> bad(const std::string& key, const std::string& what) {
    return fail(errors::invalid, fmt::format("configuration: {}: {}", key, what));
}

// One key of the file and what it sets.
using Setter = std::function<Result<void>(const toml::node& node)>;

template <class T>
Result<T> value_of(const toml::node& node, const std::string& key, const char* wanted) {
    const auto value = node.value_exact<T>();
    if (!value)
        return bad(key, fmt::format("expected {}", wanted));
    return *value;
}

class Reader {
  public:
    explicit Reader(Config& config) : config_(config) {}

    Result<void> read(const toml::table& root) {
        std::map<std::string, Setter, std::less<>> setters = make_setters();
        add_limits(setters);
        for (const auto& [name, node] : root) {
            const std::string section(name.str());
            if (section == "credentials") {
                PILEUS_TRY(read_credentials(node));
                continue;
            }
            if (section == "images") {
                PILEUS_TRY(read_images(node));
                continue;
            }
            if (!node.is_table()) {
                PILEUS_TRY(set(setters, section, node));
                continue;
            }
            for (const auto& [inner, value] : *node.as_table())
                PILEUS_TRY(set(setters, section + "." + std::string(inner.str()), value));
        }
        return {};
    }

  private:
    static Result<void> set(const std::map<std::string, Setter, std::less<>>& setters,
                            const std::string& key,
                            const toml::node& node) {
        const auto setter = setters.find(key);
        if (setter == setters.end())
            return bad(key, "there is no such key");
        return setter->second(node);
    }

    std::map<std::string, Setter, std::less<>> make_setters() {
        auto& c = config_;
        return {
            {"installation", text("installation", c.installation)},
            {"data_dir", path("data_dir", c.data_dir)},
            {"run_dir", path("run_dir", c.run_dir)},
            {"share_dir", path("share_dir", c.share_dir)},
            {"prices_dir", path("prices_dir", c.prices_folder)},
            {"log_level", text("log_level", c.log_level)},
            {"api.address", text("api.address", c.address)},
            {"api.port", number("api.port", c.port, 0, 65535)},
            {"api.threads", number("api.threads", c.api_threads, 1, 1024)},
            {"api.tls_certificate", text("api.tls_certificate", c.tls_certificate_path)},
            {"api.tls_key", text("api.tls_key", c.tls_key_path)},
            {"account_id", text("account_id", c.default_account_id)},
            {"regions", regions()},
            {"hypervisor.kind",
             choice("hypervisor.kind", c.hypervisor, {"auto", "kvm", "tcg", "emulated"})},
            {"emulation.delay_ms", milliseconds("emulation.delay_ms", c.emulation_delay)},
            {"network.public_pool", cidr("network.public_pool", c.cloud.public_pool)},
            {"network.public_link", text("network.public_link", c.public_link)},
            {"network.ipv6_pool", ipv6_pool("network.ipv6_pool", c.cloud.ipv6_pool)},
            {"network.transit", cidr("network.transit", c.transit)},
            {"network.egress", boolean("network.egress", c.egress)},
            {"network.mtu", number("network.mtu", c.mtu, 1280, 65535)},
            {"instances.restart_after_boot",
             boolean("instances.restart_after_boot", c.restart_after_boot)},
            {"instances.stop_timeout_seconds",
             seconds("instances.stop_timeout_seconds", c.cloud.stop_timeout)},
            {"instances.terminated_visible_seconds",
             seconds("instances.terminated_visible_seconds", c.terminated_visible)},
            {"import.folder", text("import.folder", c.cloud.import_folder)},
            {"import.url_prefixes", url_prefixes()},
            {"import.export_folder", text("import.export_folder", c.cloud.export_folder)},
            {"host.id", text("host.id", c.cloud.host.host_id)},
            {"host.cpus", number("host.cpus", c.cloud.host.cpus, 1, 4096)},
            {"host.memory_mib", number64("host.memory_mib", c.cloud.host.memory_mib)},
            {"host.cpu_overcommit", decimal("host.cpu_overcommit", c.cloud.host.cpu_overcommit)},
            {"warm.mode", warm_mode()},
            {"warm.max_templates", number("warm.max_templates", c.warm.templates_max, 0, 10000)},
            {"warm.memory_mib", mebibytes("warm.memory_mib", c.warm.memory_bytes_max)},
            {"warm.idle_hours",
             duration("warm.idle_hours", c.warm.idle_longest, std::chrono::hours{1})},
            {"engine.threads", number("engine.threads", c.engine_threads, 1, 256)},
        };
    }

    void add_limits(std::map<std::string, Setter, std::less<>>& setters) {
        struct Limit {
            const char* name;
            int& value;
            int minimum;
            int maximum;
        };
        constexpr int many = 1 << 20;
        auto& l = config_.cloud.limits;
        const Limit limits[]{
            {"running_vcpus", l.running_vcpus, 0, 1 << 30},
            {"instances_per_launch", l.instances_per_launch, 1, 10000},
            {"key_pairs", l.key_pairs, 1, many},
            {"security_groups", l.security_groups, 1, many},
            {"rules_per_security_group", l.rules_per_security_group, 1, 1000},
            {"security_groups_per_interface", l.security_groups_per_interface, 1, 16},
            {"network_interfaces", l.network_interfaces, 1, many},
            {"elastic_addresses", l.elastic_addresses, 0, many},
            {"volume_storage_tib", l.volume_storage_tib, 1, 1 << 20},
            {"io2_storage_tib", l.io2_storage_tib, 1, 1 << 20},
            {"io1_iops", l.io1_iops, 0, 1 << 30},
            {"io2_iops", l.io2_iops, 0, 1 << 30},
            {"attachments_per_instance", l.attachments_per_instance, 2, 28},
            {"snapshots", l.snapshots, 0, many},
            {"images", l.images, 0, many},
            {"vpcs", l.vpcs, 1, many},
            {"ipv4_blocks_per_vpc", l.ipv4_blocks_per_vpc, 1, 50},
            {"ipv6_blocks_per_vpc", l.ipv6_blocks_per_vpc, 0, 50},
            {"subnets_per_vpc", l.subnets_per_vpc, 1, many},
            {"dhcp_options", l.dhcp_options, 1, many},
            {"route_tables_per_vpc", l.route_tables_per_vpc, 1, many},
            {"routes_per_route_table", l.routes_per_route_table, 1, 10000},
            {"internet_gateways", l.internet_gateways, 1, many},
            {"egress_only_internet_gateways", l.egress_only_internet_gateways, 0, many},
            {"nat_gateways_per_zone", l.nat_gateways_per_zone, 0, many},
            {"network_acls_per_vpc", l.network_acls_per_vpc, 1, many},
            {"entries_per_network_acl", l.entries_per_network_acl, 2, 1000},
            {"peering_connections_per_vpc", l.peering_connections_per_vpc, 0, 1000},
            {"outstanding_peering_requests", l.outstanding_peering_requests, 0, many},
            {"prefix_lists", l.prefix_lists, 0, many},
            {"entries_per_prefix_list", l.entries_per_prefix_list, 1, 10000},
            {"versions_per_prefix_list", l.versions_per_prefix_list, 2, 10000},
        };
        for (const auto& limit : limits) {
            const auto key = fmt::format("limits.{}", limit.name);
            setters.emplace(key, number(key, limit.value, limit.minimum, limit.maximum));
        }
    }

    static Setter text(std::string key, std::string& out) {
        return [key = std::move(key), &out](const toml::node& node) -> Result<void> {
            PILEUS_ASSIGN(out, value_of<std::string>(node, key, "a string"));
            return {};
        };
    }
    static Setter path(std::string key, std::filesystem::path& out) {
        return [key = std::move(key), &out](const toml::node& node) -> Result<void> {
            PILEUS_ASSIGN(out, value_of<std::string>(node, key, "a path"));
            return {};
        };
    }
    static Setter boolean(std::string key, bool& out) {
        return [key = std::move(key), &out](const toml::node& node) -> Result<void> {
            PILEUS_ASSIGN(out, value_of<bool>(node, key, "true or false"));
            return {};
        };
    }
    static Setter decimal(std::string key, double& out) {
        return [key = std::move(key), &out](const toml::node& node) -> Result<void> {
            const auto value = node.value<double>();
            if (!value || *value < 0.1 || *value > 1000)
                return bad(key, "expected a number from 0.1 to 1000");
            out = *value;
            return {};
        };
    }
    static Setter number(std::string key, int& out, int minimum, int maximum) {
        return [key = std::move(key), &out, minimum, maximum](
                   const toml::node& node) -> Result<void> {
            PILEUS_ASSIGN(const auto value, value_of<int64_t>(node, key, "a number"));
            if (value < minimum || value > maximum)
                return bad(key, fmt::format("expected a number from {} to {}", minimum, maximum));
            out = static_cast<int>(value);
            return {};
        };
    }
    static Setter number64(std::string key, int64_t& out) {
        return [key = std::move(key), &out](const toml::node& node) -> Result<void> {
            PILEUS_ASSIGN(const auto value, value_of<int64_t>(node, key, "a number"));
            if (value < 0)
                return bad(key, "expected a number that is not negative");
            out = value;
            return {};
        };
    }
    static Setter mebibytes(std::string key, int64_t& out) {
        return [key = std::move(key), &out](const toml::node& node) -> Result<void> {
            static constexpr int64_t most = int64_t{1} << 40;
            PILEUS_ASSIGN(const auto value, value_of<int64_t>(node, key, "a number"));
            if (value < 0 || value > most)
                return bad(key, fmt::format("expected a number from 0 to {}", most));
            out = value << 20;
            return {};
        };
    }
    static Setter duration(std::string key, Duration& out, Duration unit) {
        return [key = std::move(key), &out, unit](const toml::node& node) -> Result<void> {
            static constexpr int64_t longest = 366LL * 24 * 3600 * 1000;
            PILEUS_ASSIGN(const auto value, value_of<int64_t>(node, key, "a number"));
            if (value < 0 || value > longest)
                return bad(key, fmt::format("expected a number from 0 to {}", longest));
            out = unit * value;
            return {};
        };
    }
    static Setter seconds(std::string key, Duration& out) {
        return duration(std::move(key), out, std::chrono::seconds{1});
    }
    static Setter milliseconds(std::string key, Duration& out) {
        return duration(std::move(key), out, std::chrono::milliseconds{1});
    }
    static Setter cidr(std::string key, Ipv4Cidr& out) {
        return [key = std::move(key), &out](const toml::node& node) -> Result<void> {
            const auto value = node.value_exact<std::string>();
            const auto parsed = value ? Ipv4Cidr::parse(*value) : std::nullopt;
            if (!parsed)
                return bad(key, "expected a CIDR block such as \"127.64.0.0/16\"");
            out = *parsed;
            return {};
        };
    }
    // A VPC takes a /56 of it.
    static Setter ipv6_pool(std::string key, Ipv6Cidr& out) {
        return [key = std::move(key), &out](const toml::node& node) -> Result<void> {
            const auto value = node.value_exact<std::string>();
            const auto parsed = value ? Ipv6Cidr::parse(*value) : std::nullopt;
            if (!parsed || parsed->prefix > 56)
                return bad(key,
                           "expected an IPv6 CIDR block of /56 or larger such as "
                           "\"fd70:696c:6500::/40\"");
            out = *parsed;
            return {};
        };
    }
    static Setter choice(std::string key, std::string& out, std::vector<std::string> allowed) {
        return [key = std::move(key), &out, allowed = std::move(allowed)](
                   const toml::node& node) -> Result<void> {
            const auto value = node.value_exact<std::string>();
            for (const auto& option : allowed)
                if (value == option) {
                    out = option;
                    return {};
                }
            return bad(key, fmt::format("expected one of: {}", fmt::join(allowed, ", ")));
        };
    }
    Setter warm_mode() {
        return [this](const toml::node& node) -> Result<void> {
            static const std::map<std::string, engine::WarmMode, std::less<>> modes{
                {"off", engine::WarmMode::off},
                {"per-account", engine::WarmMode::per_account},
                {"shared", engine::WarmMode::shared}};
            const auto mode = modes.find(node.value_exact<std::string>().value_or(""));
            if (mode == modes.end())
                return bad("warm.mode", "expected one of: off, per-account, shared");
            config_.warm.mode = mode->second;
            return {};
        };
    }
    Setter regions() {
        return [this](const toml::node& node) -> Result<void> {
            const auto* names = node.as_array();
            if (!names || names->empty())
                return bad("regions", "expected a list of names, the default region first");
            config_.cloud.regions.clear();
            for (const auto& name : *names) {
                const auto value = name.value_exact<std::string>();
                if (!value || split(*value, '-').size() < 3)
                    return bad("regions", "expected names such as \"us-east-1\"");
                config_.cloud.regions.push_back(make_region(*value, {"a", "b", "c"}));
            }
            return {};
        };
    }

    // Each ends the name of a host at least: "https://images.example.org" would allow
    // "https://images.example.org.somebody-else.net/" too.
    Setter url_prefixes() {
        return [this](const toml::node& node) -> Result<void> {
            static const std::string key = "import.url_prefixes";
            const auto* list = node.as_array();
            if (!list)
                return bad(key, "expected a list of URLs");
            for (const auto& entry : *list) {
                const auto url = entry.value_exact<std::string>().value_or("");
                const auto host = url.starts_with("https://")  ? url.substr(8)
                                  : url.starts_with("http://") ? url.substr(7)
                                                               : "";
                if (host.find('/') == std::string::npos || host.starts_with('/') ||
                    host.find('@') != std::string::npos)
                    return bad(key, "expected URLs such as \"https://images.example.org/debian/\"");
                config_.cloud.import_url_prefixes.push_back(url);
            }
            return {};
        };
    }

    Result<void> read_credentials(const toml::node& node) {
        const auto* list = node.as_array();
        if (!list)
            return bad("credentials", "expected [[credentials]] sections");
        for (const auto& entry : *list) {
            const auto* table = entry.as_table();
            if (!table)
                return bad("credentials", "expected [[credentials]] sections");
            const auto field = [&](std::string_view name) {
                return (*table)[name].value_or(std::string{});
            };
            auth::Credential credential;
            credential.access_key_id = field("access_key_id");
            credential.secret = field("secret_access_key");
            credential.account_id = field("account_id");
            credential.user_id = credential.account_id;
            const auto user = field("user");
            credential.arn =
                user.empty() ? fmt::format("arn:aws:iam::{}:root", credential.account_id)
                             : fmt::format("arn:aws:iam::{}:user/{}", credential.account_id, user);
            if (!user.empty())
                credential.user_id = "AIDA" + credential.access_key_id;
            const bool is_account =
                credential.account_id.size() == 12 && parse_int(credential.account_id);
            if (credential.access_key_id.empty() || credential.secret.empty() || !is_account)
                return bad("credentials",
                           "each needs access_key_id, secret_access_key and a 12-digit account_id");
            config_.credentials.push_back(std::move(credential));
        }
        return {};
    }

    Result<void> read_images(const toml::node& node) {
        const auto* list = node.as_array();
        if (!list)
            return bad("images", "expected [[images]] sections");
        for (const auto& entry : *list) {
            const auto* table = entry.as_table();
            DeclaredImage image;
            if (table) {
                image.id = (*table)["id"].value_or(std::string{});
                image.name = (*table)["name"].value_or(image.id);
                image.region = (*table)["region"].value_or(std::string{});
                image.root_device_name =
                    (*table)["root_device_name"].value_or(image.root_device_name);
                image.size_gib = (*table)["size_gib"].value_or(image.size_gib);
                image.has_guest_agent = (*table)["guest_agent"].value_or(false);
            }
            if (image.id.empty())
                return bad("images", "each [[images]] section needs an id");
            config_.declared_images.push_back(std::move(image));
        }
        return {};
    }

    Config& config_;
};

} // namespace

Config default_config() {
    Config config;
    config.cloud.regions = {make_region("us-east-1", {"a", "b", "c"})};
    config.cloud.public_pool = *Ipv4Cidr::parse("127.64.0.0/16");
    config.cloud.reserved_blocks = {config.transit};
    config.cloud.host.host_id = "host-1";
    config.cloud.host.cpus = 0;       // 0: what the machine has
    config.cloud.host.memory_mib = 0; // 0: what the machine has, less a reserve
    return config;
}

Result<Config> parse_config(std::string_view text, Config base) {
    toml::table file;
    try {
        file = toml::parse(text);
    } catch (const toml::parse_error& error) {
        return fail(errors::invalid,
                    fmt::format("configuration: line {}: {}",
                                error.source().begin.line,
                                error.description()));
    }
    PILEUS_TRY(Reader(base).read(file));
    base.cloud.reserved_blocks = {base.transit};
    if (base.tls_certificate_path.empty() != base.tls_key_path.empty())
        return bad("api", "tls_certificate and tls_key go together");
    return base;
}

Result<Config> load_config(const std::optional<std::filesystem::path>& named) {
    std::filesystem::path path = named.value_or("");
    if (path.empty())
        if (const char* from_environment = std::getenv("PILEUS_CONFIG"))
            path = from_environment;
    if (path.empty()) {
        path = "/etc/pileus/pileus.toml";
        if (!std::filesystem::exists(path))
            return default_config();
    }
    PILEUS_ASSIGN(const auto text, read_file(path));
    return parse_config(text, default_config());
}

} // namespace pileus::daemon
