// SPDX-License-Identifier: Apache-2.0
#include "drivers/volumes/qcow2/layer_store.h"

#include "base/file.h"
#include "base/log.h"
#include "base/text.h"
#include "drivers/volumes/qcow2/disk_file.h"
#include "drivers/volumes/qcow2/luks_header.h"
#include "drivers/volumes/qcow2/state_folder.h"

#include <fmt/core.h>

namespace pileus::drivers {

namespace {

constexpr size_t name_digits = 17;
constexpr size_t secret_bytes = 32;
constexpr std::string_view master_key_file = "master.key";

tl::unexpected<Error> no_such_layer(const std::string& name) {
    return fail(
        errors::unavailable,
        fmt::format("the disk layer {} is gone; `pileus fsck` tells what stands on it", name));
}

} // namespace

LayerStore::LayerStore(std::filesystem::path state_folder, Random& random)
    : state_folder_(std::move(state_folder)), layers_folder_(state_folder_ / "layers"),
      random_(random) {}

std::filesystem::path LayerStore::record_path(const std::string& name) const {
    return layers_folder_ / (name + ".json");
}

std::filesystem::path LayerStore::file_path(const LayerRecord& record) const {
    return state_folder_ / record.file;
}

Result<void> LayerStore::write_record(const std::string& name, const LayerRecord& record) const {
    return write_file_durably(record_path(name), to_text(record));
}

Result<bool> LayerStore::load() {
    PILEUS_TRY(make_directories(layers_folder_));
    PILEUS_ASSIGN(SecretSealer sealer,
                  SecretSealer::open(state_folder_ / master_key_file, random_));
    sealer_.emplace(std::move(sealer));
    const std::lock_guard lock(mutex_);
    layers_.clear();
    PILEUS_ASSIGN(const auto names, list_names(layers_folder_, ".json"));
    bool all_read = true;
    for (const auto& name : names) {
        auto record = read_record(record_path(name), parse_layer_record);
        if (record)
            layers_[name] = {std::move(*record), 0};
        all_read = all_read && record;
    }
    for (const auto& [name, layer] : std::map(layers_))
        if (const auto below = layers_.find(layer.record.below); below != layers_.end())
            ++below->second.holders;
    return all_read;
}

Result<void> LayerStore::drop_unheld() {
    std::vector<std::string> unheld;
    for (const auto& [name, layer] : view())
        if (layer.holders == 0)
            unheld.push_back(name);
    for (const auto& name : unheld) {
        log_info("removing a disk layer that belongs to nothing", {{"layer", name}});
        hold(name);
        PILEUS_TRY(release(name));
    }
    return remove_strays();
}

Result<void> LayerStore::remove_strays() const {
    PILEUS_ASSIGN(const auto files, list_names(layers_folder_, ".qcow2"));
    for (const auto& name : files) {
        if (contains(name))
            continue;
        log_info("removing a disk file without a record", {{"layer", name}});
        PILEUS_TRY(remove_tree(layers_folder_ / (name + ".qcow2")));
    }
    return {};
}

Result<std::string>
LayerStore::make(const std::string& below, int64_t virtual_bytes, bool encrypted) {
    const std::string name = "layer-" + random_.hex(name_digits);
    LayerRecord record{below, virtual_bytes, "", "layers/" + name + ".qcow2"};
    NewQcow2 image;
    if (encrypted) {
        const std::string secret = hex_encode(random_.bytes(secret_bytes));
        record.sealed_secret = sealer_->seal(secret, name);
        auto luks = make_luks_header(secret, random_);
        image = make_encrypted_qcow2(virtual_bytes, std::move(luks.bytes), luks.length);
    } else {
        image = make_qcow2(virtual_bytes);
    }
    PILEUS_TRY(write_new_image(file_path(record), image));
    return add(name, std::move(record));
}

Result<std::string> LayerStore::make_copy_of(const std::string& qcow2_path) {
    const std::string name = "layer-" + random_.hex(name_digits);
    LayerRecord record{"", 0, "", "layers/" + name + ".qcow2"};
    PILEUS_ASSIGN(const auto header, copy_image(qcow2_path, file_path(record)));
    record.virtual_bytes = header.virtual_bytes;
    return add(name, std::move(record));
}

Result<std::string> LayerStore::add(const std::string& name, LayerRecord record) {
    bool stands = true;
    {
        const std::lock_guard lock(mutex_);
        const auto below = layers_.find(record.below);
        stands = record.below.empty() || below != layers_.end();
        if (below != layers_.end())
            ++below->second.holders;
        if (stands)
            layers_[name] = {record, 1};
    }
    if (!stands) {
        PILEUS_TRY(remove_tree(file_path(record)));
        return no_such_layer(record.below);
    }
    if (auto written = write_record(name, record); !written) {
        (void)release(name);
        return fail(written.error());
    }
    return name;
}

Result<void>
LayerStore::take_over(const std::string& name, const std::string& file, LayerRecord record) const {
    record.file = file;
    return write_record(name, record);
}

void LayerStore::hold(const std::string& name) {
    const std::lock_guard lock(mutex_);
    if (const auto layer = layers_.find(name); layer != layers_.end())
        ++layer->second.holders;
}

std::vector<std::pair<std::string, LayerRecord>> LayerStore::let_go(std::string name) {
    std::vector<std::pair<std::string, LayerRecord>> gone;
    while (true) {
        const auto layer = layers_.find(name);
        if (layer == layers_.end() || --layer->second.holders > 0)
            return gone;
        gone.emplace_back(name, layer->second.record);
        name = layer->second.record.below;
        layers_.erase(layer);
    }
}

Result<void> LayerStore::release(const std::string& name) {
    std::vector<std::pair<std::string, LayerRecord>> gone;
    {
        const std::lock_guard lock(mutex_);
        gone = let_go(name);
    }
    // From the top: what a crash leaves still stands on something.
    for (const auto& [each, record] : gone)
        PILEUS_TRY(remove_files(each, record));
    return {};
}

Result<void> LayerStore::remove_files(const std::string& name, const LayerRecord& record) const {
    PILEUS_TRY(remove_tree(record_path(name)));
    return remove_tree(file_path(record));
}

std::optional<LayerRecord> LayerStore::find(const std::string& name) const {
    const std::lock_guard lock(mutex_);
    const auto layer = layers_.find(name);
    return layer == layers_.end() ? std::nullopt : std::optional(layer->second.record);
}

bool LayerStore::contains(const std::string& name) const {
    return find(name).has_value();
}

int64_t LayerStore::virtual_bytes(const std::string& name) const {
    const auto record = find(name);
    return record ? record->virtual_bytes : 0;
}

bool LayerStore::is_encrypted(const std::string& name) const {
    const auto record = find(name);
    return record && !record->sealed_secret.empty();
}

int LayerStore::holders(const std::string& name) const {
    const std::lock_guard lock(mutex_);
    const auto found = layers_.find(name);
    return found == layers_.end() ? 0 : found->second.holders;
}

bool LayerStore::has_room_to_grow(const std::string& name) const {
    const auto record = find(name);
    return record && record->file.starts_with("layers/");
}

std::filesystem::path LayerStore::path(const std::string& name) const {
    const auto record = find(name);
    return record ? file_path(*record) : layers_folder_ / (name + ".qcow2");
}

Result<DiskLayer>
LayerStore::describe(const std::string& name, const LayerRecord& record, bool writable) const {
    DiskLayer layer{file_path(record).string(), "qcow2", !writable, ""};
    if (!record.sealed_secret.empty()) {
        PILEUS_ASSIGN(layer.secret, sealer_->unseal(record.sealed_secret, name));
    }
    return layer;
}

Result<DiskLayer> LayerStore::layer(const std::string& name, bool writable) const {
    const auto record = find(name);
    if (!record)
        return no_such_layer(name);
    return describe(name, *record, writable);
}

Result<std::vector<DiskLayer>> LayerStore::chain(const std::string& name, bool writable) const {
    std::vector<std::pair<std::string, LayerRecord>> records;
    {
        const std::lock_guard lock(mutex_); // all of it at one moment
        for (std::string at = name; !at.empty(); at = records.back().second.below) {
            const auto layer = layers_.find(at);
            if (layer == layers_.end())
                return no_such_layer(at);
            records.emplace_back(at, layer->second.record);
        }
    }
    std::vector<DiskLayer> layers;
    for (const auto& [each, record] : records) {
        PILEUS_ASSIGN(DiskLayer layer, describe(each, record, writable && layers.empty()));
        layers.push_back(std::move(layer));
    }
    return layers;
}

std::vector<std::string> LayerStore::names_below(const std::string& name) const {
    const std::lock_guard lock(mutex_);
    std::vector<std::string> names;
    for (auto layer = layers_.find(name); layer != layers_.end();
         layer = layers_.find(layer->second.record.below))
        names.push_back(layer->first);
    return names;
}

Result<void> LayerStore::set_virtual_bytes(const std::string& name, int64_t virtual_bytes) {
    const std::lock_guard lock(mutex_);
    const auto layer = layers_.find(name);
    if (layer == layers_.end())
        return no_such_layer(name);
    auto record = layer->second.record;
    record.virtual_bytes = virtual_bytes;
    PILEUS_TRY(write_record(name, record));
    layer->second.record = std::move(record);
    return {};
}

Result<void> LayerStore::move_standing_on(const std::string& old_below,
                                          const std::string& new_below) {
    const std::lock_guard lock(mutex_);
    if (!layers_.contains(old_below) || !layers_.contains(new_below))
        return no_such_layer(old_below);
    for (auto& [name, layer] : layers_) {
        if (layer.record.below != old_below)
            continue;
        auto record = layer.record;
        record.below = new_below;
        PILEUS_TRY(write_record(name, record));
        layer.record = std::move(record);
        ++layers_[new_below].holders;
        --layers_[old_below].holders; // the caller holds it besides
    }
    return {};
}

std::map<std::string, LayerView> LayerStore::view() const {
    const std::lock_guard lock(mutex_);
    return layers_;
}

std::vector<std::string> LayerStore::check() const {
    std::vector<std::string> findings;
    for (const auto& [name, layer] : view()) {
        const auto& record = layer.record;
        if (layer.holders <= 0)
            findings.push_back(fmt::format("the layer {} belongs to nothing", name));
        if (!std::filesystem::is_regular_file(file_path(record)))
            findings.push_back(fmt::format("the file {} is gone", file_path(record).string()));
        if (!record.below.empty() && !contains(record.below))
            findings.push_back(
                fmt::format("the layer {} stands on {}, which is gone", name, record.below));
        if (const auto described = describe(name, record, false); !described)
            findings.push_back(described.error().message);
    }
    return findings;
}

} // namespace pileus::drivers
