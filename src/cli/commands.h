// SPDX-License-Identifier: Apache-2.0
#pragma once

// The commands of `pileus`, one function each; main() reads the command line and calls one. They
// print to stdout what was asked for, and to stderr how it goes.

#include "cli/context.h"

#include <boost/json/object.hpp>
#include <optional>
#include <string>
#include <vector>

namespace pileus::cli {

// clients.cpp: other programs, set up for this installation
Outcome print_environment(const Context& context);
Outcome run_aws(const Context& context, const std::vector<std::string>& words);

// login.cpp
struct SshOptions {
    std::string instance_id;
    std::string user;     // "" for the image's own
    std::string key_path; // "" looks for the key of the instance
    bool wait = false;    // until the guest is ready
    std::vector<std::string> command;
};
Outcome ssh(const Context& context, const SshOptions& options);
Outcome print_console(const Context& context, const std::string& instance_id, bool follow);
// The line that a person types instead: "ssh -i … admin@127.64.0.10".
Result<std::vector<std::string>>
plain_ssh_line(const Context& context, const Api& api, const std::string& instance_id);

// cp.cpp: files and folders, here and in instances ("i-…:/path")
struct CopyOptions {
    std::vector<std::string> places; // the sources, and the destination
    bool recursive = false;
    std::string user;     // as in SshOptions; of all instances
    std::string key_path; // as in SshOptions; of all instances
    bool wait = false;
};
Outcome copy_files(const Context& context, const CopyOptions& options);

// reports.cpp
Outcome print_status(const Context& context);
Outcome print_templates(const Context& context, bool as_json); // templates.cpp

// cost.cpp
enum class CostFormat { table, json, csv };
struct CostOptions {
    std::string by = "instance"; // or type, service, usage-type, region, account, tag:KEY
    CostFormat format = CostFormat::table;
    bool watch = false; // anew every two seconds
};
Outcome print_cost(const Context& context, const CostOptions& options);

// fork.cpp: running copies of a running instance. 0 when all of them run, else 1.
struct ForkOptions {
    std::string instance_id;
    int count = 1;
};
Outcome fork_instance(const Context& context, const ForkOptions& options);

// packets.cpp: what happens to a packet, and the command that changes it. 0 when it passes and is
// answered, else 2.
struct PacketQuestion {
    std::string from; // i-…, eni-…, an address or "outside"
    std::string to;
    std::string protocol = "tcp";
    std::optional<int> port; // of TCP and UDP
    std::optional<int> type; // of ICMP
    bool as_json = false;
};
Outcome explain_packet(const Context& context, const PacketQuestion& question);
// The answer as lines for a person. Pure.
std::string render_explanation(const boost::json::object& answer, const Terminal& terminal);

// images.cpp
Outcome build_images(const Context& context, const std::vector<std::string>& recipes);
struct ImageImport {
    std::string source; // a file here, or an http(s) URL
    std::string name;   // "" for the file's own
    std::string description;
    std::string user;   // who logs in; "" for the one that the name suggests
    std::string format; // "" for the one that the name says
};
Outcome import_image(const Context& context, const ImageImport& import);
Outcome list_images(const Context& context);

// daemon_control.cpp
struct DaemonOptions {
    bool emulated = false;
};
Outcome start_daemon(const Context& context, const DaemonOptions& options);
Outcome stop_daemon(const Context& context);
Outcome print_daemon(const Context& context);
Outcome destroy_installation(const Context& context, bool is_confirmed);

// fsck.cpp: whether every disk belongs to something, everything has its disk, and the ledger is what
// was written. 0 when so, else 2.
Outcome check_disks(const Context& context, bool as_json);

// doctor.cpp
Outcome doctor(const Context& context);

// quickstart.cpp: what ./up does once everything is built
struct QuickstartOptions {
    std::string recipe = "debian-12";
    bool emulated = false;
    bool launch = true;
};
Outcome quickstart(const Context& context, const QuickstartOptions& options);

} // namespace pileus::cli
