// SPDX-License-Identifier: Apache-2.0
#include "meter/price_list.h"

#include "base/file.h"
#include "base/text.h"
#include "meter/money.h"

#include <algorithm>
#include <array>
#include <fmt/format.h>
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

constexpr std::array known_sections{section::instance_hour,
                                    section::spot_hour,
                                    section::dedicated_hour,
                                    section::reserved_hour,
                                    section::capacity_hour,
                                    section::volume_gib_month,
                                    section::volume_iops_month,
                                    section::volume_throughput_month,
                                    section::snapshot_gib_month,
                                    section::address_hour,
                                    section::nat_gateway_hour,
                                    section::nat_gateway_gib,
                                    section::data_out_gib,
                                    section::cpu_credit_hour};

// "a GiB-month of"
std::string_view what_is_priced(std::string_view section) {
    if (section.ends_with("_gib_month"))
        return "a GiB-month of";
    if (section == section::volume_iops_month)
        return "a month of an IOPS of";
    if (section == section::volume_throughput_month)
        return "a month of a MiB/s of";
    if (section.ends_with("_gib"))
        return "a GiB through";
    return section == section::instance_hour || !section.starts_with("spot") ? "an hour of"
                                                                             : "a spot hour of";
}

Result<PriceList::Prices> read_prices(const toml::table& table) {
    PriceList::Prices prices;
    for (const auto& [name, node] : table) {
        PILEUS_ASSIGN(const auto price, read_price(node, name.str()));
        prices.emplace(name.str(), price);
    }
    return prices;
}

Result<std::map<std::string, PriceList::Prices, std::less<>>>
read_sections(const toml::table& file) {
    std::map<std::string, PriceList::Prices, std::less<>> sections;
    for (const auto& [name, node] : file) {
        const auto* table = node.as_table();
        if (table == nullptr)
            continue;
        // A slip of the pen would leave things without a price.
        if (std::find(known_sections.begin(), known_sections.end(), name.str()) ==
            known_sections.end())
            return fail(errors::invalid,
                        fmt::format("line {}: there is no section '{}'; there are: {}",
                                    node.source().begin.line,
                                    name.str(),
                                    fmt::join(known_sections, ", ")));
        PILEUS_ASSIGN(auto prices, read_prices(*table));
        sections.emplace(name.str(), std::move(prices));
    }
    return sections;
}

// "2026-01-19", the first second of the day.
std::optional<Time> parse_day(std::string_view text) {
    return text.size() == 10 ? parse_iso8601(std::string(text) + "T00:00:00Z") : std::nullopt;
}

bool is_currency(std::string_view text) {
    return text.size() == 3 &&
           std::all_of(text.begin(), text.end(), [](char c) { return c >= 'A' && c <= 'Z'; });
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
        list.currency_ = file["currency"].value_or(std::string{});
        const auto valid_from = parse_day(file["valid_from"].value_or(std::string{}));
        if (list.region_.empty() || !valid_from)
            return fail(errors::invalid,
                        "'region' and 'valid_from' (such as \"2026-01-19\") must be given");
        if (!is_currency(list.currency_))
            return fail(errors::invalid, "'currency' must be a code such as \"USD\"");
        list.valid_from_ = *valid_from;
        PILEUS_ASSIGN(list.sections_, read_sections(file));
        return list;
    };
    auto list = read();
    if (!list)
        return fail(errors::invalid, fmt::format("{}: {}", source, list.error().message));
    return list;
}

Result<int64_t> PriceList::price(std::string_view section, std::string_view name) const {
    const auto prices = sections_.find(section);
    if (prices != sections_.end())
        if (const auto found = prices->second.find(name); found != prices->second.end())
            return found->second;
    return fail(errors::not_found,
                fmt::format("{} has no price for {} {}", source_, what_is_priced(section), name));
}

void PriceList::price_by_capacity(const std::vector<domain::InstanceType>& types) {
    const auto vcpu = price(section::capacity_hour, "vcpu").value_or(0);
    const auto gib = price(section::capacity_hour, "gib").value_or(0);
    if (vcpu == 0 && gib == 0)
        return;
    static constexpr int64_t mib_of_gib = 1024;
    auto& prices = sections_[std::string(section::instance_hour)];
    for (const auto& type : types)
        // Rounded up to the nano-dollar: nothing is free.
        prices.try_emplace(
            type.name, vcpu * type.vcpus + (gib * type.memory_mib + mib_of_gib - 1) / mib_of_gib);
}

std::string PriceList::valid_from_day() const {
    return format_iso8601(valid_from_).substr(0, 10);
}

std::string PriceList::canonical() const {
    std::string text = fmt::format("region = \"{}\"\ncurrency = \"{}\"\nvalid_from = \"{}\"\n",
                                   region_,
                                   currency_,
                                   valid_from_day());
    for (const auto& [name, prices] : sections_) {
        text += fmt::format("\n[{}]\n", name);
        for (const auto& [item, price] : prices)
            text += fmt::format("\"{}\" = \"{}\"\n", item, format_dollars(price));
    }
    return text;
}

std::string format_dollars(int64_t nano_dollars) {
    auto text = fmt::format(
        "{}.{:09}", nano_dollars / nano_dollars_per_dollar, nano_dollars % nano_dollars_per_dollar);
    text.erase(text.find_last_not_of('0') + 1);
    if (text.ends_with('.'))
        text.pop_back();
    return text;
}

} // namespace pileus::meter
