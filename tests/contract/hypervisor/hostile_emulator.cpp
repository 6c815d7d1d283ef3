// SPDX-License-Identifier: Apache-2.0
//
// Stands where QEMU stands, and tries what a guest that took its QEMU over would try. Prints one
// line for each thing that it could do, then "done". The arguments after -- that the driver builds
// do not matter; what to try comes in the environment of the instance's mark: the instances folder.

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <dirent.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sched.h>
#include <string>
#include <string_view>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

namespace {

void try_to_read(const std::string& path) {
    const int fd = ::open(path.c_str(), O_RDONLY);
    if (fd >= 0)
        std::fprintf(stderr, "could read %s\n", path.c_str());
}

void try_to_list(const std::string& path) {
    if (DIR* folder = ::opendir(path.c_str())) {
        std::fprintf(stderr, "could list %s\n", path.c_str());
        ::closedir(folder);
    }
}

void try_to_write(const std::string& path) {
    if (::open(path.c_str(), O_WRONLY | O_CREAT, 0600) >= 0)
        std::fprintf(stderr, "could write %s\n", path.c_str());
}

// Its own descriptors may be there by name: not to get more by them than they give.
void try_to_write_to_descriptors() {
    DIR* const folder = ::opendir("/fds");
    while (const dirent* const entry = folder ? ::readdir(folder) : nullptr) {
        const int fd = std::atoi(entry->d_name);
        const int flags = ::fcntl(fd, F_GETFL);
        if (fd > 2 && flags >= 0 && (flags & O_ACCMODE) == O_RDONLY && fd != ::dirfd(folder) &&
            ::open((std::string("/fds/") + entry->d_name).c_str(), O_WRONLY) >= 0)
            std::fprintf(stderr, "could write to its descriptor %d\n", fd);
    }
    if (folder)
        std::fprintf(stderr, "descriptors are shown\n");
}

void try_to_connect(const std::string& path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strncpy(address.sun_path, path.c_str(), sizeof(address.sun_path) - 1);
    const int fd = ::socket(AF_UNIX, SOCK_STREAM, 0);
    if (::connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof(address)) == 0)
        std::fprintf(stderr, "could connect to %s\n", path.c_str());
}

void try_network() {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(4566);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const int fd = ::socket(AF_INET, SOCK_DGRAM, 0);
    if (::connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof(address)) == 0 &&
        ::send(fd, "x", 1, 0) == 1)
        std::fprintf(stderr, "could send to the host's loopback\n");
}

void try_privileges() {
    if (::setuid(0) == 0 || ::seteuid(0) == 0)
        std::fprintf(stderr, "could become root\n");
    if (::mount("none", "/dev", "tmpfs", 0, nullptr) == 0)
        std::fprintf(stderr, "could mount\n");
    if (::unshare(CLONE_NEWNET) == 0)
        std::fprintf(stderr, "could unshare\n");
    if (::chroot("/usr") == 0)
        std::fprintf(stderr, "could chroot\n");
    if (::socket(AF_PACKET, SOCK_RAW, 0) >= 0)
        std::fprintf(stderr, "could open a packet socket\n");
    if (::kill(::getppid(), 0) == 0)
        std::fprintf(stderr, "could signal the daemon\n");
    if (::ptrace(PTRACE_ATTACH, ::getppid(), nullptr, nullptr) == 0)
        std::fprintf(stderr, "could trace the daemon\n");
}

} // namespace

int main(int, char** argv) {
    const char* mark = std::getenv("PILEUS_MACHINE");
    const std::string own = mark ? mark : "";
    const std::string instances = own.substr(0, own.rfind('/'));
    const std::string peer = instances + "/i-0123456789abcdefb";
    for (const auto& path : {std::string("/etc/passwd"),
                             own + "/machine.json",
                             peer + "/machine.json",
                             peer + "/console.log",
                             std::string("/proc/1/cmdline"),
                             std::string("/dev/mem")})
        try_to_read(path);
    for (const auto& path : {own,
                             instances,
                             std::string("/proc"),
                             std::string("/root"),
                             std::string("/var"),
                             std::string("/tmp"),
                             std::string("/sys")})
        // Its own program must be there for it; the folders above that are empty otherwise.
        if (!std::string_view(argv[0]).starts_with(path + "/"))
            try_to_list(path);
    for (const auto& path : {std::string("/x"),
                             std::string("/dev/x"),
                             std::string("/usr/x"),
                             std::string("/etc/x"),
                             own + "/x"})
        try_to_write(path);
    try_to_write_to_descriptors();
    try_to_connect(own + "/qmp.sock");
    try_to_connect(peer + "/qmp.sock");
    try_network();
    try_privileges();
    // A look around the walls: the root of the process must be the empty one.
    try_to_read("../../../../../../etc/passwd");
    std::fprintf(stderr, "uid %d gid %d\n", ::getuid(), ::getgid());
    std::fprintf(stderr, "done\n");
    return 3;
}
