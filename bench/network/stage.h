// SPDX-License-Identifier: Apache-2.0
#pragma once

// What the measurements of the network stand on: a namespace of their own, a real driver in it, and
// guests that are a tap and a namespace with a TCP stack. Offloads are on, as QEMU has them: a
// frame may be 64 KiB.

#include "base/process.h"
#include "drivers/network/linux/linux_network.h"
#include "drivers/network/linux/namespace.h"

#include <atomic>
#include <filesystem>
#include <memory>
#include <string>
#include <thread>
#include <vector>

namespace pileus::bench {

using namespace pileus::drivers;

template <class T> T must(Result<T> result); // ends the program with the error
void must(const Result<void>& result);

void enter_own_network(); // the calling thread, and what it starts

class Stage {
  public:
    explicit Stage(int members); // interfaces of one group each, "sg-open", in one subnet; the
                                 // first two have their taps open
    ~Stage();
    LinuxNetwork& network() { return *network_; }
    void restart(); // the driver
    const std::vector<InterfaceSpec>& interfaces() const { return interfaces_; }
    UniqueFd open_tap(size_t index);
    // `count` rules in groups of at most 1,000, each a port and a block of its own.
    void add_rules(int count);
    // The group of all members, with `count` rules, one of them for the UDP port `changing`.
    SecurityGroupSpec group(int count, int changing) const;
    void apply(const SecurityGroupSpec& group) { must(network_->apply_security_groups({group})); }

  private:
    std::filesystem::path folder_;
    SystemProcessRunner runner_;
    std::unique_ptr<LinuxNetwork> network_;
    VpcSpec vpc_;
    std::vector<InterfaceSpec> interfaces_;
};

// The far end of a tap: a namespace with "eth0" that has this address, joined to the tap by a
// thread that copies frames.
class Guest {
  public:
    Guest(UniqueFd tap, const MacAddress& mac, Ipv4 address, const Ipv4Cidr& subnet, Ipv4 router);
    ~Guest();
    const NetworkNamespace& inside() const { return *namespace_; }

  private:
    void pump();
    UniqueFd tap_, own_, stop_;
    std::unique_ptr<NetworkNamespace> namespace_;
    std::thread pump_;
};

// Bits a second of one TCP connection.
double measure_throughput(const Guest& from, const Guest& to, Ipv4 address, int milliseconds);

struct Bridge { // two taps and nothing else
    UniqueFd first, second;
};
Bridge make_bridge();

double milliseconds_since(MonotonicTime began);
MonotonicTime now();

template <class T> T must(Result<T> result) {
    if (!result)
        must(Result<void>(fail(result.error())));
    return std::move(*result);
}

} // namespace pileus::bench
