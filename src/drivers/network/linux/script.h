// SPDX-License-Identifier: Apache-2.0
#pragma once

// The text of one nft transaction under construction. A plain value.

#include <fmt/core.h>
#include <string>

namespace pileus::drivers {

inline constexpr const char* vpc_table = "inet pileus";

class Script {
  public:
    template <class... Parts> void add(const char* format, const Parts&... parts) {
        text_ += fmt::format(fmt::runtime(format), parts...);
        text_ += '\n';
    }
    template <class... Parts>
    void rule(const std::string& chain, const char* format, const Parts&... parts) {
        add("add rule {} {} {}", vpc_table, chain, fmt::format(fmt::runtime(format), parts...));
    }
    // A chain of ours, empty.
    void fresh_chain(const std::string& chain) {
        add("add chain {} {}", vpc_table, chain);
        add("flush chain {} {}", vpc_table, chain);
    }
    void fresh_chain(const std::string& chain, const std::string& hook) {
        add("add chain {} {} {{ {} }}", vpc_table, chain, hook);
        add("flush chain {} {}", vpc_table, chain);
    }
    // There or not, afterwards it is not.
    void no_chain(const std::string& chain) {
        add("add chain {} {}", vpc_table, chain);
        add("flush chain {} {}", vpc_table, chain);
        add("delete chain {} {}", vpc_table, chain);
    }
    void element(const char* verb, const std::string& set, const std::string& text) {
        add("{} element {} {} {{ {} }}", verb, vpc_table, set, text);
    }
    std::string take() { return std::move(text_); }

  private:
    std::string text_;
};

// Names of chains and sets.
inline std::string in_chain(const std::string& name) {
    return "in_" + name;
}
inline std::string out_chain(const std::string& name) {
    return "out_" + name;
}
inline std::string members_set(const std::string& group_id) {
    return "members_" + group_id;
}
inline std::string ipv6_members_set(const std::string& group_id) {
    return "members6_" + group_id;
}

// "a, b": what nft writes between braces.
template <class Items> std::string comma_list(const Items& items) {
    std::string text;
    for (const auto& item : items)
        text += (text.empty() ? "" : ", ") + item;
    return text;
}
template <class Items> std::string addresses_list(const Items& items) {
    std::string text;
    for (const auto& item : items)
        text += (text.empty() ? "" : ", ") + item.str();
    return text;
}

} // namespace pileus::drivers
