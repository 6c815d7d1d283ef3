// SPDX-License-Identifier: Apache-2.0
#include "imds/metadata_service.h"

#include "base/log.h"
#include "base/text.h"
#include "store/instances.h"
#include "store/network_interfaces.h"
#include "store/security_groups.h"
#include "store/tags.h"
#include "store/volumes.h"
#include "store/vpcs.h"

#include <algorithm>
#include <array>
#include <fmt/core.h>

namespace pileus::imds {

namespace {

constexpr std::string_view token_header = "X-aws-ec2-metadata-token";
constexpr std::string_view ttl_header = "X-aws-ec2-metadata-token-ttl-seconds";
constexpr std::string_view token_path = "/latest/api/token";

// The versions that clients ask for by date answer as "latest" does.
constexpr std::array<std::string_view, 16> versions{"1.0",
                                                    "2007-01-19",
                                                    "2008-02-01",
                                                    "2009-04-04",
                                                    "2011-01-01",
                                                    "2012-01-12",
                                                    "2014-02-25",
                                                    "2014-11-05",
                                                    "2016-09-02",
                                                    "2018-03-28",
                                                    "2018-08-17",
                                                    "2018-09-24",
                                                    "2019-10-01",
                                                    "2020-10-27",
                                                    "2021-03-23",
                                                    "latest"};

http::Response answer(int status, std::string_view type, std::string body) {
    auto response = http::make_response(status, type, std::move(body));
    response.headers.add("Server", "EC2ws");
    return response;
}

// As EC2's service writes it.
http::Response refuse(int status) {
    const auto reason = http::reason_phrase(status);
    return answer(
        status,
        "text/html",
        fmt::format("<?xml version=\"1.0\" encoding=\"iso-8859-1\"?>\n"
                    "<html xmlns=\"http://www.w3.org/1999/xhtml\" xml:lang=\"en\" lang=\"en\">\n"
                    " <head>\n  <title>{0} - {1}</title>\n </head>\n"
                    " <body>\n  <h1>{0} - {1}</h1>\n </body>\n</html>\n",
                    status,
                    reason));
}

// "/latest//meta-data/mac/" → "latest/meta-data/mac"; nullopt for a path that is not plain.
std::optional<std::string> normalise(std::string_view target_path) {
    const auto decoded = percent_decode(target_path, false);
    if (!decoded || decoded->find('\0') != std::string::npos)
        return std::nullopt;
    std::string path;
    for (const auto part : split(*decoded, '/')) {
        if (part == "." || part == "..")
            return std::nullopt;
        if (!part.empty())
            path += (path.empty() ? "" : "/") + std::string(part);
    }
    return path;
}

std::string list_versions() {
    std::string text;
    for (const auto version : versions)
        text += (text.empty() ? "" : "\n") + std::string(version);
    return text;
}

} // namespace

MetadataService::MetadataService(store::Store& store,
                                 const Clock& clock,
                                 std::string token_key,
                                 InterfaceOfMark interface_of_mark,
                                 ZoneId zone_id)
    : store_(store), clock_(clock), tokens_(std::move(token_key)),
      interface_of_mark_(std::move(interface_of_mark)), zone_id_(std::move(zone_id)) {}

http::Response MetadataService::handle(const http::Request& request) {
    const auto interface_id = interface_of_mark_(request.listener_tag, request.socket_mark);
    if (!interface_id)
        return refuse(404);
    auto facts = find_facts(*interface_id);
    if (!facts)
        return refuse(404);
    if (!facts->instance.guest_seen_at)
        note_seen(facts->instance);
    if (!facts->instance.metadata.endpoint_enabled)
        return refuse(403);
    if (request.method == "PUT")
        return request.path() == token_path ? issue_token(request, *facts, *interface_id)
                                            : refuse(405);
    if (request.method == "GET" || request.method == "HEAD")
        return read(request, *facts, *interface_id);
    return refuse(405);
}

http::Response MetadataService::issue_token(const http::Request& request,
                                            const InstanceFacts& facts,
                                            const std::string& interface_id) {
    // A proxy that forwards for others must not get a token for them.
    if (request.header("X-Forwarded-For"))
        return refuse(403);
    const auto ttl = parse_int(request.header(ttl_header).value_or(""));
    if (!ttl || *ttl < TokenSealer::ttl_seconds_min || *ttl > TokenSealer::ttl_seconds_max)
        return refuse(400);
    auto response = answer(
        200,
        "text/plain",
        tokens_.issue(interface_id, facts.instance.id, clock_.now(), static_cast<int>(*ttl)));
    response.headers.add(ttl_header, std::to_string(*ttl));
    // The hop limit: the packets of this answer die after so many routers.
    response.ip_ttl = facts.instance.metadata.put_response_hop_limit;
    return response;
}

http::Response MetadataService::read(const http::Request& request,
                                     const InstanceFacts& facts,
                                     const std::string& interface_id) {
    const auto token = request.header(token_header);
    if (!token && facts.instance.metadata.tokens_required)
        return refuse(401);
    std::optional<int> remaining_seconds;
    if (token) {
        remaining_seconds = tokens_.check(*token, interface_id, facts.instance.id, clock_.now());
        if (!remaining_seconds)
            return refuse(401);
    }
    const auto path = normalise(request.path());
    if (!path)
        return refuse(400);
    if (path->empty())
        return answer(200, "text/plain", list_versions());
    const auto version = std::string_view(*path).substr(0, path->find('/'));
    if (std::find(versions.begin(), versions.end(), version) == versions.end())
        return refuse(404);
    const auto rest = version.size() == path->size()
                          ? std::string_view()
                          : std::string_view(*path).substr(version.size() + 1);
    const auto node = Tree(facts).find(rest);
    if (!node)
        return refuse(404);
    auto response =
        answer(200, node->is_binary ? "application/octet-stream" : "text/plain", node->text);
    if (remaining_seconds)
        response.headers.add(ttl_header, std::to_string(*remaining_seconds));
    return response;
}

std::optional<InstanceFacts> MetadataService::find_facts(const std::string& interface_id) {
    auto facts = store_.read([&](store::Transaction& tx) -> std::optional<InstanceFacts> {
        const auto asking = store::network_interfaces::find(tx, interface_id);
        if (!asking || asking->instance_id.empty())
            return std::nullopt;
        auto instance = store::instances::find(tx, asking->instance_id);
        if (!instance)
            return std::nullopt;
        InstanceFacts out;
        out.interfaces = store::network_interfaces::list_of_instance(tx, instance->id);
        for (const auto& interface : out.interfaces) {
            for (const auto& id : interface.security_group_ids)
                if (const auto group = store::security_groups::find(tx, id))
                    out.group_names[id] = group->name;
            if (auto subnet = store::subnets::find(tx, interface.subnet_id))
                out.subnets[subnet->id] = std::move(*subnet);
            if (out.vpcs.contains(interface.vpc_id))
                continue;
            if (auto vpc = store::vpcs::find(tx, interface.vpc_id))
                out.vpcs[vpc->id] = std::move(*vpc);
            for (auto& block : store::vpc_cidr_blocks::list_of_vpc(tx, interface.vpc_id))
                out.vpc_blocks.push_back(std::move(block));
        }
        out.volumes = store::volumes::list_of_instance(tx, instance->id);
        out.tags = store::tags::list_of(tx, instance->id);
        out.instance = std::move(*instance);
        return out;
    });
    if (facts)
        facts->zone_id = zone_id_(facts->instance.zone);
    return facts;
}

// The first sign of life of a started guest: what its status check rests on.
void MetadataService::note_seen(const domain::Instance& instance) {
    (void)store_.write([&](store::Transaction& tx) -> Result<void> {
        auto row = store::instances::find(tx, instance.id);
        if (!row || row->guest_seen_at || !row->has_guest() ||
            row->start_count != instance.start_count)
            return {};
        row->guest_seen_at = clock_.now();
        store::instances::update(tx, *row);
        return {};
    });
    log_info("guest asked for its metadata", {{"instance", instance.id}});
}

} // namespace pileus::imds
