// SPDX-License-Identifier: Apache-2.0
//
// Copies to and from a real SFTP server, that of OpenSSH, as a child of the test: all but the
// network. What only a hostile guest would say comes from a file system of the test's own.

#include "base/file.h"
#include "cli/files/copier.h"
#include "cli/files/limits.h"
#include "cli/files/local_files.h"
#include "cli/files/places.h"
#include "cli/files/remote_files.h"

#include <algorithm>
#include <csignal>
#include <fcntl.h>
#include <fstream>
#include <gtest/gtest.h>
#include <map>
#include <sys/stat.h>
#include <utility>

namespace pileus::cli::files {
namespace {

namespace fs = std::filesystem;

constexpr const char* server = "/usr/lib/openssh/sftp-server";
constexpr uint64_t mib = 1024 * 1024;

class Seen final : public Observer {
  public:
    void begin_file(const std::string&, uint64_t resumed_at) override { resumed += resumed_at; }
    void advance(uint64_t bytes) override { advanced += bytes; }
    void fault(const std::string& message) override { faults.push_back(message); }

    uint64_t resumed = 0, advanced = 0;
    std::vector<std::string> faults;
};

std::string content_of(size_t size, unsigned seed = 1) {
    std::string text(size, '\0');
    for (auto& c : text)
        c = static_cast<char>((seed = seed * 1664525 + 1013904223) >> 24);
    return text;
}

class Copy : public testing::Test {
  protected:
    void SetUp() override {
        std::signal(SIGPIPE, SIG_IGN); // as the program does
        folder = fs::path(testing::TempDir()) / fmt_name();
        fs::remove_all(folder);
        fs::create_directories(folder / "here");
        fs::create_directories(folder / "there");
        if (!fs::exists(server))
            GTEST_SKIP() << "openssh-sftp-server is not installed";
        session = SftpSession::start({server}, "i-1").value();
        guest = std::make_unique<RemoteFiles>(*session);
    }
    void TearDown() override {
        guest.reset();
        session.reset();
        fs::remove_all(folder);
    }

    static std::string fmt_name() {
        return std::string("pileus-cp-") +
               testing::UnitTest::GetInstance()->current_test_info()->name() + "-" +
               std::to_string(::getpid());
    }
    std::string here(const std::string& name) const { return (folder / "here" / name).string(); }
    std::string there(const std::string& name) const { return (folder / "there" / name).string(); }
    static void put(const std::string& path, std::string_view content) {
        std::ofstream(path, std::ios::binary) << content;
    }

    Result<Report> copy(std::vector<Source> sources, FileSystem& to, const std::string& path) {
        seen = {};
        auto journal = Journal::open(folder / "journal");
        PILEUS_ASSIGN(const auto plan,
                      make_plan({std::move(sources), &to, path, recursive}, [] {}));
        PILEUS_ASSIGN(const auto report, carry_out(plan, to, journal, seen));
        if (report.fault_count == 0) {
            journal.remove();
            EXPECT_EQ(seen.advanced, plan.bytes);
        }
        return report;
    }
    Result<Report> upload(const std::string& from, const std::string& to) {
        return copy({{&local, from, ""}}, *guest, to);
    }
    Result<Report> download(const std::string& from, const std::string& to) {
        return copy({{guest.get(), from, "i-1"}}, local, to);
    }

