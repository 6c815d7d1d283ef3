// SPDX-License-Identifier: Apache-2.0
#include "base/random.h"

#include <array>
#include <cerrno>
#include <sys/random.h>
#include <system_error>

namespace pileus {

std::string Random::hex(size_t digits) {
    static constexpr char alphabet[] = "0123456789abcdef";
    const std::string drawn = bytes((digits + 1) / 2);
    std::string out;
    out.reserve(digits);
    for (size_t i = 0; i < digits; ++i) {
        const auto byte = static_cast<uint8_t>(drawn[i / 2]);
        out.push_back(alphabet[i % 2 == 0 ? byte >> 4 : byte & 15]);
    }
    return out;
}

std::string Random::bytes(size_t count) {
    std::string out(count, '\0');
    fill({reinterpret_cast<uint8_t*>(out.data()), out.size()});
    return out;
}

uint64_t Random::next_u64() {
    std::array<uint8_t, 8> bytes{};
    fill(bytes);
    uint64_t value = 0;
    for (const auto byte : bytes)
        value = value << 8 | byte;
    return value;
}

void SystemRandom::fill(std::span<uint8_t> out) {
    while (!out.empty()) {
        const auto n = ::getrandom(out.data(), out.size(), 0);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            throw std::system_error(errno, std::generic_category(), "getrandom");
        out = out.subspan(static_cast<size_t>(n));
    }
}

SeededRandom::SeededRandom(uint64_t seed) : engine_(seed) {}

void SeededRandom::fill(std::span<uint8_t> out) {
    const std::lock_guard lock(mutex_);
    for (auto& byte : out)
        byte = static_cast<uint8_t>(engine_());
}

} // namespace pileus
