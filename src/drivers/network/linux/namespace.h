// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/result.h"
#include "base/unique_fd.h"

#include <initializer_list>
#include <string>
#include <string_view>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

namespace pileus::drivers {

// A named network namespace, as `ip netns` sees it (/run/netns/NAME). The object holds it open; the
// namespace itself stays until remove_namespace() and the last process, socket or tap in it. Any
// thread may use it: run() enters it on a thread of its own, because setns() moves one thread, and
// a daemon's thread that failed to come back would do the next job in the wrong network.
class NetworkNamespace {
  public:
    static Result<NetworkNamespace>
    create(const std::string& name); // or opens the one that is there
    static Result<NetworkNamespace> open(const std::string& name);
    static Result<NetworkNamespace> of_caller(); // the host's own

    int fd() const { return fd_.get(); }
    uint64_t inode() const { return inode_; }

    // Runs `action` inside, to its end. It returns a Result<T>.
    template <class Action> std::invoke_result_t<Action> run(Action action) const {
        std::invoke_result_t<Action> result = fail(errors::internal, "did not run");
        std::thread([&] {
            if (auto entered = enter(); entered)
                result = action();
            else
                result = fail(std::move(entered.error()));
        }).join();
        return result;
    }

  private:
    NetworkNamespace(UniqueFd fd, uint64_t inode) : fd_(std::move(fd)), inode_(inode) {}
    static Result<NetworkNamespace> adopt(UniqueFd fd);
    Result<void> enter() const;

    UniqueFd fd_;
    uint64_t inode_;
};

bool namespace_exists(const std::string& name);
Result<void> remove_namespace(const std::string& name); // what is not there is no error
std::vector<std::string> namespaces_with_prefix(std::string_view prefix);

// The processes called `program` inside the namespace.
std::vector<pid_t> processes_in(const NetworkNamespace& network_namespace,
                                std::string_view program);

// Writes a value under /proc/sys/net of the calling thread's namespace: "ipv4/ip_forward".
Result<void> write_sysctl(const std::string& key, std::string_view value);
Result<void> write_sysctls(std::initializer_list<std::pair<std::string, const char*>> values);
bool machine_has_ipv6();
Result<std::string> read_sysctl(const std::string& key);

} // namespace pileus::drivers
