// SPDX-License-Identifier: Apache-2.0
#include "cloud/key_pairs.h"

#include "cloud/listing.h"
#include "domain/ids.h"
#include "store/key_pairs.h"

#include <algorithm>
#include <fmt/core.h>
#include <iterator>

namespace pileus::cloud {

namespace codes = domain::codes;
namespace keys = store::key_pairs;

namespace {

constexpr size_t name_chars_max = 255;

constexpr FilterField<KeyPairView> key_filters[]{
    {"fingerprint", [](const KeyPairView& v, const Emit& emit) { emit(v.key.fingerprint); }},
    {"key-name", [](const KeyPairView& v, const Emit& emit) { emit(v.key.name); }},
    {"key-pair-id", [](const KeyPairView& v, const Emit& emit) { emit(v.key.id); }},
};

constexpr ListingKind<KeyPairView> key_listing{
    "DescribeKeyPairs", key_filters, [](const KeyPairView& v) { return v.key.id; }};

Result<void> check_name(const std::string& name) {
    const bool is_ascii =
        std::all_of(name.begin(), name.end(), [](char c) { return c >= ' ' && c <= '~'; });
    if (name.empty())
        return fail(codes::missing_parameter, "The request must contain the parameter KeyName");
    if (name.size() > name_chars_max)
        return fail(
            codes::invalid_parameter_value,
            fmt::format("Value for parameter KeyName is invalid. Length exceeds maximum of {}.",
                        name_chars_max));
    if (!is_ascii || name.front() == ' ' || name.back() == ' ')
        return fail(
            codes::invalid_parameter_value,
            "Value for parameter KeyName is invalid. Give ASCII characters, without spaces at "
            "the ends.");
    return {};
}

Result<void> check_room(store::Transaction& tx,
                        const Context& context,
                        const store::Scope& scope,
                        const std::string& name) {
    if (keys::find_by_name(tx, scope, name))
        return fail(codes::key_pair_duplicate,
                    fmt::format("The keypair '{}' already exists", name));
    if (static_cast<int>(keys::list(tx, scope).size()) >= context.settings.limits.key_pairs)
        return fail(
            codes::resource_limit_exceeded,
            "The maximum number of key pairs for this account and region has been reached.");
    return {};
}

std::vector<KeyPairView> view_keys(store::Transaction& tx, std::vector<domain::KeyPair> rows) {
    std::vector<KeyPairView> views;
    for (auto& row : rows)
        views.push_back({std::move(row), {}});
    attach_tags(tx, views, [](const KeyPairView& v) { return v.key.id; });
    return views;
}

} // namespace

Result<CreatedKeyPair> KeyPairs::create(const domain::Caller& caller,
                                        const KeyPairCreation& request) {
    PILEUS_TRY(check_name(request.name));
    PILEUS_TRY(
        check_tag_specifications(context_, request.tag_specifications, {kinds::key_pair.type}));
    // Asked before the key is made, because making one is dear, and again when it is written.
    PILEUS_TRY(context_.store.read([&](store::Transaction& tx) {
        return check_room(tx, context_, scope_of(caller), request.name);
    }));
    PILEUS_TRY(end_if_dry_run(caller));
    PILEUS_ASSIGN(auto made, generate_ssh_key(request.type, request.format, request.name));
    PILEUS_ASSIGN(auto view,
                  add(caller, request.name, made.public_key, request.tag_specifications));
    return CreatedKeyPair{std::move(view), std::move(made.private_key)};
}

Result<KeyPairView> KeyPairs::import_key(const domain::Caller& caller,
                                         const KeyPairImport& request) {
    PILEUS_TRY(check_name(request.name));
    PILEUS_TRY(
        check_tag_specifications(context_, request.tag_specifications, {kinds::key_pair.type}));
    PILEUS_ASSIGN(const auto key, import_ssh_key(request.public_key));
    return add(caller, request.name, key, request.tag_specifications);
}

Result<KeyPairView> KeyPairs::add(const domain::Caller& caller,
                                  const std::string& name,
                                  const SshPublicKey& key,
                                  const std::vector<TagSpecification>& tag_specifications) {
    domain::KeyPair row;
    row.id = domain::new_id(context_.random, domain::prefix::key_pair);
    row.account_id = caller.account_id;
    row.region = caller.region;
    row.name = name;
    row.type = key.type == KeyType::rsa ? "rsa" : "ed25519";
    row.fingerprint = key.fingerprint;
    row.public_key = key.openssh + " " + name;
    row.created_at = context_.clock.now();
    return context_.store.write([&](store::Transaction& tx) -> Result<KeyPairView> {
        PILEUS_TRY(check_room(tx, context_, scope_of(caller), name));
        PILEUS_TRY(end_if_dry_run(caller));
        keys::insert(tx, row);
        write_tags(tx, caller, tag_specifications, kinds::key_pair.type, row.id);
        return std::move(view_keys(tx, {row}).front());
    });
}

Result<std::optional<std::string>>
KeyPairs::erase(const domain::Caller& caller, const std::string& name, const std::string& id) {
    if (name.empty() && id.empty())
        return fail(codes::missing_parameter,
                    "The request must contain the parameter KeyName or KeyPairId");
    const auto scope = scope_of(caller);
    return context_.store.write([&](store::Transaction& tx) -> Result<std::optional<std::string>> {
        PILEUS_TRY(end_if_dry_run(caller));
        const auto key =
            id.empty() ? keys::find_by_name(tx, scope, name) : keys::find_by_id(tx, scope, id);
        if (!key)
            return std::nullopt;
        store::tags::erase_all(tx, key->id);
        keys::erase(tx, key->id);
        return key->id;
    });
}

Result<std::vector<KeyPairView>> KeyPairs::describe(const domain::Caller& caller,
                                                    const KeyPairQuery& query) {
    const auto scope = scope_of(caller);
    const auto find_name = [&](store::Transaction& tx, const std::string& name) {
        return view_one(tx, keys::find_by_name(tx, scope, name), view_keys);
    };
    const auto find_id = [&](store::Transaction& tx, const std::string& id) {
        return view_one(tx, keys::find_by_id(tx, scope, id), view_keys);
    };
    // The store gives all of them at once; nothing follows.
    const auto batch = [&](store::Transaction& tx, const store::Page& page) {
        return page.after_id.empty() ? view_keys(tx, keys::list(tx, scope))
                                     : std::vector<KeyPairView>{};
    };
    if (query.names.empty() && query.ids.empty()) {
        PILEUS_ASSIGN(auto all,
                      list_matching(context_, caller, key_listing, query.filters, {}, batch));
        return std::move(all.items);
    }
    PILEUS_ASSIGN(auto by_name,
                  list_named(context_,
                             caller,
                             key_listing,
                             kinds::key_name,
                             query.names,
                             query.filters,
                             {},
                             find_name));
    PILEUS_ASSIGN(
        auto by_id,
        list_named(
            context_, caller, key_listing, kinds::key_pair, query.ids, query.filters, {}, find_id));
    std::move(by_id.items.begin(), by_id.items.end(), std::back_inserter(by_name.items));
    return std::move(by_name.items);
}

} // namespace pileus::cloud
