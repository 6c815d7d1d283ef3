// SPDX-License-Identifier: Apache-2.0
#include "drivers/volumes/qcow2/contained_copy.h"

#include "base/log.h"
#include "base/text.h"
#include "drivers/volumes/qcow2/copy_monitor.h"

#include <boost/json.hpp>
#include <cerrno>
#include <csignal>
#include <fmt/core.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/statvfs.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

namespace pileus::drivers {

namespace {

namespace json = boost::json;

constexpr int first_child_fd = 10;
constexpr int monitor_child_fd = 3;
constexpr int64_t processor_seconds = 6 * 3600;
constexpr std::chrono::milliseconds first_pause{2};
constexpr std::chrono::milliseconds longest_pause{200};
constexpr const char* job = "copy";

std::vector<const CopyFile*> files_of(const CopyPlan& plan) {
    std::vector<const CopyFile*> files;
    for (const auto& file : plan.target)
        files.push_back(&file);
    for (const auto& source : plan.sources)
        for (const auto& file : source.chain)
            files.push_back(&file);
    return files;
}

// Waits for it a little, then ends it. Returns how it ended, for a person.
std::string end_process(pid_t pid) {
    constexpr std::chrono::milliseconds pause{2};
    constexpr int attempts = 500;
    int status = 0;
    bool ended = false;
    for (int i = 0; i < attempts && !ended; ++i) {
        ended = ::waitpid(pid, &status, WNOHANG) == pid;
        if (!ended)
            std::this_thread::sleep_for(pause);
    }
    if (!ended) {
        ::kill(pid, SIGKILL); // it is our child and has not been waited for: the pid is its own
        while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {
        }
    }
    return WIFSIGNALED(status) ? fmt::format("signal {}", WTERMSIG(status))
                               : fmt::format("exit code {}", WEXITSTATUS(status));
}

std::string text_of(const UniqueFd& file) {
    std::string text(1024, '\0');
    const ssize_t n = ::pread(file.get(), text.data(), text.size(), 0);
    text.resize(n > 0 ? static_cast<size_t>(n) : 0);
    return std::string(trim(text));
}

// The conversation with one process.
class Conversation {
  public:
    Conversation(CopyMonitor& monitor,
                 const CopyPlan& plan,
                 const Progress& progress,
                 std::chrono::steady_clock::time_point end)
        : monitor_(monitor), plan_(plan), progress_(progress), end_(end) {}

    Result<void> run(int64_t free_bytes) {
        free_bytes_ = free_bytes;
        PILEUS_TRY(monitor_.begin());
        if (plan_.create_bytes > 0)
            PILEUS_TRY(create_target());
        PILEUS_ASSIGN(const std::string target, add_chain(plan_.target, true));
        for (const auto& source : plan_.sources) {
            PILEUS_TRY(copy(source, target));
            ++done_;
        }
        // Closing it writes what QEMU kept in memory. Its node goes with what it stands on.
        PILEUS_TRY(monitor_.execute("blockdev-del", {{"node-name", target}}));
        return {};
    }

  private:
    // Returns the name of the node of the first file.
    Result<std::string> add_chain(const std::vector<CopyFile>& chain, bool is_target) {
        std::string below;
        const size_t first = next_file_;
        next_file_ += chain.size();
        for (size_t i = chain.size(); i > 0; --i) {
            const bool writable = is_target && i == 1;
            PILEUS_ASSIGN(below, add_file(chain[i - 1], first + i - 1, writable, below));
        }
        return below;
    }

    Result<std::string> add_protocol(const CopyFile& file, size_t number, bool writable) {
        const auto name = fmt::format("file{}", number);
        json::object node{{"node-name", name},
                          {"driver", "file"},
                          {"filename", fmt::format("/dev/fdset/{}", number)},
                          {"read-only", !writable},
                          {"locking", "off"}};
        if (writable) {
            node["discard"] = "unmap";
            // The caller syncs it once, at the end; VMDK would for each of its grains.
            node["cache"] = json::object{{"no-flush", true}};
        }
        PILEUS_TRY(monitor_.execute("blockdev-add", std::move(node)));
        if (file.bytes == 0)
            return name;
        const auto part = fmt::format("part{}", number);
        PILEUS_TRY(monitor_.execute("blockdev-add",
                                    {{"node-name", part},
                                     {"driver", "raw"},
                                     {"file", name},
                                     {"offset", file.offset},
                                     {"size", file.bytes},
                                     {"read-only", !writable}}));
        return part;
    }

