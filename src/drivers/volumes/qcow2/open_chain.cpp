// SPDX-License-Identifier: Apache-2.0
#include "drivers/volumes/qcow2/open_chain.h"

#include <fcntl.h>

namespace pileus::drivers {

Result<OpenChain> OpenChain::open(const LayerStore& layers, const std::string& name) {
    return open(layers, name, false);
}

Result<OpenChain> OpenChain::open_writable(const LayerStore& layers, const std::string& name) {
    return open(layers, name, true);
}

Result<OpenChain>
OpenChain::open(const LayerStore& layers, const std::string& name, bool writable) {
    PILEUS_ASSIGN(const auto chain, layers.chain(name, writable));
    OpenChain opened;
    opened.top_ = chain.front().path;
    for (const auto& layer : chain) {
        PILEUS_ASSIGN(auto fd, open_disk_file(layer.path, layer.read_only ? O_RDONLY : O_RDWR));
        opened.files_.push_back({fd.get(), layer.format, layer.secret});
        opened.fds_.push_back(std::move(fd));
    }
    return opened;
}

Result<void> OpenChain::sync() const {
    return sync_file(fds_.front(), top_);
}

int64_t file_limit_of(int64_t virtual_bytes) {
    constexpr int64_t tables = int64_t{256} << 20;
    return virtual_bytes + virtual_bytes / 64 + tables;
}

} // namespace pileus::drivers
