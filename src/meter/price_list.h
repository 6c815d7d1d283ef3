// SPDX-License-Identifier: Apache-2.0
#pragma once

// What each thing costs in one region from a day on: a price file. A value that does not change
// after it was made; any thread may read it.

#include "base/clock.h"
#include "base/result.h"
#include "domain/instance_type.h"

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pileus::meter {

// The tables of a price file. Prices of things that last are of an hour or of a month, those of
// bytes are of a GiB.
namespace section {
inline constexpr std::string_view instance_hour = "instance_hour"; // on demand
inline constexpr std::string_view spot_hour = "spot_hour";
inline constexpr std::string_view dedicated_hour = "dedicated_hour";
inline constexpr std::string_view reserved_hour = "reserved_hour";
inline constexpr std::string_view capacity_hour = "capacity_hour"; // "vcpu" and "gib"
inline constexpr std::string_view volume_gib_month = "volume_gib_month";
inline constexpr std::string_view volume_iops_month = "volume_iops_month";
inline constexpr std::string_view volume_throughput_month = "volume_throughput_month";
inline constexpr std::string_view snapshot_gib_month = "snapshot_gib_month";
inline constexpr std::string_view address_hour = "address_hour";
inline constexpr std::string_view nat_gateway_hour = "nat_gateway_hour";
inline constexpr std::string_view nat_gateway_gib = "nat_gateway_gib";
inline constexpr std::string_view data_out_gib = "data_out_gib";
inline constexpr std::string_view cpu_credit_hour = "cpu_credit_hour"; // of a vCPU
} // namespace section

class PriceList {
  public:
    using Prices = std::map<std::string, int64_t, std::less<>>; // nano-dollars by name

    static Result<PriceList> load(const std::filesystem::path& path);
    // `source` names the text in errors.
    static Result<PriceList> parse(std::string_view toml, std::string_view source);

    // Nano-dollars; an error names what has no price.
    Result<int64_t> price(std::string_view section, std::string_view name) const;
    const std::map<std::string, Prices, std::less<>>& sections() const { return sections_; }

    // Where the list has prices of a vCPU and of a GiB of memory, a type that it does not name
    // costs what its size says.
    void price_by_capacity(const std::vector<domain::InstanceType>& types);

    bool covers(std::string_view region) const { return region_ == "*" || region_ == region; }
    const std::string& region() const { return region_; } // "*": all that no other list has
    const std::string& currency() const { return currency_; }
    Time valid_from() const { return valid_from_; }
    std::string valid_from_day() const; // "2026-01-19"
    const std::string& source() const { return source_; }
    // The same prices give the same text; parse() reads it.
    std::string canonical() const;

  private:
    PriceList() = default;

    std::string source_;
    std::string region_;
    std::string currency_;
    Time valid_from_{};
    std::map<std::string, Prices, std::less<>> sections_;
};

// "0.0104" → 10 400 000. Nullopt for anything but a decimal number of at most nine decimals, not
// negative.
std::optional<int64_t> parse_dollars(std::string_view text);
std::string format_dollars(int64_t nano_dollars); // "0.0104"

} // namespace pileus::meter
