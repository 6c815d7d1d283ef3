// SPDX-License-Identifier: Apache-2.0
#include "drivers/volumes/qcow2/layer_merge.h"

#include <cstddef>

namespace pileus::drivers {

namespace {

using Layers = std::map<std::string, MergeLayer>;

// Joining rewrites both, and frees no more than the upper one's size.
constexpr int64_t worth_times = 8;
constexpr int64_t always_worth_bytes = int64_t{64} << 20;

std::vector<std::string> choose_left_alone(const Layers& layers) {
    for (const auto& [name, upper] : layers) {
        const auto lower = layers.find(upper.below);
        if (upper.is_written || lower == layers.end())
            continue;
        const auto& below = lower->second;
        const bool is_small =
            below.bytes <= always_worth_bytes || below.bytes / worth_times <= upper.bytes;
        if (!below.is_named && below.holders == 1 && is_small)
            return {name, upper.below};
    }
    return {};
}

std::vector<std::string> chain_of(const Layers& layers, const std::string& top) {
    std::vector<std::string> chain;
    for (auto layer = layers.find(top); layer != layers.end();
         layer = layers.find(layer->second.below))
        chain.push_back(layer->first);
    return chain;
}

// Of the layers under the written one, those next to each other that are the smallest together.
std::vector<std::string>
cheapest_window(const Layers& layers, const std::vector<std::string>& chain, size_t length) {
    std::vector<std::string> best;
    int64_t best_bytes = 0;
    for (size_t first = 1; first + length <= chain.size(); ++first) {
        int64_t bytes = 0;
        for (size_t i = first; i < first + length; ++i)
            bytes += layers.at(chain[i]).bytes;
        if (best.empty() || bytes < best_bytes) {
            const auto begin = chain.begin() + static_cast<std::ptrdiff_t>(first);
            best.assign(begin, begin + static_cast<std::ptrdiff_t>(length));
            best_bytes = bytes;
        }
    }
    return best;
}

} // namespace

std::vector<std::string> choose_merge(const Layers& layers, int max_depth) {
    if (auto pair = choose_left_alone(layers); !pair.empty())
        return pair;
    const auto limit = static_cast<size_t>(max_depth);
    for (const auto& [name, layer] : layers) {
        if (!layer.is_written)
            continue;
        const auto chain = chain_of(layers, name);
        if (chain.size() > limit)
            // Down to three quarters, so that the next snapshot does not call for the next merge.
            return cheapest_window(layers, chain, chain.size() - limit * 3 / 4 + 1);
    }
    return {};
}

} // namespace pileus::drivers
