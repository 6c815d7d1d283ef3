// SPDX-License-Identifier: Apache-2.0
//
// Who sees a snapshot, and what: DescribeSnapshots, its attributes, sharing and what blocks it.

#include "cloud/account_settings.h"
#include "cloud/listing.h"
#include "cloud/sharing.h"
#include "cloud/snapshots.h"
#include "store/snapshots.h"

#include <algorithm>
#include <array>
#include <fmt/core.h>

namespace pileus::cloud {

namespace codes = domain::codes;
using domain::SnapshotState;

namespace {

bool is_copy(const SnapshotView& v) {
    return !v.snapshot.source_snapshot_id.empty();
}

// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeSnapshots.html
constexpr FilterField<SnapshotView> snapshot_filters[]{
    {"description", [](const SnapshotView& v, const Emit& emit) { emit(v.snapshot.description); }},
    {"encrypted",
     [](const SnapshotView& v, const Emit& emit) { emit(filter_bool(v.snapshot.encrypted)); }},
    {"owner-alias",
     [](const SnapshotView& v, const Emit& emit) {
         if (!v.owner_alias.empty())
             emit(v.owner_alias);
     }},
    {"owner-id", [](const SnapshotView& v, const Emit& emit) { emit(v.snapshot.account_id); }},
    {"progress",
     [](const SnapshotView& v, const Emit& emit) {
         emit(fmt::format("{}%", v.snapshot.progress_percent));
     }},
    {"snapshot-id", [](const SnapshotView& v, const Emit& emit) { emit(v.snapshot.id); }},
    {"start-time",
     [](const SnapshotView& v, const Emit& emit) { emit(format_iso8601(v.snapshot.started_at)); }},
    {"status", [](const SnapshotView& v, const Emit& emit) { emit(to_string(v.snapshot.state)); }},
    {"storage-tier", [](const SnapshotView&, const Emit& emit) { emit("standard"); }},
    {"transfer-type",
     [](const SnapshotView& v, const Emit& emit) {
         if (is_copy(v))
             emit("standard");
     }},
    {"volume-id", [](const SnapshotView& v, const Emit& emit) { emit(v.snapshot.volume_id); }},
    {"volume-size",
     [](const SnapshotView& v, const Emit& emit) { emit(std::to_string(v.snapshot.size_gib)); }},
};

std::string key(const SnapshotView& v) {
    return v.snapshot.id;
}

constexpr ListingKind<SnapshotView> snapshot_listing{"DescribeSnapshots", snapshot_filters, key};

// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeSnapshotTierStatus.html
constexpr FilterField<SnapshotView> tier_filters[]{
    {"last-tiering-operation", emit_nothing<SnapshotView>},
    {"snapshot-id", [](const SnapshotView& v, const Emit& emit) { emit(v.snapshot.id); }},
    {"volume-id", [](const SnapshotView& v, const Emit& emit) { emit(v.snapshot.volume_id); }},
};

constexpr ListingKind<SnapshotView> tier_listing{"DescribeSnapshotTierStatus", tier_filters, key};

// The tags of another account's snapshot are nobody else's business.
std::vector<SnapshotView> view_snapshots(store::Transaction& tx,
                                         const Context& context,
                                         const store::Scope& scope,
                                         std::vector<domain::Snapshot> rows) {
    std::vector<SnapshotView> views;
    for (auto& row : rows) {
        const bool is_shipped = row.account_id == context.settings.shipped_images_account;
        views.push_back({std::move(row), is_shipped ? "amazon" : "", {}});
    }
    attach_tags(tx, views, [](const SnapshotView& v) { return v.snapshot.id; });
    for (auto& view : views)
        if (view.snapshot.account_id != scope.account_id)
            view.tags.clear();
    return views;
}

bool holds(const std::vector<std::string>& names, std::string_view name) {
    return std::find(names.begin(), names.end(), name) != names.end();
}

bool blocks_all_sharing(store::Transaction& tx, const domain::Snapshot& snapshot) {
    return account_setting(tx,
                           {snapshot.account_id, snapshot.region},
                           account_settings::snapshot_block_public_access) ==
           public_access::block_all_sharing;
}

// By what another account's snapshot is visible at all.
bool is_let_in(store::Transaction& tx,
               const store::Scope& scope,
               const domain::Snapshot& snapshot) {
    if (snapshot.state == SnapshotState::deleting)
        return false;
    if (snapshot.account_id == scope.account_id)
        return true;
    const auto grantees = store::snapshots::list_grantees(tx, snapshot.id);
    return holds(grantees, scope.account_id) ||
           (holds(grantees, everybody) && !blocks_all_sharing(tx, snapshot));
}

bool is_owned_by(const Context& context,
                 const store::Scope& scope,
                 const domain::Snapshot& snapshot,
                 const std::string& owner) {
    if (owner == "self")
        return snapshot.account_id == scope.account_id;
    if (owner == "amazon")
        return snapshot.account_id == context.settings.shipped_images_account;
    return snapshot.account_id == owner;
}

bool is_restorable_by(store::Transaction& tx,
                      const store::Scope& scope,
                      const domain::Snapshot& snapshot,
                      const std::string& user) {
    const auto grantees = store::snapshots::list_grantees(tx, snapshot.id);
    const bool is_own = snapshot.account_id == scope.account_id;
    if (user == "self")
        return is_own || holds(grantees, scope.account_id);
    return holds(grantees, user) && (user == everybody || is_own);
}

bool is_asked_for(store::Transaction& tx,
                  const Context& context,
                  const store::Scope& scope,
                  const domain::Snapshot& snapshot,
                  const SnapshotQuery& query) {
    const auto any = [](const std::vector<std::string>& names, auto matches_name) {
        return names.empty() || std::any_of(names.begin(), names.end(), matches_name);
    };
    return is_let_in(tx, scope, snapshot) &&
           any(query.owners,
               [&](const auto& owner) { return is_owned_by(context, scope, snapshot, owner); }) &&
           any(query.restorable_users,
               [&](const auto& user) { return is_restorable_by(tx, scope, snapshot, user); });
}

bool asks_for_own_only(const SnapshotQuery& query, const store::Scope& scope) {
    return !query.owners.empty() &&
           std::all_of(query.owners.begin(), query.owners.end(), [&](const auto& owner) {
               return owner == "self" || owner == scope.account_id;
           });
}

Result<void> check_shareable(store::Transaction& tx,
                             const domain::Snapshot& snapshot,
                             const std::vector<std::string>& added) {
    if (added.empty())
        return {};
    if (snapshot.encrypted)
        return fail(codes::operation_not_permitted,
                    "Encrypted snapshots with EBS default key cannot be shared");
    const auto state = account_setting(
        tx, {snapshot.account_id, snapshot.region}, account_settings::snapshot_block_public_access);
    if (holds(added, everybody) && !state.empty() && state != public_access::unblocked)
        return fail(codes::operation_not_permitted,
                    "You can't publicly share this snapshot because block public access for "
                    "snapshots is enabled for this account.");
    return {};
}

} // namespace

std::optional<domain::Snapshot>
find_visible_snapshot(store::Transaction& tx, const store::Scope& scope, const std::string& id) {
    auto snapshot = store::snapshots::find_visible(tx, scope, id);
    if (snapshot && !is_let_in(tx, scope, *snapshot))
        snapshot.reset();
    return snapshot;
}

Result<domain::Snapshot>
find_own_snapshot(store::Transaction& tx, const store::Scope& scope, const std::string& id) {
    auto snapshot = find_visible_snapshot(tx, scope, id);
    if (!snapshot)
        return fail(missing_error(kinds::snapshot, id));
    if (snapshot->account_id != scope.account_id)
        return fail(codes::auth_failure, fmt::format("Not authorized for snapshot:{}", id));
    return std::move(*snapshot);
}

Result<domain::Snapshot>
find_usable_snapshot(store::Transaction& tx, const store::Scope& scope, const std::string& id) {
    auto snapshot = find_visible_snapshot(tx, scope, id);
    if (!snapshot)
        return fail(missing_error(kinds::snapshot, id));
    if (snapshot->state == SnapshotState::error || !snapshot->taken_at)
        return fail(codes::incorrect_state,
                    fmt::format("The snapshot '{}' is '{}', not 'completed'.",
                                id,
                                to_string(snapshot->state)));
    return std::move(*snapshot);
}

Result<Listing<SnapshotView>> Snapshots::describe(const domain::Caller& caller,
                                                  const SnapshotQuery& query) {
    PILEUS_TRY(
        check_users(query.owners, {"self", "amazon", "aws-marketplace", "aws-backup-vault"}));
    PILEUS_TRY(check_users(query.restorable_users, {"self", everybody}));
    return query.ids.empty() ? describe_all(caller, query) : describe_named(caller, query);
}

Result<Listing<SnapshotView>> Snapshots::describe_named(const domain::Caller& caller,
                                                        const SnapshotQuery& query) {
    const auto scope = scope_of(caller);
    std::vector<std::string> others; // there, but not of the owners asked for
    PILEUS_ASSIGN(
        auto named,
        list_named(context_,
                   caller,
                   snapshot_listing,
                   kinds::snapshot,
                   query.ids,
                   query.filters,
                   query.page,
                   [&](store::Transaction& tx, const std::string& id) {
                       auto row = find_visible_snapshot(tx, scope, id);
                       if (row && !is_asked_for(tx, context_, scope, *row, query))
                           others.push_back(id);
                       return view_one(
                           tx,
                           std::move(row),
                           [&](store::Transaction& t, std::vector<domain::Snapshot> rows) {
                               return view_snapshots(t, context_, scope, std::move(rows));
                           });
                   }));
    std::erase_if(named.items, [&](const SnapshotView& v) { return holds(others, v.snapshot.id); });
    return named;
}

Result<Listing<SnapshotView>> Snapshots::describe_all(const domain::Caller& caller,
                                                      const SnapshotQuery& query) {
    const auto scope = scope_of(caller);
    const auto view = [&](store::Transaction& tx, std::vector<domain::Snapshot> rows) {
        return view_snapshots(tx, context_, scope, std::move(rows));
    };
    const auto* of_volumes = exact_filter(query.filters, "volume-id");
    const bool own_only = asks_for_own_only(query, scope);
    const auto batch = [&](store::Transaction& tx, const store::Page& page) {
        const auto is_wanted = [&](const domain::Snapshot& row) {
            return is_asked_for(tx, context_, scope, row, query);
        };
        // Most scripts ask for the snapshots of one volume: these are looked up.
        if (own_only && of_volumes) {
            auto rows = own_of_each(of_volumes->values, scope, page, [&](const std::string& id) {
                return store::snapshots::list_of_volume(tx, id);
            });
            std::erase_if(rows, [&](const auto& row) { return !is_wanted(row); });
            if (rows.size() > static_cast<size_t>(page.limit))
                rows.erase(rows.begin() + page.limit, rows.end());
            return view(tx, std::move(rows));
        }
        return view(tx,
                    list_wanted(
                        page,
                        [&](const store::Page& part) {
                            return own_only ? store::snapshots::list(tx, scope, part)
                                            : store::snapshots::list_visible(tx, scope, part);
                        },
                        is_wanted));
    };
    return list_matching(context_, caller, snapshot_listing, query.filters, query.page, batch);
}

Result<Listing<SnapshotView>> Snapshots::describe_tiers(const domain::Caller& caller,
                                                        const Filters& filters,
                                                        const PageRequest& page) {
    const auto scope = scope_of(caller);
    return list_matching(
        context_,
        caller,
        tier_listing,
        filters,
        page,
        [&](store::Transaction& tx, const store::Page& rows) {
            return view_snapshots(
                tx,
                context_,
                scope,
                list_wanted(
                    rows,
                    [&](const store::Page& part) {
                        return store::snapshots::list(tx, scope, part);
                    },
                    [](const auto& row) { return row.state != SnapshotState::deleting; }));
        });
}

Result<void> Snapshots::check_own(const domain::Caller& caller,
                                  const std::vector<std::string>& ids) {
    return context_.store.read([&](store::Transaction& tx) -> Result<void> {
        for (const auto& id : ids)
            PILEUS_TRY(find_own_snapshot(tx, scope_of(caller), id));
        return {};
    });
}

Result<std::vector<std::string>> Snapshots::grantees(const domain::Caller& caller,
                                                     const std::string& id) {
    return context_.store.read([&](store::Transaction& tx) -> Result<std::vector<std::string>> {
        PILEUS_TRY(find_own_snapshot(tx, scope_of(caller), id));
        PILEUS_TRY(end_if_dry_run(caller));
        return store::snapshots::list_grantees(tx, id);
    });
}

Result<void> Snapshots::change_grantees(const domain::Caller& caller,
                                        const std::string& id,
                                        const GranteeChange& change) {
    for (const auto* list : {&change.added, &change.removed})
        PILEUS_TRY(check_grantees(*list, codes::invalid_parameter_value));
    if (change.added.empty() && change.removed.empty())
        return fail(codes::missing_parameter,
                    "The request must contain the parameter CreateVolumePermission, with accounts "
                    "or the group 'all' to add or to remove.");
    return context_.store.write([&](store::Transaction& tx) -> Result<void> {
        PILEUS_ASSIGN(const auto snapshot, find_own_snapshot(tx, scope_of(caller), id));
        PILEUS_TRY(check_shareable(tx, snapshot, change.added));
        PILEUS_TRY(end_if_dry_run(caller));
        for (const auto& grantee : change.removed)
            store::snapshots::withdraw(tx, {id, grantee});
        for (const auto& grantee : change.added)
            store::snapshots::permit(tx, {id, grantee});
        return {};
    });
}

Result<void> Snapshots::reset_grantees(const domain::Caller& caller, const std::string& id) {
    return context_.store.write([&](store::Transaction& tx) -> Result<void> {
        PILEUS_TRY(find_own_snapshot(tx, scope_of(caller), id));
        PILEUS_TRY(end_if_dry_run(caller));
        for (const auto& grantee : store::snapshots::list_grantees(tx, id))
            store::snapshots::withdraw(tx, {id, grantee});
        return {};
    });
}

Result<PublicAccessState> Snapshots::public_access(const domain::Caller& caller) {
    PILEUS_TRY(end_if_dry_run(caller));
    auto state = context_.store.read([&](store::Transaction& tx) {
        return account_setting(
            tx, scope_of(caller), account_settings::snapshot_block_public_access);
    });
    return state.empty() ? PublicAccessState(public_access::unblocked) : state;
}

Result<PublicAccessState> Snapshots::set_public_access(const domain::Caller& caller,
                                                       const PublicAccessState& state) {
    static constexpr std::array known{public_access::unblocked,
                                      public_access::block_new_sharing,
                                      public_access::block_all_sharing};
    if (std::find(known.begin(), known.end(), state) == known.end())
        return fail(codes::invalid_parameter_value,
                    fmt::format("Value ({}) for parameter state is invalid: give "
                                "block-all-sharing or block-new-sharing.",
                                state));
    PILEUS_TRY(end_if_dry_run(caller));
    PILEUS_TRY(context_.store.write([&](store::Transaction& tx) -> Result<void> {
        put_account_setting(
            tx, scope_of(caller), account_settings::snapshot_block_public_access, state);
        return {};
    }));
    return state;
}

} // namespace pileus::cloud
