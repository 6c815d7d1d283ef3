// SPDX-License-Identifier: Apache-2.0
#include "api/pricing/price_service.h"

#include "api/json_service.h"
#include "auth/digest.h"
#include "base/text.h"
#include "domain/error_codes.h"
#include "meter/aws_names.h"

#include <algorithm>
#include <array>
#include <boost/json.hpp>
#include <fmt/format.h>
#include <set>

namespace pileus::api::pricing {

namespace json = boost::json;
namespace section = meter::section;

namespace {

constexpr const char* invalid = "InvalidParameterException";
constexpr const char* service_code = "AmazonEC2";
constexpr int page_max = 100;
constexpr std::array<std::string_view, 15> attribute_names{"capacitystatus",
                                                           "currentGeneration",
                                                           "instanceType",
                                                           "location",
                                                           "marketoption",
                                                           "memory",
                                                           "operatingSystem",
                                                           "preInstalledSw",
                                                           "productFamily",
                                                           "regionCode",
                                                           "servicecode",
                                                           "tenancy",
                                                           "usagetype",
                                                           "vcpu",
                                                           "volumeApiName"};

// AWS's filters know regions by these names too.
std::string location_of(const std::string& region) {
    static const std::map<std::string, std::string> names{
        {"us-east-1", "US East (N. Virginia)"},
        {"us-east-2", "US East (Ohio)"},
        {"us-west-1", "US West (N. California)"},
        {"us-west-2", "US West (Oregon)"},
        {"eu-west-1", "EU (Ireland)"},
        {"eu-central-1", "EU (Frankfurt)"},
    };
    const auto found = names.find(region);
    return found == names.end() ? region : found->second;
}

// What a table of a price list is, in AWS's words.
struct SectionFacts {
    std::string_view section;
    std::string_view family;
    std::string_view unit;
    meter::ChargeKind kind;
    std::string_view market; // in the item
};
constexpr std::array<SectionFacts, 13> section_facts{{
    {section::instance_hour, "Compute Instance", "Hrs", meter::ChargeKind::instance, ""},
    {section::spot_hour, "Compute Instance", "Hrs", meter::ChargeKind::instance, "/spot"},
    {section::dedicated_hour, "Compute Instance", "Hrs", meter::ChargeKind::instance, "/dedicated"},
    {section::reserved_hour, "Compute Instance", "Hrs", meter::ChargeKind::instance, "/reserved"},
    {section::volume_gib_month, "Storage", "GB-Mo", meter::ChargeKind::volume, ""},
    {section::volume_iops_month, "System Operation", "IOPS-Mo", meter::ChargeKind::volume_iops, ""},
    {section::volume_throughput_month,
     "Provisioned Throughput",
     "MiBps-Mo",
     meter::ChargeKind::volume_throughput,
     ""},
    {section::snapshot_gib_month, "Storage Snapshot", "GB-Mo", meter::ChargeKind::snapshot, ""},
    {section::address_hour, "IP Address", "Hrs", meter::ChargeKind::address, ""},
    {section::nat_gateway_hour, "NAT Gateway", "Hrs", meter::ChargeKind::nat_gateway, ""},
    {section::nat_gateway_gib, "NAT Gateway", "GB", meter::ChargeKind::nat_gateway_bytes, ""},
    {section::data_out_gib, "Data Transfer", "GB", meter::ChargeKind::data_out, ""},
    {section::cpu_credit_hour, "CPU Credits", "vCPU-Hours", meter::ChargeKind::cpu_credits, ""},
}};

const SectionFacts* facts_of(std::string_view name) {
    for (const auto& facts : section_facts)
        if (facts.section == name)
            return &facts;
    return nullptr;
}

Result<void> check_service(const json::object& in) {
    const auto code = optional_text(in, "ServiceCode");
    if (!code.empty() && code != service_code)
        return fail(invalid, fmt::format("There is no service '{}'; there is AmazonEC2.", code));
    return {};
}

struct Page {
    size_t first = 0;
    size_t count = page_max;
};
Result<Page> page_of(const json::object& in) {
    Page page;
    if (const auto* value = in.if_contains("MaxResults")) {
        if (!value->is_int64() || value->as_int64() < 1 || value->as_int64() > page_max)
            return fail(invalid, fmt::format("'MaxResults' must be 1 to {}.", page_max));
        page.count = static_cast<size_t>(value->as_int64());
    }
    if (const auto token = optional_text(in, "NextToken"); !token.empty()) {
        const auto first = parse_int(token);
        if (!first || *first < 0)
            return fail("InvalidNextTokenException", "'NextToken' is none of ours.");
        page.first = static_cast<size_t>(*first);
    }
    return page;
}

template <class Items>
json::array cut_page(const Items& items, const Page& page, json::object& answer) {
    json::array out;
    for (size_t i = page.first; i < items.size() && i < page.first + page.count; ++i)
        out.emplace_back(items[i]);
    if (page.first + page.count < items.size())
        answer["NextToken"] = std::to_string(page.first + page.count);
    return out;
}

bool matches(const std::string& type, const std::string& value, const std::string& wanted) {
    if (type == "TERM_MATCH" || type == "EQUALS" || type.empty())
        return equals_ignore_case(value, wanted);
    if (type == "CONTAINS")
        return to_lower(value).find(to_lower(wanted)) != std::string::npos;
    bool any = false;
    for (const auto one : split(wanted, ','))
        any = any || equals_ignore_case(value, one);
    return type == "NONE_OF" ? !any : any;
}

} // namespace

http::Response PriceService::handle(const domain::Caller&, const http::Request& request) {
    return answer_json(
        request, "AWSPriceListService", [&](std::string_view operation, const Arguments& in) {
            return run(operation, in);
        });
}

PriceService::Answer PriceService::run(std::string_view operation, const Arguments& in) {
    PILEUS_TRY(check_service(in));
    if (operation == "DescribeServices")
        return describe_services(in);
    if (operation == "GetAttributeValues")
        return attribute_values(in);
    if (operation == "GetProducts")
        return products(in);
    return fail(domain::codes::unsupported_operation,
                fmt::format("The operation {} of the Price List is not supported by Pileus: it has "
                            "DescribeServices, GetAttributeValues and GetProducts.",
                            operation));
}

PriceService::Answer PriceService::describe_services(const Arguments&) const {
    return json::object{
        {"FormatVersion", "aws_v1"},
        {"Services",
         {{{"ServiceCode", service_code},
           {"AttributeNames", json::array(attribute_names.begin(), attribute_names.end())}}}}};
}

PriceService::Answer PriceService::attribute_values(const Arguments& in) {
    const auto name = optional_text(in, "AttributeName");
    if (std::find(attribute_names.begin(), attribute_names.end(), name) == attribute_names.end())
        return fail(invalid, fmt::format("There is no attribute '{}'.", name));
    PILEUS_ASSIGN(const auto page, page_of(in));
    std::set<std::string> values;
    for (const auto& product : all_products())
        if (const auto found = product.attributes.find(name); found != product.attributes.end())
            values.insert(found->second);
    std::vector<json::object> rows;
    for (const auto& value : values)
        rows.push_back({{"Value", value}});
    json::object answer;
    answer["AttributeValues"] = cut_page(rows, page, answer);
    return answer;
}

PriceService::Answer PriceService::products(const Arguments& in) {
    if (optional_text(in, "ServiceCode").empty())
        return fail(invalid, "'ServiceCode' must be given: AmazonEC2.");
    PILEUS_ASSIGN(const auto page, page_of(in));
    struct Wanted {
        std::string type, field, value;
    };
    std::vector<Wanted> filters;
    if (const auto* list = in.if_contains("Filters"); list != nullptr && list->is_array())
        for (const auto& filter : list->as_array()) {
            const auto& object = filter.is_object() ? filter.as_object() : json::object{};
            filters.push_back({optional_text(object, "Type"),
                               optional_text(object, "Field"),
                               optional_text(object, "Value")});
            if (filters.back().field.empty())
                return fail(invalid, "A filter must have a 'Field' and a 'Value'.");
        }
    std::vector<std::string> texts;
    for (const auto& product : all_products()) {
        const bool fits = std::all_of(filters.begin(), filters.end(), [&](const auto& filter) {
            if (equals_ignore_case(filter.field, "sku"))
                return matches(filter.type, product.sku, filter.value);
            for (const auto& [name, value] : product.attributes)
                if (equals_ignore_case(name, filter.field))
                    return matches(filter.type, value, filter.value);
            return filter.type == "NONE_OF";
        });
        if (fits)
            texts.push_back(write(product));
    }
    json::object answer{{"FormatVersion", "aws_v1"}};
    answer["PriceList"] = cut_page(texts, page, answer);
    return answer;
}

std::vector<PriceService::Product> PriceService::all_products() {
    std::vector<Product> products;
    books_.read([&](const meter::Timeline&, const meter::PriceBook& prices) {
        if (prices.empty())
            return;
        const auto now = std::chrono::floor<std::chrono::seconds>(books_.now());
        for (const auto& list : prices.at(now.time_since_epoch().count()).lists())
            for (const auto& [name, items] : list.sections())
                for (const auto& [item, price] : items)
                    if (facts_of(name) != nullptr)
                        products.push_back(product_of(list, name, item, price));
    });
    return products;
}

PriceService::Product PriceService::product_of(const meter::PriceList& list,
                                               std::string_view section_name,
                                               const std::string& name,
                                               int64_t price) const {
    const auto& facts = *facts_of(section_name);
    const auto item = name + std::string(facts.market);
    Product product;
    product.family = facts.family;
    product.unit = facts.unit;
    product.price = meter::format_dollars(price);
    product.currency = list.currency();
    product.valid_from = list.valid_from_day();
    auto& attributes = product.attributes;
    attributes["servicecode"] = service_code;
    attributes["productFamily"] = product.family;
    attributes["regionCode"] = list.region();
    attributes["location"] = location_of(list.region());
    attributes["locationType"] = "AWS Region";
    attributes["usagetype"] = usage_type(facts.kind, item, list.region());
    attributes["operation"] = operation_name(facts.kind, name);
    if (facts.kind == meter::ChargeKind::instance) {
        attributes["instanceType"] = name;
        attributes["operatingSystem"] = "Linux";
        attributes["preInstalledSw"] = "NA";
        attributes["licenseModel"] = "No License required";
        attributes["capacitystatus"] = "Used";
        attributes["tenancy"] = facts.market == "/dedicated" ? "Dedicated" : "Shared";
        attributes["marketoption"] = facts.market == "/spot" ? "Spot" : "OnDemand";
        if (const auto* type = catalog_.find(name)) {
            attributes["vcpu"] = std::to_string(type->vcpus);
            attributes["memory"] =
                fmt::format("{} GiB", static_cast<double>(type->memory_mib) / 1024);
            attributes["instanceFamily"] =
                type->burstable ? "General purpose" : "Current generation";
            attributes["currentGeneration"] = type->current_generation ? "Yes" : "No";
        }
    }
    if (facts.family == "Storage")
        attributes["volumeApiName"] = name;
    // The same product has the same name for ever.
    const auto digest =
        auth::sha256(list.region() + '\0' + std::string(section_name) + '\0' + name);
    product.sku = hex_encode(auth::as_text(digest)).substr(0, 16);
    std::transform(product.sku.begin(), product.sku.end(), product.sku.begin(), [](char c) {
        return c >= 'a' ? static_cast<char>(c - 'a' + 'A') : c;
    });
    return product;
}

// AWS hands out each product as a text that is JSON itself.
std::string PriceService::write(const Product& product) {
    static constexpr std::string_view on_demand_term = "JRTCKXETXF";
    static constexpr std::string_view per_unit_rate = "6YS6EN2CT7";
    const auto offer = fmt::format("{}.{}", product.sku, on_demand_term);
    const auto rate = fmt::format("{}.{}", offer, per_unit_rate);
    json::object attributes;
    for (const auto& [name, value] : product.attributes)
        if (name != "productFamily")
            attributes[name] = value;
    const json::object dimension{
        {"rateCode", rate},
        {"unit", product.unit},
        {"beginRange", "0"},
        {"endRange", "Inf"},
        {"description", fmt::format("{} {} per {}", product.price, product.currency, product.unit)},
        {"appliesTo", json::array{}},
        {"pricePerUnit", {{product.currency, product.price}}}};
    const json::object term{{"sku", product.sku},
                            {"offerTermCode", on_demand_term},
                            {"effectiveDate", product.valid_from + "T00:00:00Z"},
                            {"termAttributes", json::object{}},
                            {"priceDimensions", {{rate, dimension}}}};
    return json::serialize(json::object{
        {"product",
         {{"productFamily", product.family}, {"attributes", attributes}, {"sku", product.sku}}},
        {"serviceCode", service_code},
        {"terms", {{"OnDemand", {{offer, term}}}}},
        {"version", product.valid_from},
        {"publicationDate", product.valid_from + "T00:00:00Z"}});
}

} // namespace pileus::api::pricing
