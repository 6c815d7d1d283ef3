// SPDX-License-Identifier: Apache-2.0
#pragma once

// What a second of each thing costs in one region: a price file, read once at start and never
// changed. Any thread may read it.

#include "base/result.h"

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace pileus::meter {

class PriceList {
  public:
    static Result<PriceList> load(const std::filesystem::path& path);
    // `source` names the text in errors.
    static Result<PriceList> parse(std::string_view toml, std::string_view source);

    // Nano-dollars; an error names what has no price.
    Result<int64_t> instance_hour(std::string_view region, std::string_view type) const;
    Result<int64_t> volume_gib_month(std::string_view region, std::string_view type) const;
    Result<int64_t> volume_iops_month(std::string_view region, std::string_view type) const;
    Result<int64_t> volume_throughput_month(std::string_view region, std::string_view type) const;
    Result<int64_t> public_ipv4_hour(std::string_view region) const;
    Result<int64_t> nat_gateway_hour(std::string_view region) const;

    const std::string& region() const { return region_; }
    const std::string& valid_from() const { return valid_from_; } // "2026-01-19"
    const std::string& source() const { return source_; }

  private:
    using Prices = std::map<std::string, int64_t, std::less<>>;

    PriceList() = default;
    Result<int64_t> price(const Prices& prices,
                          std::string_view region,
                          std::string_view what,
                          std::string_view name) const;

    std::string source_;
    std::string region_;
    std::string valid_from_;
    Prices instance_hour_;
    Prices volume_gib_month_;
    Prices volume_iops_month_;
    Prices volume_throughput_month_;
    Prices public_ipv4_hour_;
    Prices nat_gateway_hour_;
};

// "0.0104" → 10 400 000. Nullopt for anything but a decimal number of at most nine decimals, not
// negative.
std::optional<int64_t> parse_dollars(std::string_view text);

} // namespace pileus::meter
