// SPDX-License-Identifier: Apache-2.0
//
// `pileus doctor`: what this machine can do, item by item, and how to mend what it cannot. It
// changes nothing, and works before anything is installed or running.

#include "base/file.h"
#include "base/text.h"
#include "cli/commands.h"
#include "cli/credentials.h"
#include "cli/programs.h"

#include <algorithm>
#include <boost/json.hpp>
#include <fcntl.h>
#include <fmt/core.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/statvfs.h>
#include <sys/sysinfo.h>
#include <unistd.h>

namespace pileus::cli {

namespace {

enum class Verdict { good, slow, bad }; // slow: it works, but a person should know

struct Finding {
    Verdict verdict;
    std::string item;
    std::string found;
    std::string fix; // "" when there is nothing to mend
};

Finding check_root(const Context& context) {
    if (context.installation.is_root)
        return {Verdict::good, "root", "yes", ""};
    return {Verdict::slow,
            "root",
            "no: only what root is not needed for was looked at",
            "sudo pileus doctor"};
}

Finding check_program(const Context& context,
                      const char* program,
                      const char* package,
                      const char* purpose) {
    const auto path = find_program(program, context.environment);
    if (path)
        return {Verdict::good, program, *path, ""};
    return {Verdict::bad,
            program,
            fmt::format("not installed; it is needed for {}", purpose),
            fmt::format("apt-get install {}", package)};
}

Finding check_device(const char* path, const char* purpose, const char* fix) {
    const UniqueFd fd(::open(path, O_RDWR | O_CLOEXEC));
    if (fd)
        return {Verdict::good, path, "opens", ""};
    if (errno == EACCES)
        return {Verdict::slow, path, "cannot be looked at without root", "sudo pileus doctor"};
    return {Verdict::bad, path, fmt::format("does not open; it is needed for {}", purpose), fix};
}

// Whether the kernel lets us make a network namespace with a packet filter in it: in a child, which
// leaves nothing.
Finding check_kernel_network(const Context& context) {
    if (!context.installation.is_root)
        return {Verdict::slow,
                "namespaces, nftables",
                "cannot be looked at without root",
                "sudo pileus doctor"};
    ProcessSpec spec;
    spec.argv = {"unshare", "--net", "nft", "-f", "-"};
    spec.stdin_text =
        "add table inet t\nadd chain inet t c { type nat hook output priority -100; }\n"
        "add rule inet t c ip daddr 127.64.0.0/16 dnat ip to 198.18.0.1\n"
        "add table netdev n\n";
    const auto done = run_checked(context.runner, spec);
    if (done)
        return {Verdict::good, "namespaces, nftables", "work", ""};
    return {Verdict::bad,
            "namespaces, nftables",
            done.error().message,
            "a kernel with network namespaces and nftables (Debian's own has both), and root's "
            "full rights"};
}

Finding check_disk(const Context& context) {
    static constexpr double needed_bytes = 5e9;
    auto folder = context.installation.data_dir;
    while (!std::filesystem::exists(folder) && folder.has_relative_path())
        folder = folder.parent_path();
    struct statvfs status {};
    if (::statvfs(folder.c_str(), &status) != 0)
        return {Verdict::bad, "disk", "cannot be looked at", ""};
    const double free_bytes =
        static_cast<double>(status.f_bavail) * static_cast<double>(status.f_frsize);
    const auto found = fmt::format(
        "{} free for {}", format_bytes(free_bytes), context.installation.data_dir.string());
    if (free_bytes < needed_bytes)
        return {Verdict::bad,
                "disk",
                found,
                "make room for 5 GB, or set data_dir in the configuration"};
    return {Verdict::good, "disk", found, ""};
}

Finding check_memory() {
    static constexpr double needed_bytes = 2e9;
    struct sysinfo info {};
    ::sysinfo(&info);
    const double total = static_cast<double>(info.totalram) * info.mem_unit;
    const auto found =
        fmt::format("{} in all, {} CPUs", format_bytes(total), ::sysconf(_SC_NPROCESSORS_ONLN));
    if (total < needed_bytes)
        return {
            Verdict::bad, "memory", found, "2 GB at the least; set host.memory_mib to use less"};
    return {Verdict::good, "memory", found, ""};
}

// Signatures are good for 15 minutes around our clock; a clock before this program was written
// cannot be right.
Finding check_clock(const Context& context) {
    const auto now = context.clock.now();
    const auto text = format_iso8601(now);
    if (now < *parse_iso8601("2026-01-01T00:00:00Z"))
        return {Verdict::bad, "clock", text, "set the machine's clock"};
    return {Verdict::good, "clock", text, ""};
}

std::string word_after(const std::string& text, std::string_view before) {
    const auto at = text.find(before);
    if (at == std::string::npos)
        return "";
    const auto from = at + before.size();
    return text.substr(from, text.find_first_of(" \n", from) - from);
}

// The machine model and the QMP commands that guests are started with.
Finding check_emulator(const Context& context) {
    static constexpr int oldest = 7;
    auto finding = check_program(context, "qemu-system-x86_64", "qemu-system-x86", "guests");
    if (finding.verdict == Verdict::bad)
        return finding;
    ProcessSpec spec;
    spec.argv = {finding.found, "--version"};
    const auto said = run_checked(context.runner, spec);
    const auto version = said ? word_after(*said, "version ") : "";
    const auto major = parse_int(version.substr(0, version.find('.'))).value_or(0);
    finding.found = fmt::format("{}, {}", version, finding.found);
    if (major < oldest) {
        finding.verdict = Verdict::bad;
        finding.fix = fmt::format("QEMU {} or newer (Debian 12 has 7.2)", oldest);
    }
    return finding;
}

// Whoever can read the keys is the administrator.
Finding check_credentials(const Context& context) {
    const auto path = context.installation.user_dir / "credentials.toml";
    std::error_code ignored;
    const auto mode = std::filesystem::status(path, ignored).permissions();
    const auto others = std::filesystem::perms::group_all | std::filesystem::perms::others_all;
    if (!ignored && (mode & others) != std::filesystem::perms::none)
        return {Verdict::bad,
                "credentials",
                path.string() + " can be read by others",
                "chmod 600 " + path.string()};
    const auto credentials = find_credentials(context.installation, context.environment);
    if (credentials)
        return {Verdict::good, "credentials", credentials->source, ""};
    return {
        Verdict::slow, "credentials", "none yet", "they are made at the first start: sudo ./up"};
}

// Asked only when our own daemon does not answer.
Finding check_port(uint16_t port) {
    const UniqueFd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const int on = 1;
    ::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on); // as pileusd does
    sockaddr_in name{};
    name.sin_family = AF_INET;
    name.sin_port = htons(port);
    name.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const auto item = fmt::format("port {}", port);
    if (::bind(fd.get(), reinterpret_cast<const sockaddr*>(&name), sizeof name) == 0)
        return {Verdict::good, item, "free", ""};
    return {Verdict::bad,
            item,
            "another program listens there",
            "end it (ss -ltnp tells which), or set api.port in the configuration"};
}

void check_daemon(const Context& context, std::vector<Finding>& findings) {
    const auto api = context.connect();
    const auto status =
        api ? api->pileus("GetStatus") : Result<boost::json::object>(fail(api.error()));
    if (!status) {
        findings.push_back({Verdict::slow, "daemon", status.error().message, "sudo ./up"});
        findings.push_back(check_port(context.installation.port));
        findings.push_back({Verdict::slow,
                            "acceleration",
                            "found out by the daemon, by booting a guest",
                            "sudo ./up"});
        return;
    }
    findings.push_back({Verdict::good, "daemon", "answers at " + api->credentials().endpoint, ""});
    const auto& acceleration = status->at("acceleration").as_object();
    const auto name = std::string(acceleration.at("name").as_string());
    const auto reason = std::string(acceleration.at("reason").as_string());
    if (status->at("emulated").as_bool())
        findings.push_back({Verdict::slow,
                            "acceleration",
                            "EMULATION MODE: no guest runs at all",
                            "start without --emulated"});
    else if (name == "kvm")
        findings.push_back({Verdict::good, "acceleration", "KVM, proven by booting a guest", ""});
    else
        findings.push_back({Verdict::slow,
                            "acceleration",
                            fmt::format("{}: guests run 5 to 20 times slower. {}", name, reason),
                            "a machine (or a nested one) with a working /dev/kvm"});
    const auto images = status->at("images").to_number<int64_t>();
    if (images > 0)
        findings.push_back({Verdict::good, "images", std::to_string(images), ""});
    else
        findings.push_back({Verdict::slow, "images", "none", "sudo pileus image build debian-12"});
}

void print(const Terminal& terminal, const Finding& finding) {
    const auto mark = finding.verdict == Verdict::good   ? terminal.green("ok  ")
                      : finding.verdict == Verdict::slow ? terminal.yellow("note")
                                                         : terminal.red("BAD ");
    fmt::print("{}  {:<22} {}\n", mark, finding.item, finding.found);
    if (!finding.fix.empty())
        fmt::print("      {:<22} fix: {}\n", "", finding.fix);
}

} // namespace

Outcome doctor(const Context& context) {
    std::vector<Finding> findings{
        check_root(context),
        check_emulator(context),
        check_program(context, "qemu-img", "qemu-utils", "images"),
        check_program(context, "nft", "nftables", "security groups"),
        check_program(context, "dnsmasq", "dnsmasq-base", "DHCP and DNS of guests"),
        check_program(context, "mmdebstrap", "mmdebstrap", "building the Debian image"),
        check_program(context, "aws", "awscli", "pileus aws"),
        check_program(context, "ssh", "openssh-client", "pileus ssh"),
        check_device("/dev/net/tun", "the guests' network", "modprobe tun"),
        check_kernel_network(context),
        check_disk(context),
        check_memory(),
        check_clock(context),
        check_credentials(context),
    };
    check_daemon(context, findings);
    for (const auto& finding : findings)
        print(context.terminal, finding);
    const auto bad = std::count_if(findings.begin(), findings.end(), [](const Finding& f) {
        return f.verdict == Verdict::bad;
    });
    fmt::print("{}\n",
               bad == 0 ? "this machine can run Pileus" : fmt::format("{} thing(s) to mend", bad));
    return bad == 0 ? 0 : 1;
}

} // namespace pileus::cli
