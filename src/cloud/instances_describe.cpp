// SPDX-License-Identifier: Apache-2.0
//
// DescribeInstances, DescribeInstanceStatus, GetConsoleOutput, GetConsoleScreenshot, and the
// filters of the first two.

#include "cloud/instance_rows.h"
#include "cloud/instances.h"
#include "cloud/listing.h"
#include "cloud/network_interfaces.h"
#include "domain/private_dns.h"
#include "store/instances.h"

#include <array>
#include <fmt/core.h>

namespace pileus::cloud {

namespace codes = domain::codes;
using domain::Instance;
using domain::InstanceState;

namespace {

using View = InstanceView;

std::string state_code(InstanceState state) {
    return std::to_string(static_cast<int>(state));
}

template <class Reader> void each_interface(const View& view, Reader read) {
    for (const auto& interface : view.interfaces)
        read(interface);
}

// Elastic IPs are their account's; the other public addresses belong to the provider.
template <class Emitter> void each_public_ip(const View& view, Emitter emit) {
    for (const auto& interface : view.interfaces) {
        if (!interface.public_ip.empty())
            emit(interface.public_ip,
                 interface.allocation_id.empty() ? "amazon" : interface.account_id);
        for (const auto& secondary : interface.secondary_addresses)
            if (!secondary.public_ip.empty())
                emit(secondary.public_ip, interface.account_id);
    }
}
void emit_public_ips(const View& view, const Emit& emit) {
    each_public_ip(view, [&](const auto& public_ip, const auto&) { emit(public_ip); });
}
void emit_public_ip_owners(const View& view, const Emit& emit) {
    each_public_ip(view, [&](const auto&, const auto& owner) { emit(owner); });
}
template <std::string domain::Address::*member>
void emit_elastic(const View& view, const Emit& emit) {
    for (const auto& address : view.elastic_addresses)
        emit(address.*member);
}
void emit_private_ips(const View& view, const Emit& emit) {
    for (const auto& interface : view.interfaces) {
        emit(interface.private_ip);
        for (const auto& secondary : interface.secondary_addresses)
            emit(secondary.private_ip);
    }
}
void emit_ipv6_addresses(const View& view, const Emit& emit) {
    for (const auto& interface : view.interfaces)
        for (const auto& address : interface.ipv6_addresses)
            emit(address);
}

// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeInstances.html, "Filters", in
// its order. Names that speak of what no instance here can have (an outpost, a kernel id) are known
// and match nothing.
constexpr std::array instance_filters{
    FilterField<View>{"affinity", [](const View&, const Emit& emit) { emit("default"); }},
    FilterField<View>{"architecture", [](const View& v, const Emit& emit) { emit(v.instance.architecture); }},
    FilterField<View>{"availability-zone", [](const View& v, const Emit& emit) { emit(v.instance.zone); }},
    FilterField<View>{"availability-zone-id", [](const View& v, const Emit& emit) { emit(v.zone_id); }},
    FilterField<View>{"block-device-mapping.attach-time",
                      [](const View& v, const Emit& emit) {
                          for (const auto& volume : v.volumes)
                              if (volume.attached_at)
                                  emit(format_iso8601(*volume.attached_at));
                      }},
    FilterField<View>{"block-device-mapping.delete-on-termination",
                      [](const View& v, const Emit& emit) {
                          for (const auto& volume : v.volumes)
                              emit(filter_bool(volume.delete_on_termination));
                      }},
    FilterField<View>{"block-device-mapping.device-name",
                      [](const View& v, const Emit& emit) {
                          for (const auto& volume : v.volumes)
                              emit(volume.device);
                      }},
    FilterField<View>{"block-device-mapping.status",
                      [](const View& v, const Emit& emit) {
                          for (const auto& volume : v.volumes)
                              emit(to_string(volume.attachment));
                      }},
    FilterField<View>{"block-device-mapping.volume-id",
                      [](const View& v, const Emit& emit) {
                          for (const auto& volume : v.volumes)
                              emit(volume.id);
                      }},
    FilterField<View>{"boot-mode", [](const View&, const Emit&) {}},
    FilterField<View>{"capacity-reservation-id", [](const View&, const Emit&) {}},
    FilterField<View>{"capacity-reservation-specification.capacity-reservation-preference",
                      [](const View&, const Emit& emit) { emit("open"); }},
    FilterField<View>{"client-token", [](const View& v, const Emit& emit) { emit(v.instance.client_token); }},
    FilterField<View>{"current-instance-boot-mode",
                      [](const View&, const Emit& emit) { emit("legacy-bios"); }},
    FilterField<View>{"dns-name", [](const View&, const Emit&) {}},
    FilterField<View>{"ebs-optimized",
                      [](const View& v, const Emit& emit) { emit(filter_bool(v.instance.ebs_optimized)); }},
    FilterField<View>{"ena-support", [](const View&, const Emit& emit) { emit("true"); }},
    FilterField<View>{"enclave-options.enabled", [](const View&, const Emit& emit) { emit("false"); }},
    FilterField<View>{"hibernation-options.configured",
                      [](const View& v, const Emit& emit) { emit(filter_bool(v.instance.hibernation_configured)); }},
    FilterField<View>{"host-id", [](const View&, const Emit&) {}},
    FilterField<View>{"hypervisor", [](const View&, const Emit& emit) { emit("xen"); }},
    FilterField<View>{"iam-instance-profile.arn", [](const View&, const Emit&) {}},
    FilterField<View>{"iam-instance-profile.id", [](const View&, const Emit&) {}},
    FilterField<View>{"image-id", [](const View& v, const Emit& emit) { emit(v.instance.image_id); }},
    FilterField<View>{"instance-id", [](const View& v, const Emit& emit) { emit(v.instance.id); }},
    FilterField<View>{"instance-lifecycle", [](const View&, const Emit&) {}},
    FilterField<View>{"instance-state-code",
                      [](const View& v, const Emit& emit) { emit(state_code(v.instance.state)); }},
    FilterField<View>{"instance-state-name",
                      [](const View& v, const Emit& emit) { emit(to_string(v.instance.state)); }},
    FilterField<View>{"instance-type", [](const View& v, const Emit& emit) { emit(v.instance.type); }},
    FilterField<View>{"instance.group-id",
                      [](const View& v, const Emit& emit) {
                          for (const auto& [id, name] : v.group_names)
                              emit(id);
                      }},
    FilterField<View>{"instance.group-name",
                      [](const View& v, const Emit& emit) {
                          for (const auto& [id, name] : v.group_names)
                              emit(name);
                      }},
    FilterField<View>{"ip-address", emit_public_ips},
    FilterField<View>{"ipv6-address", emit_ipv6_addresses},
    FilterField<View>{"kernel-id", [](const View&, const Emit&) {}},
    FilterField<View>{"key-name", [](const View& v, const Emit& emit) { emit(v.instance.key_name); }},
    FilterField<View>{"launch-index",
                      [](const View& v, const Emit& emit) { emit(std::to_string(v.instance.launch_index)); }},
    FilterField<View>{"launch-time",
                      [](const View& v, const Emit& emit) { emit(format_iso8601(v.instance.launch_time)); }},
    FilterField<View>{"maintenance-options.auto-recovery",
                      [](const View&, const Emit& emit) { emit("default"); }},
    FilterField<View>{"metadata-options.http-endpoint",
                      [](const View& v, const Emit& emit) {
                          emit(v.instance.metadata.endpoint_enabled ? "enabled" : "disabled");
                      }},
    FilterField<View>{"metadata-options.http-protocol-ipv4",
                      [](const View&, const Emit& emit) { emit("enabled"); }},
    FilterField<View>{"metadata-options.http-protocol-ipv6",
                      [](const View&, const Emit& emit) { emit("disabled"); }},
    FilterField<View>{"metadata-options.http-put-response-hop-limit",
                      [](const View& v, const Emit& emit) {
                          emit(std::to_string(v.instance.metadata.put_response_hop_limit));
                      }},
    FilterField<View>{"metadata-options.http-tokens",
                      [](const View& v, const Emit& emit) {
                          emit(v.instance.metadata.tokens_required ? "required" : "optional");
                      }},
    FilterField<View>{"metadata-options.instance-metadata-tags",
                      [](const View& v, const Emit& emit) {
                          emit(v.instance.metadata.tags_enabled ? "enabled" : "disabled");
                      }},
    FilterField<View>{"monitoring-state",
                      [](const View& v, const Emit& emit) { emit(v.instance.monitoring ? "enabled" : "disabled"); }},
    FilterField<View>{"network-interface.addresses.association.ip-owner-id", emit_public_ip_owners},
    FilterField<View>{"network-interface.addresses.association.public-ip", emit_public_ips},
    FilterField<View>{"network-interface.addresses.primary", [](const View& v, const Emit& emit) {
                          each_interface(v, [&](const auto& i) {
                              emit("true");
                              if (!i.secondary_addresses.empty())
                                  emit("false");
                          });
                      }},
    FilterField<View>{"network-interface.addresses.private-ip-address", emit_private_ips},
    FilterField<View>{"network-interface.association.allocation-id",
                      emit_elastic<&domain::Address::allocation_id>},
    FilterField<View>{"network-interface.association.association-id",
                      emit_elastic<&domain::Address::association_id>},
    FilterField<View>{"network-interface.association.ip-owner-id", emit_public_ip_owners},
    FilterField<View>{"network-interface.association.public-ip", emit_public_ips},
    FilterField<View>{"network-interface.attachment.attach-time",
                      [](const View& v, const Emit& emit) {
                          each_interface(v, [&](const auto& i) {
                              if (i.attached_at)
                                  emit(format_iso8601(*i.attached_at));
                          });
                      }},
    FilterField<View>{"network-interface.attachment.attachment-id",
                      [](const View& v, const Emit& emit) {
                          each_interface(v, [&](const auto& i) { emit(i.attachment_id); });
                      }},
    FilterField<View>{"network-interface.attachment.delete-on-termination",
                      [](const View& v, const Emit& emit) {
                          each_interface(v, [&](const auto& i) { emit(filter_bool(i.delete_on_termination)); });
                      }},
    FilterField<View>{"network-interface.attachment.device-index",
                      [](const View& v, const Emit& emit) {
                          each_interface(v, [&](const auto& i) { emit(std::to_string(i.device_index)); });
                      }},
    FilterField<View>{"network-interface.attachment.instance-id",
                      [](const View& v, const Emit& emit) {
                          each_interface(v, [&](const auto& i) { emit(i.instance_id); });
                      }},
    FilterField<View>{"network-interface.attachment.instance-owner-id",
                      [](const View& v, const Emit& emit) {
                          each_interface(v, [&](const auto& i) { emit(i.account_id); });
                      }},
    FilterField<View>{"network-interface.attachment.status",
                      [](const View& v, const Emit& emit) {
                          each_interface(v, [&](const auto& i) { emit(attachment_status(i)); });
                      }},
    FilterField<View>{"network-interface.availability-zone",
                      [](const View& v, const Emit& emit) {
                          each_interface(v, [&](const auto& i) { emit(i.zone); });
                      }},
    FilterField<View>{"network-interface.description",
                      [](const View& v, const Emit& emit) {
                          each_interface(v, [&](const auto& i) { emit(i.description); });
                      }},
    FilterField<View>{"network-interface.group-id",
                      [](const View& v, const Emit& emit) {
                          each_interface(v, [&](const auto& i) {
                              for (const auto& id : i.security_group_ids)
                                  emit(id);
                          });
                      }},
    FilterField<View>{"network-interface.group-name",
                      [](const View& v, const Emit& emit) {
                          for (const auto& [id, name] : v.group_names)
                              emit(name);
                      }},
    FilterField<View>{"network-interface.ipv6-addresses.ipv6-address", emit_ipv6_addresses},
    FilterField<View>{"network-interface.mac-address",
                      [](const View& v, const Emit& emit) {
                          each_interface(v, [&](const auto& i) { emit(i.mac); });
                      }},
    FilterField<View>{"network-interface.network-interface-id",
                      [](const View& v, const Emit& emit) {
                          each_interface(v, [&](const auto& i) { emit(i.id); });
                      }},
    FilterField<View>{"network-interface.outpost-arn", [](const View&, const Emit&) {}},
    FilterField<View>{"network-interface.owner-id",
                      [](const View& v, const Emit& emit) {
                          each_interface(v, [&](const auto& i) { emit(i.account_id); });
                      }},
    FilterField<View>{"network-interface.private-dns-name",
                      [](const View& v, const Emit& emit) {
                          each_interface(v, [&](const auto& i) {
                              emit(domain::private_dns_name(i.private_ip, i.region));
                          });
                      }},
    FilterField<View>{"network-interface.public-dns-name", [](const View&, const Emit&) {}},
    FilterField<View>{"network-interface.requester-id", [](const View&, const Emit&) {}},
    FilterField<View>{"network-interface.requester-managed",
                      [](const View& v, const Emit& emit) {
                          each_interface(v, [&](const auto&) { emit("false"); });
                      }},
    FilterField<View>{"network-interface.source-dest-check",
                      [](const View& v, const Emit& emit) {
                          each_interface(v, [&](const auto& i) { emit(filter_bool(i.source_dest_check)); });
                      }},
    FilterField<View>{"network-interface.status",
                      [](const View& v, const Emit& emit) {
                          each_interface(v, [&](const auto& i) { emit(interface_status(i)); });
                      }},
    FilterField<View>{"network-interface.subnet-id",
                      [](const View& v, const Emit& emit) {
                          each_interface(v, [&](const auto& i) { emit(i.subnet_id); });
                      }},
    FilterField<View>{"network-interface.vpc-id",
                      [](const View& v, const Emit& emit) {
                          each_interface(v, [&](const auto& i) { emit(i.vpc_id); });
                      }},
    FilterField<View>{"outpost-arn", [](const View&, const Emit&) {}},
    FilterField<View>{"owner-id", [](const View& v, const Emit& emit) { emit(v.instance.account_id); }},
    FilterField<View>{"placement-group-name", [](const View&, const Emit&) {}},
    FilterField<View>{"placement-partition-number", [](const View&, const Emit&) {}},
    FilterField<View>{"platform", [](const View&, const Emit&) {}},
    FilterField<View>{"platform-details", [](const View&, const Emit& emit) { emit("Linux/UNIX"); }},
    FilterField<View>{"private-dns-name",
                      [](const View& v, const Emit& emit) {
                          each_interface(v, [&](const auto& i) {
                              emit(domain::private_dns_name(i.private_ip, i.region));
                          });
                      }},
    FilterField<View>{"private-dns-name-options.hostname-type",
                      [](const View&, const Emit& emit) { emit("ip-name"); }},
    FilterField<View>{"private-ip-address", emit_private_ips},
    FilterField<View>{"product-code", [](const View&, const Emit&) {}},
    FilterField<View>{"product-code.type", [](const View&, const Emit&) {}},
    FilterField<View>{"ramdisk-id", [](const View&, const Emit&) {}},
    FilterField<View>{"reason", [](const View& v, const Emit& emit) { emit(v.instance.transition_reason); }},
    FilterField<View>{"requester-id", [](const View& v, const Emit& emit) { emit(v.instance.requester_id); }},
    FilterField<View>{"reservation-id", [](const View& v, const Emit& emit) { emit(v.instance.reservation_id); }},
    FilterField<View>{"root-device-name",
                      [](const View& v, const Emit& emit) { emit(v.instance.root_device_name); }},
    FilterField<View>{"root-device-type", [](const View&, const Emit& emit) { emit("ebs"); }},
    FilterField<View>{"source-dest-check",
                      [](const View& v, const Emit& emit) { emit(filter_bool(v.instance.source_dest_check)); }},
    FilterField<View>{"spot-instance-request-id", [](const View&, const Emit&) {}},
    FilterField<View>{"state-reason-code",
                      [](const View& v, const Emit& emit) { emit(v.instance.state_reason_code); }},
    FilterField<View>{"state-reason-message",
                      [](const View& v, const Emit& emit) { emit(v.instance.state_reason_message); }},
    FilterField<View>{"subnet-id", [](const View& v, const Emit& emit) { emit(v.instance.subnet_id); }},
    FilterField<View>{"tenancy", [](const View&, const Emit& emit) { emit("default"); }},
    FilterField<View>{"tpm-support", [](const View&, const Emit&) {}},
    FilterField<View>{"usage-operation", [](const View&, const Emit& emit) { emit("RunInstances"); }},
    FilterField<View>{"usage-operation-update-time",
                      [](const View& v, const Emit& emit) { emit(format_iso8601(v.instance.created_at)); }},
    FilterField<View>{"virtualization-type", [](const View&, const Emit& emit) { emit("hvm"); }},
    FilterField<View>{"vpc-id", [](const View& v, const Emit& emit) { emit(v.instance.vpc_id); }},
};

const ListingKind<View> instance_listing{
    "DescribeInstances", instance_filters, [](const View& v) { return v.instance.id; }, {5, 1000}};

// Instances of one reservation stand together in an answer.
std::vector<ReservationView> group_by_reservation(std::vector<View> views) {
    std::vector<ReservationView> reservations;
    std::map<std::string, size_t> index;
    for (auto& view : views) {
        const auto& id = view.instance.reservation_id;
        const auto [entry, is_new] = index.emplace(id, reservations.size());
        if (is_new)
            reservations.push_back({id, view.instance.account_id, {}});
        reservations[entry->second].instances.push_back(std::move(view));
    }
    return reservations;
}

// A filter with one value and no wildcard on an indexed column spares the look at every other row.
store::instances::Narrowing narrow(const Filters& filters) {
    store::instances::Narrowing narrowing;
    const std::array<std::pair<std::string_view, std::string*>, 7> columns{{
        {"instance-state-name", &narrowing.state},
        {"subnet-id", &narrowing.subnet_id},
        {"vpc-id", &narrowing.vpc_id},
        {"image-id", &narrowing.image_id},
        {"instance-type", &narrowing.type},
        {"reservation-id", &narrowing.reservation_id},
        {"client-token", &narrowing.client_token},
    }};
    for (const auto& filter : filters)
        for (const auto& [name, column] : columns)
            if (filter.name == name && filter.values.size() == 1 &&
                !has_wildcard(filter.values.front()))
                *column = filter.values.front();
    return narrowing;
}

} // namespace

Result<Listing<ReservationView>> Instances::describe(const domain::Caller& caller,
                                                     const InstanceQuery& query) {
    if (!query.ids.empty() && query.page.max_results.value_or(0) != 0)
        return fail(codes::invalid_parameter_combination,
                    "The parameter instancesSet cannot be used with the parameter maxResults");
    Result<Listing<View>> found;
    if (!query.ids.empty()) {
        found =
            list_named(context_,
                       caller,
                       instance_listing,
                       kinds::instance,
                       query.ids,
                       query.filters,
                       query.page,
                       [&](store::Transaction& tx, const std::string& id) -> std::optional<View> {
                           if (auto instance = store::instances::find(tx, scope_of(caller), id))
                               return make_view(tx, context_, std::move(*instance));
                           return std::nullopt;
                       });
    } else {
        const auto narrowing = narrow(query.filters);
        found = list_matching(
            context_,
            caller,
            instance_listing,
            query.filters,
            query.page,
            [&](store::Transaction& tx, const store::Page& page) {
                std::vector<View> views;
                for (auto& instance : store::instances::list(tx, scope_of(caller), narrowing, page))
                    views.push_back(make_view(tx, context_, std::move(instance)));
                return views;
            });
    }
    if (!found)
        return fail(found.error());
    return Listing<ReservationView>{group_by_reservation(std::move(found->items)),
                                    found->next_token};
}

Result<InstanceView> Instances::describe_one(const domain::Caller& caller,
                                             const std::string& instance_id) {
    PILEUS_TRY(end_if_dry_run(caller));
    return context_.store.read([&](store::Transaction& tx) -> Result<InstanceView> {
        PILEUS_ASSIGN(auto found, find_instances(tx, caller, {instance_id}));
        return make_view(tx, context_, std::move(found.front()));
    });
}

namespace {

// A guest that was not heard of for this long since its start is taken to be unreachable.
constexpr Duration reachability_patience = std::chrono::minutes{5};

InstanceStatusView make_status(const Context& context, Instance instance) {
    InstanceStatusView view{.instance = std::move(instance),
                            .instance_status = "not-applicable",
                            .system_status = "not-applicable",
                            .impaired_since = {},
                            .zone_id = {}};
    if (const auto* region = find_region(context.settings, view.instance.region))
        for (const auto& zone : region->zones)
            if (zone.name == view.instance.zone)
                view.zone_id = zone.id;
    if (view.instance.state != InstanceState::running)
        return view;
    // The host answers us, so it is well; the guest is well once it was heard of.
    view.system_status = "ok";
    const auto patience_ends = view.instance.launch_time + reachability_patience;
    if (!view.instance.impairment.empty()) {
        view.instance_status = "impaired";
        view.impaired_since = view.instance.impaired_since.value_or(context.clock.now());
    } else if (view.instance.guest_seen_at) {
        view.instance_status = "ok";
    } else if (context.clock.now() < patience_ends) {
        view.instance_status = "initializing";
    } else {
        view.instance_status = "impaired";
        view.impaired_since = patience_ends;
    }
    return view;
}

std::string reachability(const std::string& status) {
    return status == "ok" ? "passed" : status == "impaired" ? "failed" : status;
}

using Status = InstanceStatusView;

// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeInstanceStatus.html. No events
// are ever scheduled here.
constexpr std::array status_filters{
    FilterField<Status>{"availability-zone",
                        [](const Status& s, const Emit& emit) { emit(s.instance.zone); }},
    FilterField<Status>{"availability-zone-id",
                        [](const Status& s, const Emit& emit) { emit(s.zone_id); }},
    FilterField<Status>{"event.code", [](const Status&, const Emit&) {}},
    FilterField<Status>{"event.description", [](const Status&, const Emit&) {}},
    FilterField<Status>{"event.instance-event-id", [](const Status&, const Emit&) {}},
    FilterField<Status>{"event.not-after", [](const Status&, const Emit&) {}},
    FilterField<Status>{"event.not-before", [](const Status&, const Emit&) {}},
    FilterField<Status>{"event.not-before-deadline", [](const Status&, const Emit&) {}},
    FilterField<Status>{
        "instance-state-code",
        [](const Status& s, const Emit& emit) { emit(state_code(s.instance.state)); }},
    FilterField<Status>{
        "instance-state-name",
        [](const Status& s, const Emit& emit) { emit(to_string(s.instance.state)); }},
    FilterField<Status>{
        "instance-status.reachability",
        [](const Status& s, const Emit& emit) { emit(reachability(s.instance_status)); }},
    FilterField<Status>{"instance-status.status",
                        [](const Status& s, const Emit& emit) { emit(s.instance_status); }},
    FilterField<Status>{"operator.managed", [](const Status&, const Emit& emit) { emit("false"); }},
    FilterField<Status>{"operator.principal", [](const Status&, const Emit&) {}},
    FilterField<Status>{
        "system-status.reachability",
        [](const Status& s, const Emit& emit) { emit(reachability(s.system_status)); }},
    FilterField<Status>{"system-status.status",
                        [](const Status& s, const Emit& emit) { emit(s.system_status); }},
    FilterField<Status>{"attached-ebs-status.status",
                        [](const Status& s, const Emit& emit) { emit(s.system_status); }},
};

const ListingKind<Status> status_listing{"DescribeInstanceStatus",
                                         status_filters,
                                         [](const Status& s) { return s.instance.id; },
                                         {5, 1000}};

} // namespace

Result<Listing<InstanceStatusView>> Instances::describe_status(const domain::Caller& caller,
                                                               const InstanceStatusQuery& query) {
    const auto is_shown = [&](const Instance& instance) {
        return query.include_all || instance.state == InstanceState::running;
    };
    if (query.ids.empty()) {
        store::instances::Narrowing narrowing;
        if (!query.include_all)
            narrowing.state = to_string(InstanceState::running);
        return list_matching(context_,
                             caller,
                             status_listing,
                             query.filters,
                             query.page,
                             [&](store::Transaction& tx, const store::Page& page) {
                                 std::vector<Status> rows;
                                 for (auto& instance :
                                      store::instances::list(tx, scope_of(caller), narrowing, page))
                                     rows.push_back(make_status(context_, std::move(instance)));
                                 return rows;
                             });
    }
    if (query.page.max_results.value_or(0) != 0)
        return fail(codes::invalid_parameter_combination,
                    "The parameter instancesSet cannot be used with the parameter maxResults");
    PILEUS_ASSIGN(
        auto listing,
        list_named(context_,
                   caller,
                   status_listing,
                   kinds::instance,
                   query.ids,
                   query.filters,
                   query.page,
                   [&](store::Transaction& tx, const std::string& id) -> std::optional<Status> {
                       if (auto instance = store::instances::find(tx, scope_of(caller), id))
                           return make_status(context_, std::move(*instance));
                       return std::nullopt;
                   }));
    std::erase_if(listing.items, [&](const Status& s) { return !is_shown(s.instance); });
    return listing;
}

Result<ConsoleOutput> Instances::console_output(const domain::Caller& caller,
                                                const std::string& instance_id) {
    static constexpr size_t console_bytes =
        64 * 1024; // https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instance-console.html
    PILEUS_ASSIGN(const auto view, describe_one(caller, instance_id));
    PILEUS_ASSIGN(auto bytes,
                  context_.host.console_output(view.instance.host_id, instance_id, console_bytes));
    return ConsoleOutput{std::move(bytes), context_.clock.now()};
}

Result<std::string>
Instances::screenshot(const domain::Caller& caller, const std::string& instance_id, bool wake_up) {
    PILEUS_ASSIGN(const auto view, describe_one(caller, instance_id));
    if (view.instance.state != InstanceState::running)
        return fail(
            codes::incorrect_instance_state,
            fmt::format("The instance '{}' has no screen: it is not in the 'running' state.",
                        instance_id));
    return context_.host.screenshot(view.instance.host_id, instance_id, wake_up);
}

} // namespace pileus::cloud
