// SPDX-License-Identifier: Apache-2.0
#include "drivers/hypervisor/qemu/disk_nodes.h"

#include "domain/ids.h"

#include <algorithm>
#include <boost/json.hpp>
#include <fmt/core.h>

namespace pileus::drivers {

namespace {

// What EC2 counts as one operation of a solid state volume; a larger one counts as several.
constexpr int64_t operation_bytes = 256 * 1024;

// Eight characters that QEMU takes in a name, whose length it limits to 31. Of FNV-1a: paths are
// ours, nobody looks for two that collide.
std::string path_key(std::string_view path) {
    constexpr std::string_view alphabet =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    constexpr size_t length = 8;
    uint64_t hash = 0xcbf29ce484222325;
    for (const char c : path) {
        hash ^= static_cast<unsigned char>(c);
        hash *= 0x100000001b3;
    }
    hash ^= hash >> 32; // the upper bits are the better mixed ones
    std::string key;
    for (size_t i = 0; i < length; ++i, hash >>= 6)
        key += alphabet[hash & 63];
    return key;
}

std::string file_node(const std::string& node) {
    return node + ".f";
}

boost::json::object common_options(const std::string& node,
                                   const DiskLayer& layer,
                                   bool writable,
                                   const std::string& backing) {
    boost::json::object options{{"driver", layer.format},
                                {"node-name", node},
                                {"read-only", !writable},
                                {"discard", "unmap"}};
    if (layer.format != "qcow2")
        return options;
    if (backing.empty())
        options["backing"] = nullptr;
    else
        options["backing"] = backing;
    if (!layer.secret.empty())
        options["encrypt"] = {{"format", "luks"}, {"key-secret", secret_id(node)}};
    return options;
}

tl::unexpected<Error> refuse(std::string_view what, std::string_view value) {
    return fail(errors::invalid, fmt::format("a guest cannot have {} '{}'", what, value));
}

} // namespace

std::string serial_of(const std::string& volume_id) {
    std::string serial = volume_id;
    std::erase(serial, '-');
    return serial;
}

std::string volume_of(std::string_view serial) {
    return fmt::format("vol-{}", serial.substr(std::min<size_t>(3, serial.size())));
}

std::string disk_id(const std::string& volume_id) {
    return std::string(disk_prefix) + serial_of(volume_id);
}

std::string disk_backend_path(const std::string& volume_id) {
    return fmt::format("/machine/peripheral/{}/virtio-backend", disk_id(volume_id));
}

std::string layer_node(const std::string& volume_id, const std::string& path) {
    return fmt::format("{}-{}", serial_of(volume_id), path_key(path));
}

bool is_layer_of(std::string_view node, const std::string& volume_id) {
    return node.starts_with(serial_of(volume_id) + "-") && !node.ends_with(".f");
}

std::string dead_node(const std::string& volume_id) {
    return "dead-" + serial_of(volume_id);
}

std::string secret_id(const std::string& node) {
    return "secret-" + node;
}

Result<void> check_volume_id(const std::string& volume_id) {
    if (domain::is_well_formed_id(domain::prefix::volume, volume_id))
        return {};
    return refuse("a volume of the id", volume_id);
}

Result<void> check_disk(const MachineDisk& disk) {
    PILEUS_TRY(check_volume_id(disk.chain.volume_id));
    if (disk.serial != serial_of(disk.chain.volume_id))
        return refuse("a disk of the serial number", disk.serial);
    const auto& layers = disk.chain.layers;
    if (layers.empty() || layers.size() > max_layers)
        return refuse("a disk whose number of layers is", std::to_string(layers.size()));
    for (const auto& layer : layers) {
        if (layer.format != "qcow2" && layer.format != "raw")
            return refuse("a disk of format", layer.format);
        if (layer.format == "raw" && (!layer.secret.empty() || &layer != &layers.back()))
            return refuse("an encrypted layer, or one that stands on another, of format", "raw");
    }
    if (disk.boot && layers.front().read_only)
        return refuse("a boot disk that is", "read-only");
    return {};
}

// The file is described inside its layer, so that both come, go and become read-only together.
// Locking is ours: the descriptor of a writable layer carries an exclusive flock.
boost::json::object layer_options(const std::string& volume_id,
                                  const DiskLayer& layer,
                                  bool writable,
                                  const std::string& backing,
                                  int64_t fd_set) {
    const auto node = layer_node(volume_id, layer.path);
    auto options = common_options(node, layer, writable, backing);
    options["file"] = {{"driver", "file"},
                       {"node-name", file_node(node)},
                       {"filename", fmt::format("/dev/fdset/{}", fd_set)},
                       {"locking", "off"},
                       {"discard", "unmap"}};
    return options;
}

boost::json::object layer_reopen_options(const std::string& volume_id,
                                         const DiskLayer& layer,
                                         bool writable,
                                         const std::string& backing) {
    const auto node = layer_node(volume_id, layer.path);
    auto options = common_options(node, layer, writable, backing);
    options["file"] = file_node(node);
    return options;
}

boost::json::object dead_node_options(const std::string& volume_id, int64_t size_bytes) {
    boost::json::array rules;
    for (const char* kind : {"read", "write", "write-zeroes", "discard", "flush"})
        rules.push_back({{"event", "none"}, {"iotype", kind}, {"errno", EIO}});
    return {{"driver", "blkdebug"},
            {"node-name", dead_node(volume_id)},
            {"image", {{"driver", "null-co"}, {"size", size_bytes}}},
            {"inject-error", std::move(rules)}};
}

// A write that finds no space stops the guest, to be tried again when there is some; other errors
// are for the guest to know.
boost::json::object disk_device(const MachineDisk& disk) {
    const auto& volume_id = disk.chain.volume_id;
    return {{"driver", "virtio-blk-pci"},
            {"id", disk_id(volume_id)},
            {"drive", layer_node(volume_id, disk.chain.layers.front().path)},
            {"serial", disk.serial},
            {"werror", "enospc"},
            {"rerror", "report"}};
}

boost::json::object throttle_options(const std::string& volume_id, const DiskLimits& limits) {
    boost::json::object options{{"id", disk_backend_path(volume_id)},
                                {"bps", limits.bytes_per_second},
                                {"bps_rd", 0},
                                {"bps_wr", 0},
                                {"iops", limits.iops},
                                {"iops_rd", 0},
                                {"iops_wr", 0}};
    const int64_t seconds = std::max<int64_t>(limits.burst_seconds, 1);
    if (limits.iops > 0)
        options["iops_size"] = operation_bytes;
    if (limits.iops > 0 && limits.burst_iops > limits.iops) {
        options["iops_max"] = limits.burst_iops;
        options["iops_max_length"] = seconds;
    }
    if (limits.bytes_per_second > 0 && limits.burst_bytes_per_second > limits.bytes_per_second) {
        options["bps_max"] = limits.burst_bytes_per_second;
        options["bps_max_length"] = seconds;
    }
    return options;
}

} // namespace pileus::drivers
