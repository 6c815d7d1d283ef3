// SPDX-License-Identifier: Apache-2.0
#pragma once

// The one way in which a Describe operation makes its list: batches of rows from one snapshot of
// the store, filtered, cut to the page, and a sealed token for what follows. Pure templates; any
// thread. Nothing is kept between two pages but the token.
//
//   const ListingKind<VpcView> vpc_listing{"DescribeVpcs", vpc_filters, [](const VpcView& v) {
//   return v.vpc.id; }};
//
//   ids given:  return list_named(context_, caller, vpc_listing, kinds::vpc, ids, filters, page,
//   find); otherwise:  return list_matching(context_, caller, vpc_listing, filters, page, batch);
//
// `find` is std::optional<Resource>(store::Transaction&, const std::string& id); `batch` is
// std::vector<Resource>(store::Transaction&, const store::Page&), in ascending order of key,
// shorter than page.limit only at the end. A Resource with a member `tags` is matched against the
// filters on tags.

#include "cloud/context.h"
#include "cloud/filters.h"
#include "cloud/paging.h"
#include "cloud/resource_kind.h"
#include "store/scope.h"
#include "store/tags.h"

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace pileus::cloud {

template <class Resource> struct ListingKind {
    std::string_view operation; // a token is good for one operation only
    FilterTable<Resource> filters;
    std::string (*key)(const Resource& resource); // what the list is ordered by
    PageBounds bounds = {};
};

namespace detail {

inline constexpr int batch_rows = 1000;

template <class Resource> const domain::Tags& tags_of(const Resource& resource) {
    if constexpr (requires { resource.tags; }) {
        return resource.tags;
    } else {
        static const domain::Tags none;
        return none;
    }
}

template <class Resource>
bool is_wanted(const ListingKind<Resource>& kind, const Filters& filters, const Resource& row) {
    return matches(filters, kind.filters, row, tags_of(row));
}

// `batch` is std::vector<Resource>(const store::Page&).
template <class Resource, class Batch>
Listing<Resource> collect(const Context& context,
                          const domain::Caller& caller,
                          const ListingKind<Resource>& kind,
                          const Filters& filters,
                          const PageStart& start,
                          Batch&& batch) {
    Listing<Resource> listing;
    const bool cut = start.limit != 0;
    // One row more than the page tells whether there is a next one.
    store::Page page{start.after, cut && filters.empty() ? start.limit + 1 : batch_rows};
    for (;;) {
        std::vector<Resource> rows = batch(std::as_const(page));
        const bool is_last = static_cast<int>(rows.size()) < page.limit;
        if (!rows.empty())
            page.after_id = kind.key(rows.back());
        for (auto& row : rows) {
            if (!is_wanted(kind, filters, row))
                continue;
            if (cut && static_cast<int>(listing.items.size()) == start.limit) {
                listing.next_token =
                    seal_page(context, caller, kind.operation, kind.key(listing.items.back()));
                return listing;
            }
            listing.items.push_back(std::move(row));
        }
        if (is_last)
            return listing;
    }
}

template <class Resource>
Result<PageStart> open_listing(const Context& context,
                               const domain::Caller& caller,
                               const ListingKind<Resource>& kind,
                               const Filters& filters,
                               const PageRequest& request) {
    PILEUS_TRY(check_filters<Resource>(filters, kind.filters));
    PILEUS_ASSIGN(auto start, open_page(context, caller, kind.operation, request, kind.bounds));
    PILEUS_TRY(end_if_dry_run(caller));
    return start;
}

} // namespace detail

// Everything of the caller's that the filters leave, page by page.
template <class Resource, class Batch>
Result<Listing<Resource>> list_matching(const Context& context,
                                        const domain::Caller& caller,
                                        const ListingKind<Resource>& kind,
                                        const Filters& filters,
                                        const PageRequest& request,
                                        Batch batch) {
    PILEUS_ASSIGN(auto start, detail::open_listing(context, caller, kind, filters, request));
    return context.store.read([&](store::Transaction& tx) -> Result<Listing<Resource>> {
        return detail::collect(context, caller, kind, filters, start, [&](const store::Page& page) {
            return batch(tx, page);
        });
    });
}

// What the caller named: each must be there (else the kind's own error names those that are not),
// the filters then choose among them. Named things come without pages and in the order in which
// they were named.
template <class Resource, class Find>
Result<Listing<Resource>> list_named(const Context& context,
                                     const domain::Caller& caller,
                                     const ListingKind<Resource>& kind,
                                     const ResourceKind& resource_kind,
                                     const std::vector<std::string>& ids,
                                     const Filters& filters,
                                     const PageRequest& request,
                                     Find find) {
    PILEUS_TRY(detail::open_listing(context, caller, kind, filters, request));
    return context.store.read([&](store::Transaction& tx) -> Result<Listing<Resource>> {
        Listing<Resource> listing;
        std::vector<std::string> missing;
        for (const auto& id : without_duplicates(ids)) {
            std::optional<Resource> row = find(tx, id);
            if (!row)
                missing.push_back(id);
            else if (detail::is_wanted(kind, filters, *row))
                listing.items.push_back(std::move(*row));
        }
        if (!missing.empty())
            return fail(missing_error(resource_kind, missing));
        return listing;
    });
}

// A list that is not in the store (regions, instance types). `all` in any order.
template <class Resource>
Result<Listing<Resource>> list_in_memory(const Context& context,
                                         const domain::Caller& caller,
                                         const ListingKind<Resource>& kind,
                                         const Filters& filters,
                                         const PageRequest& request,
                                         std::vector<Resource> all) {
    PILEUS_ASSIGN(auto start, detail::open_listing(context, caller, kind, filters, request));
    std::sort(all.begin(), all.end(), [&](const Resource& a, const Resource& b) {
        return kind.key(a) < kind.key(b);
    });
    auto next = std::find_if(all.begin(), all.end(), [&](const Resource& row) {
        return start.after.empty() || kind.key(row) > start.after;
    });
    return detail::collect(context, caller, kind, filters, start, [&](const store::Page& page) {
        const auto count = std::min<std::ptrdiff_t>(page.limit, all.end() - next);
        const auto first = std::exchange(next, next + count);
        return std::vector<Resource>(std::make_move_iterator(first), std::make_move_iterator(next));
    });
}

// One row through a function that makes views of many: std::vector<View>(Transaction&,
// std::vector<Row>).
template <class Row, class View>
auto view_one(store::Transaction& tx, std::optional<Row> row, View view)
    -> std::optional<typename decltype(view(tx, std::vector<Row>{}))::value_type> {
    if (!row)
        return std::nullopt;
    std::vector<Row> rows;
    rows.push_back(std::move(*row));
    return std::move(view(tx, std::move(rows)).front());
}

// A row that was looked up by id alone, when it is the caller's.
template <class Row> std::optional<Row> own(std::optional<Row> row, const store::Scope& scope) {
    if (row && (row->account_id != scope.account_id || row->region != scope.region))
        row.reset();
    return row;
}

// The caller's rows of each owner (an instance, a group …) that a filter names outright, in order
// of id, after the page before. `rows_of` is std::vector<Row>(const std::string& owner_id).
template <class RowsOf>
auto own_of_each(const std::vector<std::string>& owner_ids,
                 const store::Scope& scope,
                 const store::Page& page,
                 RowsOf rows_of) {
    decltype(rows_of(std::string())) rows;
    for (const auto& owner_id : without_duplicates(owner_ids))
        for (auto& row : rows_of(owner_id))
            if (row.account_id == scope.account_id && row.region == scope.region &&
                row.id > page.after_id)
                rows.push_back(std::move(row));
    std::sort(rows.begin(), rows.end(), [](const auto& a, const auto& b) { return a.id < b.id; });
    const auto same_id = [](const auto& a, const auto& b) { return a.id == b.id; };
    rows.erase(std::unique(rows.begin(), rows.end(), same_id), rows.end());
    return rows;
}

// Gives each resource its tags, in one look-up. `id` is std::string(const Resource&).
template <class Resource, class Id>
void attach_tags(store::Transaction& tx, std::vector<Resource>& resources, Id id) {
    std::vector<std::string> ids;
    ids.reserve(resources.size());
    for (const auto& resource : resources)
        ids.push_back(id(resource));
    auto tags = store::tags::list_of(tx, ids);
    for (size_t i = 0; i < resources.size(); ++i)
        if (const auto found = tags.find(ids[i]); found != tags.end())
            resources[i].tags = std::move(found->second);
}

} // namespace pileus::cloud
