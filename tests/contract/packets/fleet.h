// SPDX-License-Identifier: Apache-2.0
#pragma once

// Many cheap guests at once: each is an open tap that answers every probe which reaches it. The
// driver, its taps and "the world", a tap with the machine's default route, are in a network
// namespace of the test's own, so that nothing touches the machine's network. One thread drives it;
// a thread of its own reads the taps.

#include "base/process.h"
#include "drivers/network/explain/explain.h"
#include "drivers/network/linux/linux_network.h"
#include "fixture.h"
#include "packet.h"

#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <vector>

namespace pileus::drivers {

inline constexpr const char* world = "world"; // as the place where a packet came to

// Moves the calling thread, and what it starts, into a fresh network namespace; once per process.
void enter_own_network();

struct Probe {
    Packet packet;
    // Filled in by send_all().
    uint32_t number = 0;
    std::set<std::string> arrived; // ids of the interfaces that got it
    bool is_answered = false;
};

class Fleet {
  public:
    explicit Fleet(LinuxNetworkOptions options);
    ~Fleet();

    LinuxNetwork& network() { return *network_; }
    const NetworkView& view() const { return view_; }
    void restart_driver(); // as the daemon does after a crash

    // Tell the driver, and remember it for explain().
    void ensure_vpc(const VpcSpec& vpc);
    void apply_groups(const std::vector<SecurityGroupSpec>& groups);
    void ensure_interface(const InterfaceSpec& interface);
    void remove_interface(const std::string& id);
    const InterfaceSpec& interface(const std::string& id) const;

    // Sends all and waits for what explain() expects, and a moment for what it does not. Every
    // probe is a connection of its own.
    void send_all(std::vector<Probe>& probes);
    // Sends one packet and does not wait; its number.
    uint32_t send(const Packet& packet);
    bool has_arrived(uint32_t number);
    // Probes that must not arrive, and did, but only after send_all() had looked.
    std::vector<std::string> late();
    void settle(); // until nothing more comes

    void send_frame(const std::string& interface_id, const std::string& frame);
    MacAddress router_mac() const { return router_mac_; }
    // How many frames the interface got that hold these bytes.
    int count_frames(const std::string& interface_id, const std::string& bytes);

  private:
    struct Station {
        std::string id;
        UniqueFd tap;
        MacAddress mac;
        std::vector<std::string> frames; // the last ones, for count_frames()
    };
    struct Arrival {
        std::set<std::string> places;
        bool is_answered = false;
    };
    void make_world();
    void read_taps();
    void take_frame(Station& station, const std::string& frame);
    void collect_callers();
    bool is_complete(const std::vector<Probe>& probes);
    void send_from_host(const Packet& packet, uint32_t number);

    RunFolder folder_;
    CountingRunner runner_;
    const LinuxNetworkOptions options_;
    std::unique_ptr<LinuxNetwork> network_;
    NetworkView view_;
    MacAddress router_mac_{{0x02, 0x70, 0x69, 0x6c, 0x65, 0x75}};
    uint32_t next_number_ = 0;
    std::map<uint32_t, UniqueFd> callers_; // sockets of the host
    std::vector<Probe> denied_;

    std::mutex mutex_;
    std::map<std::string, Station> stations_;
    std::map<uint32_t, Arrival> arrivals_;
    uint64_t events_ = 0;
    UniqueFd wake_;
    bool stopping_ = false;
    std::thread reader_;
};

} // namespace pileus::drivers