    fs::path folder;
    LocalFiles local{022};
    std::unique_ptr<SftpSession> session;
    std::unique_ptr<RemoteFiles> guest;
    bool recursive = false;
    Seen seen;
};

TEST_F(Copy, TakesAFileThereAndBackWithItsPermissionsAndTime) {
    // Sizes about the borders of a chunk and of what is asked ahead.
    for (const size_t size : {size_t{0},
                              size_t{1},
                              chunk_bytes - 1,
                              chunk_bytes,
                              chunk_bytes + 1,
                              chunk_bytes * requests_ahead_max + 5,
                              size_t{5 * mib + 77}}) {
        put(here("a"), content_of(size));
        ::chmod(here("a").c_str(), 0750);
        const timespec times[]{{1'000'000, 0}, {1'000'000, 0}};
        ::utimensat(AT_FDCWD, here("a").c_str(), times, 0);
        ASSERT_TRUE(upload(here("a"), there("b")).has_value());
        ASSERT_TRUE(download(there("b"), here("c")).has_value());
        EXPECT_EQ(read_file(here("c"), 64 * mib).value(), content_of(size)) << size;
        const auto status = local.status(here("c"), false).value().value();
        EXPECT_EQ(status.mode, 0750u);
        EXPECT_EQ(status.modified_seconds, 1'000'000);
    }
    EXPECT_EQ(std::distance(fs::directory_iterator(folder / "there"), {}), 1); // no part is left
}

TEST_F(Copy, KeepsNamesThatAShellWouldTakeApart) {
    recursive = true;
    const std::vector<std::string> names{"a b",
                                         "new\nline",
                                         "$(touch x)",
                                         "`id`",
                                         "'",
                                         "\"",
                                         "-rf",
                                         "*",
                                         "~",
                                         "\\",
                                         "\xff\xfe",
                                         "i-1:x",
                                         std::string(255, 'n')};
    fs::create_directories(here("tree/sub dir"));
    for (const auto& name : names)
        put(here("tree/sub dir/" + name), name);
    ASSERT_EQ(upload(here("tree"), there("new")).value().files_copied, names.size());
    ASSERT_EQ(download(there("new"), here("back")).value().files_copied, names.size());
    for (const auto& name : names)
        EXPECT_EQ(read_file(here("back/sub dir/" + name)).value(), name);
}

TEST_F(Copy, GoesIntoAFolderUnderItsName) {
    recursive = true;
    fs::create_directories(here("tree"));
    put(here("tree/x"), "x");
    fs::create_directories(folder / "there/in");
    ASSERT_TRUE(upload(here("tree"), there("in")).has_value());
    EXPECT_TRUE(fs::exists(there("in/tree/x")));
    ASSERT_TRUE(upload(here("tree/."), there("in")).has_value());
    EXPECT_TRUE(fs::exists(there("in/x")));
}

TEST_F(Copy, CopiesLinksInATreeAsLinksAndFollowsThoseThatAreNamed) {
    recursive = true;
    fs::create_directories(here("tree"));
    put(here("tree/x"), "x");
    fs::create_symlink("x", here("tree/link"));
    fs::create_symlink("nowhere", here("tree/dangling"));
    ASSERT_TRUE(upload(here("tree"), there("new")).has_value());
    EXPECT_EQ(fs::read_symlink(there("new/link")), "x");
    EXPECT_EQ(fs::read_symlink(there("new/dangling")), "nowhere");
    ASSERT_TRUE(upload(here("tree/link"), there("file")).has_value());
    EXPECT_FALSE(fs::is_symlink(there("file")));
    // And again, over what is there.
    ASSERT_EQ(upload(here("tree"), there("new")).value().fault_count, 0u);
}

TEST_F(Copy, SaysWhatIsWrongBeforeAnythingIsChanged) {
    fs::create_directories(here("tree"));
    put(here("x"), "x");
    EXPECT_NE(upload(here("tree"), there("new")).error().message.find("add -r"), std::string::npos);
    EXPECT_EQ(upload(here("absent"), there("new")).error().code, errors::not_found);
    EXPECT_EQ(upload(here("x"), there("no/such")).error().code, errors::not_found);
    EXPECT_EQ(upload(here("x"), there("none/")).error().code, errors::not_found);
    EXPECT_FALSE(
        copy({{&local, here("x"), ""}, {&local, here("x"), ""}}, *guest, there("")).has_value());
    EXPECT_FALSE(copy({{&local, here("x"), ""}, {&local, here("tree"), ""}}, *guest, there("y"))
                     .has_value());
    EXPECT_TRUE(fs::is_empty(folder / "there"));
}

TEST_F(Copy, GoesOnWhereItWasBrokenOff) {
    const auto content = content_of(4 * mib);
    put(here("big"), content);
    const auto plan = make_plan({{{&local, here("big"), ""}}, guest.get(), there("big")}, [] {});
    const auto part = part_path(plan.value().items.front());
    put(part, content.substr(0, 3 * mib));
    EXPECT_EQ(upload(here("big"), there("big")).value().bytes_resumed, 3 * mib);
    EXPECT_EQ(read_file(there("big")).value(), content);
    EXPECT_FALSE(fs::exists(part));
    // A part whose end is not the file's is of no use: a guest lost its power.
    put(part, content.substr(0, 2 * mib) + std::string(mib, '\0'));
    EXPECT_EQ(upload(here("big"), there("big")).value().bytes_resumed, 0u);
    EXPECT_EQ(read_file(there("big")).value(), content);
    // The part of a file that was changed is not taken for its own.
    put(part, content.substr(0, 3 * mib));
    put(here("big"), content_of(4 * mib, 2));
    EXPECT_EQ(upload(here("big"), there("big")).value().bytes_resumed, 0u);
}

TEST_F(Copy, SkipsTheFilesOfABrokenRunThatAreDoneAndUnchanged) {
    recursive = true;
    fs::create_directories(here("tree"));
    for (const auto* name : {"a", "b", "c"})
        put(here(std::string("tree/") + name), name);
    fs::create_directories(there("new/c")); // in the way of the third
    ASSERT_EQ(upload(here("tree/."), there("new")).value().fault_count, 1u);
    fs::remove(there("new/c"));
    put(here("tree/b"), "changed");
    const auto again = upload(here("tree/."), there("new")).value();
    EXPECT_EQ(again.files_skipped, 1u);
    EXPECT_EQ(again.files_copied, 2u);
    EXPECT_EQ(read_file(there("new/b")).value(), "changed");
    // Once it was whole, the same command copies everything.
    EXPECT_EQ(upload(here("tree/."), there("new")).value().files_copied, 3u);
}

TEST_F(Copy, EndsWithAWordWhenTheConnectionBreaks) {
    const auto broken = SftpSession::start({"/bin/false"}, "i-1");
    ASSERT_FALSE(broken.has_value());
    EXPECT_EQ(broken.error().code, connection_broken);
    const auto talkative = SftpSession::start({"/bin/echo", "Welcome to this server"}, "i-1");
    ASSERT_FALSE(talkative.has_value());
    EXPECT_NE(talkative.error().message.find("not SFTP"), std::string::npos);
}

// A guest that says what it likes.
class HostileFiles final : public FileSystem {
  public:
    std::map<std::string, std::vector<Entry>> folders;
    std::map<std::string, std::string> links;

