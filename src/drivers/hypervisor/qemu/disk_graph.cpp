// SPDX-License-Identifier: Apache-2.0
#include "drivers/hypervisor/qemu/disk_graph.h"

#include "drivers/hypervisor/qemu/disk_nodes.h"
#include "drivers/qmp/json_fields.h"

#include <algorithm>
#include <boost/json.hpp>

namespace pileus::drivers {

namespace {

const boost::json::array* list_at(const boost::json::value& answer, std::string_view key) {
    const auto* object = answer.if_object();
    const auto* list = object ? object->if_contains(key) : nullptr;
    return list ? list->if_array() : nullptr;
}

} // namespace

Result<DiskGraph> DiskGraph::ask(Machine& machine, Machine::Deadline deadline) {
    PILEUS_ASSIGN(const auto answer, machine.execute("x-debug-query-block-graph", {}, deadline));
    return parse(answer);
}

Result<DiskGraph> DiskGraph::parse(const boost::json::value& answer) {
    const auto* nodes = list_at(answer, "nodes");
    const auto* edges = list_at(answer, "edges");
    if (!nodes || !edges)
        return fail(errors::unavailable, "QEMU did not tell how its disks are made up");
    DiskGraph graph;
    std::map<int64_t, std::string> names;
    std::set<int64_t> devices;
    for (const auto& node : *nodes) {
        const auto id = number_at(node, "id");
        names[id] = text_at(node, "name");
        if (text_at(node, "type") == "block-driver")
            graph.nodes_.insert(names[id]);
        else
            devices.insert(id);
    }
    for (const auto& edge : *edges) {
        const auto parent = number_at(edge, "parent");
        const auto& above = names[parent];
        const auto& below = names[number_at(edge, "child")];
        graph.over_[below].insert(above);
        if (devices.contains(parent))
            graph.tops_[above] = below;
        else if (text_at(edge, "name") == "backing")
            graph.backings_[above] = below;
    }
    return graph;
}

std::string DiskGraph::top_of(const std::string& volume_id) const {
    const auto found = tops_.find(disk_backend_path(volume_id));
    return found == tops_.end() ? "" : found->second;
}

std::string DiskGraph::backing_of(const std::string& node) const {
    const auto found = backings_.find(node);
    return found == backings_.end() ? "" : found->second;
}

bool DiskGraph::has_parent_in(const std::string& node, const std::set<std::string>& nodes) const {
    const auto over = over_.find(node);
    return over != over_.end() &&
           std::any_of(over->second.begin(), over->second.end(), [&](const auto& each) {
               return nodes.contains(each);
           });
}

std::vector<std::string> DiskGraph::unused_of(const std::string& volume_id) const {
    std::set<std::string> unused;
    for (const auto& node : nodes_)
        if (is_layer_of(node, volume_id) || node == dead_node(volume_id))
            unused.insert(node);
    std::set<std::string> used; // QEMU may have been taken over and tell of circles
    for (auto node = top_of(volume_id); used.insert(node).second; node = backing_of(node))
        unused.erase(node);
    // Those first that nothing of the rest stands on.
    std::vector<std::string> order;
    while (!unused.empty()) {
        const auto next = std::find_if(unused.begin(), unused.end(), [&](const auto& node) {
            return !has_parent_in(node, unused);
        });
        if (next == unused.end())
            break; // a circle, which QEMU does not make
        order.push_back(*next);
        unused.erase(next);
    }
    return order;
}

} // namespace pileus::drivers
