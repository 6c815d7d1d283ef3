// SPDX-License-Identifier: Apache-2.0
#include "cloud/tags.h"

#include "base/text.h"
#include "cloud/listing.h"
#include "cloud/resource_lookup.h"
#include "store/tags.h"

#include <algorithm>
#include <fmt/core.h>
#include <set>

namespace pileus::cloud {

namespace codes = domain::codes;

namespace {

constexpr size_t key_chars_max = 128;
constexpr size_t value_chars_max = 256;
constexpr size_t resources_max = 1000; // of one request
constexpr std::string_view reserved_prefix = "aws:";

size_t count_characters(std::string_view utf8) {
    return static_cast<size_t>(std::count_if(utf8.begin(), utf8.end(), [](char c) {
        return (static_cast<unsigned char>(c) & 0xc0) != 0x80;
    }));
}

bool is_reserved(std::string_view key) {
    return equals_ignore_case(key.substr(0, reserved_prefix.size()), reserved_prefix);
}

Result<void> check_key(std::string_view key) {
    if (key.empty())
        return fail(codes::invalid_parameter_value, "Tag key cannot be null or empty");
    if (count_characters(key) > key_chars_max)
        return fail(
            codes::invalid_parameter_value,
            fmt::format("Tag key exceeds the maximum length of {} characters", key_chars_max));
    if (is_reserved(key))
        return fail(codes::invalid_parameter_value,
                    "Tag keys starting with 'aws:' are reserved for internal use");
    return {};
}

Result<void> check_resource_ids(const std::vector<std::string>& resource_ids) {
    if (resource_ids.empty())
        return fail(codes::missing_parameter,
                    "The request must contain the parameter resourceIdSet");
    if (resource_ids.size() > resources_max)
        return fail(codes::invalid_parameter_value,
                    fmt::format("{} resources were named: at most {} can be tagged at once.",
                                resource_ids.size(),
                                resources_max));
    return {};
}

// Each with its kind; an id that names nothing of the caller's is an error in that kind's words.
Result<std::vector<const ResourceKind*>> resolve_all(store::Transaction& tx,
                                                     const store::Scope& scope,
                                                     const std::vector<std::string>& ids) {
    std::vector<const ResourceKind*> found;
    for (const auto& id : ids) {
        const auto* kind = resource_kind_of(id);
        if (kind == nullptr)
            return fail(codes::invalid_id, fmt::format("The ID '{}' is not valid", id));
        if (!is_own_resource(tx, scope, *kind, id))
            return fail(missing_error(*kind, id));
        found.push_back(kind);
    }
    return found;
}

Result<void>
check_room(const Context& context, const domain::Tags& present, const domain::Tags& added) {
    std::set<std::string_view> keys;
    for (const auto* tags : {&present, &added})
        for (const auto& tag : *tags)
            if (!is_reserved(tag.key))
                keys.insert(tag.key);
    if (static_cast<int>(keys.size()) > context.settings.limits.tags_per_resource)
        return fail(codes::tag_limit_exceeded,
                    "The maximum number of Tags for a resource has been reached.");
    return {};
}

// DescribeTags lists one row a tag; `tags` holds the same tag again, for the filters on tags.
struct TagRow {
    domain::ResourceTag row;
    domain::Tags tags;
};

constexpr FilterField<TagRow> tag_filters[]{
    {"key", [](const TagRow& r, const Emit& emit) { emit(r.row.tag.key); }},
    {"resource-id", [](const TagRow& r, const Emit& emit) { emit(r.row.resource_id); }},
    {"resource-type", [](const TagRow& r, const Emit& emit) { emit(r.row.resource_type); }},
    {"value", [](const TagRow& r, const Emit& emit) { emit(r.row.tag.value); }},
};

// "<resource id> <key>": ids have no spaces in them.
std::string row_key(const TagRow& r) {
    return r.row.resource_id + " " + r.row.tag.key;
}

constexpr ListingKind<TagRow> tag_listing{"DescribeTags", tag_filters, row_key};

std::vector<TagRow>
tag_rows(store::Transaction& tx, const store::Scope& scope, const store::Page& page) {
    const auto space = std::min(page.after_id.find(' '), page.after_id.size());
    const auto after_id = page.after_id.substr(0, space);
    const auto after_key = page.after_id.substr(std::min(space + 1, page.after_id.size()));
    std::vector<TagRow> rows;
    for (auto& tag : store::tags::list(tx, scope, after_id, after_key, page.limit)) {
        TagRow row{std::move(tag), {}};
        row.tags.push_back(row.row.tag);
        rows.push_back(std::move(row));
    }
    return rows;
}

// Most clients ask for the tags of one resource: these are looked up, not searched for.
std::vector<TagRow> tag_rows_of(store::Transaction& tx,
                                const store::Scope& scope,
                                const Filter& resources,
                                const store::Page& page) {
    std::set<std::string> ids(resources.values.begin(), resources.values.end());
    std::vector<TagRow> rows;
    for (const auto& id : ids) {
        const auto after = std::max(page.after_id, id + " ");
        if (!after.starts_with(id + " "))
            continue; // the pages before had it
        for (auto& row : tag_rows(tx, scope, {after, page.limit}))
            if (row.row.resource_id == id && static_cast<int>(rows.size()) < page.limit)
                rows.push_back(std::move(row));
    }
    return rows;
}

} // namespace

Result<void> check_tags(const Context& context, const domain::Tags& tags) {
    std::set<std::string_view> keys;
    for (const auto& tag : tags) {
        PILEUS_TRY(check_key(tag.key));
        if (count_characters(tag.value) > value_chars_max)
            return fail(codes::invalid_parameter_value,
                        fmt::format("Tag value exceeds the maximum length of {} characters",
                                    value_chars_max));
        if (!keys.insert(tag.key).second)
            return fail(codes::invalid_parameter_value,
                        fmt::format("Duplicate tag key '{}' specified.", tag.key));
    }
    return check_room(context, {}, tags);
}

Result<void> check_tag_specifications(const Context& context,
                                      const std::vector<TagSpecification>& specifications,
                                      const std::vector<std::string_view>& allowed) {
    std::set<std::string_view> types;
    for (const auto& specification : specifications) {
        const auto& type = specification.resource_type;
        if (type.empty())
            return fail(codes::invalid_parameter_value,
                        "Tag specification resource type must have a value");
        if (std::find(allowed.begin(), allowed.end(), type) == allowed.end())
            return fail(
                codes::invalid_parameter_value,
                fmt::format("'{}' is not a valid taggable resource type for this operation.",
                            type));
        if (!types.insert(type).second)
            return fail(codes::invalid_parameter_value,
                        fmt::format("Duplicate tag specifications for resource type '{}': give all "
                                    "its tags in one.",
                                    type));
        if (specification.tags.empty())
            return fail(codes::invalid_parameter_value,
                        "Tag specification must have at least one tag");
        PILEUS_TRY(check_tags(context, specification.tags));
    }
    return {};
}

domain::Tags tags_for(const std::vector<TagSpecification>& specifications,
                      std::string_view resource_type) {
    for (const auto& specification : specifications)
        if (specification.resource_type == resource_type)
            return specification.tags;
    return {};
}

void write_tags(store::Transaction& tx,
                const domain::Caller& caller,
                const std::vector<TagSpecification>& specifications,
                std::string_view resource_type,
                const std::string& resource_id) {
    for (auto& tag : tags_for(specifications, resource_type))
        store::tags::put(tx,
                         {caller.account_id,
                          caller.region,
                          resource_id,
                          std::string(resource_type),
                          std::move(tag)});
}

std::optional<std::string> resource_type_of(std::string_view resource_id) {
    const auto* kind = resource_kind_of(resource_id);
    if (kind == nullptr)
        return std::nullopt;
    return std::string(kind->type);
}

Result<void> Tags::create(const domain::Caller& caller,
                          const std::vector<std::string>& resource_ids,
                          const domain::Tags& tags) {
    PILEUS_TRY(check_resource_ids(resource_ids));
    if (tags.empty())
        return fail(codes::missing_parameter, "The request must contain the parameter tagSet");
    PILEUS_TRY(check_tags(context_, tags));
    return context_.store.write([&](store::Transaction& tx) -> Result<void> {
        PILEUS_ASSIGN(const auto resolved, resolve_all(tx, scope_of(caller), resource_ids));
        for (const auto& id : resource_ids)
            PILEUS_TRY(check_room(context_, store::tags::list_of(tx, scope_of(caller), id), tags));
        PILEUS_TRY(end_if_dry_run(caller));
        for (size_t i = 0; i < resolved.size(); ++i)
            for (const auto& tag : tags)
                store::tags::put(tx,
                                 {caller.account_id,
                                  caller.region,
                                  resource_ids[i],
                                  std::string(resolved[i]->type),
                                  tag});
        return {};
    });
}

Result<void> Tags::erase(const domain::Caller& caller,
                         const std::vector<std::string>& resource_ids,
                         const std::vector<Deletion>& deletions) {
    PILEUS_TRY(check_resource_ids(resource_ids));
    for (const auto& deletion : deletions)
        PILEUS_TRY(check_key(deletion.key));
    const auto is_deleted = [&](const domain::Tag& tag) {
        if (deletions.empty())
            return !is_reserved(tag.key);
        return std::any_of(deletions.begin(), deletions.end(), [&](const Deletion& deletion) {
            return deletion.key == tag.key && deletion.value.value_or(tag.value) == tag.value;
        });
    };
    return context_.store.write([&](store::Transaction& tx) -> Result<void> {
        PILEUS_TRY(resolve_all(tx, scope_of(caller), resource_ids));
        PILEUS_TRY(end_if_dry_run(caller));
        for (const auto& id : resource_ids)
            for (const auto& tag : store::tags::list_of(tx, scope_of(caller), id))
                if (is_deleted(tag))
                    store::tags::erase(tx, scope_of(caller), id, tag.key);
        return {};
    });
}

Result<Listing<domain::ResourceTag>>
Tags::describe(const domain::Caller& caller, const Filters& filters, const PageRequest& page) {
    const auto scope = scope_of(caller);
    const auto* resources = exact_filter(filters, "resource-id");
    PILEUS_ASSIGN(auto rows,
                  list_matching(context_,
                                caller,
                                tag_listing,
                                filters,
                                page,
                                [&](store::Transaction& tx, const store::Page& batch) {
                                    return resources ? tag_rows_of(tx, scope, *resources, batch)
                                                     : tag_rows(tx, scope, batch);
                                }));
    Listing<domain::ResourceTag> tags;
    tags.next_token = std::move(rows.next_token);
    for (auto& row : rows.items)
        tags.items.push_back(std::move(row.row));
    return tags;
}

} // namespace pileus::cloud
