// SPDX-License-Identifier: Apache-2.0
#include "cloud/network_acls.h"

#include "cloud/listing.h"
#include "cloud/protocol.h"
#include "cloud/vpc_work.h"
#include "domain/ids.h"
#include "store/network_acls.h"
#include "store/vpcs.h"

#include <algorithm>
#include <fmt/core.h>

namespace pileus::cloud {

namespace codes = domain::codes;
namespace acls = store::network_acls;
namespace associations = store::network_acl_associations;
namespace entries = store::network_acl_entries;

namespace {

using Association = domain::NetworkAclAssociation;
using Entry = domain::NetworkAclEntry;

constexpr std::string_view create_operation = "CreateNetworkAcl";
constexpr int implied_number = 32767; // "*": denies what no entry of the owner's matched
constexpr int implied_ipv6_number = 32768;

bool is_ipv6(const Entry& entry) {
    return entry.cidr_block.find(':') != std::string::npos;
}
bool is_icmp(const Entry& entry) {
    return entry.protocol == protocol::icmp || entry.protocol == protocol::icmpv6;
}
bool has_ports(const Entry& entry) {
    return entry.protocol == protocol::tcp || entry.protocol == protocol::udp;
}

template <class Visit> void each_entry(const NetworkAclView& v, Visit visit) {
    for (const auto& entry : v.entries)
        visit(entry);
}
template <bool (*has)(const Entry&), int Entry::*member>
void emit_number(const NetworkAclView& v, const Emit& emit) {
    each_entry(v, [&](const Entry& entry) {
        if (has(entry))
            emit(std::to_string(entry.*member));
    });
}
template <bool ipv6> void emit_block(const NetworkAclView& v, const Emit& emit) {
    each_entry(v, [&](const Entry& entry) {
        if (is_ipv6(entry) == ipv6)
            emit(entry.cidr_block);
    });
}
template <std::string Association::*member>
void emit_association(const NetworkAclView& v, const Emit& emit) {
    for (const auto& association : v.associations)
        emit(association.*member);
}

constexpr FilterField<NetworkAclView> acl_filters[]{
    {"association.association-id", emit_association<&Association::id>},
    {"association.network-acl-id", emit_association<&Association::network_acl_id>},
    {"association.subnet-id", emit_association<&Association::subnet_id>},
    {"default",
     [](const NetworkAclView& v, const Emit& emit) { emit(filter_bool(v.acl.is_default)); }},
    {"entry.cidr", emit_block<false>},
    {"entry.egress",
     [](const NetworkAclView& v, const Emit& emit) {
         each_entry(v, [&](const Entry& entry) { emit(filter_bool(entry.egress)); });
     }},
    {"entry.icmp.code", emit_number<is_icmp, &Entry::to_port>},
    {"entry.icmp.type", emit_number<is_icmp, &Entry::from_port>},
    {"entry.ipv6-cidr", emit_block<true>},
    {"entry.port-range.from", emit_number<has_ports, &Entry::from_port>},
    {"entry.port-range.to", emit_number<has_ports, &Entry::to_port>},
    {"entry.protocol",
     [](const NetworkAclView& v, const Emit& emit) {
         each_entry(v, [&](const Entry& entry) {
             emit(std::to_string(entry.protocol));
             if (entry.protocol == protocol::tcp)
                 emit("tcp");
             if (entry.protocol == protocol::udp)
                 emit("udp");
             if (entry.protocol == protocol::icmp)
                 emit("icmp");
         });
     }},
    {"entry.rule-action",
     [](const NetworkAclView& v, const Emit& emit) {
         each_entry(v, [&](const Entry& entry) { emit(entry.allow ? "allow" : "deny"); });
     }},
    {"entry.rule-number",
     [](const NetworkAclView& v, const Emit& emit) {
         each_entry(v, [&](const Entry& entry) { emit(std::to_string(entry.number)); });
     }},
    {"network-acl-id", [](const NetworkAclView& v, const Emit& emit) { emit(v.acl.id); }},
    {"owner-id", [](const NetworkAclView& v, const Emit& emit) { emit(v.acl.account_id); }},
    {"vpc-id", [](const NetworkAclView& v, const Emit& emit) { emit(v.acl.vpc_id); }},
};

constexpr ListingKind<NetworkAclView> acl_listing{
    "DescribeNetworkAcls", acl_filters, [](const NetworkAclView& v) { return v.acl.id; }};

Entry implied_entry(const domain::NetworkAcl& acl, bool egress, int number) {
    Entry entry;
    entry.network_acl_id = acl.id;
    entry.egress = egress;
    entry.number = number;
    entry.cidr_block = number == implied_number ? "0.0.0.0/0" : "::/0";
    return entry;
}

bool has_ipv6(store::Transaction& tx, const std::string& vpc_id) {
    const auto blocks = store::vpc_cidr_blocks::list_of_vpc(tx, vpc_id);
    return std::any_of(
        blocks.begin(), blocks.end(), [](const auto& block) { return block.is_ipv6; });
}

// As EC2 lists them: egress first, in the order in which they are judged.
std::vector<Entry> view_entries(store::Transaction& tx, const domain::NetworkAcl& acl) {
    auto rows = entries::list_of_acl(tx, acl.id);
    const bool ipv6 = has_ipv6(tx, acl.vpc_id);
    for (const bool egress : {true, false}) {
        rows.push_back(implied_entry(acl, egress, implied_number));
        if (ipv6)
            rows.push_back(implied_entry(acl, egress, implied_ipv6_number));
    }
    std::sort(rows.begin(), rows.end(), [](const Entry& a, const Entry& b) {
        return a.egress != b.egress ? a.egress : a.number < b.number;
    });
    return rows;
}

std::vector<NetworkAclView> view_acls(store::Transaction& tx,
                                      std::vector<domain::NetworkAcl> rows) {
    std::vector<NetworkAclView> views;
    for (auto& row : rows) {
        NetworkAclView view{std::move(row), {}, {}, {}};
        view.entries = view_entries(tx, view.acl);
        view.associations = associations::list_of_acl(tx, view.acl.id);
        views.push_back(std::move(view));
    }
    attach_tags(tx, views, [](const NetworkAclView& v) { return v.acl.id; });
    return views;
}

Result<domain::NetworkAcl>
find_acl(store::Transaction& tx, const domain::Caller& caller, const std::string& id) {
    if (auto acl = acls::find(tx, scope_of(caller), id))
        return std::move(*acl);
    return fail(missing_error(kinds::network_acl, id));
}

Result<Entry>
find_entry(store::Transaction& tx, const std::string& acl_id, bool egress, int number) {
    if (auto entry = entries::find(tx, acl_id, egress, number))
        return std::move(*entry);
    return fail(codes::network_acl_entry_not_found,
                fmt::format("The network acl entry identified by {} does not exist.", number));
}

// Each direction and each family by itself.
Result<void> check_room(store::Transaction& tx, const Context& context, const Entry& added) {
    const auto present = entries::list_of_acl(tx, added.network_acl_id);
    const auto count = std::count_if(present.begin(), present.end(), [&](const Entry& entry) {
        return entry.egress == added.egress && is_ipv6(entry) == is_ipv6(added);
    });
    if (count >= context.settings.limits.entries_per_network_acl)
        return fail(codes::network_acl_entry_limit_exceeded,
                    "The maximum number of network acl entries has been reached.");
    return {};
}

} // namespace

Result<NetworkAclView> NetworkAcls::create(const domain::Caller& caller,
                                           const NetworkAclCreation& request) {
    PILEUS_TRY(
        check_tag_specifications(context_, request.tag_specifications, {kinds::network_acl.type}));
    return context_.store.write([&](store::Transaction& tx) -> Result<NetworkAclView> {
        PILEUS_ASSIGN(const auto earlier,
                      find_earlier(tx, caller, create_operation, request.client_token));
        if (earlier) {
            PILEUS_ASSIGN(auto acl, find_acl(tx, caller, *earlier));
            PILEUS_TRY(end_if_dry_run(caller));
            return std::move(view_acls(tx, {std::move(acl)}).front());
        }
        if (!store::vpcs::find(tx, scope_of(caller), request.vpc_id))
            return fail(missing_error(kinds::vpc, request.vpc_id));
        if (static_cast<int>(acls::list_of_vpc(tx, request.vpc_id).size()) >=
            context_.settings.limits.network_acls_per_vpc)
            return fail(codes::network_acl_limit_exceeded,
                        "The maximum number of network acls has been reached.");
        PILEUS_TRY(end_if_dry_run(caller));
        domain::NetworkAcl acl;
        acl.id = domain::new_id(context_.random, domain::prefix::network_acl);
        acl.account_id = caller.account_id;
        acl.region = caller.region;
        acl.vpc_id = request.vpc_id;
        acl.created_at = context_.clock.now();
        acls::insert(tx, acl); // no work: no subnet has it yet
        write_tags(tx, caller, request.tag_specifications, kinds::network_acl.type, acl.id);
        remember(tx, context_, caller, create_operation, request.client_token, acl.id);
        return std::move(view_acls(tx, {acl}).front());
    });
}

Result<void> NetworkAcls::erase(const domain::Caller& caller, const std::string& id) {
    return context_.store.write([&](store::Transaction& tx) -> Result<void> {
        PILEUS_ASSIGN(const auto acl, find_acl(tx, caller, id));
        if (acl.is_default)
            return fail(codes::invalid_parameter_value,
                        fmt::format("cannot delete default network ACL {}", id));
        if (!associations::list_of_acl(tx, id).empty())
            return fail(
                codes::dependency_violation,
                fmt::format("The networkAcl '{}' has dependencies and cannot be deleted.", id));
        PILEUS_TRY(end_if_dry_run(caller));
        entries::erase_of_acl(tx, id);
        acls::erase(tx, id);
        store::tags::erase_all(tx, id);
        enqueue_vpc(tx, context_, acl.vpc_id);
        return {};
    });
}

Result<Listing<NetworkAclView>> NetworkAcls::describe(const domain::Caller& caller,
                                                      const std::vector<std::string>& ids,
                                                      const Filters& filters,
                                                      const PageRequest& page) {
    const auto scope = scope_of(caller);
    const auto* of_vpcs = exact_filter(filters, "vpc-id");
    const auto find = [&](store::Transaction& tx, const std::string& id) {
        return view_one(tx, acls::find(tx, scope, id), view_acls);
    };
    const auto batch = [&](store::Transaction& tx, const store::Page& rows) {
        if (!of_vpcs)
            return view_acls(tx, acls::list(tx, scope, rows));
        return view_acls(tx,
                         own_of_each(of_vpcs->values, scope, rows, [&](const std::string& vpc_id) {
                             return acls::list_of_vpc(tx, vpc_id);
                         }));
    };
    if (!ids.empty())
        return list_named(
            context_, caller, acl_listing, kinds::network_acl, ids, filters, page, find);
    return list_matching(context_, caller, acl_listing, filters, page, batch);
}

Result<void> NetworkAcls::create_entry(const domain::Caller& caller,
                                       const NetworkAclEntryRequest& request) {
    PILEUS_ASSIGN(const auto entry, entry_of(request));
    return context_.store.write([&](store::Transaction& tx) -> Result<void> {
        PILEUS_ASSIGN(const auto acl, find_acl(tx, caller, entry.network_acl_id));
        if (entries::find(tx, acl.id, entry.egress, entry.number))
            return fail(codes::network_acl_entry_already_exists,
                        fmt::format("The network acl entry identified by {} already exists.",
                                    entry.number));
        PILEUS_TRY(check_room(tx, context_, entry));
        PILEUS_TRY(end_if_dry_run(caller));
        entries::insert(tx, entry);
        enqueue_vpc(tx, context_, acl.vpc_id);
        return {};
    });
}

Result<void> NetworkAcls::replace_entry(const domain::Caller& caller,
                                        const NetworkAclEntryRequest& request) {
    PILEUS_ASSIGN(const auto entry, entry_of(request));
    return context_.store.write([&](store::Transaction& tx) -> Result<void> {
        PILEUS_ASSIGN(const auto acl, find_acl(tx, caller, entry.network_acl_id));
        PILEUS_ASSIGN(const auto old, find_entry(tx, acl.id, entry.egress, entry.number));
        if (is_ipv6(old) != is_ipv6(entry))
            PILEUS_TRY(check_room(tx, context_, entry));
        PILEUS_TRY(end_if_dry_run(caller));
        entries::erase(tx, acl.id, entry.egress, entry.number);
        entries::insert(tx, entry);
        enqueue_vpc(tx, context_, acl.vpc_id);
        return {};
    });
}

Result<void> NetworkAcls::erase_entry(const domain::Caller& caller,
                                      const std::string& network_acl_id,
                                      bool egress,
                                      int number) {
    return context_.store.write([&](store::Transaction& tx) -> Result<void> {
        PILEUS_ASSIGN(const auto acl, find_acl(tx, caller, network_acl_id));
        PILEUS_TRY(find_entry(tx, acl.id, egress, number));
        PILEUS_TRY(end_if_dry_run(caller));
        entries::erase(tx, acl.id, egress, number);
        enqueue_vpc(tx, context_, acl.vpc_id);
        return {};
    });
}

Result<Association> NetworkAcls::replace_association(const domain::Caller& caller,
                                                     const std::string& association_id,
                                                     const std::string& network_acl_id) {
    return context_.store.write([&](store::Transaction& tx) -> Result<Association> {
        const auto old = associations::find(tx, association_id);
        const auto old_acl =
            old ? acls::find(tx, scope_of(caller), old->network_acl_id) : std::nullopt;
        if (!old_acl)
            return fail(codes::association_not_found,
                        fmt::format("The association ID '{}' does not exist", association_id));
        PILEUS_ASSIGN(const auto acl, find_acl(tx, caller, network_acl_id));
        if (acl.vpc_id != old_acl->vpc_id)
            return fail(codes::invalid_parameter_value,
                        fmt::format("network ACL {} and subnet {} belong to different networks",
                                    acl.id,
                                    old->subnet_id));
        PILEUS_TRY(end_if_dry_run(caller));
        Association association{
            domain::new_id(context_.random, domain::prefix::network_acl_association),
            acl.id,
            old->subnet_id};
        associations::erase(tx, old->id);
        associations::insert(tx, association);
        enqueue_vpc(tx, context_, acl.vpc_id);
        return association;
    });
}

} // namespace pileus::cloud
