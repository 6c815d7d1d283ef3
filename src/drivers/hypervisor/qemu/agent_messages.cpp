// SPDX-License-Identifier: Apache-2.0
#include "drivers/hypervisor/qemu/agent_messages.h"

#include "base/text.h"

#include <algorithm>
#include <array>
#include <fmt/core.h>
#include <memory>
#include <openssl/evp.h>

namespace pileus::drivers {

namespace {

constexpr std::string_view protocol = "1";
constexpr size_t reason_bytes = 200;

bool is_printable(char c) {
    return c >= ' ' && c <= '~';
}

bool is_hex(std::string_view text, size_t digits) {
    return text.size() == digits && std::all_of(text.begin(), text.end(), [](char c) {
               return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
           });
}

// 8-4-4-4-12 digits.
bool is_uuid(std::string_view text) {
    if (text.size() != 36)
        return false;
    std::string digits;
    for (size_t i = 0; i < text.size(); ++i) {
        const bool is_dash = i == 8 || i == 13 || i == 18 || i == 23;
        if (is_dash != (text[i] == '-'))
            return false;
        if (!is_dash)
            digits += text[i];
    }
    return is_hex(digits, 32);
}

std::string printable(std::string_view text) {
    std::string result;
    for (const char c : text.substr(0, reason_bytes))
        result += is_printable(c) ? c : '?';
    return result;
}

// The public half of an Ed25519 key: the agent has no arithmetic of its own.
Result<std::string> public_half(const std::string& seed) {
    constexpr size_t key_bytes = 32;
    std::array<unsigned char, key_bytes> half{};
    size_t size = half.size();
    const std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key(
        seed.size() == key_bytes
            ? EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519,
                                           nullptr,
                                           reinterpret_cast<const unsigned char*>(seed.data()),
                                           seed.size())
            : nullptr,
        EVP_PKEY_free);
    if (!key || EVP_PKEY_get_raw_public_key(key.get(), half.data(), &size) != 1)
        return fail(errors::invalid, "a guest's host key is 32 bytes");
    return std::string(reinterpret_cast<const char*>(half.data()), size);
}

class IdentityText {
  public:
    void add(std::string_view key, std::string_view value) {
        if (value.empty())
            return;
        const bool is_line = std::all_of(value.begin(), value.end(), [](char c) {
            return static_cast<unsigned char>(c) >= ' ' && c != '\x7f';
        });
        if (!is_line || key.size() + 1 + value.size() > agent_limits::line_bytes)
            refused_ = key;
        text_ += fmt::format("{} {}\n", key, value);
    }

    Result<std::string> finish() && {
        if (!refused_.empty())
            return fail(errors::invalid, fmt::format("a guest cannot be told such a {}", refused_));
        return "identity\n" + text_ + "end\n";
    }

  private:
    std::string text_;
    std::string refused_;
};

} // namespace

void AgentLineReader::append(std::string_view bytes) {
    buffer_ += bytes;
}

std::optional<std::string> AgentLineReader::next() {
    while (true) {
        const auto end = buffer_.find('\n');
        if (end == std::string::npos) {
            if (buffer_.size() > agent_limits::line_bytes || dropping_) {
                dropping_ = true;
                buffer_.clear();
            }
            return std::nullopt;
        }
        auto line = buffer_.substr(0, end);
        buffer_.erase(0, end + 1);
        const bool is_whole = !dropping_ && line.size() <= agent_limits::line_bytes;
        dropping_ = false;
        if (is_whole)
            return line;
    }
}

AgentMessage parse_agent_message(std::string_view line) {
    AgentMessage message;
    const auto words = split(line, ' ');
    const auto word = words.empty() ? std::string_view() : std::string_view(words[0]);
    if (word == "hello" && words.size() == 3 && words[1] == protocol) {
        message.kind = AgentMessage::Kind::hello;
        message.version = printable(words[2]);
    } else if (word == "ready" && words.size() == 3) {
        message.kind = AgentMessage::Kind::ready;
        message.boot_id = is_uuid(words[1]) ? words[1] : "";
        message.machine_id = is_hex(words[2], 32) ? words[2] : "";
    } else if (word == "applied" && words.size() == 1) {
        message.kind = AgentMessage::Kind::applied;
    } else if (word == "failed") {
        message.kind = AgentMessage::Kind::failed;
        message.why = printable(line.substr(std::min(line.size(), word.size() + 1)));
    }
    return message;
}

Result<std::string>
format_identity(const GuestIdentity& identity, const std::string& mac, int64_t unix_ns) {
    PILEUS_ASSIGN(const auto host_key_public, public_half(identity.host_key_seed));
    IdentityText text;
    text.add("instance-id", identity.instance_id);
    text.add("host-name", identity.host_name);
    for (const auto& key : identity.ssh_keys)
        text.add("ssh-key", key);
    text.add("host-key-seed", hex_encode(identity.host_key_seed));
    text.add("host-key-public", hex_encode(host_key_public));
    text.add("machine-id", identity.machine_id);
    text.add("boot-id", identity.boot_id);
    text.add("random-seed", hex_encode(identity.random_seed));
    text.add("address", fmt::format("{}/{}", identity.address, identity.prefix_length));
    text.add("gateway", identity.gateway);
    for (const auto& server : identity.dns_servers)
        text.add("dns", server);
    text.add("domain", identity.domain);
    text.add("mtu", std::to_string(identity.mtu));
    text.add("mac", mac);
    text.add("time-ns", std::to_string(unix_ns));
    return std::move(text).finish();
}

} // namespace pileus::drivers
