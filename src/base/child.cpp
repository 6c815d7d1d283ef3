// SPDX-License-Identifier: Apache-2.0
#include "base/child.h"

#include "base/text.h"

#include <algorithm>
#include <cerrno>
#include <climits>
#include <csignal>
#include <cstdlib>
#include <fcntl.h>
#include <fmt/core.h>
#include <linux/close_range.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <system_error>

namespace pileus {

namespace {

constexpr size_t child_stack_bytes = 64 * 1024;

struct Mapping {
    int from;
    int to;
    int moved; // where the child keeps `from` meanwhile, above every `to`
};

// All that the child needs, made before it exists: it must not allocate.
struct Plan {
    std::string program;
    std::vector<std::string> environment;
    std::vector<char*> argv;
    std::vector<char*> envp;
    std::vector<Mapping> mappings; // sorted by `to`; the first three are 0, 1, 2
    ChildKind kind;
    int failed_errno = 0; // written by the child, which shares our memory until exec
    const char* failed_step = nullptr;
};

std::vector<std::string> merged_environment(const std::map<std::string, std::string>& set) {
    std::vector<std::string> merged;
    for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
        const std::string_view text(*entry);
        if (!set.contains(std::string(text.substr(0, text.find('=')))))
            merged.emplace_back(text);
    }
    for (const auto& [name, value] : set)
        merged.push_back(name + "=" + value);
    return merged;
}

bool is_program(const std::string& path) {
    struct stat status {};
    return ::stat(path.c_str(), &status) == 0 && S_ISREG(status.st_mode) &&
           ::access(path.c_str(), X_OK) == 0;
}

Result<std::string> find_program(const ProcessSpec& spec) {
    const std::string& name = spec.argv[0];
    if (name.find('/') != std::string::npos) {
        if (is_program(name))
            return name;
        return fail(errors::not_found, fmt::format("{} is not a program that can be run", name));
    }
    const auto set = spec.set_env.find("PATH");
    const char* inherited = std::getenv("PATH");
    std::string path = set != spec.set_env.end() ? set->second : inherited ? inherited : "";
    path += ":/usr/sbin:/usr/bin:/sbin:/bin"; // nft and dnsmasq are not on every user's path
    for (const auto folder : split(path, ':')) {
        auto candidate = fmt::format("{}/{}", folder, name);
        if (!folder.empty() && is_program(candidate))
            return candidate;
    }
    return fail(errors::not_found, fmt::format("the program {} is not installed", name));
}

bool has_nul(const ProcessSpec& spec) {
    const auto bad = [](const std::string& text) { return text.find('\0') != std::string::npos; };
    return std::any_of(spec.argv.begin(), spec.argv.end(), bad) ||
           std::any_of(spec.set_env.begin(), spec.set_env.end(), [&](const auto& entry) {
               return bad(entry.first) || bad(entry.second) ||
                      entry.first.find('=') != std::string::npos;
           });
}

Result<std::vector<Mapping>> make_mappings(const std::vector<InheritedFd>& fds,
                                           const std::array<int, 3>& standard) {
    std::vector<Mapping> mappings;
    for (int i = 0; i < 3; ++i)
        mappings.push_back({standard[i], i, -1});
    for (const auto& fd : fds)
        mappings.push_back({fd.parent_fd, fd.child_fd, -1});
    std::sort(mappings.begin(), mappings.end(), [](const Mapping& a, const Mapping& b) {
        return a.to < b.to;
    });
    for (size_t i = 0; i < mappings.size(); ++i)
        if (mappings[i].to < 0 || (i > 0 && mappings[i].to == mappings[i - 1].to))
            return fail(errors::internal,
                        fmt::format("descriptor {} of a child is given twice, or is one of its "
                                    "standard ones",
                                    mappings[i].to));
    return mappings;
}

Result<Plan>
make_plan(const ProcessSpec& spec, const std::array<int, 3>& standard, ChildKind kind) {
    if (spec.argv.empty() || spec.argv[0].empty())
        return fail(errors::internal, "a program without a name cannot be run");
    if (has_nul(spec))
        return fail(errors::invalid,
                    fmt::format("an argument of {} holds a NUL byte", spec.argv[0]));
    Plan plan;
    plan.kind = kind;
    PILEUS_ASSIGN(plan.program, find_program(spec));
    PILEUS_ASSIGN(plan.mappings, make_mappings(spec.fds, standard));
    plan.environment = merged_environment(spec.set_env);
    for (const auto& argument : spec.argv)
        plan.argv.push_back(const_cast<char*>(argument.c_str()));
    for (auto& entry : plan.environment)
        plan.envp.push_back(entry.data());
    plan.argv.push_back(nullptr);
    plan.envp.push_back(nullptr);
    return plan;
}

bool place_descriptors(Plan& plan) {
    // First everything is moved out of the way, then into its place: so no order of the pairs,
    // not even a swap, can overwrite a descriptor that is still needed.
    const int above = plan.mappings.back().to + 1;
    for (auto& mapping : plan.mappings)
        if ((mapping.moved = ::fcntl(mapping.from, F_DUPFD_CLOEXEC, above)) < 0)
            return false;
    for (const auto& mapping : plan.mappings)
        if (::dup2(mapping.moved, mapping.to) < 0)
            return false;
    unsigned next = 0;
    for (const auto& mapping : plan.mappings) {
        const auto kept = static_cast<unsigned>(mapping.to);
        if (kept > next && ::syscall(SYS_close_range, next, kept - 1, 0) != 0)
            return false;
        next = kept + 1;
    }
    return ::syscall(SYS_close_range, next, UINT_MAX, 0) == 0;
}

void reset_signals() {
    struct sigaction action {};
    action.sa_handler = SIG_DFL;
    for (int number = 1; number < NSIG; ++number)
        ::sigaction(number, &action, nullptr); // refused for a few, which cannot be changed anyway
    sigset_t none;
    ::sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr);
}

