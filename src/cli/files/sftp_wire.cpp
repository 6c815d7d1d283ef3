// SPDX-License-Identifier: Apache-2.0
#include "cli/files/sftp_wire.h"

#include "cli/files/limits.h"

#include <fmt/core.h>
#include <sys/stat.h>

namespace pileus::cli::files::sftp {

namespace {

constexpr uint32_t has_size = 1, has_owner = 2, has_permissions = 4, has_times = 8,
                   has_extended = 0x80000000;
constexpr size_t length_bytes = 4;
constexpr size_t header_bytes = 5; // type and id
constexpr uint32_t extensions_max = 64;
constexpr uint32_t permission_bits = 07777;

void put32(std::string& out, uint32_t value) {
    for (int shift = 24; shift >= 0; shift -= 8)
        out += static_cast<char>(value >> shift & 0xff);
}

uint32_t get32(std::string_view bytes) {
    uint32_t value = 0;
    for (size_t i = 0; i < length_bytes; ++i)
        value = value << 8 | static_cast<unsigned char>(bytes[i]);
    return value;
}

// Takes fields off the front; once one is missing, all that follow are.
class Fields {
  public:
    explicit Fields(std::string_view bytes) : bytes_(bytes) {}

    uint32_t number() {
        if (bytes_.size() < length_bytes)
            return miss();
        const uint32_t value = get32(bytes_);
        bytes_.remove_prefix(length_bytes);
        return value;
    }
    uint64_t number64() {
        const uint64_t high = number();
        return high << 32 | number();
    }
    std::string_view text(size_t limit) {
        const uint32_t size = number();
        if (is_bad_ || size > limit || size > bytes_.size()) {
            miss();
            return {};
        }
        const auto value = bytes_.substr(0, size);
        bytes_.remove_prefix(size);
        return value;
    }
    bool is_bad() const { return is_bad_; }
    bool is_at_end() const { return bytes_.empty(); }

  private:
    uint32_t miss() {
        is_bad_ = true;
        bytes_ = {};
        return 0;
    }

