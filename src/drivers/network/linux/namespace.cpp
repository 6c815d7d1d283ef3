// SPDX-License-Identifier: Apache-2.0
#include "drivers/network/linux/namespace.h"

#include "base/file.h"
#include "base/text.h"

#include <cerrno>
#include <fcntl.h>
#include <filesystem>
#include <fmt/core.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <system_error>

namespace pileus::drivers {

namespace {

constexpr const char* folder = "/run/netns"; // where iproute2 keeps them

tl::unexpected<Error> fail_errno(const std::string& what) {
    const int number = errno;
    return fail(errors::unavailable,
                fmt::format("cannot {}: {}", what, std::generic_category().message(number)));
}

std::string path_of(const std::string& name) {
    return fmt::format("{}/{}", folder, name);
}

// The folder is a shared mount of itself, as `ip netns add` makes it: a namespace that is unmounted
// here is then gone in every other mount namespace too.
Result<void> prepare_folder() {
    PILEUS_TRY(make_directories(folder, 0755));
    if (::mount("", folder, "none", MS_SHARED | MS_REC, nullptr) == 0)
        return {};
    if (errno != EINVAL || ::mount(folder, folder, "none", MS_BIND | MS_REC, nullptr) != 0 ||
        ::mount("", folder, "none", MS_SHARED | MS_REC, nullptr) != 0)
        return fail_errno(fmt::format("make {} a shared mount", folder));
    return {};
}

Result<void> make_namespace(const std::string& path) {
    const UniqueFd file(::open(path.c_str(), O_RDONLY | O_CREAT | O_CLOEXEC, 0444));
    if (!file)
        return fail_errno("create " + path);
    Result<void> result = fail(errors::internal, "did not run");
    std::thread([&] {
        if (::unshare(CLONE_NEWNET) != 0)
            result = fail_errno("make a network namespace (root is needed)");
        else if (::mount("/proc/thread-self/ns/net", path.c_str(), "none", MS_BIND, nullptr) != 0)
            result = fail_errno("keep the network namespace as " + path);
        else
            result = {};
    }).join();
    if (!result)
        ::unlink(path.c_str());
    return result;
}

// A file that is no namespace is what a crash between creating and mounting left.
bool is_namespace_file(const std::string& path) {
    const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    struct stat file {};
    struct stat own {};
    return fd && ::fstat(fd.get(), &file) == 0 && ::stat("/proc/self/ns/net", &own) == 0 &&
           file.st_dev == own.st_dev;
}

} // namespace

Result<NetworkNamespace> NetworkNamespace::create(const std::string& name) {
    const auto path = path_of(name);
    if (!is_namespace_file(path)) {
        PILEUS_TRY(prepare_folder());
        PILEUS_TRY(make_namespace(path));
    }
    return open(name);
}

Result<NetworkNamespace> NetworkNamespace::open(const std::string& name) {
    UniqueFd fd(::open(path_of(name).c_str(), O_RDONLY | O_CLOEXEC));
    if (!fd)
        return fail_errno("open the network namespace " + name);
    return adopt(std::move(fd));
}

Result<NetworkNamespace> NetworkNamespace::of_caller() {
    UniqueFd fd(::open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC));
    if (!fd)
        return fail_errno("open the host's network namespace");
    return adopt(std::move(fd));
}

Result<NetworkNamespace> NetworkNamespace::adopt(UniqueFd fd) {
    struct stat status {};
    if (::fstat(fd.get(), &status) != 0)
        return fail_errno("look at a network namespace");
    return NetworkNamespace(std::move(fd), status.st_ino);
}

Result<void> NetworkNamespace::enter() const {
    if (::setns(fd_.get(), CLONE_NEWNET) != 0)
        return fail_errno("enter a network namespace");
    return {};
}

bool namespace_exists(const std::string& name) {
    return is_namespace_file(path_of(name));
}

Result<void> remove_namespace(const std::string& name) {
    const auto path = path_of(name);
    while (::umount2(path.c_str(), MNT_DETACH) == 0) {
    }
    if (::unlink(path.c_str()) != 0 && errno != ENOENT)
        return fail_errno("remove the network namespace " + name);
    return {};
}

std::vector<std::string> namespaces_with_prefix(std::string_view prefix) {
    std::vector<std::string> names;
    std::error_code ignored;
    for (const auto& entry : std::filesystem::directory_iterator(folder, ignored))
        if (const auto name = entry.path().filename().string(); name.starts_with(prefix))
            names.push_back(name);
    return names;
}

std::vector<pid_t> processes_in(const NetworkNamespace& network_namespace,
                                std::string_view program) {
    std::vector<pid_t> pids;
    std::error_code ignored;
    for (const auto& entry : std::filesystem::directory_iterator("/proc", ignored)) {
        const auto pid = parse_int(entry.path().filename().string());
        struct stat status {};
        if (!pid || ::stat((entry.path() / "ns/net").c_str(), &status) != 0 ||
            status.st_ino != network_namespace.inode())
            continue;
        const auto name = read_file(entry.path() / "comm", 64);
        if (name && trim(*name) == program)
            pids.push_back(static_cast<pid_t>(*pid));
    }
    return pids;
}

Result<void> write_sysctl(const std::string& key, std::string_view value) {
    const auto path = "/proc/sys/net/" + key;
    const UniqueFd fd(::open(path.c_str(), O_WRONLY | O_CLOEXEC));
    if (!fd || ::write(fd.get(), value.data(), value.size()) != static_cast<ssize_t>(value.size()))
        return fail_errno(fmt::format("set {} to {}", path, value));
    return {};
}

Result<void> write_sysctls(std::initializer_list<std::pair<std::string, const char*>> values) {
    for (const auto& [key, value] : values)
        PILEUS_TRY(write_sysctl(key, value));
    return {};
}

bool machine_has_ipv6() {
    return std::filesystem::exists("/proc/sys/net/ipv6/conf/all/disable_ipv6");
}

Result<std::string> read_sysctl(const std::string& key) {
    PILEUS_ASSIGN(const std::string text, read_file("/proc/sys/net/" + key, 4096));
    return std::string(trim(text));
}

} // namespace pileus::drivers
