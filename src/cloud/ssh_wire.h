// SPDX-License-Identifier: Apache-2.0
#pragma once

// The bytes that SSH keys are made of (RFC 4251 §5): strings with their length before them, and
// numbers as strings. Plain values; the reader never looks outside of what it was given.

#include <cstdint>
#include <string>
#include <string_view>

namespace pileus::cloud {

class SshWriter {
  public:
    SshWriter& raw(std::string_view bytes) {
        bytes_ += bytes;
        return *this;
    }
    SshWriter& count(uint32_t value) {
        for (const int shift : {24, 16, 8, 0})
            bytes_ += static_cast<char>(value >> shift & 0xff);
        return *this;
    }
    SshWriter& string(std::string_view bytes) {
        return count(static_cast<uint32_t>(bytes.size())).raw(bytes);
    }
    // `magnitude` is big-endian; a zero goes before a first byte that would read as a sign.
    SshWriter& number(std::string_view magnitude) {
        const bool looks_negative =
            !magnitude.empty() && (static_cast<unsigned char>(magnitude.front()) & 0x80) != 0;
        return string((looks_negative ? std::string(1, '\0') : std::string()) +
                      std::string(magnitude));
    }
    size_t size() const { return bytes_.size(); }
    std::string take() { return std::move(bytes_); }

  private:
    std::string bytes_;
};

class SshReader {
  public:
    explicit SshReader(std::string_view bytes) : rest_(bytes) {}

    // "" when the bytes end too early; the reader is not at the end then, and stays where it is.
    std::string_view string() {
        if (rest_.size() < 4)
            return fail();
        uint32_t size = 0;
        for (size_t i = 0; i < 4; ++i)
            size = size << 8 | static_cast<unsigned char>(rest_[i]);
        if (size > rest_.size() - 4)
            return fail();
        const auto value = rest_.substr(4, size);
        rest_.remove_prefix(4 + size);
        return value;
    }
    bool is_at_end() const { return rest_.empty() && !is_cut_off_; }

  private:
    std::string_view fail() {
        is_cut_off_ = true;
        return {};
    }

    std::string_view rest_;
    bool is_cut_off_ = false;
};

// Lines of at most `line_chars`, each ended.
std::string wrap_base64(std::string_view bytes, size_t line_chars);

} // namespace pileus::cloud
