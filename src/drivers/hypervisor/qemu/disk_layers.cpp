// SPDX-License-Identifier: Apache-2.0
#include "drivers/hypervisor/qemu/disk_layers.h"

#include "drivers/hypervisor/qemu/device_list.h"
#include "drivers/hypervisor/qemu/disk_nodes.h"
#include "drivers/hypervisor/qemu/layer_file.h"
#include "drivers/qmp/json_fields.h"

#include <algorithm>
#include <boost/json.hpp>
#include <fmt/core.h>
#include <set>

namespace pileus::drivers {

namespace {

// A set of one descriptor, or another one for a set. The text with it tells later whose it is.
Result<int64_t> add_descriptor(Machine& machine,
                               const UniqueFd& fd,
                               const std::string& node,
                               std::optional<int64_t> set,
                               Machine::Deadline deadline) {
    boost::json::object arguments{{"opaque", node}};
    if (set)
        arguments["fdset-id"] = *set;
    PILEUS_ASSIGN(const auto answer,
                  machine.execute_with_fd("add-fd", std::move(arguments), fd.get(), deadline));
    return number_at(answer, "fdset-id");
}

Result<void> add_secret(Machine& machine,
                        const std::string& node,
                        const DiskLayer& layer,
                        Machine::Deadline deadline) {
    if (layer.secret.empty())
        return {};
    // One that an attempt before this left is of no layer: nodes come after and go before.
    (void)machine.execute("object-del", {{"id", secret_id(node)}}, deadline);
    PILEUS_TRY(machine.execute("object-add",
                               {{"qom-type", "secret"},
                                {"id", secret_id(node)},
                                {"format", "base64"},
                                {"data", secret_text(layer)}},
                               deadline));
    return {};
}

Result<int64_t> pass_layer_file(Machine& machine,
                                const std::string& node,
                                const DiskLayer& layer,
                                bool writable,
                                Machine::Deadline deadline) {
    PILEUS_ASSIGN(const UniqueFd readable, open_layer_to_read(layer));
    std::optional<int64_t> set;
    if (writable) {
        PILEUS_ASSIGN(const UniqueFd fd, open_writable_layer(layer));
        PILEUS_ASSIGN(set, add_descriptor(machine, fd, node, std::nullopt, deadline));
    }
    return add_descriptor(machine, readable, node, set, deadline);
}

Result<void> add_layer(Machine& machine,
                       const std::string& volume_id,
                       const DiskLayer& layer,
                       bool writable,
                       const std::string& below,
                       Machine::Deadline deadline) {
    const auto node = layer_node(volume_id, layer.path);
    PILEUS_ASSIGN(const auto set, pass_layer_file(machine, node, layer, writable, deadline));
    PILEUS_TRY(add_secret(machine, node, layer, deadline));
    PILEUS_TRY(machine.execute(
        "blockdev-add", layer_options(volume_id, layer, writable, below, set), deadline));
    return {};
}

struct DescriptorSet {
    int64_t id = 0;
    std::string node;
};

Result<std::vector<DescriptorSet>> list_descriptors(Machine& machine, Machine::Deadline deadline) {
    PILEUS_ASSIGN(const auto answer, machine.execute("query-fdsets", {}, deadline));
    std::vector<DescriptorSet> sets;
    const auto* all = answer.if_array();
    for (const auto& set : all ? *all : boost::json::array()) {
        const auto* object = set.if_object();
        const auto* fds = object ? object->if_contains("fds") : nullptr;
        if (fds && fds->is_array() && !fds->as_array().empty())
            sets.push_back(
                {number_at(set, "fdset-id"), text_at(fds->as_array().front(), "opaque")});
    }
    return sets;
}

Result<std::set<std::string>> list_secrets(Machine& machine, Machine::Deadline deadline) {
    PILEUS_ASSIGN(const auto answer, machine.execute("qom-list", {{"path", "/objects"}}, deadline));
    std::set<std::string> ids;
    if (const auto* entries = answer.if_array())
        for (const auto& entry : *entries)
            ids.insert(text_at(entry, "name"));
    return ids;
}

std::vector<std::string> nodes_of(const DiskChain& chain) {
    std::vector<std::string> nodes;
    for (const auto& layer : chain.layers)
        nodes.push_back(layer_node(chain.volume_id, layer.path));
    return nodes;
}

// The new layer, opened and no smaller than the disk, with nobody on it yet.
Result<void>
prepare_switch(Machine& machine, const LayerSwitch& change, Machine::Deadline deadline) {
    const auto current = layer_node(change.volume_id, change.current_path);
    const auto next = layer_node(change.volume_id, change.next.path);
    PILEUS_TRY(add_layer(machine, change.volume_id, change.next, true, "", deadline));
    PILEUS_ASSIGN(const int64_t size, size_of_node(machine, current, deadline));
    return grow_node(machine, next, size, deadline);
}

// Those that have not happened yet.
Result<std::vector<LayerSwitch>> open_switches(const DiskGraph& graph,
                                               const std::vector<LayerSwitch>& switches) {
    std::vector<LayerSwitch> open;
    for (const auto& each : switches) {
        PILEUS_ASSIGN(const auto top, find_top(graph, each.volume_id));
        if (top == layer_node(each.volume_id, each.next.path))
            continue;
        if (top != layer_node(each.volume_id, each.current_path))
            return fail(errors::invalid,
                        fmt::format("{} writes to neither layer of its switch", each.volume_id));
        open.push_back(each);
    }
    return open;
}

Result<void> drop_unused_layers(Machine& machine,
                                const std::vector<LayerSwitch>& switches,
                                Machine::Deadline deadline) {
    for (const auto& each : switches)
        PILEUS_TRY(drop_unused_layers(machine, each.volume_id, deadline));
    return {};
}

// The guest is stopped in its writes from the first disk's flush to the last one's change: what can
// be written to the disk before, is.
Result<void> switch_at_once(Machine& machine,
                            const std::vector<LayerSwitch>& switches,
                            Machine::Deadline deadline) {
    boost::json::array actions;
    for (const auto& each : switches) {
        PILEUS_TRY(prepare_switch(machine, each, deadline));
        actions.push_back({{"type", "blockdev-snapshot"},
                           {"data",
                            {{"node", layer_node(each.volume_id, each.current_path)},
                             {"overlay", layer_node(each.volume_id, each.next.path)}}}});
    }
    for (const auto& each : switches)
        PILEUS_TRY(sync_layer(each.current_path));
    PILEUS_TRY(machine.execute("transaction", {{"actions", std::move(actions)}}, deadline));
    return {};
}

Result<void> reopen_layer(Machine& machine,
                          const DiskChain& chain,
                          size_t index,
                          const std::string& below,
                          Machine::Deadline deadline) {
    boost::json::array options = {
        layer_reopen_options(chain.volume_id, chain.layers[index], index == 0, below)};
    PILEUS_TRY(machine.execute("blockdev-reopen", {{"options", std::move(options)}}, deadline));
    return {};
}

// Bottom up: a layer that is not there is opened, one that stands on another is moved. A layer is
// on its new backing before the old one goes, so that the guest can read at any moment.
Result<void> stand_on(Machine& machine,
                      const DiskGraph& graph,
                      const DiskChain& chain,
                      Machine::Deadline deadline) {
    const auto nodes = nodes_of(chain);
    std::string below;
    for (size_t i = nodes.size(); i-- > 0;) {
        if (!graph.has(nodes[i]))
            PILEUS_TRY(
                add_layer(machine, chain.volume_id, chain.layers[i], false, below, deadline));
        else if (graph.backing_of(nodes[i]) != below)
            PILEUS_TRY(reopen_layer(machine, chain, i, below, deadline));
        below = nodes[i];
    }
    return {};
}

} // namespace

Result<std::string> find_top(const DiskGraph& graph, const std::string& volume_id) {
    PILEUS_TRY(check_volume_id(volume_id));
    auto top = graph.top_of(volume_id);
    if (top.empty() || top == dead_node(volume_id))
        return fail(errors::not_found, fmt::format("{} is not plugged into the guest", volume_id));
    if (!is_layer_of(top, volume_id))
        return fail(errors::unavailable,
                    "the guest was started by an earlier Pileus, which could not do this: stop "
                    "the instance and start it again");
    return top;
}

Result<void> add_layers(Machine& machine, const DiskChain& chain, Machine::Deadline deadline) {
    std::string below;
    for (size_t i = chain.layers.size(); i-- > 0;) {
        const auto& layer = chain.layers[i];
        const bool writable = i == 0 && !layer.read_only;
        PILEUS_TRY(add_layer(machine, chain.volume_id, layer, writable, below, deadline));
        below = layer_node(chain.volume_id, layer.path);
    }
    return {};
}

Result<void>
drop_unused_layers(Machine& machine, const std::string& volume_id, Machine::Deadline deadline) {
    PILEUS_ASSIGN(const auto graph, DiskGraph::ask(machine, deadline));
    std::set<std::string> gone;
    for (const auto& node : graph.unused_of(volume_id)) {
        PILEUS_TRY(machine.execute("blockdev-del", {{"node-name", node}}, deadline));
        gone.insert(node);
    }
    PILEUS_ASSIGN(const auto secrets, list_secrets(machine, deadline));
    const auto prefix = secret_id(serial_of(volume_id) + "-");
    for (const auto& id : secrets) {
        if (!id.starts_with(prefix))
            continue;
        const auto node = id.substr(secret_id("").size());
        if (gone.contains(node) || !graph.has(node))
            PILEUS_TRY(machine.execute("object-del", {{"id", id}}, deadline));
    }
    PILEUS_ASSIGN(const auto sets, list_descriptors(machine, deadline));
    for (const auto& set : sets)
        if (is_layer_of(set.node, volume_id) && set.node != graph.top_of(volume_id))
            PILEUS_TRY(machine.execute("remove-fd", {{"fdset-id", set.id}}, deadline));
    return {};
}

Result<int64_t>
size_of_node(Machine& machine, const std::string& node, Machine::Deadline deadline) {
    PILEUS_ASSIGN(const auto answer,
                  machine.execute("query-named-block-nodes", {{"flat", true}}, deadline));
    const auto* all = answer.if_array();
    for (const auto& each : all ? *all : boost::json::array()) {
        const auto* image = each.is_object() ? each.as_object().if_contains("image") : nullptr;
        if (image && text_at(each, "node-name") == node)
            return number_at(*image, "virtual-size");
    }
    return fail(errors::not_found, fmt::format("QEMU has no node {}", node));
}

Result<void> grow_node(Machine& machine,
                       const std::string& node,
                       int64_t size_bytes,
                       Machine::Deadline deadline) {
    PILEUS_ASSIGN(const int64_t size, size_of_node(machine, node, deadline));
    if (size < size_bytes)
        PILEUS_TRY(
            machine.execute("block_resize", {{"node-name", node}, {"size", size_bytes}}, deadline));
    return {};
}

Result<void> switch_disk_layers(Machine& machine,
                                const std::vector<LayerSwitch>& switches,
                                Machine::Deadline deadline) {
    PILEUS_ASSIGN(const auto graph, DiskGraph::ask(machine, deadline));
    PILEUS_ASSIGN(const auto open, open_switches(graph, switches));
    PILEUS_TRY(drop_unused_layers(machine, switches, deadline)); // of an attempt before this
    if (open.empty())
        return {};
    auto switched = switch_at_once(machine, open, deadline);
    if (!switched) {
        (void)drop_unused_layers(machine, switches, clean_up_deadline());
        return switched;
    }
    // The lock of the old layer goes with its descriptors.
    return drop_unused_layers(machine, switches, deadline);
}

Result<bool> disk_writes_to(Machine& machine,
                            const std::string& volume_id,
                            const std::string& path,
                            Machine::Deadline deadline) {
    PILEUS_ASSIGN(const auto graph, DiskGraph::ask(machine, deadline));
    PILEUS_ASSIGN(const auto top, find_top(graph, volume_id));
    PILEUS_TRY(drop_unused_layers(machine, volume_id, deadline));
    return top == layer_node(volume_id, path);
}

Result<void>
replace_disk_backing(Machine& machine, const DiskChain& chain, Machine::Deadline deadline) {
    PILEUS_TRY(drop_unused_layers(machine, chain.volume_id, deadline)); // of an attempt before
    PILEUS_ASSIGN(const auto graph, DiskGraph::ask(machine, deadline));
    PILEUS_ASSIGN(const auto top, find_top(graph, chain.volume_id));
    if (chain.layers.empty() || top != nodes_of(chain).front())
        return fail(errors::invalid,
                    fmt::format("{} does not write to the top of its new chain", chain.volume_id));
    auto replaced = stand_on(machine, graph, chain, deadline);
    const auto dropped = drop_unused_layers(machine, chain.volume_id, clean_up_deadline());
    return replaced ? dropped : replaced;
}

} // namespace pileus::drivers
