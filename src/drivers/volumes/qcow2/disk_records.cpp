// SPDX-License-Identifier: Apache-2.0
#include "drivers/volumes/qcow2/disk_records.h"

#include <algorithm>
#include <boost/json.hpp>

namespace pileus::drivers {

namespace {

constexpr size_t max_name = 64;

Result<boost::json::object> parse_object(std::string_view text) {
    boost::system::error_code error;
    auto value = boost::json::parse(text, error);
    if (error || !value.is_object())
        return fail(errors::invalid, "it is no JSON object");
    return std::move(value.as_object());
}

Result<std::string> text_of(const boost::json::object& object, std::string_view key) {
    const auto* value = object.if_contains(key);
    if (!value || !value->is_string())
        return fail(errors::invalid, "it has no text \"" + std::string(key) + "\"");
    return std::string(value->get_string());
}

Result<int64_t> number_of(const boost::json::object& object, std::string_view key) {
    const auto* value = object.if_contains(key);
    if (!value || !value->is_int64())
        return fail(errors::invalid, "it has no number \"" + std::string(key) + "\"");
    return value->get_int64();
}

Result<std::string> layer_of(const boost::json::object& object, std::string_view key) {
    PILEUS_ASSIGN(std::string name, text_of(object, key));
    if (!name.empty() && !is_layer_name(name))
        return fail(errors::invalid, "its \"" + std::string(key) + "\" is no name of a layer");
    return name;
}

} // namespace

std::string to_text(const LayerRecord& record) {
    return boost::json::serialize(boost::json::object{{"below", record.below},
                                                      {"virtual_bytes", record.virtual_bytes},
                                                      {"sealed_secret", record.sealed_secret},
                                                      {"file", record.file}});
}

std::string to_text(const VolumeRecord& record) {
    return boost::json::serialize(boost::json::object{
        {"layer", record.layer}, {"next", record.next}, {"next_snapshot", record.next_snapshot}});
}

std::string to_text(const SnapshotRecord& record) {
    return boost::json::serialize(boost::json::object{{"layer", record.layer}});
}

Result<LayerRecord> parse_layer_record(std::string_view text) {
    PILEUS_ASSIGN(const auto object, parse_object(text));
    LayerRecord record;
    PILEUS_ASSIGN(record.below, layer_of(object, "below"));
    PILEUS_ASSIGN(record.virtual_bytes, number_of(object, "virtual_bytes"));
    PILEUS_ASSIGN(record.sealed_secret, text_of(object, "sealed_secret"));
    PILEUS_ASSIGN(record.file, text_of(object, "file"));
    return record;
}

Result<VolumeRecord> parse_volume_record(std::string_view text) {
    PILEUS_ASSIGN(const auto object, parse_object(text));
    VolumeRecord record;
    PILEUS_ASSIGN(record.layer, layer_of(object, "layer"));
    PILEUS_ASSIGN(record.next, layer_of(object, "next"));
    PILEUS_ASSIGN(record.next_snapshot, text_of(object, "next_snapshot"));
    return record;
}

Result<SnapshotRecord> parse_snapshot_record(std::string_view text) {
    PILEUS_ASSIGN(const auto object, parse_object(text));
    SnapshotRecord record;
    PILEUS_ASSIGN(record.layer, layer_of(object, "layer"));
    return record;
}

Result<OldVolumeRecord> parse_old_volume_record(std::string_view text) {
    PILEUS_ASSIGN(const auto object, parse_object(text));
    OldVolumeRecord record;
    PILEUS_ASSIGN(record.size_gib, number_of(object, "size_gib"));
    PILEUS_ASSIGN(record.snapshot_id, layer_of(object, "snapshot_id"));
    return record;
}

bool is_layer_name(std::string_view name) {
    return !name.empty() && name.size() <= max_name && name.front() != '-' &&
           std::all_of(name.begin(), name.end(), [](char c) {
               return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
           });
}

} // namespace pileus::drivers
