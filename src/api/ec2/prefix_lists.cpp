// SPDX-License-Identifier: Apache-2.0
//
// CreateManagedPrefixList, ModifyManagedPrefixList, RestoreManagedPrefixListVersion,
// DeleteManagedPrefixList, DescribeManagedPrefixLists, GetManagedPrefixListEntries,
// GetManagedPrefixListAssociations, DescribePrefixLists: wire ↔ cloud.

#include "api/ec2/convert.h"
#include "api/ec2/operations.h"
#include "cloud/cloud.h"
#include "cloud/resource_kind.h"
#include "model/ec2/create_managed_prefix_list.h"
#include "model/ec2/delete_managed_prefix_list.h"
#include "model/ec2/describe_managed_prefix_lists.h"
#include "model/ec2/describe_prefix_lists.h"
#include "model/ec2/get_managed_prefix_list_associations.h"
#include "model/ec2/get_managed_prefix_list_entries.h"
#include "model/ec2/modify_managed_prefix_list.h"
#include "model/ec2/restore_managed_prefix_list_version.h"

namespace pileus::api::ec2 {

namespace {

template <class List> std::vector<cloud::PrefixListAddition> additions_of(const List& entries) {
    std::vector<cloud::PrefixListAddition> additions;
    for (const auto entry : entries)
        additions.push_back({text(entry.cidr()), text(entry.description())});
    return additions;
}

void write_list(const cloud::PrefixListView& view, model::ManagedPrefixList out) {
    const auto& list = view.list;
    out.set_prefix_list_id(list.id)
        .set_prefix_list_arn(
            cloud::resource_arn(cloud::kinds::prefix_list, list.region, list.account_id, list.id))
        .set_prefix_list_name(list.name)
        .set_address_family(list.is_ipv6 ? "IPv6" : "IPv4")
        .set_state(list.state)
        .set_max_entries(list.max_entries)
        .set_version(list.version)
        .set_owner_id(list.account_id);
    write_tags(view.tags, out);
}

Result<void> create_list(Call& call,
                         model::CreateManagedPrefixListRequest in,
                         model::CreateManagedPrefixListResult out) {
    PILEUS_ASSIGN(const auto view,
                  call.cloud.prefix_lists.create(call.caller,
                                                 {text(in.prefix_list_name()),
                                                  text(in.address_family()),
                                                  in.max_entries().value_or(0),
                                                  additions_of(in.entries()),
                                                  tag_specifications_of(in),
                                                  client_token_of(call, in)}));
    write_list(view, out.set_prefix_list());
    return {};
}

Result<void> modify_list(Call& call,
                         model::ModifyManagedPrefixListRequest in,
                         model::ModifyManagedPrefixListResult out) {
    cloud::PrefixListChange change;
    change.current_version = in.current_version();
    change.name = text(in.prefix_list_name());
    change.max_entries = in.max_entries();
    change.additions = additions_of(in.add_entries());
    for (const auto entry : in.remove_entries())
        change.removals.push_back(text(entry.cidr()));
    PILEUS_ASSIGN(const auto view,
                  call.cloud.prefix_lists.modify(call.caller, text(in.prefix_list_id()), change));
    write_list(view, out.set_prefix_list());
    return {};
}

Result<void> restore_version(Call& call,
                             model::RestoreManagedPrefixListVersionRequest in,
                             model::RestoreManagedPrefixListVersionResult out) {
    PILEUS_ASSIGN(const auto view,
                  call.cloud.prefix_lists.restore(call.caller,
                                                  text(in.prefix_list_id()),
                                                  in.previous_version().value_or(0),
                                                  in.current_version().value_or(0)));
    write_list(view, out.set_prefix_list());
    return {};
}

Result<void> delete_list(Call& call,
                         model::DeleteManagedPrefixListRequest in,
                         model::DeleteManagedPrefixListResult out) {
    PILEUS_ASSIGN(const auto view,
                  call.cloud.prefix_lists.erase(call.caller, text(in.prefix_list_id())));
    write_list(view, out.set_prefix_list());
    return {};
}

Result<void> describe_lists(Call& call,
                            model::DescribeManagedPrefixListsRequest in,
                            model::DescribeManagedPrefixListsResult out) {
    PILEUS_ASSIGN(const auto listing,
                  call.cloud.prefix_lists.describe(
                      call.caller, texts(in.prefix_list_ids()), filters_of(in), page_of(in)));
    for (const auto& view : listing.items)
        write_list(view, out.add_prefix_lists());
    write_next_token(listing.next_token, out);
    return {};
}

Result<void> get_entries(Call& call,
                         model::GetManagedPrefixListEntriesRequest in,
                         model::GetManagedPrefixListEntriesResult out) {
    PILEUS_ASSIGN(const auto listing,
                  call.cloud.prefix_lists.entries(
                      call.caller, text(in.prefix_list_id()), in.target_version(), page_of(in)));
    for (const auto& entry : listing.items) {
        auto written = out.add_entries();
        written.set_cidr(entry.cidr);
        if (!entry.description.empty())
            written.set_description(entry.description);
    }
    write_next_token(listing.next_token, out);
    return {};
}

Result<void> get_associations(Call& call,
                              model::GetManagedPrefixListAssociationsRequest in,
                              model::GetManagedPrefixListAssociationsResult out) {
    PILEUS_ASSIGN(
        const auto listing,
        call.cloud.prefix_lists.associations(call.caller, text(in.prefix_list_id()), page_of(in)));
    for (const auto& association : listing.items)
        out.add_prefix_list_associations()
            .set_resource_id(association.resource_id)
            .set_resource_owner(association.owner_id);
    write_next_token(listing.next_token, out);
    return {};
}

Result<void> describe_service_lists(Call& call,
                                    model::DescribePrefixListsRequest in,
                                    model::DescribePrefixListsResult) {
    return call.cloud.prefix_lists.describe_services(
        call.caller, texts(in.prefix_list_ids()), filters_of(in), page_of(in));
}

} // namespace

void register_prefix_lists(Registry& registry) {
    namespace operations = model::operations;
    registry.add<operations::CreateManagedPrefixList>(create_list);
    registry.add<operations::ModifyManagedPrefixList>(modify_list);
    registry.add<operations::RestoreManagedPrefixListVersion>(restore_version);
    registry.add<operations::DeleteManagedPrefixList>(delete_list);
    registry.add<operations::DescribeManagedPrefixLists>(describe_lists);
    registry.add<operations::GetManagedPrefixListEntries>(get_entries);
    registry.add<operations::GetManagedPrefixListAssociations>(get_associations);
    registry.add<operations::DescribePrefixLists>(describe_service_lists);
}

} // namespace pileus::api::ec2
