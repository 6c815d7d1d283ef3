// SPDX-License-Identifier: Apache-2.0
//
// CreateDhcpOptions, DeleteDhcpOptions, AssociateDhcpOptions, DescribeDhcpOptions: wire ↔ cloud.

#include "api/ec2/convert.h"
#include "api/ec2/operations.h"
#include "cloud/cloud.h"
#include "model/ec2/associate_dhcp_options.h"
#include "model/ec2/create_dhcp_options.h"
#include "model/ec2/delete_dhcp_options.h"
#include "model/ec2/describe_dhcp_options.h"

namespace pileus::api::ec2 {

namespace {

void write_options(const cloud::DhcpOptionsView& view, model::DhcpOptions out) {
    out.set_dhcp_options_id(view.options.id)
        .set_owner_id(view.options.account_id)
        .touch_dhcp_configurations();
    for (const auto& configuration : cloud::configurations_of(view.options)) {
        auto written = out.add_dhcp_configurations();
        written.set_key(configuration.key);
        for (const auto& value : configuration.values)
            written.add_values().set_value(value);
    }
    write_tags(view.tags, out);
}

Result<void> create_dhcp_options(Call& call,
                                 model::CreateDhcpOptionsRequest in,
                                 model::CreateDhcpOptionsResult out) {
    std::vector<cloud::DhcpConfiguration> configurations;
    for (const auto configuration : in.dhcp_configurations())
        configurations.push_back({text(configuration.key()), texts(configuration.values())});
    PILEUS_ASSIGN(
        const auto view,
        call.cloud.dhcp_options.create(call.caller, configurations, tag_specifications_of(in)));
    write_options(view, out.set_dhcp_options());
    return {};
}

Result<void> delete_dhcp_options(Call& call, model::DeleteDhcpOptionsRequest in, model::Unit) {
    return call.cloud.dhcp_options.erase(call.caller, text(in.dhcp_options_id()));
}

Result<void>
associate_dhcp_options(Call& call, model::AssociateDhcpOptionsRequest in, model::Unit) {
    return call.cloud.dhcp_options.associate(
        call.caller, text(in.dhcp_options_id()), text(in.vpc_id()));
}

Result<void> describe_dhcp_options(Call& call,
                                   model::DescribeDhcpOptionsRequest in,
                                   model::DescribeDhcpOptionsResult out) {
    PILEUS_ASSIGN(const auto listing,
                  call.cloud.dhcp_options.describe(
                      call.caller, texts(in.dhcp_options_ids()), filters_of(in), page_of(in)));
    for (const auto& view : listing.items)
        write_options(view, out.add_dhcp_options());
    write_next_token(listing.next_token, out);
    return {};
}

} // namespace

void register_dhcp_options(Registry& registry) {
    namespace operations = model::operations;
    registry.add<operations::CreateDhcpOptions>(create_dhcp_options);
    registry.add<operations::DeleteDhcpOptions>(delete_dhcp_options);
    registry.add<operations::AssociateDhcpOptions>(associate_dhcp_options);
    registry.add<operations::DescribeDhcpOptions>(describe_dhcp_options);
}

} // namespace pileus::api::ec2