    std::string_view bytes_;
    bool is_bad_ = false;
};

Error malformed(std::string_view what) {
    return {connection_broken,
            fmt::format("the guest's SFTP server sent a {} that is not one", what)};
}

Kind kind_of(uint32_t mode) {
    switch (mode & S_IFMT) {
    case S_IFREG:
        return Kind::file;
    case S_IFDIR:
        return Kind::folder;
    case S_IFLNK:
        return Kind::link;
    default:
        return Kind::other;
    }
}

Attributes take_attributes(Fields& fields) {
    Attributes attributes;
    const uint32_t flags = fields.number();
    if (flags & has_size)
        attributes.size = fields.number64();
    if (flags & has_owner) {
        fields.number();
        fields.number();
    }
    if (flags & has_permissions) {
        const uint32_t mode = fields.number();
        attributes.kind = kind_of(mode);
        attributes.mode = mode & permission_bits;
    }
    if (flags & has_times) {
        fields.number(); // of the last access
        attributes.modified_seconds = fields.number();
    }
    if (flags & has_extended) {
        const uint32_t count = fields.number();
        for (uint32_t i = 0; i < count && !fields.is_bad(); ++i) {
            fields.text(packet_bytes_max);
            fields.text(packet_bytes_max);
        }
    }
    return attributes;
}

} // namespace

Request& Request::number(uint32_t value) {
    put32(fields_, value);
    return *this;
}

Request& Request::number64(uint64_t value) {
    put32(fields_, static_cast<uint32_t>(value >> 32));
    put32(fields_, static_cast<uint32_t>(value));
    return *this;
}

Request& Request::text(std::string_view bytes) {
    put32(fields_, static_cast<uint32_t>(bytes.size()));
    fields_ += bytes;
    return *this;
}

Request& Request::attributes(const Attributes& attributes, bool with_time) {
    number(has_permissions | (with_time ? has_times : 0)).number(attributes.mode);
    if (with_time) {
        const auto seconds = static_cast<uint32_t>(attributes.modified_seconds);
        number(seconds).number(seconds);
    }
    return *this;
}

std::string encode(Type type, uint32_t id, const Request& request) {
    std::string out;
    put32(out, static_cast<uint32_t>(header_bytes + request.fields().size()));
    out += static_cast<char>(type);
    put32(out, id);
    return out + request.fields();
}

Result<std::optional<Packet>> PacketReader::next() {
    const std::string_view bytes = std::string_view(pending_).substr(taken_);
    if (bytes.size() < length_bytes)
        return std::nullopt;
    const size_t size = get32(bytes);
    if (size < header_bytes || size > packet_bytes_max)
        return fail(Error{connection_broken,
                          "what the guest answered is not SFTP: does a start-up file of its shell "
                          "print something? (pileus ssh i-… true must print nothing)"});
    if (bytes.size() < length_bytes + size)
        return std::nullopt;
    Packet packet{static_cast<Type>(bytes[length_bytes]),
                  get32(bytes.substr(length_bytes + 1)),
                  std::string(bytes.substr(length_bytes + header_bytes, size - header_bytes))};
    taken_ += length_bytes + size;
    // What was taken is dropped once in a while, not for every packet.
    if (taken_ > packet_bytes_max || taken_ == pending_.size()) {
        pending_.erase(0, taken_);
        taken_ = 0;
    }
    return packet;
}

Result<Status> read_status(const Packet& packet) {
    Fields fields(packet.fields);
    Status status{static_cast<Code>(fields.number()), ""};
    if (packet.type != Type::status || fields.is_bad())
        return fail(malformed("status"));
    if (!fields.is_at_end()) // older servers say no more
        status.message = fields.text(packet_bytes_max).substr(0, error_text_bytes_max);
    return status;
}

Result<std::string> read_handle(const Packet& packet) {
    Fields fields(packet.fields);
    std::string handle(fields.text(handle_bytes_max));
    if (packet.type != Type::handle || fields.is_bad())
        return fail(malformed("handle"));
    return handle;
}

Result<std::string> read_data(const Packet& packet) {
    Fields fields(packet.fields);
    std::string data(fields.text(packet_bytes_max));
    if (packet.type != Type::data || fields.is_bad())
        return fail(malformed("piece of data"));
    return data;
}

Result<Attributes> read_attributes(const Packet& packet) {
    Fields fields(packet.fields);
    const auto attributes = take_attributes(fields);
    if (packet.type != Type::attrs || fields.is_bad())
        return fail(malformed("set of attributes"));
    return attributes;
}

Result<std::vector<Entry>> read_names(const Packet& packet) {
    Fields fields(packet.fields);
    const uint32_t count = fields.number();
    std::vector<Entry> entries;
    if (packet.type != Type::name || count > names_per_reply_max)
        return fail(malformed("listing"));
    for (uint32_t i = 0; i < count && !fields.is_bad(); ++i) {
        Entry entry;
        entry.name = fields.text(path_bytes_max);
        fields.text(packet_bytes_max); // as `ls -l` has it
        entry.attributes = take_attributes(fields);
        entries.push_back(std::move(entry));
    }
    if (fields.is_bad())
        return fail(malformed("listing"));
    return entries;
}

Result<std::map<std::string, std::string>> read_extensions(const Packet& packet) {
    Fields fields(packet.fields);
    std::map<std::string, std::string> extensions;
    if (packet.type != Type::version)
        return fail(malformed("greeting"));
    while (!fields.is_at_end() && extensions.size() < extensions_max) {
        const std::string name(fields.text(path_bytes_max));
        extensions[name] = fields.text(path_bytes_max);
        if (fields.is_bad())
            return fail(malformed("greeting"));
    }
    return extensions;
}

} // namespace pileus::cli::files::sftp
