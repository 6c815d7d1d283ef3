// SPDX-License-Identifier: Apache-2.0

// pileus-launch --uid N [--device PATH]… [--expose FOLDER]… [--secret FD]… [--memory-bytes N]
//     [--show-descriptors yes] [--file-bytes N] [--cpu-seconds N] [--parent PID] -- PROGRAM
//     ARGUMENT…
//
// Becomes PROGRAM with nothing but its open descriptors: in network, mount, IPC and host name
// namespaces of its own, where the file system is /usr (read-only) and a few devices, under a uid
// that nobody else has, without capabilities or a way to get any. A guest that takes its QEMU over
// finds no file, no socket, no process and no network there. The daemon runs this as root; it is a
// program of its own because none of this can be done between fork and exec of a threaded process.
// A process that converts disks is held the same way, has limits besides, and dies with its parent.
//
// With --show-descriptors yes, the folder /fds of the new root shows the program its own
// descriptors by number, because QEMU opens a guest's memory by name only. It can open nothing more
// by it than it has, and nothing in another way than its uid may.
//
// What a descriptor given as --secret holds becomes the file /secrets/FD of the new root: QEMU
// takes secrets from files only, and an argument could be read by others.
//
// What stderr says goes to the instance's log. Exit code 125: the containment could not be made.

#include <algorithm>
#include <cerrno>
#include <climits>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <sched.h>
#include <string>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>
#include <vector>

