// SPDX-License-Identifier: Apache-2.0
#include "catalog/catalog.h"

#include "base/file.h"

#include <fmt/core.h>
#include <set>
#include <toml++/toml.h>

namespace pileus::catalog {

namespace {

// Reads one size: what it does not say itself its family says. The first mistake is kept and
// reported with its line.
class SizeReader {
  public:
    SizeReader(const toml::table& family, const toml::table& size) : family_(family), size_(size) {}

    std::string text(std::string_view key) { return value<std::string>(key, "text").value_or(""); }
    bool flag(std::string_view key) { return value<bool>(key, "true or false").value_or(false); }
    double decimal(std::string_view key) { return value<double>(key, "a number").value_or(0); }
    int64_t positive(std::string_view key) {
        const auto number = value<int64_t>(key, "a whole number");
        if (!number || *number < 1)
            mistake(key, "must be a whole number above 0");
        return number.value_or(0);
    }
    // [baseline, maximum]; both 0 when it is not known.
    std::pair<int, int> range(std::string_view key) {
        const auto* node = find(key);
        if (node == nullptr)
            return {0, 0};
        const auto* pair = node->as_array();
        if (pair == nullptr || pair->size() != 2 || !pair->get(0)->is_integer() ||
            !pair->get(1)->is_integer()) {
            mistake(key, "must be [baseline, maximum]");
            return {0, 0};
        }
        return {pair->get(0)->value_or(0), pair->get(1)->value_or(0)};
    }
    std::vector<std::string> texts(std::string_view key) {
        std::vector<std::string> all;
        const auto* node = find(key);
        const auto* array = node == nullptr ? nullptr : node->as_array();
        if (array == nullptr || array->empty())
            mistake(key, "must be a list of texts");
        else
            for (const auto& element : *array)
                all.push_back(element.value_or(std::string{}));
        return all;
    }

    const std::optional<std::string>& first_mistake() const { return mistake_; }

  private:
    const toml::node* find(std::string_view key) const {
        const auto* own = size_.get(key);
        return own != nullptr ? own : family_.get(key);
    }
    template <class T> std::optional<T> value(std::string_view key, std::string_view expected) {
        const auto* node = find(key);
        if (node == nullptr)
            return std::nullopt;
        auto found = node->value<T>();
        if (!found)
            mistake(key, fmt::format("must be {}", expected));
        return found;
    }
    void mistake(std::string_view key, std::string_view what) {
        if (!mistake_)
            mistake_ = fmt::format("line {}: '{}' {}", size_.source().begin.line, key, what);
    }

    const toml::table& family_;
    const toml::table& size_;
    std::optional<std::string> mistake_;
};

Result<domain::InstanceType> read_type(const toml::table& family, const toml::table& size) {
    SizeReader reader(family, size);
    domain::InstanceType type;
    type.family = reader.text("name");
    type.name = type.family + "." + reader.text("size");
    type.vcpus = static_cast<int>(reader.positive("vcpus"));
    type.threads_per_core = static_cast<int>(reader.positive("threads_per_core"));
    type.cores = type.threads_per_core > 0 ? type.vcpus / type.threads_per_core : 0;
    type.memory_mib = reader.positive("memory_mib");
    type.clock_ghz = reader.decimal("clock_ghz");
    type.manufacturer = reader.text("manufacturer");
    type.bare_metal = reader.flag("bare_metal");
    type.hypervisor = type.bare_metal ? "" : reader.text("hypervisor");
    type.current_generation = reader.flag("current_generation");
    type.burstable = reader.flag("burstable");
    type.free_tier = reader.flag("free_tier");
    type.ebs_optimized_default = reader.flag("ebs_optimized");
    type.maximum_interfaces = static_cast<int>(reader.positive("interfaces"));
    type.addresses_per_interface = static_cast<int>(reader.positive("addresses"));
    std::tie(type.ebs_baseline_mbps, type.ebs_maximum_mbps) = reader.range("ebs_mbps");
    std::tie(type.ebs_baseline_iops, type.ebs_maximum_iops) = reader.range("ebs_iops");
    type.network_performance = reader.text("network");
    type.ena_support = reader.text("ena");
    type.architectures = reader.texts("architectures");
    if (reader.first_mistake())
        return fail(errors::invalid, *reader.first_mistake());
    if (type.cores * type.threads_per_core != type.vcpus)
        return fail(errors::invalid,
                    fmt::format("{}: {} vcpus are not a multiple of {} threads per core",
                                type.name,
                                type.vcpus,
                                type.threads_per_core));
    return type;
}

Result<std::vector<domain::InstanceType>> read_types(const toml::table& file) {
    std::vector<domain::InstanceType> types;
    std::set<std::string> seen;
    const auto* families = file["family"].as_array();
    if (families == nullptr)
        return fail(errors::invalid, "there is no [[family]]");
    for (const auto& family : *families) {
        const auto* table = family.as_table();
        const auto* sizes = table == nullptr ? nullptr : table->get_as<toml::array>("sizes");
        if (sizes == nullptr)
            return fail(errors::invalid,
                        fmt::format("line {}: a family without sizes", family.source().begin.line));
        for (const auto& size : *sizes) {
            if (!size.is_table())
                return fail(errors::invalid,
                            fmt::format("line {}: not a size", size.source().begin.line));
            PILEUS_ASSIGN(auto type, read_type(*table, *size.as_table()));
            if (!seen.insert(type.name).second)
                return fail(errors::invalid, fmt::format("{} is listed twice", type.name));
            types.push_back(std::move(type));
        }
    }
    return types;
}

} // namespace

Catalog::Catalog(std::vector<domain::InstanceType> types) : types_(std::move(types)) {
    for (size_t i = 0; i < types_.size(); ++i)
        place_.emplace(types_[i].name, i);
}

Result<Catalog> Catalog::load(const std::filesystem::path& path) {
    PILEUS_ASSIGN(const auto text, read_file(path));
    return parse(text, path.string());
}

Result<Catalog> Catalog::parse(std::string_view text, std::string_view source) {
    toml::table file;
    try {
        file = toml::parse(text);
    } catch (const toml::parse_error& error) {
        return fail(
            errors::invalid,
            fmt::format("{}, line {}: {}", source, error.source().begin.line, error.description()));
    }
    auto types = read_types(file);
    if (!types)
        return fail(errors::invalid, fmt::format("{}: {}", source, types.error().message));
    return Catalog(std::move(*types));
}

const domain::InstanceType* Catalog::find(std::string_view name) const {
    const auto found = place_.find(name);
    return found == place_.end() ? nullptr : &types_[found->second];
}

} // namespace pileus::catalog
