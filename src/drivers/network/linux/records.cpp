// SPDX-License-Identifier: Apache-2.0
#include "drivers/network/linux/records.h"

#include "base/file.h"
#include "base/log.h"

#include <boost/json.hpp>

#include <cerrno>
#include <fcntl.h>
#include <fmt/core.h>
#include <stdexcept>
#include <system_error>
#include <unistd.h>

namespace pileus::drivers {

namespace json = boost::json;

namespace {

constexpr unsigned folder_mode = 0755; // dnsmasq, which is nobody, passes through

// Readers of one value each; they throw, and read() below turns that into an Error.
template <class T> T required(const std::optional<T>& value) {
    if (!value)
        throw std::invalid_argument("a field has the wrong form");
    return *value;
}
std::string text_at(const json::object& from, const char* key) {
    return json::value_to<std::string>(from.at(key));
}
uint32_t number_at(const json::object& from, const char* key) {
    return json::value_to<uint32_t>(from.at(key));
}
Ipv4 address_at(const json::object& from, const char* key) {
    return required(Ipv4::parse(text_at(from, key)));
}
Ipv4Cidr cidr_at(const json::object& from, const char* key) {
    return required(Ipv4Cidr::parse(text_at(from, key)));
}

json::object spec_to_json(const VpcSpec& vpc) {
    json::array subnets;
    for (const auto& subnet : vpc.subnets)
        subnets.push_back(json::object{{"id", subnet.id}, {"cidr", subnet.cidr.str()}});
    return {{"id", vpc.id},
            {"cidr", vpc.cidr.str()},
            {"dns_domain", vpc.dns_domain},
            {"subnets", std::move(subnets)}};
}

VpcSpec spec_from_json(const json::object& from) {
    VpcSpec vpc{text_at(from, "id"), cidr_at(from, "cidr"), text_at(from, "dns_domain"), {}};
    for (const auto& subnet : from.at("subnets").as_array())
        vpc.subnets.push_back(
            {text_at(subnet.as_object(), "id"), cidr_at(subnet.as_object(), "cidr")});
    return vpc;
}

json::object rule_to_json(const TrafficRule& rule) {
    json::object out{{"egress", rule.egress},
                     {"protocol", rule.protocol},
                     {"from_port", rule.from_port},
                     {"to_port", rule.to_port}};
    if (rule.peer_cidr)
        out["cidr"] = rule.peer_cidr->str();
    else
        out["group"] = rule.peer_security_group_id;
    return out;
}

TrafficRule rule_from_json(const json::object& from) {
    TrafficRule rule{from.at("egress").as_bool(),
                     json::value_to<int>(from.at("protocol")),
                     json::value_to<int>(from.at("from_port")),
                     json::value_to<int>(from.at("to_port")),
                     std::nullopt,
                     ""};
    if (from.contains("cidr"))
        rule.peer_cidr = cidr_at(from, "cidr");
    else
        rule.peer_security_group_id = text_at(from, "group");
    return rule;
}

InterfaceSpec interface_from_json(const json::object& from) {
    InterfaceSpec spec;
    spec.id = text_at(from, "id");
    spec.vpc_id = text_at(from, "vpc");
    spec.subnet_id = text_at(from, "subnet");
    spec.mac = required(MacAddress::parse(text_at(from, "mac")));
    spec.private_ip = address_at(from, "private_ip");
    spec.host_name = text_at(from, "host_name");
    spec.security_group_ids = json::value_to<std::vector<std::string>>(from.at("groups"));
    spec.source_dest_check = from.at("source_dest_check").as_bool();
    if (from.contains("public_ip"))
        spec.public_ip = address_at(from, "public_ip");
    return spec;
}

template <class T, class Reader> Result<T> read(std::string_view text, Reader reader) {
    try {
        return reader(json::parse(text).as_object());
    } catch (const std::exception& error) {
        return fail(errors::internal, fmt::format("a record cannot be read: {}", error.what()));
    }
}

template <class T, class Parse>
std::vector<T> load_folder(const std::filesystem::path& folder, Parse parse) {
    std::vector<T> found;
    std::error_code ignored;
    for (const auto& entry : std::filesystem::directory_iterator(folder, ignored)) {
        if (entry.path().filename().string().starts_with("."))
            continue; // was being written when the daemon died
        const auto text = read_file(entry.path());
        auto record = text ? parse(*text) : Result<T>(fail(text.error()));
        if (record)
            found.push_back(std::move(*record));
        else
            log_warning("network record left out",
                        {{"path", entry.path().string()}, {"why", record.error().message}});
    }
    return found;
}

void remove_file(const std::filesystem::path& path) {
    std::error_code ignored;
    std::filesystem::remove(path, ignored);
}

} // namespace

Result<void> replace_file(const std::filesystem::path& path, std::string_view content) {
    const auto temporary = path.parent_path() / ("." + path.filename().string());
    const UniqueFd fd(
        ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0644));
    if (fd &&
        ::write(fd.get(), content.data(), content.size()) == static_cast<ssize_t>(content.size()) &&
        ::rename(temporary.c_str(), path.c_str()) == 0)
        return {};
    return fail(errors::unavailable,
                fmt::format("cannot write {}: {}",
                            path.string(),
                            std::generic_category().message(errno)));
}

