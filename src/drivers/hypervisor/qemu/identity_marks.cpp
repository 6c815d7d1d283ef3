// SPDX-License-Identifier: Apache-2.0
#include "drivers/hypervisor/qemu/identity_marks.h"

#include "base/text.h"

#include <algorithm>
#include <cctype>
#include <cstring>

namespace pileus::drivers {

namespace {

constexpr size_t two_bytes = 65536;

std::string upper(std::string text) {
    for (auto& c : text)
        c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
    return text;
}

std::optional<std::string> binary(std::string_view text) {
    std::string digits;
    for (const char c : text)
        if (c != '-' && c != ':')
            digits += c;
    return hex_decode(digits);
}

std::optional<std::string> smbios_bytes(std::string_view uuid) {
    auto bytes = binary(uuid);
    if (!bytes || bytes->size() != 16)
        return std::nullopt;
    std::reverse(bytes->begin(), bytes->begin() + 4);
    std::reverse(bytes->begin() + 4, bytes->begin() + 6);
    std::reverse(bytes->begin() + 6, bytes->begin() + 8);
    return bytes;
}

size_t first_two(const char* bytes) {
    return static_cast<size_t>(static_cast<unsigned char>(bytes[0])) << 8 |
           static_cast<unsigned char>(bytes[1]);
}

std::optional<std::string> shape(MarkForm form, const IdentityMarks& marks) {
    switch (form) {
    case MarkForm::mac_bytes:
        return binary(marks.mac);
    case MarkForm::mac_text:
        return marks.mac;
    case MarkForm::mac_upper_text:
        return upper(marks.mac);
    case MarkForm::uuid_bytes:
        return binary(marks.system_uuid);
    case MarkForm::uuid_smbios_bytes:
        return smbios_bytes(marks.system_uuid);
    case MarkForm::uuid_text:
        return marks.system_uuid;
    case MarkForm::uuid_upper_text:
        return upper(marks.system_uuid);
    case MarkForm::asset_tag_text:
        return marks.asset_tag;
    case MarkForm::boot_id_bytes:
        return binary(marks.boot_id);
    case MarkForm::boot_id_text:
        return marks.boot_id;
    case MarkForm::machine_id_bytes:
        return binary(marks.machine_id);
    }
    return std::nullopt;
}

} // namespace

std::optional<std::string> bytes_of(MarkForm form, const IdentityMarks& marks) {
    auto bytes = shape(form, marks);
    return bytes && !bytes->empty() ? bytes : std::nullopt;
}

MarkFinder::MarkFinder(const IdentityMarks& marks) : begins_(two_bytes) {
    for (size_t i = 0; i < mark_forms; ++i) {
        auto bytes = bytes_of(static_cast<MarkForm>(i), marks);
        // Without letters, upper case is what lower case is.
        if (!bytes || bytes->size() < 2 ||
            std::any_of(patterns_.begin(), patterns_.end(), [&](const Pattern& other) {
                return other.bytes == *bytes;
            }))
            continue;
        begins_[first_two(bytes->data())] = true;
        patterns_.push_back({static_cast<MarkForm>(i), std::move(*bytes)});
    }
}

void MarkFinder::find(std::span<const char> bytes,
                      uint64_t base,
                      std::vector<MarkPlace>& places) const {
    for (size_t at = 0; at + 1 < bytes.size(); ++at) {
        if (!begins_[first_two(bytes.data() + at)])
            continue;
        for (const auto& pattern : patterns_)
            if (bytes.size() - at >= pattern.bytes.size() &&
                std::memcmp(bytes.data() + at, pattern.bytes.data(), pattern.bytes.size()) == 0)
                places.push_back({base + at, pattern.form});
    }
}

bool can_replace(const IdentityMarks& old_marks, const IdentityMarks& new_marks) {
    for (size_t i = 0; i < mark_forms; ++i) {
        const auto form = static_cast<MarkForm>(i);
        const auto before = bytes_of(form, old_marks);
        const auto after = bytes_of(form, new_marks);
        if (before && (!after || after->size() != before->size()))
            return false;
    }
    return true;
}

void replace_marks(std::span<char> bytes,
                   const std::vector<MarkPlace>& places,
                   const IdentityMarks& marks) {
    for (const auto& place : places) {
        const auto mark = bytes_of(place.form, marks);
        if (mark && place.offset <= bytes.size() && bytes.size() - place.offset >= mark->size())
            std::memcpy(bytes.data() + place.offset, mark->data(), mark->size());
    }
}

} // namespace pileus::drivers