[[noreturn]] void give_up(Plan& plan, const char* step) {
    plan.failed_errno = errno;
    plan.failed_step = step;
    ::_exit(127);
}

// Runs on its own stack in the caller's memory, while the caller's thread waits.
int child_main(void* argument) {
    auto& plan = *static_cast<Plan*>(argument);
    if (plan.kind == ChildKind::own_session && ::setsid() < 0)
        give_up(plan, "start a session for");
    if (plan.kind == ChildKind::ends_with_caller &&
        (::setpgid(0, 0) != 0 || ::prctl(PR_SET_PDEATHSIG, SIGKILL) != 0))
        give_up(plan, "start a process group for");
    if (!place_descriptors(plan))
        give_up(plan, "hand descriptors to");
    reset_signals();
    ::execve(plan.program.c_str(), plan.argv.data(), plan.envp.data());
    give_up(plan, "run");
}

class Stack {
  public:
    Stack()
        : memory_(::mmap(nullptr,
                         child_stack_bytes,
                         PROT_READ | PROT_WRITE,
                         MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK,
                         -1,
                         0)) {}
    Stack(const Stack&) = delete;
    Stack& operator=(const Stack&) = delete;
    ~Stack() {
        if (memory_ != MAP_FAILED)
            ::munmap(memory_, child_stack_bytes);
    }
    void* top() const {
        return memory_ == MAP_FAILED ? nullptr : static_cast<char*>(memory_) + child_stack_bytes;
    }

  private:
    void* memory_;
};

} // namespace

Result<Child>
start_child(const ProcessSpec& spec, const std::array<int, 3>& standard, ChildKind kind) {
    PILEUS_ASSIGN(Plan plan, make_plan(spec, standard, kind));
    const Stack stack;
    if (stack.top() == nullptr)
        return fail(errors::unavailable, "no memory to start a program");

    // No handler of ours may run in the child while it shares our memory.
    sigset_t all, before;
    ::sigfillset(&all);
    ::pthread_sigmask(SIG_SETMASK, &all, &before);
    int pidfd = -1;
    const pid_t pid = ::clone(
        child_main, stack.top(), CLONE_VM | CLONE_VFORK | CLONE_PIDFD | SIGCHLD, &plan, &pidfd);
    const int clone_errno = errno;
    ::pthread_sigmask(SIG_SETMASK, &before, nullptr);

    if (pid < 0)
        return fail(errors::unavailable,
                    fmt::format("cannot start {}: {}",
                                plan.program,
                                std::generic_category().message(clone_errno)));
    Child child{pid, UniqueFd(pidfd)};
    if (plan.failed_errno == 0)
        return child;
    siginfo_t ignored{};
    while (::waitid(P_PIDFD, static_cast<id_t>(pidfd), &ignored, WEXITED) != 0 && errno == EINTR) {
    }
    return fail(plan.failed_errno == ENOENT ? errors::not_found : errors::unavailable,
                fmt::format("cannot {} {}: {}",
                            plan.failed_step,
                            plan.program,
                            std::generic_category().message(plan.failed_errno)));
}

} // namespace pileus
