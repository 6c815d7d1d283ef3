// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/process.h"
#include "drivers/network/linux/namespace.h"
#include "drivers/network/linux/options.h"
#include "drivers/network/linux/records.h"

#include <optional>
#include <string>
#include <vector>

namespace pileus::drivers {

// The command line of a VPC's dnsmasq: DHCP for every subnet, and names. Pure.
std::vector<std::string> dnsmasq_argv(const VpcRecord& vpc,
                                      const Records& records,
                                      const LinuxNetworkOptions& options);

// The DHCP and DNS server of one VPC: a dnsmasq inside the VPC's namespace that outlives the daemon. Leases and names are files,
// one of each an interface, that dnsmasq notices by itself. The VPC that owns it locks; signal and wait go through a pidfd, so a
// reused pid is never hit.
class Dnsmasq {
  public:
    Dnsmasq(const Records& records, ProcessRunner& runner, const Clock& clock);

    // Takes over the one that runs inside with this command line, or starts one; others are ended.
    Result<void> ensure(const NetworkNamespace& network_namespace, std::vector<std::string> argv);
    Result<void> restart(const NetworkNamespace& network_namespace);
    void stop();
    // For whoever watches over it: readable when the process has ended.
    int pidfd() const { return pidfd_.get(); }

    // Returns when dnsmasq serves the lease and the name: a guest that starts now gets both.
    Result<void> add(const InterfaceSpec& interface, const std::string& domain);
    void remove(const std::string& interface_id);
    // Whether it has read everything that reached it before now.
    bool drain();

  private:
    Result<void> start(const NetworkNamespace& network_namespace);
    Result<void> adopt(pid_t pid);
    Result<void> open_probe(const NetworkNamespace& network_namespace);
    Result<void> wait_for_name(const std::string& name, Ipv4 address);
    // What it says about the name: the address, 0.0.0.0 for "not known", nothing when it is silent.
    std::optional<Ipv4> ask(const std::string& name);
    std::string last_words() const;

    const Records& records_;
    ProcessRunner& runner_;
    const Clock& clock_;
    std::vector<std::string> argv_;
    UniqueFd pidfd_;
    UniqueFd probe_; // a UDP socket inside, to the VPC's resolver
    uint16_t query_id_ = 0;
};

// Ends every dnsmasq inside the namespace, and waits for it.
void end_dnsmasq_in(const NetworkNamespace& network_namespace);

} // namespace pileus::drivers