Result<void> Records::prepare() const {
    for (const auto& folder :
         {folder_ / "groups", folder_ / "ports", leases_folder(), names_folder()})
        PILEUS_TRY(make_directories(folder, folder_mode));
    return {};
}

Result<void> Records::save(const VpcRecord& vpc) const {
    return replace_file(folder_ / "vpc.json", to_json(vpc));
}
Result<void> Records::save(const SecurityGroupSpec& group) const {
    return replace_file(folder_ / "groups" / group.id, to_json(group));
}
Result<void> Records::save(const PortRecord& port) const {
    return replace_file(folder_ / "ports" / port.spec.id, to_json(port));
}

void Records::forget_group(const std::string& id) const {
    remove_file(folder_ / "groups" / id);
}

void Records::forget_port(const std::string& id) const {
    remove_file(folder_ / "ports" / id);
}

Result<VpcRecord> Records::load_vpc() const {
    PILEUS_ASSIGN(const auto text, read_file(folder_ / "vpc.json"));
    return vpc_from_json(text);
}

std::vector<SecurityGroupSpec> Records::load_groups() const {
    return load_folder<SecurityGroupSpec>(folder_ / "groups", group_from_json);
}

std::vector<PortRecord> Records::load_ports() const {
    return load_folder<PortRecord>(folder_ / "ports", port_from_json);
}

std::string to_json(const VpcRecord& vpc) {
    json::object slots;
    for (const auto& [id, slot] : vpc.subnet_slots)
        slots[id] = slot;
    return json::serialize(json::object{{"spec", spec_to_json(vpc.spec)},
                                        {"slot", vpc.slot},
                                        {"next_number", vpc.next_number},
                                        {"next_subnet_slot", vpc.next_subnet_slot},
                                        {"subnet_slots", std::move(slots)}});
}

Result<VpcRecord> vpc_from_json(std::string_view text) {
    return read<VpcRecord>(text, [](const json::object& from) {
        VpcRecord vpc;
        vpc.spec = spec_from_json(from.at("spec").as_object());
        vpc.slot = number_at(from, "slot");
        vpc.next_number = number_at(from, "next_number");
        vpc.next_subnet_slot = number_at(from, "next_subnet_slot");
        for (const auto& slot : from.at("subnet_slots").as_object())
            vpc.subnet_slots[std::string(slot.key())] = json::value_to<uint32_t>(slot.value());
        return vpc;
    });
}

std::string to_json(const SecurityGroupSpec& group) {
    json::array rules;
    for (const auto& rule : group.rules)
        rules.push_back(rule_to_json(rule));
    return json::serialize(
        json::object{{"id", group.id}, {"vpc", group.vpc_id}, {"rules", std::move(rules)}});
}

Result<SecurityGroupSpec> group_from_json(std::string_view text) {
    return read<SecurityGroupSpec>(text, [](const json::object& from) {
        SecurityGroupSpec group{text_at(from, "id"), text_at(from, "vpc"), {}};
        for (const auto& rule : from.at("rules").as_array())
            group.rules.push_back(rule_from_json(rule.as_object()));
        return group;
    });
}

std::string to_json(const PortRecord& port) {
    const auto& spec = port.spec;
    json::object interface{{"id", spec.id},
                           {"vpc", spec.vpc_id},
                           {"subnet", spec.subnet_id},
                           {"mac", spec.mac.str()},
                           {"private_ip", spec.private_ip.str()},
                           {"host_name", spec.host_name},
                           {"groups", json::value_from(spec.security_group_ids)},
                           {"source_dest_check", spec.source_dest_check}};
    if (spec.public_ip)
        interface["public_ip"] = spec.public_ip->str();
    return json::serialize(json::object{{"number", port.number},
                                        {"subnet_slot", port.subnet_slot},
                                        {"interface", std::move(interface)}});
}

Result<PortRecord> port_from_json(std::string_view text) {
    return read<PortRecord>(text, [](const json::object& from) {
        return PortRecord{number_at(from, "number"),
                          number_at(from, "subnet_slot"),
                          interface_from_json(from.at("interface").as_object())};
    });
}

} // namespace pileus::drivers