    static Entry file(std::string name) { return {std::move(name), {Kind::file, 4, 04755}}; }
    static Entry folder(std::string name) { return {std::move(name), {Kind::folder, 0, 0755}}; }
    static Entry link(std::string name) { return {std::move(name), {Kind::link, 0, 0777}}; }

    std::string show(const std::string& path) const override { return "i-1:" + printable(path); }
    Result<std::optional<Attributes>> status(const std::string& path, bool) override {
        return folders.contains(path) ? Attributes{Kind::folder, 0, 0755}
                                      : Attributes{Kind::file, 4, 04755};
    }
    Result<std::vector<Entry>> list(const std::string& path) override { return folders[path]; }
    Result<std::unique_ptr<Reader>> read(const std::string&, uint64_t, uint64_t) override {
        class Once final : public Reader {
            Result<std::string> next() override { return std::exchange(left_, ""); }
            std::string left_ = "evil";
        };
        return std::make_unique<Once>();
    }
    Result<std::unique_ptr<Writer>> write(const std::string&, uint64_t) override {
        return fail(errors::invalid, "");
    }
    Result<void> make_folder(const std::string&, uint32_t) override { return {}; }
    Result<void> set_mode(const std::string&, uint32_t) override { return {}; }
    Result<void> remove_file(const std::string&) override { return {}; }
    Result<std::string> read_link(const std::string& path) override { return links[path]; }
    Result<void> make_link(const std::string&, const std::string&) override { return {}; }
    Result<std::string> canonical(const std::string& path) override { return path; }
};

TEST_F(Copy, LetsNothingOfAHostileGuestOutOfTheDestination) {
    recursive = true;
    HostileFiles evil;
    const auto outside = (folder / "outside").string();
    fs::create_directories(outside);
    evil.links["t/way"] = outside;
    evil.folders["t"] = {
        HostileFiles::file("../up"),
        HostileFiles::file(outside + "/abs"),
        HostileFiles::file(".."),
        HostileFiles::file(""),
        HostileFiles::link("way"),
        HostileFiles::folder("way"), // twice: the second would lead through the first
        HostileFiles::file("fine")};
    evil.folders["t/way"] = {HostileFiles::file("through")};
    const auto report = copy({{&evil, "t", "i-1"}}, local, here("t"));
    ASSERT_TRUE(report.has_value()) << report.error().message;
    EXPECT_EQ(report->fault_count, 5u);
    EXPECT_TRUE(fs::is_empty(outside));
    EXPECT_EQ(std::distance(fs::directory_iterator(folder / "here"), {}), 1);
    EXPECT_EQ(read_file(here("t/fine")).value(), "evil");
    EXPECT_EQ(local.status(here("t/fine"), false).value()->mode, 0755u); // and no set-user-id

    // Nor does a second copy lead through the link that the first has left.
    evil.folders["t/."] = {HostileFiles::folder("way")};
    evil.folders["t/./way"] = {HostileFiles::file("through")};
    EXPECT_EQ(copy({{&evil, "t/.", "i-1"}}, local, here("t")).value().fault_count, 1u);
    EXPECT_TRUE(fs::is_empty(outside));
}

} // namespace
} // namespace pileus::cli::files
