// SPDX-License-Identifier: Apache-2.0
#include "drivers/hypervisor/qemu/hardware.h"

#include "base/text.h"

#include <algorithm>
#include <fmt/core.h>

namespace pileus::drivers {

namespace {

// The newest that every QEMU has that Pileus runs with. To be raised with an eye on
// packages/run.txt: instances that are there keep theirs.
constexpr std::string_view current_machine = "pc-q35-7.2";
constexpr std::string_view machine_family = "pc-q35-";

// A modest model of the x86-64-v2 grade: under TCG `max` makes a guest a quarter slower, because
// what it promises has to be emulated (docs of the images; measured).
constexpr std::string_view tcg_cpu = "qemu64,+ssse3,+sse4.1,+sse4.2,+popcnt,+cx16,+lahf-lm,+rdrand";
constexpr std::string_view kvm_cpu = "host";
constexpr size_t longest_hardware = 512;

bool is_made_of(std::string_view text, std::string_view extra) {
    return !text.empty() && std::all_of(text.begin(), text.end(), [&](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               extra.find(c) != std::string_view::npos;
    });
}

} // namespace

std::string current_hardware_of(const Acceleration& acceleration) {
    return fmt::format("{} {}", current_machine, acceleration.name == "kvm" ? kvm_cpu : tcg_cpu);
}

Result<Hardware> parse_hardware(std::string_view text, const Acceleration& acceleration) {
    if (text.empty())
        return parse_hardware(current_hardware_of(acceleration), acceleration);
    const auto words = split(text, ' ');
    if (text.size() > longest_hardware || words.size() != 2 ||
        !words[0].starts_with(machine_family) || !is_made_of(words[0], "-.") ||
        !is_made_of(words[1], "-.,+_="))
        return fail(errors::invalid,
                    fmt::format("a guest cannot be started with the hardware '{}'", text));
    const bool is_to_be_had = words[1] != kvm_cpu || acceleration.name == "kvm";
    return Hardware{std::string(words[0]), std::string(is_to_be_had ? words[1] : tcg_cpu)};
}

} // namespace pileus::drivers
