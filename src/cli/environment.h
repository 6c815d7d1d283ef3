// SPDX-License-Identifier: Apache-2.0
#pragma once

// The environment variables of this process, and of an invented one in tests. Read once, in main().

#include <map>
#include <optional>
#include <string>
#include <utility>

namespace pileus::cli {

class Environment {
  public:
    Environment() = default;
    explicit Environment(std::map<std::string, std::string> variables)
        : variables_(std::move(variables)) {}

    static Environment of_this_process();

    std::optional<std::string> get(const std::string& name) const {
        const auto found = variables_.find(name);
        return found == variables_.end() ? std::nullopt : std::optional(found->second);
    }
    // Empty counts as not set, as most programs take it.
    std::optional<std::string> get_nonempty(const std::string& name) const {
        auto value = get(name);
        return value && !value->empty() ? value : std::nullopt;
    }
    void set(const std::string& name, std::string value) { variables_[name] = std::move(value); }
    void unset(const std::string& name) { variables_.erase(name); }
    const std::map<std::string, std::string>& variables() const { return variables_; }

  private:
    std::map<std::string, std::string> variables_;
};

} // namespace pileus::cli
