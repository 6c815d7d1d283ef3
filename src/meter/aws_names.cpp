// SPDX-License-Identifier: Apache-2.0
#include "meter/aws_names.h"

#include <array>
#include <cctype>
#include <utility>

namespace pileus::meter {

namespace {

// The codes of regions in usage types; us-east-1 has none.
constexpr std::array<std::pair<std::string_view, std::string_view>, 17> region_codes{{
    {"us-east-1", ""},
    {"us-east-2", "USE2-"},
    {"us-west-1", "USW1-"},
    {"us-west-2", "USW2-"},
    {"ca-central-1", "CAN1-"},
    {"eu-west-1", "EU-"},
    {"eu-west-2", "EUW2-"},
    {"eu-west-3", "EUW3-"},
    {"eu-central-1", "EUC1-"},
    {"eu-north-1", "EUN1-"},
    {"eu-south-1", "EUS1-"},
    {"ap-northeast-1", "APN1-"},
    {"ap-northeast-2", "APN2-"},
    {"ap-southeast-1", "APS1-"},
    {"ap-southeast-2", "APS2-"},
    {"ap-south-1", "APS3-"},
    {"sa-east-1", "SAE1-"},
}};

std::string region_code(std::string_view region) {
    for (const auto& [name, code] : region_codes)
        if (name == region)
            return std::string(code);
    return std::string(region) + "-";
}

std::string_view market_of(std::string_view item) {
    const auto slash = item.find('/');
    return slash == std::string_view::npos ? std::string_view() : item.substr(slash + 1);
}

std::string box_usage(std::string_view item) {
    const auto market = market_of(item);
    const auto type = std::string(item.substr(0, item.find('/')));
    if (market == "spot")
        return "SpotUsage:" + type;
    return (market == "dedicated" ? "DedicatedUsage:" : "BoxUsage:") + type;
}

std::string usage_without_region(ChargeKind kind, const std::string& item) {
    switch (kind) {
    case ChargeKind::instance:
        return box_usage(item);
    case ChargeKind::volume:
        return item == "standard" ? "EBS:VolumeUsage" : "EBS:VolumeUsage." + item;
    case ChargeKind::volume_iops:
        return "EBS:VolumeP-IOPS." + item;
    case ChargeKind::volume_throughput:
        return "EBS:VolumeP-Throughput." + item;
    case ChargeKind::snapshot:
        return "EBS:SnapshotUsage";
    case ChargeKind::address:
        return "PublicIPv4:InUseAddress";
    case ChargeKind::nat_gateway:
        return "NatGateway-Hours";
    case ChargeKind::nat_gateway_bytes:
        return "NatGateway-Bytes";
    case ChargeKind::data_out:
        return "DataTransfer-Out-Bytes";
    case ChargeKind::cpu_credits:
        break;
    }
    return "CPUCredits:" + item;
}

} // namespace

std::string_view service_name(ChargeKind kind) {
    if (kind == ChargeKind::instance)
        return "Amazon Elastic Compute Cloud - Compute";
    return kind == ChargeKind::address ? "Amazon Virtual Private Cloud" : "EC2 - Other";
}

std::string usage_type(ChargeKind kind, std::string_view item, std::string_view region) {
    return region_code(region) + usage_without_region(kind, std::string(item));
}

std::string_view usage_type_group(ChargeKind kind) {
    switch (kind) {
    case ChargeKind::instance:
        return "EC2: Running Hours";
    case ChargeKind::volume:
        return "EC2: EBS - SSD";
    case ChargeKind::volume_iops:
        return "EC2: EBS - Provisioned IOPS";
    case ChargeKind::volume_throughput:
        return "EC2: EBS - Provisioned Throughput";
    case ChargeKind::snapshot:
        return "EC2: EBS - Snapshots";
    case ChargeKind::address:
        return "VPC: Public IPv4 Addresses";
    case ChargeKind::nat_gateway:
        return "EC2: NAT Gateway - Running Hours";
    case ChargeKind::nat_gateway_bytes:
        return "EC2: NAT Gateway - Data Processed";
    case ChargeKind::data_out:
        return "EC2: Data Transfer - Internet (Out)";
    case ChargeKind::cpu_credits:
        break;
    }
    return "EC2: CPU Credits";
}

std::string operation_name(ChargeKind kind, std::string_view item) {
    std::string type(item);
    if (!type.empty())
        type[0] = static_cast<char>(std::toupper(static_cast<unsigned char>(type[0])));
    switch (kind) {
    case ChargeKind::volume:
    case ChargeKind::volume_iops:
    case ChargeKind::volume_throughput:
        return item == "standard" ? "CreateVolume" : "CreateVolume-" + type;
    case ChargeKind::snapshot:
        return "CreateSnapshot";
    case ChargeKind::address:
        return "AllocateAddressVPC";
    case ChargeKind::nat_gateway:
    case ChargeKind::nat_gateway_bytes:
        return "NatGateway";
    case ChargeKind::instance:
    case ChargeKind::data_out:
    case ChargeKind::cpu_credits:
        break;
    }
    return "RunInstances";
}

std::string instance_type(ChargeKind kind, std::string_view item) {
    return kind == ChargeKind::instance ? std::string(item.substr(0, item.find('/')))
                                        : "NoInstanceType";
}

std::string_view purchase_type(ChargeKind kind, std::string_view item) {
    if (kind != ChargeKind::instance)
        return "";
    const auto market = market_of(item);
    if (market == "spot")
        return "Spot Instances";
    return market == "reserved" ? "Standard Reserved Instances" : "On Demand Instances";
}

std::string_view to_string(ChargeKind kind) {
    switch (kind) {
    case ChargeKind::instance:
        return "instance";
    case ChargeKind::volume:
        return "volume";
    case ChargeKind::volume_iops:
        return "IOPS";
    case ChargeKind::volume_throughput:
        return "throughput";
    case ChargeKind::snapshot:
        return "snapshot";
    case ChargeKind::address:
        return "address";
    case ChargeKind::nat_gateway:
        return "NAT gateway";
    case ChargeKind::nat_gateway_bytes:
        return "NAT bytes";
    case ChargeKind::data_out:
        return "data out";
    case ChargeKind::cpu_credits:
        break;
    }
    return "CPU credits";
}

} // namespace pileus::meter
