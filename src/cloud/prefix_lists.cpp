// SPDX-License-Identifier: Apache-2.0
#include "cloud/prefix_lists.h"

#include "cloud/listing.h"
#include "cloud/prefix_list_entries.h"
#include "cloud/vpc_work.h"
#include "domain/ids.h"
#include "store/prefix_lists.h"
#include "store/route_tables.h"
#include "store/security_groups.h"
#include "store/work.h"

#include <algorithm>
#include <fmt/core.h>
#include <map>

namespace pileus::cloud {

namespace codes = domain::codes;
namespace lists = store::prefix_lists;
namespace list_entries = store::prefix_list_entries;

namespace {

constexpr std::string_view created = "create-complete";
constexpr std::string_view modified = "modify-complete";
constexpr std::string_view restored = "restore-complete";
constexpr std::string_view reserved_name = "com.amazonaws";
constexpr std::string_view create_operation = "CreateManagedPrefixList";
constexpr size_t name_chars_max = 255;

constexpr FilterField<PrefixListView> list_filters[]{
    {"owner-id", [](const PrefixListView& v, const Emit& emit) { emit(v.list.account_id); }},
    {"prefix-list-id", [](const PrefixListView& v, const Emit& emit) { emit(v.list.id); }},
    {"prefix-list-name", [](const PrefixListView& v, const Emit& emit) { emit(v.list.name); }},
};

constexpr ListingKind<PrefixListView> list_listing{
    "DescribeManagedPrefixLists",
    list_filters,
    [](const PrefixListView& v) { return v.list.id; },
    {1, 100}};

constexpr ListingKind<domain::PrefixListEntry> entry_listing{
    "GetManagedPrefixListEntries",
    {},
    [](const domain::PrefixListEntry& entry) { return entry.cidr; },
    {1, 100}};

constexpr ListingKind<PrefixListAssociation> association_listing{
    "GetManagedPrefixListAssociations",
    {},
    [](const PrefixListAssociation& association) { return association.resource_id; },
    {5, 255}};

constexpr ListingKind<PrefixListView> service_listing{
    "DescribePrefixLists", std::span(list_filters).subspan(1), [](const PrefixListView& v) {
        return v.list.id;
    }};

std::vector<PrefixListView> view_lists(store::Transaction& tx,
                                       std::vector<domain::PrefixList> rows) {
    std::vector<PrefixListView> views;
    for (auto& row : rows)
        views.push_back({std::move(row), {}});
    attach_tags(tx, views, [](const PrefixListView& v) { return v.list.id; });
    return views;
}

Result<domain::PrefixList>
find_list(store::Transaction& tx, const domain::Caller& caller, const std::string& id) {
    if (auto list = lists::find(tx, scope_of(caller), id))
        return std::move(*list);
    return fail(missing_error(kinds::prefix_list, id));
}

// By what kind each resource of these is named once.
std::map<std::string, std::string> associated(store::Transaction& tx, const std::string& id) {
    std::map<std::string, std::string> owners; // by resource
    for (const auto& rule : store::security_groups::list_rules_with_prefix_list(tx, id))
        owners.emplace(rule.security_group_id, rule.account_id);
    for (const auto& route : store::routes::list_by_destination(tx, id))
        if (const auto table = store::route_tables::find(tx, route.route_table_id))
            owners.emplace(table->id, table->account_id);
    return owners;
}

void enqueue_associated(store::Transaction& tx, const Context& context, const std::string& id) {
    for (const auto& [resource_id, owner] : associated(tx, id)) {
        if (const auto table = store::route_tables::find(tx, resource_id))
            enqueue_vpc(tx, context, table->vpc_id);
        else
            store::work::enqueue(tx,
                                 "security-group",
                                 resource_id,
                                 context.settings.host.host_id,
                                 context.clock.now());
    }
}

Result<void> check_name(const std::string& name) {
    if (name.size() > name_chars_max || name.starts_with(reserved_name))
        return fail(codes::invalid_parameter_value,
                    fmt::format("Value ({}) for parameter PrefixListName is invalid. A name has at "
                                "most {} characters and does not begin with '{}'.",
                                name,
                                name_chars_max,
                                reserved_name));
    return {};
}

Result<void> check_max_entries(const Context& context, int max_entries) {
    const int most = context.settings.limits.entries_per_prefix_list;
    if (max_entries < 1 || max_entries > most)
        return fail(codes::invalid_parameter_value,
                    fmt::format("Value ({}) for parameter MaxEntries is invalid. Expected a number "
                                "from 1 to {}.",
                                max_entries,
                                most));
    return {};
}

Result<void> check_creation(const Context& context, const PrefixListCreation& request) {
    if (request.name.empty())
        return fail(codes::missing_parameter,
                    "The request must contain the parameter PrefixListName");
    PILEUS_TRY(check_name(request.name));
    if (request.address_family != "IPv4" && request.address_family != "IPv6")
        return fail(codes::invalid_parameter_value,
                    fmt::format("Value ({}) for parameter AddressFamily is invalid. Expected: "
                                "'IPv4' or 'IPv6'.",
                                request.address_family));
    PILEUS_TRY(check_max_entries(context, request.max_entries));
    return check_tag_specifications(context, request.tag_specifications, {kinds::prefix_list.type});
}

Result<void> check_version(const domain::PrefixList& list, int64_t version) {
    if (version == list.version)
        return {};
    return fail(
        codes::prefix_list_version_mismatch,
        fmt::format("The prefix list has the incorrect version number: {} is at version {}, "
                    "not {}.",
                    list.id,
                    list.version,
                    version));
}

// A list counts with its MaxEntries in each group and table that names it: the larger one must fit.
Result<void> check_growth(store::Transaction& tx,
                          const Context& context,
                          const domain::PrefixList& list,
                          int max_entries) {
    const auto& limits = context.settings.limits;
    const bool is_named_by_group =
        !store::security_groups::list_rules_with_prefix_list(tx, list.id).empty();
    if (is_named_by_group && max_entries > limits.rules_per_security_group)
        return fail(codes::rules_limit_exceeded,
                    fmt::format("The maximum number of rules per security group ({}) would be "
                                "exceeded: {} is named by rules.",
                                limits.rules_per_security_group,
                                list.id));
    if (!store::routes::list_by_destination(tx, list.id).empty() &&
        max_entries > limits.routes_per_route_table)
        return fail(codes::route_limit_exceeded,
                    fmt::format("The maximum number of routes per route table ({}) would be "
                                "exceeded: {} is named by routes.",
                                limits.routes_per_route_table,
                                list.id));
    return {};
}

Result<void> check_change(const PrefixListChange& change) {
    const bool has_entries = !change.additions.empty() || !change.removals.empty();
    if (!has_entries && !change.max_entries && change.name.empty())
        return fail(codes::missing_parameter,
                    "The request must contain the parameter AddEntry, RemoveEntry, MaxEntries or "
                    "PrefixListName");
    if (has_entries && change.max_entries)
        return fail(codes::invalid_parameter_combination,
                    "You cannot modify the entries of a prefix list and its MaxEntries at the same "
                    "time.");
    if (has_entries && !change.current_version)
        return fail(codes::missing_parameter,
                    "The request must contain the parameter CurrentVersion when entries are "
                    "modified");
    if (!change.name.empty())
        return check_name(change.name);
    return {};
}

// Writes `wanted` as the next version of the list.
void write_version(store::Transaction& tx,
                   const Context& context,
                   domain::PrefixList& list,
                   const std::vector<PrefixListAddition>& wanted) {
    const auto present = list_entries::list_of_version(tx, list.id, list.version);
    ++list.version;
    const auto is_same = [](const auto& a, const auto& b) {
        return a.cidr == b.cidr && a.description == b.description;
    };
    for (const auto& entry : present)
        if (std::none_of(
                wanted.begin(), wanted.end(), [&](const auto& w) { return is_same(w, entry); }))
            list_entries::end(tx, list.id, entry.cidr, list.version);
    for (const auto& entry : wanted)
        if (std::none_of(
                present.begin(), present.end(), [&](const auto& p) { return is_same(p, entry); }))
            list_entries::insert(tx, {list.id, entry.cidr, entry.description, list.version, 0});
    list_entries::forget_before(
        tx, list.id, list.version - context.settings.limits.versions_per_prefix_list + 1);
    enqueue_associated(tx, context, list.id);
}

std::vector<PrefixListAddition>
blocks_of_version(store::Transaction& tx, const std::string& id, int64_t version) {
    std::vector<PrefixListAddition> blocks;
    for (auto& entry : list_entries::list_of_version(tx, id, version))
        blocks.push_back({std::move(entry.cidr), std::move(entry.description)});
    return blocks;
}

Result<void>
check_version_is_kept(const Context& context, const domain::PrefixList& list, int64_t version) {
    const auto oldest =
        std::max<int64_t>(1, list.version - context.settings.limits.versions_per_prefix_list + 1);
    if (version < oldest || version > list.version)
        return fail(codes::prefix_list_version_not_found,
                    fmt::format("The prefix list {} has no version {}: it keeps {} to {}.",
                                list.id,
                                version,
                                oldest,
                                list.version));
    return {};
}

// As EC2 shows a change that was only just asked for.
PrefixListView under_way(PrefixListView view, const char* state) {
    view.list.state = state;
    return view;
}

} // namespace

Result<PrefixListView> PrefixLists::create(const domain::Caller& caller,
                                           const PrefixListCreation& request) {
    PILEUS_TRY(check_creation(context_, request));
    const bool is_ipv6 = request.address_family == "IPv6";
    PILEUS_ASSIGN(const auto entries,
                  changed_entries({}, request.entries, {}, is_ipv6, request.max_entries));
    const auto scope = scope_of(caller);
    return context_.store.write([&](store::Transaction& tx) -> Result<PrefixListView> {
        PILEUS_ASSIGN(const auto earlier,
                      find_earlier(tx, caller, create_operation, request.client_token));
        if (earlier) {
            PILEUS_ASSIGN(const auto list, find_list(tx, caller, *earlier));
            return std::move(view_lists(tx, {list}).front());
        }
        if (lists::count(tx, scope) >= context_.settings.limits.prefix_lists)
            return fail(codes::prefix_list_limit_exceeded,
                        "The maximum number of prefix lists has been reached.");
        PILEUS_TRY(end_if_dry_run(caller));
        domain::PrefixList list;
        list.id = domain::new_id(context_.random, domain::prefix::prefix_list);
        list.account_id = scope.account_id;
        list.region = scope.region;
        list.name = request.name;
        list.is_ipv6 = is_ipv6;
        list.max_entries = request.max_entries;
        list.state = created;
        list.created_at = context_.clock.now();
        lists::insert(tx, list);
        for (const auto& entry : entries)
            list_entries::insert(tx, {list.id, entry.cidr, entry.description, 1, 0});
        write_tags(tx, caller, request.tag_specifications, kinds::prefix_list.type, list.id);
        remember(tx, context_, caller, create_operation, request.client_token, list.id);
        return under_way(view_lists(tx, {list}).front(), "create-in-progress");
    });
}

Result<PrefixListView> PrefixLists::modify(const domain::Caller& caller,
                                           const std::string& id,
                                           const PrefixListChange& change) {
    PILEUS_TRY(check_change(change));
    return context_.store.write([&](store::Transaction& tx) -> Result<PrefixListView> {
        PILEUS_ASSIGN(auto list, find_list(tx, caller, id));
        PILEUS_TRY(check_version(list, change.current_version.value_or(list.version)));
        const auto present = blocks_of_version(tx, list.id, list.version);
        PILEUS_ASSIGN(const auto wanted,
                      changed_entries(present,
                                      change.additions,
                                      change.removals,
                                      list.is_ipv6,
                                      change.max_entries.value_or(list.max_entries)));
        if (change.max_entries) {
            PILEUS_TRY(check_max_entries(context_, *change.max_entries));
            PILEUS_TRY(check_growth(tx, context_, list, *change.max_entries));
        }
        PILEUS_TRY(end_if_dry_run(caller));
        list.max_entries = change.max_entries.value_or(list.max_entries);
        if (!change.name.empty())
            list.name = change.name;
        if (!change.additions.empty() || !change.removals.empty())
            write_version(tx, context_, list, wanted);
        list.state = modified;
        lists::update(tx, list);
        return under_way(view_lists(tx, {list}).front(), "modify-in-progress");
    });
}

Result<PrefixListView> PrefixLists::restore(const domain::Caller& caller,
                                            const std::string& id,
                                            int64_t previous_version,
                                            int64_t current_version) {
    return context_.store.write([&](store::Transaction& tx) -> Result<PrefixListView> {
        PILEUS_ASSIGN(auto list, find_list(tx, caller, id));
        PILEUS_TRY(check_version(list, current_version));
        PILEUS_TRY(check_version_is_kept(context_, list, previous_version));
        const auto wanted = blocks_of_version(tx, list.id, previous_version);
        if (wanted.size() > static_cast<size_t>(list.max_entries))
            return fail(too_many_entries(list.max_entries));
        PILEUS_TRY(end_if_dry_run(caller));
        write_version(tx, context_, list, wanted);
        list.state = restored;
        lists::update(tx, list);
        return under_way(view_lists(tx, {list}).front(), "restore-in-progress");
    });
}

Result<PrefixListView> PrefixLists::erase(const domain::Caller& caller, const std::string& id) {
    return context_.store.write([&](store::Transaction& tx) -> Result<PrefixListView> {
        PILEUS_ASSIGN(const auto list, find_list(tx, caller, id));
        if (const auto users = associated(tx, list.id); !users.empty())
            return fail(
                codes::dependency_violation,
                fmt::format("The prefix list '{}' has dependencies and cannot be deleted: {} names "
                            "it.",
                            list.id,
                            users.begin()->first));
        PILEUS_TRY(end_if_dry_run(caller));
        auto view = std::move(view_lists(tx, {list}).front());
        list_entries::erase_of_list(tx, list.id);
        store::tags::erase_all(tx, list.id);
        lists::erase(tx, list.id);
        return under_way(std::move(view), "delete-in-progress");
    });
}

Result<Listing<PrefixListView>> PrefixLists::describe(const domain::Caller& caller,
                                                      const std::vector<std::string>& ids,
                                                      const Filters& filters,
                                                      const PageRequest& page) {
    const auto scope = scope_of(caller);
    const auto find = [&](store::Transaction& tx, const std::string& id) {
        return view_one(tx, lists::find(tx, scope, id), view_lists);
    };
    const auto batch = [&](store::Transaction& tx, const store::Page& rows) {
        return view_lists(tx, lists::list(tx, scope, rows));
    };
    if (!ids.empty())
        return list_named(
            context_, caller, list_listing, kinds::prefix_list, ids, filters, page, find);
    return list_matching(context_, caller, list_listing, filters, page, batch);
}

Result<Listing<domain::PrefixListEntry>> PrefixLists::entries(const domain::Caller& caller,
                                                              const std::string& id,
                                                              std::optional<int64_t> version,
                                                              const PageRequest& page) {
    const auto read = [&](store::Transaction& tx) -> Result<std::vector<domain::PrefixListEntry>> {
        PILEUS_ASSIGN(const auto list, find_list(tx, caller, id));
        const auto wanted = version.value_or(list.version);
        PILEUS_TRY(check_version_is_kept(context_, list, wanted));
        return list_entries::list_of_version(tx, list.id, wanted);
    };
    PILEUS_ASSIGN(auto all, context_.store.read(read));
    return list_in_memory(context_, caller, entry_listing, {}, page, std::move(all));
}

Result<Listing<PrefixListAssociation>> PrefixLists::associations(const domain::Caller& caller,
                                                                 const std::string& id,
                                                                 const PageRequest& page) {
    const auto read = [&](store::Transaction& tx) -> Result<std::vector<PrefixListAssociation>> {
        PILEUS_ASSIGN(const auto list, find_list(tx, caller, id));
        std::vector<PrefixListAssociation> all;
        for (const auto& [resource_id, owner_id] : associated(tx, list.id))
            all.push_back({resource_id, owner_id});
        return all;
    };
    PILEUS_ASSIGN(auto all, context_.store.read(read));
    return list_in_memory(context_, caller, association_listing, {}, page, std::move(all));
}

Result<void> PrefixLists::describe_services(const domain::Caller& caller,
                                            const std::vector<std::string>& ids,
                                            const Filters& filters,
                                            const PageRequest& page) {
    PILEUS_TRY(list_in_memory(context_, caller, service_listing, filters, page, {}));
    if (ids.empty())
        return {};
    auto error = missing_error(kinds::prefix_list, ids);
    if (error.code == codes::managed_prefix_list_not_found)
        error.code = codes::prefix_list_not_found; // this operation spells it so
    return fail(std::move(error));
}

} // namespace pileus::cloud