    Result<std::string>
    add_file(const CopyFile& file, size_t number, bool writable, const std::string& below) {
        std::string protocol = created_; // a target that was made here is open already
        if (protocol.empty() || !writable) {
            PILEUS_ASSIGN(protocol, add_protocol(file, number, writable));
        }
        const auto name = fmt::format("disk{}", number);
        json::object node{{"node-name", name},
                          {"driver", file.driver},
                          {"file", protocol},
                          {"read-only", !writable}};
        if (writable) {
            node["discard"] = "unmap";
            node["detect-zeroes"] = "unmap";
        }
        if (file.driver == "qcow2" || file.driver == "vmdk")
            node["backing"] = below.empty() ? json::value(nullptr) : json::value(below);
        if (!file.secret.empty()) {
            const auto secret = fmt::format("secret{}", number);
            PILEUS_TRY(monitor_.execute(
                "object-add", {{"qom-type", "secret"}, {"id", secret}, {"data", file.secret}}));
            node["encrypt"] = json::object{{"format", "luks"}, {"key-secret", secret}};
        }
        PILEUS_TRY(monitor_.execute("blockdev-add", std::move(node)));
        return name;
    }

    Result<void> create_target() {
        const auto& file = plan_.target.front();
        if (file.driver == "raw") // is what its length says
            return ::ftruncate(file.fd, plan_.create_bytes) == 0
                       ? Result<void>()
                       : fail(errors::unavailable, "cannot set the length of the new disk");
        PILEUS_ASSIGN(created_, add_protocol(file, 0, true));
        json::object options{
            {"driver", file.driver}, {"file", created_}, {"size", plan_.create_bytes}};
        if (file.driver == "vmdk")
            options["zeroed-grain"] = true; // what is zero takes no room
        PILEUS_TRY(monitor_.execute("blockdev-create",
                                    {{"job-id", job}, {"options", std::move(options)}}));
        return wait_for_job(false);
    }

    Result<void> copy(const CopySource& source, const std::string& target) {
        PILEUS_ASSIGN(const std::string from, add_chain(source.chain, false));
        if (source.resize_target_to > 0)
            PILEUS_TRY(monitor_.execute(
                "block_resize", {{"node-name", target}, {"size", source.resize_target_to}}));
        // Into a new raw file by mirroring, the only job that leaves holes where there is nothing.
        const bool leaves_holes = plan_.create_bytes > 0 && plan_.target.front().driver == "raw";
        PILEUS_TRY(monitor_.execute(leaves_holes ? "blockdev-mirror" : "blockdev-backup",
                                    {{"job-id", job},
                                     {"device", from},
                                     {"target", target},
                                     {"sync", source.only_top ? "top" : "full"},
                                     {"auto-dismiss", false}}));
        return wait_for_job(true);
    }

    Result<void> wait_for_job(bool counts) {
        auto pause = first_pause;
        while (true) {
            PILEUS_ASSIGN(const auto jobs, monitor_.execute("query-jobs", {}));
            const auto* list = jobs.if_array();
            const auto* state = list && list->size() == 1 ? (*list)[0].if_object() : nullptr;
            const auto* status = state ? state->if_contains("status") : nullptr;
            if (!status || !status->is_string())
                return fail(errors::unavailable, "the copying process lost its job");
            if (counts)
                PILEUS_TRY(report(*state));
            if (status->get_string() == "concluded")
                return conclude(*state);
            if (status->get_string() == "ready") // a mirror that would go on for ever
                PILEUS_TRY(monitor_.execute("block-job-cancel", {{"device", job}}));
            if (std::chrono::steady_clock::now() > end_)
                return fail(errors::unavailable, "it takes longer than it may");
            std::this_thread::sleep_for(pause);
            pause = std::min(pause * 2, longest_pause);
        }
    }

