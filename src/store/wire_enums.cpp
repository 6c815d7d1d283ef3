// SPDX-License-Identifier: Apache-2.0
#include "store/wire_enums.h"

#include "store/store.h"

#include <fmt/core.h>

namespace pileus::store {

namespace {

template <class Enum>
Enum known(const std::optional<Enum>& value, std::string_view what, std::string_view text) {
    if (!value)
        throw StoreFailure(fmt::format("the database has the unknown {} '{}'", what, text));
    return *value;
}

std::optional<domain::ShutdownBehavior> parse_shutdown_behavior(std::string_view text) {
    if (text == "stop")
        return domain::ShutdownBehavior::stop;
    if (text == "terminate")
        return domain::ShutdownBehavior::terminate;
    return std::nullopt;
}

std::optional<domain::Hibernation> parse_hibernation(std::string_view text) {
    for (const auto value :
         {domain::Hibernation::none, domain::Hibernation::saving, domain::Hibernation::saved})
        if (to_wire(value) == text)
            return value;
    return std::nullopt;
}

std::optional<domain::ForkState> parse_fork_state(std::string_view text) {
    for (const auto value :
         {domain::ForkState::copying, domain::ForkState::copied, domain::ForkState::failed})
        if (to_wire(value) == text)
            return value;
    return std::nullopt;
}

std::optional<domain::NetworkInterfaceKind> parse_interface_kind(std::string_view text) {
    if (text == "interface")
        return domain::NetworkInterfaceKind::interface;
    if (text == "nat_gateway")
        return domain::NetworkInterfaceKind::nat_gateway;
    return std::nullopt;
}

std::optional<domain::DiskTaskKind> parse_disk_task_kind(std::string_view text) {
    for (const auto kind : {domain::DiskTaskKind::import_image,
                            domain::DiskTaskKind::import_snapshot,
                            domain::DiskTaskKind::export_image})
        if (to_wire(kind) == text)
            return kind;
    return std::nullopt;
}

} // namespace

std::string_view to_wire(domain::SnapshotState value) {
    return domain::to_string(value);
}
std::string_view to_wire(domain::DiskTaskKind value) {
    switch (value) {
    case domain::DiskTaskKind::import_image:
        return "import-image";
    case domain::DiskTaskKind::import_snapshot:
        return "import-snapshot";
    case domain::DiskTaskKind::export_image:
        return "export-image";
    }
    return "";
}
std::string_view to_wire(domain::InstanceState value) {
    return domain::to_string(value);
}
std::string_view to_wire(domain::ShutdownBehavior value) {
    return value == domain::ShutdownBehavior::stop ? "stop" : "terminate";
}
std::string_view to_wire(domain::Hibernation value) {
    switch (value) {
    case domain::Hibernation::none:
        return "none";
    case domain::Hibernation::saving:
        return "saving";
    case domain::Hibernation::saved:
        return "saved";
    }
    return "";
}
std::string_view to_wire(domain::ForkState value) {
    switch (value) {
    case domain::ForkState::copying:
        return "copying";
    case domain::ForkState::copied:
        return "copied";
    case domain::ForkState::failed:
        return "failed";
    }
    return "";
}
std::string_view to_wire(domain::VolumeState value) {
    return domain::to_string(value);
}
std::string_view to_wire(domain::AttachmentState value) {
    return domain::to_string(value);
}
std::string_view to_wire(domain::LedgerKind value) {
    return domain::to_string(value);
}
std::string_view to_wire(domain::NetworkInterfaceKind value) {
    return value == domain::NetworkInterfaceKind::interface ? "interface" : "nat_gateway";
}
std::string_view to_wire(domain::NatGatewayState value) {
    return domain::to_string(value);
}
std::string_view to_wire(domain::PeeringState value) {
    return domain::to_string(value);
}
std::string_view to_wire(domain::WarmTemplateState value) {
    return domain::to_string(value);
}

template <> domain::InstanceState from_wire(std::string_view text) {
    return known(domain::parse_instance_state(text), "instance state", text);
}
template <> domain::ShutdownBehavior from_wire(std::string_view text) {
    return known(parse_shutdown_behavior(text), "shutdown behaviour", text);
}
template <> domain::Hibernation from_wire(std::string_view text) {
    return known(parse_hibernation(text), "kind of hibernation", text);
}
template <> domain::ForkState from_wire(std::string_view text) {
    return known(parse_fork_state(text), "state of a fork", text);
}
template <> domain::VolumeState from_wire(std::string_view text) {
    return known(domain::parse_volume_state(text), "volume state", text);
}
template <> domain::AttachmentState from_wire(std::string_view text) {
    return known(domain::parse_attachment_state(text), "attachment state", text);
}
template <> domain::SnapshotState from_wire(std::string_view text) {
    return known(domain::parse_snapshot_state(text), "snapshot state", text);
}
template <> domain::DiskTaskKind from_wire(std::string_view text) {
    return known(parse_disk_task_kind(text), "kind of disk task", text);
}
template <> domain::LedgerKind from_wire(std::string_view text) {
    return known(domain::parse_ledger_kind(text), "kind of ledger event", text);
}
template <> domain::NetworkInterfaceKind from_wire(std::string_view text) {
    return known(parse_interface_kind(text), "kind of network interface", text);
}
template <> domain::NatGatewayState from_wire(std::string_view text) {
    return known(domain::parse_nat_gateway_state(text), "state of a NAT gateway", text);
}
template <> domain::PeeringState from_wire(std::string_view text) {
    return known(domain::parse_peering_state(text), "state of a peering", text);
}
template <> domain::WarmTemplateState from_wire(std::string_view text) {
    return known(domain::parse_warm_template_state(text), "state of a warm template", text);
}

} // namespace pileus::store
