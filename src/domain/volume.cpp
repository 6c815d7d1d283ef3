// SPDX-License-Identifier: Apache-2.0
#include "domain/volume.h"

#include <array>
#include <utility>

namespace pileus::domain {

namespace {
constexpr std::array<std::pair<VolumeState, std::string_view>, 6> volume_states{{
    {VolumeState::creating, "creating"},
    {VolumeState::available, "available"},
    {VolumeState::in_use, "in-use"},
    {VolumeState::deleting, "deleting"},
    {VolumeState::deleted, "deleted"},
    {VolumeState::error, "error"},
}};
constexpr std::array<std::pair<AttachmentState, std::string_view>, 4> attachment_states{{
    {AttachmentState::attaching, "attaching"},
    {AttachmentState::attached, "attached"},
    {AttachmentState::detaching, "detaching"},
    {AttachmentState::detached, "detached"},
}};

template <class Table, class Value> std::string_view name_of(const Table& table, Value wanted) {
    for (const auto& [value, name] : table)
        if (value == wanted)
            return name;
    return "";
}
template <class Value, class Table>
std::optional<Value> value_of(const Table& table, std::string_view text) {
    for (const auto& [value, name] : table)
        if (name == text)
            return value;
    return std::nullopt;
}
} // namespace

std::string_view to_string(VolumeState state) {
    return name_of(volume_states, state);
}
std::optional<VolumeState> parse_volume_state(std::string_view text) {
    return value_of<VolumeState>(volume_states, text);
}
std::string_view to_string(AttachmentState state) {
    return name_of(attachment_states, state);
}
std::optional<AttachmentState> parse_attachment_state(std::string_view text) {
    return value_of<AttachmentState>(attachment_states, text);
}

} // namespace pileus::domain