    Result<void> conclude(const json::object& state) {
        if (const auto* error = state.if_contains("error"); error && error->is_string()) {
            const std::string text(error->get_string());
            const bool full = text.find("No space left") != std::string::npos;
            return fail(full ? errors::unavailable : errors::invalid, text);
        }
        PILEUS_TRY(monitor_.execute("job-dismiss", {{"id", job}}));
        return {};
    }

    Result<void> report(const json::object& state) {
        const auto number = [&](std::string_view key) -> double {
            const auto* value = state.if_contains(key);
            return value && value->is_int64() ? static_cast<double>(value->get_int64()) : 0;
        };
        const double total = number("total-progress");
        const double part = total > 0 ? std::min(1.0, number("current-progress") / total) : 0;
        const double all = (done_ + part) / static_cast<double>(plan_.sources.size());
        if (!progress_(static_cast<int>(100 * all)))
            return fail(errors::unavailable, "it was asked to stop");
        struct statvfs space {};
        if (::fstatvfs(plan_.target.front().fd, &space) == 0 &&
            static_cast<int64_t>(space.f_bavail * space.f_frsize) < free_bytes_)
            return fail(errors::unavailable, "there is no space left on the machine's disk");
        return {};
    }

    CopyMonitor& monitor_;
    const CopyPlan& plan_;
    const Progress& progress_;
    const std::chrono::steady_clock::time_point end_;
    int64_t free_bytes_ = 0;
    size_t next_file_ = 0;
    std::string created_;
    int done_ = 0;
};

} // namespace

ContainedCopy::ContainedCopy(ContainedCopyOptions options, ProcessRunner& runner)
    : options_(std::move(options)), runner_(runner) {}

ProcessSpec ContainedCopy::describe(const CopyPlan& plan, int monitor_fd) {
    const uint32_t uid = options_.first_uid + started_++ % options_.uids;
    ProcessSpec spec;
    spec.argv = {options_.launcher,
                 "--uid",
                 std::to_string(uid),
                 "--memory-bytes",
                 std::to_string(options_.memory_bytes),
                 "--file-bytes",
                 std::to_string(plan.file_limit_bytes),
                 "--cpu-seconds",
                 std::to_string(processor_seconds),
                 "--parent",
                 std::to_string(::getpid()),
                 "--",
                 options_.emulator,
                 "-machine",
                 "none",
                 "-nodefaults",
                 "-no-user-config",
                 "-display",
                 "none",
                 "-S",
                 "-object",
                 "main-loop,id=main,thread-pool-max=4", // threads take address space
                 "-sandbox",
                 "on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny",
                 "-chardev",
                 fmt::format("socket,id=monitor,fd={}", monitor_child_fd),
                 "-mon",
                 "chardev=monitor,mode=control"};
    spec.fds.push_back({monitor_fd, monitor_child_fd});
    int number = 0;
    for (const auto* file : files_of(plan)) {
        spec.argv.insert(spec.argv.end(),
                         {"-add-fd", fmt::format("fd={},set={}", first_child_fd + number, number)});
        spec.fds.push_back({file->fd, first_child_fd + number++});
    }
    spec.new_session = false;
    return spec;
}

Result<void> ContainedCopy::run(const CopyPlan& plan, const Progress& progress) {
    int pair[2];
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0)
        return fail(errors::unavailable, "cannot make a socket for the copying process");
    CopyMonitor monitor{UniqueFd(pair[0])};
    UniqueFd theirs(pair[1]);

    // What it says before it is QEMU; a file without a name is enough for that.
    const UniqueFd said(::memfd_create("copy", MFD_CLOEXEC));
    auto spec = describe(plan, theirs.get());
    if (said)
        spec.output_path = fmt::format("/proc/self/fd/{}", said.get());
    PILEUS_ASSIGN(const pid_t pid, runner_.spawn(spec));
    theirs.reset();
    const auto end = std::chrono::steady_clock::now() + options_.time;
    auto copied = Conversation(monitor, plan, progress, end).run(options_.free_bytes);
    (void)monitor.execute("quit", {});
    const auto ended = end_process(pid);
    if (!copied && copied.error().code == errors::unavailable)
        log_warning("a disk was not copied",
                    {{"reason", copied.error().message},
                     {"process_ended", ended},
                     {"process_said", text_of(said)}});
    return copied;
}

} // namespace pileus::drivers
