// SPDX-License-Identifier: Apache-2.0
#include "store/images.h"

#include "store/table.h"

namespace pileus::store::images {

namespace {

struct Columns {
    static constexpr std::string_view table = "images";

    template <class Image, class Visitor> static void visit(Image& i, Visitor column) {
        column("id", i.id);
        column("account_id", i.account_id);
        column("region", i.region);
        column("name", i.name);
        column("description", i.description);
        column("owner_alias", i.owner_alias);
        column("architecture", i.architecture);
        column("state", i.state);
        column("is_public", i.is_public);
        column("platform_details", i.platform_details);
        column("boot_mode", i.boot_mode);
        column("root_device_name", i.root_device_name);
        column("snapshot_id", i.snapshot_id);
        column("size_gib", i.size_gib);
        column("default_user", i.default_user);
        column("minimum_memory_mib", i.minimum_memory_mib);
        column("recipe", i.recipe);
        column("content_sha256", i.content_sha256);
        column("created_at", i.created_at);
    }
};
using Rows = Table<domain::Image, Columns>;

} // namespace

void insert(Transaction& tx, const domain::Image& image) {
    Rows::insert(tx, image);
}

void update(Transaction& tx, const domain::Image& image) {
    Rows::update(tx, image);
}

void erase(Transaction& tx, const std::string& id) {
    Rows::erase(tx, id);
}

std::optional<domain::Image> find(Transaction& tx, const std::string& id) {
    return Rows::find_by_key(tx, id);
}

std::optional<domain::Image>
find_visible(Transaction& tx, const Scope& scope, const std::string& id) {
    return Rows::find(tx,
                      "WHERE id = $1 AND region = $2 AND (account_id = $3 OR is_public = 1)",
                      id,
                      scope.region,
                      scope.account_id);
}

std::vector<domain::Image> list_visible(Transaction& tx, const Scope& scope, const Page& page) {
    return Rows::list(
        tx,
        "WHERE region = $1 AND id > $2 AND (account_id = $3 OR is_public = 1) ORDER BY id LIMIT $4",
        scope.region,
        page.after_id,
        scope.account_id,
        page.limit);
}

} // namespace pileus::store::images
