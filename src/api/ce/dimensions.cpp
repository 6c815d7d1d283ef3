// SPDX-License-Identifier: Apache-2.0
#include "api/ce/dimensions.h"

#include "base/text.h"
#include "meter/aws_names.h"

#include <algorithm>
#include <boost/json.hpp>
#include <fmt/format.h>
#include <memory>
#include <set>

namespace pileus::api::ce {

namespace json = boost::json;
using meter::Facts;

namespace {

constexpr size_t values_max = 1000;

const std::map<std::string_view, Aspect>& dimensions() {
    static const std::map<std::string_view, Aspect> all{
        {"SERVICE", {false, [](const Facts& f) { return std::string(service_name(f.kind)); }}},
        {"USAGE_TYPE",
         {false, [](const Facts& f) { return meter::usage_type(f.kind, f.item, f.region); }}},
        {"USAGE_TYPE_GROUP",
         {false, [](const Facts& f) { return std::string(usage_type_group(f.kind)); }}},
        {"OPERATION", {false, [](const Facts& f) { return operation_name(f.kind, f.item); }}},
        {"REGION", {false, [](const Facts& f) { return std::string(f.region); }}},
        {"LINKED_ACCOUNT", {false, [](const Facts& f) { return std::string(f.account_id); }}},
        {"INSTANCE_TYPE", {false, [](const Facts& f) { return instance_type(f.kind, f.item); }}},
        {"INSTANCE_TYPE_FAMILY",
         {false,
          [](const Facts& f) {
              const auto type = instance_type(f.kind, f.item);
              return type.substr(0, type.find('.'));
          }}},
        {"PURCHASE_TYPE",
         {false, [](const Facts& f) { return std::string(purchase_type(f.kind, f.item)); }}},
        {"PLATFORM",
         {false,
          [](const Facts& f) {
              return std::string(f.kind == meter::ChargeKind::instance ? "Linux/UNIX"
                                                                       : "NoOperatingSystem");
          }}},
        {"RECORD_TYPE", {false, [](const Facts&) { return std::string("Usage"); }}},
        {"RESOURCE_ID", {true, [](const Facts& f) { return std::string(f.resource_id); }}},
    };
    return all;
}

Result<std::vector<std::string>> texts_of(const json::object& object, std::string_view name) {
    std::vector<std::string> texts;
    const auto* value = object.if_contains(name);
    if (value == nullptr)
        return texts;
    if (!value->is_array() || value->as_array().size() > values_max)
        return fail(invalid,
                    fmt::format("'{}' must be a list of at most {} texts.", name, values_max));
    for (const auto& text : value->as_array()) {
        if (!text.is_string())
            return fail(invalid, fmt::format("'{}' must be a list of texts.", name));
        texts.emplace_back(text.as_string());
    }
    return texts;
}

// How a value is compared with those that are wanted.
using Match = std::function<bool(const std::string& value, const std::string& wanted)>;

Result<Match> match_of(const std::vector<std::string>& options) {
    bool ignores_case = false;
    std::string how = "EQUALS";
    for (const auto& option : options) {
        if (option == "CASE_INSENSITIVE")
            ignores_case = true;
        else if (option == "EQUALS" || option == "STARTS_WITH" || option == "ENDS_WITH" ||
                 option == "CONTAINS")
            how = option;
        else if (option != "CASE_SENSITIVE")
            return fail(invalid, fmt::format("There is no match option '{}'.", option));
    }
    return [how, ignores_case](const std::string& value, const std::string& wanted) {
        const auto a = ignores_case ? to_lower(value) : value;
        const auto b = ignores_case ? to_lower(wanted) : wanted;
        if (how == "STARTS_WITH")
            return a.starts_with(b);
        if (how == "ENDS_WITH")
            return a.ends_with(b);
        return how == "CONTAINS" ? a.find(b) != std::string::npos : a == b;
    };
}

Result<Filter> filter_by(const Aspect& aspect, const json::object& object) {
    PILEUS_ASSIGN(auto wanted, texts_of(object, "Values"));
    PILEUS_ASSIGN(auto options, texts_of(object, "MatchOptions"));
    if (std::find(options.begin(), options.end(), "ABSENT") != options.end())
        return Filter{aspect.needs_resource,
                      [aspect](const Facts& facts) { return aspect.value(facts).empty(); }};
    if (wanted.empty())
        return fail(invalid, "'Values' must have at least one value.");
    PILEUS_ASSIGN(auto match, match_of(options));
    return Filter{aspect.needs_resource, [aspect, wanted, match](const Facts& facts) {
                      const auto value = aspect.value(facts);
                      return std::any_of(wanted.begin(), wanted.end(), [&](const auto& one) {
                          return match(value, one);
                      });
                  }};
}

Result<Filter> filter_by_all_or_any(const json::value& list, bool all, const TagReader& tags) {
    if (!list.is_array() || list.as_array().size() < 2)
        return fail(invalid, "'And' and 'Or' must be lists of at least two expressions.");
    std::vector<Filter> parts;
    Filter joined;
    for (const auto& part : list.as_array()) {
        if (!part.is_object())
            return fail(invalid, "An expression must be an object.");
        PILEUS_ASSIGN(auto filter, read_filter(part.as_object(), tags));
        joined.needs_resource = joined.needs_resource || filter.needs_resource;
        parts.push_back(std::move(filter));
    }
    joined.accepts = [parts, all](const Facts& facts) {
        for (const auto& part : parts)
            if (part.accepts(facts) != all)
                return !all;
        return all;
    };
    return joined;
}

Result<Filter> filter_by_negation(const json::value& inner, const TagReader& tags) {
    if (!inner.is_object())
        return fail(invalid, "'Not' must be an expression.");
    PILEUS_ASSIGN(auto filter, read_filter(inner.as_object(), tags));
    const auto accepts = filter.accepts;
    filter.accepts = [accepts](const Facts& facts) { return !accepts(facts); };
    return filter;
}

Result<std::string> key_of(const json::value& value) {
    const auto* key = value.is_object() ? value.as_object().if_contains("Key") : nullptr;
    if (key == nullptr || !key->is_string())
        return fail(invalid, "'Dimensions' and 'Tags' must have a 'Key'.");
    return std::string(key->as_string());
}

} // namespace

Result<Aspect> dimension(std::string_view name) {
    const auto found = dimensions().find(name);
    if (found != dimensions().end())
        return found->second;
    std::string names;
    for (const auto& [known, aspect] : dimensions())
        names += (names.empty() ? "" : ", ") + std::string(known);
    return fail(invalid, fmt::format("Pileus has no dimension '{}'. It has: {}.", name, names));
}

Aspect tag_aspect(const std::string& key, const TagReader& tags) {
    const auto values = std::make_shared<const TagValues>(tags(key));
    return {true, [values](const Facts& facts) {
                const auto found = values->find(facts.resource_id);
                return found == values->end() ? std::string() : found->second;
            }};
}

Result<Filter> read_filter(const json::object& expression, const TagReader& tags) {
    if (expression.size() != 1)
        return fail(invalid,
                    "An expression must have one of 'And', 'Or', 'Not', 'Dimensions', 'Tags'.");
    const auto& [name, value] = *expression.begin();
    if (name == "And" || name == "Or")
        return filter_by_all_or_any(value, name == "And", tags);
    if (name == "Not")
        return filter_by_negation(value, tags);
    if (name != "Dimensions" && name != "Tags")
        return fail(invalid, fmt::format("Pileus has no '{}' in expressions.", std::string(name)));
    PILEUS_ASSIGN(const auto key, key_of(value));
    if (name == "Tags")
        return filter_by(tag_aspect(key, tags), value.as_object());
    PILEUS_ASSIGN(const auto aspect, dimension(key));
    return filter_by(aspect, value.as_object());
}

} // namespace pileus::api::ce
