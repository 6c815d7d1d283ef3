// SPDX-License-Identifier: Apache-2.0
#include "cloud/resource_kind.h"

#include "domain/error_codes.h"
#include "domain/ids.h"

#include <algorithm>
#include <array>
#include <fmt/format.h>

namespace pileus::cloud {

namespace codes = domain::codes;

namespace kinds {
const ResourceKind egress_only_internet_gateway{"egress-only-internet-gateway",
                                                domain::prefix::egress_only_internet_gateway,
                                                codes::egress_only_gateway_malformed,
                                                "Invalid id: \"{}\" (expecting \"eigw-...\")",
                                                codes::gateway_not_found,
                                                "The gateway ID '{}' does not exist",
                                                "The gateway IDs '{}' do not exist"};
const ResourceKind elastic_ip{"elastic-ip",
                              domain::prefix::allocation,
                              "",
                              "",
                              codes::allocation_not_found,
                              "The allocation ID '{}' does not exist",
                              "The allocation IDs '{}' do not exist"};
const ResourceKind image{"image",
                         domain::prefix::image,
                         codes::image_malformed,
                         "Invalid id: \"{}\" (expecting \"ami-...\")",
                         codes::image_not_found,
                         "The image id '[{}]' does not exist",
                         "The image ids '[{}]' do not exist"};
const ResourceKind import_image_task{"import-image-task",
                                     domain::prefix::import_image_task,
                                     codes::import_task_malformed,
                                     "Invalid id: \"{}\" (expecting \"import-ami-...\")",
                                     codes::import_task_not_found,
                                     "The import task ID '{}' does not exist",
                                     "The import task IDs '{}' do not exist"};
const ResourceKind import_snapshot_task{"import-snapshot-task",
                                        domain::prefix::import_snapshot_task,
                                        codes::import_task_malformed,
                                        "Invalid id: \"{}\" (expecting \"import-snap-...\")",
                                        codes::import_task_not_found,
                                        "The import task ID '{}' does not exist",
                                        "The import task IDs '{}' do not exist"};
const ResourceKind export_image_task{"export-image-task",
                                     domain::prefix::export_image_task,
                                     codes::export_task_malformed,
                                     "Invalid id: \"{}\" (expecting \"export-ami-...\")",
                                     codes::export_task_not_found,
                                     "The export task ID '{}' does not exist",
                                     "The export task IDs '{}' do not exist"};
const ResourceKind instance{"instance",
                            domain::prefix::instance,
                            codes::instance_malformed,
                            "Invalid id: \"{}\"",
                            codes::instance_not_found,
                            "The instance ID '{}' does not exist",
                            "The instance IDs '{}' do not exist"};
const ResourceKind internet_gateway{"internet-gateway",
                                    domain::prefix::internet_gateway,
                                    codes::internet_gateway_malformed,
                                    "Invalid id: \"{}\" (expecting \"igw-...\")",
                                    codes::internet_gateway_not_found,
                                    "The internetGateway ID '{}' does not exist",
                                    "The internetGateway IDs '{}' do not exist"};
const ResourceKind key_name{"key-pair",
                            "",
                            "",
                            "",
                            codes::key_pair_not_found,
                            "The key pair '{}' does not exist",
                            "The key pairs '{}' do not exist"};
const ResourceKind key_pair{"key-pair",
                            domain::prefix::key_pair,
                            codes::key_pair_id_malformed,
                            "Invalid id: \"{}\" (expecting \"key-...\")",
                            codes::key_pair_not_found,
                            "The key pair ID '{}' does not exist",
                            "The key pair IDs '{}' do not exist"};
const ResourceKind nat_gateway{"natgateway",
                               domain::prefix::nat_gateway,
                               codes::nat_gateway_malformed,
                               "Invalid id: \"{}\" (expecting \"nat-...\")",
                               codes::nat_gateway_not_found,
                               "NatGateway {} was not found",
                               "NatGateways {} were not found"};
const ResourceKind network_acl{"network-acl",
                               domain::prefix::network_acl,
                               codes::network_acl_malformed,
                               "Invalid id: \"{}\" (expecting \"acl-...\")",
                               codes::network_acl_not_found,
                               "The networkAcl ID '{}' does not exist",
                               "The networkAcl IDs '{}' do not exist"};
const ResourceKind network_interface_attachment{
    "network-interface-attachment",
    domain::prefix::network_interface_attachment,
    codes::attachment_malformed,
    "Invalid id: \"{}\" (expecting \"eni-attach-...\")",
    codes::attachment_not_found,
    "The networkInterface attachment '{}' does not exist",
    "The networkInterface attachments '{}' do not exist"};
const ResourceKind network_interface{"network-interface",
                                     domain::prefix::network_interface,
                                     codes::interface_malformed,
                                     "Invalid id: \"{}\" (expecting \"eni-...\")",
                                     codes::interface_not_found,
                                     "The networkInterface ID '{}' does not exist",
                                     "The networkInterface IDs '{}' do not exist"};
const ResourceKind route_table{"route-table",
                               domain::prefix::route_table,
                               codes::route_table_malformed,
                               "Invalid id: \"{}\" (expecting \"rtb-...\")",
                               codes::route_table_not_found,
                               "The routeTable ID '{}' does not exist",
                               "The routeTable IDs '{}' do not exist"};
const ResourceKind security_group{"security-group",
                                  domain::prefix::security_group,
                                  codes::group_id_malformed,
                                  "Invalid id: \"{}\" (expecting \"sg-...\")",
                                  codes::group_not_found,
                                  "The security group '{}' does not exist",
                                  "The security groups '{}' do not exist"};
const ResourceKind security_group_rule{"security-group-rule",
                                       domain::prefix::security_group_rule,
                                       codes::security_group_rule_malformed,
                                       "Invalid id: \"{}\" (expecting \"sgr-...\")",
                                       codes::security_group_rule_not_found,
                                       "The security group rule ID '{}' does not exist",
                                       "The security group rule IDs '{}' do not exist"};
const ResourceKind snapshot{"snapshot",
                            domain::prefix::snapshot,
                            codes::snapshot_malformed,
                            "Invalid id: \"{}\" (expecting \"snap-...\")",
                            codes::snapshot_not_found,
                            "The snapshot '{}' does not exist.",
                            "The snapshots '{}' do not exist."};
const ResourceKind subnet{"subnet",
                          domain::prefix::subnet,
                          codes::subnet_malformed,
                          "Invalid id: \"{}\" (expecting \"subnet-...\")",
                          codes::subnet_not_found,
                          "The subnet ID '{}' does not exist",
                          "The subnet IDs '{}' do not exist"};
const ResourceKind volume{"volume",
                          domain::prefix::volume,
                          codes::volume_malformed,
                          "Value ({}) for parameter volumes is invalid. Expected: 'vol-...'.",
                          codes::volume_not_found,
                          "The volume '{}' does not exist.",
                          "The volumes '{}' do not exist."};
const ResourceKind vpc{"vpc",
                       domain::prefix::vpc,
                       codes::vpc_malformed,
                       "Invalid id: \"{}\" (expecting \"vpc-...\")",
                       codes::vpc_not_found,
                       "The vpc ID '{}' does not exist",
                       "The vpc IDs '{}' do not exist"};
const ResourceKind vpc_peering_connection{"vpc-peering-connection",
                                          domain::prefix::vpc_peering_connection,
                                          codes::peering_malformed,
                                          "Invalid id: \"{}\" (expecting \"pcx-...\")",
                                          codes::peering_not_found,
                                          "The vpcPeeringConnection ID '{}' does not exist",
                                          "The vpcPeeringConnection IDs '{}' do not exist"};
const ResourceKind dhcp_options{"dhcp-options",
                                domain::prefix::dhcp_options,
                                codes::dhcp_options_malformed,
                                "Invalid id: \"{}\" (expecting \"dopt-...\")",
                                codes::dhcp_options_not_found,
                                "The dhcpOption ID '{}' does not exist",
                                "The dhcpOption IDs '{}' do not exist"};
const ResourceKind prefix_list{"prefix-list",
                               domain::prefix::prefix_list,
                               codes::prefix_list_malformed,
                               "Invalid id: \"{}\" (expecting \"pl-...\")",
                               codes::managed_prefix_list_not_found,
                               "The prefix list ID '{}' does not exist",
                               "The prefix list IDs '{}' do not exist"};
} // namespace kinds

namespace {
constexpr std::array all_kinds{&kinds::dhcp_options,
                               &kinds::prefix_list,
                               &kinds::vpc_peering_connection,
                               &kinds::egress_only_internet_gateway,
                               &kinds::elastic_ip,
                               &kinds::export_image_task,
                               &kinds::image,
                               &kinds::import_image_task,
                               &kinds::import_snapshot_task,
                               &kinds::instance,
                               &kinds::internet_gateway,
                               &kinds::key_pair,
                               &kinds::nat_gateway,
                               &kinds::network_acl,
                               &kinds::network_interface,
                               &kinds::route_table,
                               &kinds::security_group,
                               &kinds::security_group_rule,
                               &kinds::snapshot,
                               &kinds::subnet,
                               &kinds::volume,
                               &kinds::vpc};
} // namespace

std::span<const ResourceKind* const> resource_kinds() {
    return all_kinds;
}

const ResourceKind* resource_kind_of(std::string_view id) {
    for (const auto* kind : all_kinds)
        if (id.starts_with(kind->prefix))
            return kind;
    return nullptr;
}

Error missing_error(const ResourceKind& kind, const std::vector<std::string>& ids) {
    for (const auto& id : ids)
        if (!kind.malformed_code.empty() && !domain::is_well_formed_id(kind.prefix, id))
            return {std::string(kind.malformed_code),
                    fmt::format(fmt::runtime(kind.malformed_message), id)};
    const auto message = ids.size() == 1 ? kind.not_found_message : kind.not_found_messages;
    return {std::string(kind.not_found_code),
            fmt::format(fmt::runtime(message), fmt::join(ids, ", "))};
}

std::string resource_arn(const ResourceKind& kind,
                         std::string_view region,
                         std::string_view account_id,
                         std::string_view id) {
    return fmt::format("arn:aws:ec2:{}:{}:{}/{}", region, account_id, kind.type, id);
}

std::vector<std::string> without_duplicates(const std::vector<std::string>& ids) {
    std::vector<std::string> unique;
    for (const auto& id : ids)
        if (std::find(unique.begin(), unique.end(), id) == unique.end())
            unique.push_back(id);
    return unique;
}

} // namespace pileus::cloud