namespace {

constexpr int exit_not_contained = 125;
constexpr rlim_t max_processes = 1024;   // of the uid: threads of one QEMU
constexpr rlim_t max_open_files = 16384; // every layer of every disk is one or two
constexpr size_t max_secret_bytes = 4096;
constexpr const char* oom_score = "300"; // a guest goes before the daemon does

struct Options {
    uid_t uid = 0;
    std::vector<std::string> devices;
    std::vector<std::string> folders = {"/usr"};
    std::vector<int> secrets;
    bool shows_descriptors = false;
    rlim_t memory_bytes = RLIM_INFINITY; // of address space
    rlim_t file_bytes = RLIM_INFINITY;
    rlim_t cpu_seconds = RLIM_INFINITY;
    pid_t parent = 0;           // whose death it does not outlive; 0: it does
    std::vector<char*> program; // ends with a null pointer
};

[[noreturn]] void give_up(const char* what, const char* detail = "") {
    std::fprintf(stderr, "pileus-launch: cannot %s%s: %s\n", what, detail, std::strerror(errno));
    std::_Exit(exit_not_contained);
}

[[noreturn]] void usage() {
    std::fprintf(stderr,
                 "usage: pileus-launch --uid N [OPTION VALUE]… -- PROGRAM ARGUMENT…\n"
                 "Runs a guest's QEMU without privileges. It is for pileusd, not for people.\n");
    std::_Exit(2);
}

uid_t parse_uid(const char* text) {
    char* end = nullptr;
    errno = 0;
    const unsigned long value = std::strtoul(text, &end, 10);
    // Never root, and never the two values that mean "unchanged".
    if (errno != 0 || end == text || *end != '\0' || value < 1000 || value >= 0xfffffffeUL ||
        value == 65534)
        usage();
    return static_cast<uid_t>(value);
}

rlim_t parse_limit(const char* text) {
    char* end = nullptr;
    errno = 0;
    const unsigned long long value = std::strtoull(text, &end, 10);
    if (errno != 0 || end == text || *end != '\0' || value == 0)
        usage();
    return value;
}

int parse_fd(const char* text) {
    char* end = nullptr;
    const long value = std::strtol(text, &end, 10);
    if (end == text || *end != '\0' || value < 3 || value > INT_MAX)
        usage();
    return static_cast<int>(value);
}

Options parse(int argc, char** argv) {
    Options options;
    int i = 1;
    for (; i + 1 < argc && std::strcmp(argv[i], "--") != 0; i += 2) {
        const std::string name = argv[i];
        if (name == "--uid")
            options.uid = parse_uid(argv[i + 1]);
        else if (name == "--device")
            options.devices.push_back(argv[i + 1]);
        else if (name == "--expose")
            options.folders.push_back(argv[i + 1]);
        else if (name == "--secret")
            options.secrets.push_back(parse_fd(argv[i + 1]));
        else if (name == "--show-descriptors")
            options.shows_descriptors = true;
        else if (name == "--memory-bytes")
            options.memory_bytes = parse_limit(argv[i + 1]);
        else if (name == "--file-bytes")
            options.file_bytes = parse_limit(argv[i + 1]);
        else if (name == "--cpu-seconds")
            options.cpu_seconds = parse_limit(argv[i + 1]);
        else if (name == "--parent")
            options.parent = static_cast<pid_t>(parse_limit(argv[i + 1]));
        else
            usage();
    }
    if (options.uid == 0 || i + 1 >= argc || std::strcmp(argv[i], "--") != 0)
        usage();
    options.program.assign(argv + i + 1, argv + argc);
    options.program.push_back(nullptr);
    return options;
}

void make_folders(const std::string& path) {
    for (size_t slash = path.find('/', 1); slash != std::string::npos;
         slash = path.find('/', slash + 1))
        ::mkdir(path.substr(0, slash).c_str(), 0755);
    if (::mkdir(path.c_str(), 0755) != 0 && errno != EEXIST)
        give_up("make the folder ", path.c_str());
}

void bind_read_only(const std::string& from, const std::string& to) {
    if (::mount(from.c_str(), to.c_str(), nullptr, MS_BIND, nullptr) != 0 ||
        ::mount(nullptr,
                to.c_str(),
                nullptr,
                MS_REMOUNT | MS_BIND | MS_RDONLY | MS_NOSUID | MS_NODEV,
                nullptr) != 0)
        give_up("show ", from.c_str());
}

void show_folder(const std::string& root, const std::string& path) {
    make_folders(root + path);
    bind_read_only(path, root + path);
}

// /lib and its like are links into /usr on a merged system, folders elsewhere.
void show_library_folder(const std::string& root, const std::string& path) {
    struct stat status {};
    if (::lstat(path.c_str(), &status) != 0)
        return;
    if (S_ISDIR(status.st_mode))
        return show_folder(root, path);
    char target[PATH_MAX] = {};
    if (::readlink(path.c_str(), target, sizeof(target) - 1) <= 0 ||
        ::symlink(target, (root + path).c_str()) != 0)
        give_up("link ", path.c_str());
}

void show_file(const std::string& root, const std::string& path) {
    if (::access(path.c_str(), R_OK) != 0)
        return;
    make_folders((root + path).substr(0, (root + path).rfind('/')));
    const int fd = ::open((root + path).c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
    if (fd < 0)
        give_up("make ", path.c_str());
    ::close(fd);
    bind_read_only(path, root + path);
}

void make_device(const std::string& root, const std::string& path, uid_t uid) {
    struct stat status {};
    if (::stat(path.c_str(), &status) != 0 || !S_ISCHR(status.st_mode))
        give_up("find the device ", path.c_str());
    const std::string node = root + path;
    if (::mknod(node.c_str(), S_IFCHR | 0600, status.st_rdev) != 0 ||
        ::chown(node.c_str(), uid, uid) != 0)
        give_up("make the device ", path.c_str());
}

void make_secret(const std::string& root, int fd, uid_t uid) {
    const std::string path = root + "/secrets/" + std::to_string(fd);
    char text[max_secret_bytes];
    const ssize_t size = ::read(fd, text, sizeof(text));
    const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0400);
    if (size <= 0 || file < 0 || ::write(file, text, static_cast<size_t>(size)) != size ||
        ::fchown(file, uid, uid) != 0)
        give_up("hand a secret over");
    ::close(file);
    ::close(fd);
}

// Taken before the new root hides it. It shows this very process, which the program will be.
int take_descriptors() {
    const int tree = ::open_tree(AT_FDCWD, "/proc/self/fd", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
    if (tree < 0)
        give_up("find the descriptors");
    return tree;
}

void show_descriptors(const std::string& root, int tree) {
    const std::string path = root + "/fds";
    make_folders(path);
    if (::move_mount(tree, "", AT_FDCWD, path.c_str(), MOVE_MOUNT_F_EMPTY_PATH) != 0)
        give_up("show the descriptors");
    ::close(tree);
}

// A file system that holds what QEMU must read to start, and nothing of the host.
void change_root(const Options& options) {
    const std::string root = "/proc"; // a folder of every machine that holds nothing to show
    if (::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0)
        give_up("make mounts private");
    const int descriptors = options.shows_descriptors ? take_descriptors() : -1;
    if (::mount("pileus", root.c_str(), "tmpfs", MS_NOSUID | MS_NOEXEC, "mode=755,size=8m") != 0)
        give_up("mount a root");
    for (const auto& folder : options.folders)
        show_folder(root, folder);
    for (const char* folder : {"/bin", "/lib", "/lib64"})
        show_library_folder(root, folder);
    show_file(root, "/etc/ld.so.cache");
    make_folders(root + "/dev");
    make_device(root, "/dev/null", options.uid);
    make_device(root, "/dev/urandom", options.uid);
    for (const auto& device : options.devices)
        make_device(root, device, options.uid);
    make_folders(root + "/secrets");
    for (const int secret : options.secrets)
        make_secret(root, secret, options.uid);
    if (options.shows_descriptors)
        show_descriptors(root, descriptors);
    if (::mount(nullptr,
                root.c_str(),
                nullptr,
                MS_REMOUNT | MS_RDONLY | MS_NOSUID | MS_NOEXEC,
                nullptr) != 0)
        give_up("close the root");
    if (::chdir(root.c_str()) != 0 || ::syscall(SYS_pivot_root, ".", ".") != 0 ||
        ::umount2(".", MNT_DETACH) != 0 || ::chdir("/") != 0)
        give_up("enter the root");
}

void set_limits() {
    const rlimit none{0, 0};
    const rlimit processes{max_processes, max_processes};
    if (::setrlimit(RLIMIT_CORE, &none) != 0 || ::setrlimit(RLIMIT_NPROC, &processes) != 0)
        give_up("set limits");
    rlimit files{};
    if (::getrlimit(RLIMIT_NOFILE, &files) != 0)
        give_up("read limits");
    files.rlim_cur = std::min(files.rlim_max, std::max(files.rlim_cur, max_open_files));
    if (::setrlimit(RLIMIT_NOFILE, &files) != 0)
        give_up("set the limit of open files");
    const int fd = ::open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
    if (fd < 0 || ::write(fd, oom_score, std::strlen(oom_score)) < 0)
        give_up("set the OOM score");
    ::close(fd);
}

// After all that needs room, before the program.
void set_program_limits(const Options& options) {
    const rlimit memory{options.memory_bytes, options.memory_bytes};
    const rlimit file{options.file_bytes, options.file_bytes};
    const rlimit cpu{options.cpu_seconds, options.cpu_seconds};
    if (::setrlimit(RLIMIT_AS, &memory) != 0 || ::setrlimit(RLIMIT_FSIZE, &file) != 0 ||
        ::setrlimit(RLIMIT_CPU, &cpu) != 0)
        give_up("set limits");
}

// A change of the user takes this back, so it comes after.
void die_with(pid_t parent) {
    if (parent == 0)
        return;
    if (::prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) != 0)
        give_up("follow the parent");
    if (::getppid() != parent)
        std::_Exit(exit_not_contained); // it has died meanwhile
}

void drop_privileges(uid_t uid) {
    for (int capability = 0; ::prctl(PR_CAPBSET_READ, capability, 0, 0, 0) >= 0; ++capability)
        if (::prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) != 0)
            give_up("drop a capability");
    if (::setgroups(0, nullptr) != 0 || ::setresgid(uid, uid, uid) != 0 ||
        ::setresuid(uid, uid, uid) != 0)
        give_up("change the user");
    __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
    __user_cap_data_struct empty[2] = {};
    if (::syscall(SYS_capset, &header, empty) != 0 || ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
        give_up("drop privileges");
    if (::setresuid(0, 0, 0) == 0 || ::getuid() != uid || ::getegid() != uid) {
        errno = EPERM;
        give_up("drop privileges for good");
    }
}

} // namespace

int main(int argc, char** argv) {
    const Options options = parse(argc, argv);
    ::umask(0022); // the folders of the new root are for the guest's uid to pass
    set_limits();
    if (::unshare(CLONE_NEWNET | CLONE_NEWNS | CLONE_NEWIPC | CLONE_NEWUTS) != 0)
        give_up("make namespaces");
    change_root(options);
    ::umask(0077);
    drop_privileges(options.uid);
    set_program_limits(options);
    die_with(options.parent);

    // The daemon's environment stays behind, but for the mark by which it finds its guests.
    std::vector<std::string> kept = {"PATH=/usr/sbin:/usr/bin", "LC_ALL=C"};
    if (const char* mark = std::getenv("PILEUS_MACHINE"))
        kept.push_back(std::string("PILEUS_MACHINE=") + mark);
    std::vector<char*> environment;
    for (auto& entry : kept)
        environment.push_back(entry.data());
    environment.push_back(nullptr);
    ::execve(options.program[0], options.program.data(), environment.data());
    give_up("run ", options.program[0]);
}
