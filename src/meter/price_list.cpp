// SPDX-License-Identifier: Apache-2.0
#include "meter/price_list.h"

#include "base/file.h"
#include "base/text.h"
#include "meter/money.h"

#include <fmt/core.h>
#include <toml++/toml.h>

namespace pileus::meter {

namespace {

constexpr size_t most_digits_before_the_point = 6; // nothing costs a million dollars an hour
constexpr size_t most_decimals = 9;

bool all_digits(std::string_view text) {
    return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

Result<int64_t> read_price(const toml::node& node, std::string_view name) {
    // A text and not a TOML number: that would be a binary fraction, and 0.0104 has none.
    const auto text = node.value<std::string>();
    const auto price = text && node.is_string() ? parse_dollars(*text) : std::nullopt;
    if (!price)
        return fail(errors::invalid,
                    fmt::format("line {}: the price of '{}' must be a text such as \"0.0104\"",
                                node.source().begin.line,
                                name));
    if (*price == 0)
        return fail(
            errors::invalid,
            fmt::format("line {}: '{}' would be free; leave it out if its price is not known",
                        node.source().begin.line,
                        name));
    return *price;
}

Result<std::map<std::string, int64_t, std::less<>>> read_prices(const toml::table& file,
                                                                std::string_view section) {
    std::map<std::string, int64_t, std::less<>> prices;
    const auto* table = file.get_as<toml::table>(section);
    if (table == nullptr)
        return prices;
    for (const auto& [name, node] : *table) {
        PILEUS_ASSIGN(const auto price, read_price(node, name.str()));
        prices.emplace(name.str(), price);
    }
    return prices;
}

} // namespace

std::optional<int64_t> parse_dollars(std::string_view text) {
    const auto point = text.find('.');
    const auto whole = text.substr(0, point);
    const auto fraction =
        point == std::string_view::npos ? std::string_view("0") : text.substr(point + 1);
    if (!all_digits(whole) || whole.size() > most_digits_before_the_point ||
        !all_digits(fraction) || fraction.size() > most_decimals)
        return std::nullopt;
    std::string decimals(fraction);
    decimals.resize(most_decimals, '0');
    return *parse_int(whole) * nano_dollars_per_dollar + *parse_int(decimals);
}

Result<PriceList> PriceList::load(const std::filesystem::path& path) {
    PILEUS_ASSIGN(const auto text, read_file(path));
    return parse(text, path.string());
}

Result<PriceList> PriceList::parse(std::string_view text, std::string_view source) {
    toml::table file;
    try {
        file = toml::parse(text);
    } catch (const toml::parse_error& error) {
        return fail(
            errors::invalid,
            fmt::format("{}, line {}: {}", source, error.source().begin.line, error.description()));
    }
    const auto read = [&]() -> Result<PriceList> {
        PriceList list;
        list.source_ = source;
        list.region_ = file["region"].value_or(std::string{});
        list.valid_from_ = file["valid_from"].value_or(std::string{});
        if (list.region_.empty() || list.valid_from_.empty())
            return fail(errors::invalid, "'region' and 'valid_from' must be given");
        if (file["currency"].value_or(std::string{}) != "USD")
            return fail(errors::invalid, "'currency' must be \"USD\"");
        PILEUS_ASSIGN(list.instance_hour_, read_prices(file, "instance_hour"));
        PILEUS_ASSIGN(list.volume_gib_month_, read_prices(file, "volume_gib_month"));
        PILEUS_ASSIGN(list.volume_iops_month_, read_prices(file, "volume_iops_month"));
        PILEUS_ASSIGN(list.volume_throughput_month_, read_prices(file, "volume_throughput_month"));
        PILEUS_ASSIGN(list.public_ipv4_hour_, read_prices(file, "address_hour"));
        PILEUS_ASSIGN(list.nat_gateway_hour_, read_prices(file, "nat_gateway_hour"));
        return list;
    };
    auto list = read();
    if (!list)
        return fail(errors::invalid, fmt::format("{}: {}", source, list.error().message));
    return list;
}

Result<int64_t> PriceList::instance_hour(std::string_view region, std::string_view type) const {
    return price(instance_hour_, region, "an hour of", type);
}

Result<int64_t> PriceList::volume_gib_month(std::string_view region, std::string_view type) const {
    return price(volume_gib_month_, region, "a GiB-month of", type);
}

Result<int64_t> PriceList::volume_iops_month(std::string_view region, std::string_view type) const {
    return price(volume_iops_month_, region, "a month of an IOPS of", type);
}

Result<int64_t> PriceList::volume_throughput_month(std::string_view region,
                                                   std::string_view type) const {
    return price(volume_throughput_month_, region, "a month of a MiB/s of", type);
}

Result<int64_t> PriceList::public_ipv4_hour(std::string_view region) const {
    return price(public_ipv4_hour_, region, "an hour of", "public_ipv4");
}

Result<int64_t> PriceList::nat_gateway_hour(std::string_view region) const {
    return price(nat_gateway_hour_, region, "an hour of", "nat_gateway");
}

Result<int64_t> PriceList::price(const Prices& prices,
                                 std::string_view region,
                                 std::string_view what,
                                 std::string_view name) const {
    if (region != region_)
        return fail(errors::not_found,
                    fmt::format("{} has prices of {}, not of {}", source_, region_, region));
    const auto found = prices.find(name);
    if (found == prices.end())
        return fail(errors::not_found,
                    fmt::format("{} has no price for {} {}", source_, what, name));
    return found->second;
}

} // namespace pileus::meter
