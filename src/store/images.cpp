// SPDX-License-Identifier: Apache-2.0
#include "store/images.h"

#include "store/first_rows.h"
#include "store/table.h"

namespace pileus::store::images {

namespace {

// Shipped images have no devices, of the others few are many: asked for only where there are any.
struct Stored : domain::Image {
    int device_count = 0;
};

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
        column("device_count", i.device_count);
        column("source_instance_id", i.source_instance_id);
        column("source_image_id", i.source_image_id);
        column("source_image_region", i.source_image_region);
        column("state_reason", i.state_reason);
        column("is_disabled", i.is_disabled);
        column("deprecated_at", i.deprecated_at);
        column("last_launched_at", i.last_launched_at);
        column("deregistration_protection", i.deregistration_protection);
        column("protected_until", i.protected_until);
        column("imds_v2_required", i.imds_v2_required);
        column("guest_agent", i.guest_agent);
    }
};
using Rows = Table<Stored, Columns>;

struct StoredDevice : domain::ImageDevice {
    std::string image_id;
    int position = 0;
};

struct DeviceColumns {
    static constexpr std::string_view table = "image_devices";

    template <class Device, class Visitor> static void visit(Device& d, Visitor column) {
        column("image_id", d.image_id);
        column("position", d.position);
        column("device", d.device);
        column("virtual_name", d.virtual_name);
        column("no_device", d.no_device);
        column("snapshot_id", d.snapshot_id);
        column("size_gib", d.size_gib);
        column("type", d.type);
        column("iops", d.iops);
        column("throughput_mib_s", d.throughput_mib_s);
        column("delete_on_termination", d.delete_on_termination);
        column("encrypted", d.encrypted);
    }
};
using Devices = Table<StoredDevice, DeviceColumns>;

struct PermissionColumns {
    static constexpr std::string_view table = "launch_permissions";

    template <class Permission, class Visitor> static void visit(Permission& p, Visitor column) {
        column("image_id", p.image_id);
        column("account_id", p.account_id);
    }
};
using Permissions = Table<domain::LaunchPermission, PermissionColumns>;

// A page of the ids that were shared with an account.
std::vector<std::string> shared_ids(Transaction& tx, const Scope& scope, const Page& page) {
    return query_column<std::string>(
        tx.connection(),
        "SELECT image_id FROM launch_permissions WHERE account_id = $1 AND image_id > $3 AND "
        "EXISTS (SELECT 1 FROM images i WHERE i.id = image_id AND i.region = $2) "
        "ORDER BY image_id LIMIT $4",
        scope.account_id,
        scope.region,
        page.after_id,
        page.limit);
}

Stored to_stored(const domain::Image& image) {
    Stored stored;
    static_cast<domain::Image&>(stored) = image;
    stored.device_count = static_cast<int>(image.devices.size());
    return stored;
}

void insert_devices(Transaction& tx, const domain::Image& image) {
    int position = 0;
    for (const auto& device : image.devices) {
        StoredDevice stored;
        static_cast<domain::ImageDevice&>(stored) = device;
        stored.image_id = image.id;
        stored.position = position++;
        Devices::insert(tx, stored);
    }
}

domain::Image complete(Transaction& tx, Stored row) {
    if (row.device_count > 0)
        for (auto& device : Devices::list(tx, "WHERE image_id = $1 ORDER BY position", row.id))
            row.devices.push_back(std::move(device));
    return row;
}

std::optional<domain::Image> complete(Transaction& tx, std::optional<Stored> row) {
    if (!row)
        return std::nullopt;
    return complete(tx, std::move(*row));
}

std::vector<domain::Image> complete(Transaction& tx, std::vector<Stored> rows) {
    std::vector<domain::Image> images;
    images.reserve(rows.size());
    for (auto& row : rows)
        images.push_back(complete(tx, std::move(row)));
    return images;
}

} // namespace

void insert(Transaction& tx, const domain::Image& image) {
    Rows::insert(tx, to_stored(image));
    insert_devices(tx, image);
}

void update(Transaction& tx, const domain::Image& image) {
    Rows::update(tx, to_stored(image));
    Devices::erase(tx, image.id);
    insert_devices(tx, image);
}

void erase(Transaction& tx, const std::string& id) {
    Devices::erase(tx, id);
    Permissions::erase(tx, id);
    Rows::erase(tx, id);
}

std::optional<domain::Image> find(Transaction& tx, const std::string& id) {
    return complete(tx, Rows::find_by_key(tx, id));
}

std::optional<domain::Image>
find_visible(Transaction& tx, const Scope& scope, const std::string& id) {
    return complete(
        tx,
        Rows::find(tx,
                   "WHERE id = $3 AND region = $2 AND (is_public = 1 OR account_id = $1 OR EXISTS "
                   "(SELECT 1 FROM launch_permissions p WHERE p.image_id = images.id AND "
                   "p.account_id = $1))",
                   scope.account_id,
                   scope.region,
                   id));
}

int count(Transaction& tx, const Scope& scope) {
    return Rows::count_in(tx, scope);
}

std::optional<domain::Image>
find_by_name(Transaction& tx, const Scope& scope, const std::string& name) {
    return complete(tx,
                    Rows::find(tx,
                               "WHERE account_id = $1 AND region = $2 AND name = $3 AND "
                               "state <> 'deregistered'",
                               scope.account_id,
                               scope.region,
                               name));
}

// Each source has its own index in the order of ids, so that the private images of others, however
// many, cost nothing.
std::vector<domain::Image> list_visible(Transaction& tx, const Scope& scope, const Page& page) {
    std::map<std::string, Stored> by_id;
    for (auto& own : Rows::list_page(tx, scope, page))
        by_id.emplace(own.id, std::move(own));
    for (auto& published :
         Rows::list(tx,
                    "WHERE region = $1 AND is_public = 1 AND id > $2 ORDER BY id LIMIT $3",
                    scope.region,
                    page.after_id,
                    page.limit))
        by_id.emplace(published.id, std::move(published));
    for (const auto& id : shared_ids(tx, scope, page))
        if (!by_id.contains(id))
            by_id.emplace(id, *Rows::find_by_key(tx, id));
    return complete(tx, first_rows(std::move(by_id), page.limit));
}

std::vector<domain::Image> list_using_snapshot(Transaction& tx, const std::string& snapshot_id) {
    return complete(
        tx,
        Rows::list(tx,
                   "WHERE id IN (SELECT i.id FROM images i WHERE i.snapshot_id = $1 UNION SELECT "
                   "d.image_id FROM image_devices d WHERE d.snapshot_id = $1 AND d.snapshot_id <> "
                   "'') ORDER BY id",
                   snapshot_id));
}

void permit(Transaction& tx, const domain::LaunchPermission& permission) {
    withdraw(tx, permission);
    Permissions::insert(tx, permission);
}

void withdraw(Transaction& tx, const domain::LaunchPermission& permission) {
    execute(tx.connection(),
            "DELETE FROM launch_permissions WHERE image_id = $1 AND account_id = $2",
            permission.image_id,
            permission.account_id);
}

std::vector<std::string> list_permitted(Transaction& tx, const std::string& image_id) {
    std::vector<std::string> accounts;
    for (auto& row : Permissions::list(tx, "WHERE image_id = $1 ORDER BY account_id", image_id))
        accounts.push_back(std::move(row.account_id));
    return accounts;
}

} // namespace pileus::store::images
