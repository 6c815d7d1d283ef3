// SPDX-License-Identifier: Apache-2.0
#pragma once

// By what a frozen guest can be told: the host gave it these values, some of which nobody in the
// guest can change (DMI tables and the kernel's copies of them, its boot id). They are looked for
// in its memory when it is frozen, and written over with another guest's before that one runs. Each
// replaces one of the same length. Pure.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace pileus::drivers {

// "" for what is not known: it is neither looked for nor written.
struct IdentityMarks {
    std::string mac;         // "02:00:00:00:00:01"
    std::string system_uuid; // lower case
    std::string asset_tag;
    std::string boot_id;    // a UUID in lower case
    std::string machine_id; // 32 hexadecimal digits
};

// Of two forms that look the same, the first counts: systemd may make the machine id of the UUID.
enum class MarkForm : uint8_t {
    machine_id_bytes, // and not as text: names of files hold that, which the kernel looks up by
                      // hash
    mac_bytes,
    mac_text,
    mac_upper_text,
    uuid_bytes,
    uuid_smbios_bytes, // its first three fields little-endian, as in the DMI table
    uuid_text,
    uuid_upper_text,
    asset_tag_text,
    boot_id_bytes,
    boot_id_text,
};
inline constexpr size_t mark_forms = 11;

// How the mark looks in memory; nothing when it is not known.
std::optional<std::string> bytes_of(MarkForm form, const IdentityMarks& marks);

struct MarkPlace {
    uint64_t offset = 0;
    MarkForm form = MarkForm::mac_bytes;
    friend bool operator==(const MarkPlace&, const MarkPlace&) = default;
};

class MarkFinder {
  public:
    explicit MarkFinder(const IdentityMarks& marks);
    // Where they are in the bytes, which begin at `base`.
    void find(std::span<const char> bytes, uint64_t base, std::vector<MarkPlace>& places) const;

  private:
    struct Pattern {
        MarkForm form;
        std::string bytes;
    };
    std::vector<Pattern> patterns_;
    std::vector<bool> begins_; // by its first two bytes, whether any pattern begins so
};

// Whether every mark that one of them knows, the other knows too, at the same length.
bool can_replace(const IdentityMarks& old_marks, const IdentityMarks& new_marks);
// The places are in `bytes`, which begin at 0; those outside are left alone.
void replace_marks(std::span<char> bytes,
                   const std::vector<MarkPlace>& places,
                   const IdentityMarks& marks);

} // namespace pileus::drivers
