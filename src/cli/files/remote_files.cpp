// SPDX-License-Identifier: Apache-2.0
#include "cli/files/remote_files.h"

#include "base/text.h"
#include "cli/files/limits.h"
#include "cli/files/places.h"

#include <algorithm>
#include <deque>
#include <fmt/core.h>

namespace pileus::cli::files {

namespace {

using sftp::Code;
using sftp::Request;
using sftp::Type;

constexpr const char* atomic_rename = "posix-rename@openssh.com";
constexpr uint32_t private_mode = 0600;

std::string shown(const SftpSession& session, const std::string& path) {
    return session.name() + ":" + printable(path);
}

Error error_of(const SftpSession& session, const std::string& path, const sftp::Status& status) {
    const auto name = shown(session, path);
    switch (status.code) {
    case Code::no_such_file:
        return {errors::not_found, fmt::format("{} is not there", name)};
    case Code::permission_denied:
        return {
            errors::invalid,
            fmt::format("{}: permission denied. Log in as somebody who may (-l), or copy by way "
                        "of the home folder and `pileus ssh {} sudo …`",
                        name,
                        session.name())};
    default:
        return {errors::unavailable,
                fmt::format("{}: the guest says: {}. Is its disk full or read-only? (pileus ssh {} "
                            "df)",
                            name,
                            status.message.empty() ? "failure" : printable(status.message),
                            session.name())};
    }
}

// An answer that tells only how it went.
Result<void>
check(const SftpSession& session, const sftp::Packet& packet, const std::string& path) {
    PILEUS_ASSIGN(const auto status, sftp::read_status(packet));
    if (status.code != Code::ok)
        return fail(error_of(session, path, status));
    return {};
}

// An answer that should be of another type tells why it is not.
Error refusal(const SftpSession& session, const sftp::Packet& packet, const std::string& path) {
    const auto status = sftp::read_status(packet);
    return status ? error_of(session, path, *status) : status.error();
}

class RemoteReader final : public Reader {
  public:
    RemoteReader(SftpSession& session,
                 std::string path,
                 std::string handle,
                 uint64_t offset,
                 uint64_t expected_end)
        : session_(session), path_(std::move(path)), handle_(std::move(handle)), asked_to_(offset),
          expected_end_(expected_end) {}
    ~RemoteReader() override {
        for (const auto& piece : pieces_)
            session_.forget(piece.id);
        session_.forget(session_.send(Type::close, Request().text(handle_)));
    }

    Result<std::string> next() override {
        if (is_at_end_)
            return std::string();
        ask_ahead();
        const auto piece = pieces_.front();
        pieces_.pop_front();
        PILEUS_ASSIGN(auto data, receive(piece));
        // A server may answer with less than it was asked for, though it is not the end.
        while (!is_at_end_ && data.size() < piece.size) {
            const Piece rest =
                ask(piece.offset + data.size(), static_cast<uint32_t>(piece.size - data.size()));
            PILEUS_ASSIGN(const auto more, receive(rest));
            data += more;
        }
        return data;
    }

  private:
    struct Piece {
        uint32_t id;
        uint64_t offset;
        uint32_t size;
    };

    Piece ask(uint64_t offset, uint32_t size) {
        return {session_.send(Type::read, Request().text(handle_).number64(offset).number(size)),
                offset,
                size};
    }

    // One piece at least, and as many as the expected size has: a small file costs few requests.
    void ask_ahead() {
        while (pieces_.empty() ||
               (asked_to_ < expected_end_ && pieces_.size() < requests_ahead_max)) {
            pieces_.push_back(ask(asked_to_, chunk_bytes));
            asked_to_ += chunk_bytes;
        }
    }

    Result<std::string> receive(const Piece& piece) {
        PILEUS_ASSIGN(const auto packet, session_.receive(piece.id));
        if (packet.type == Type::data) {
            PILEUS_ASSIGN(auto data, sftp::read_data(packet));
            if (data.size() > piece.size || data.empty())
                return fail(connection_broken,
                            fmt::format("{} answered with another number of bytes than it was "
                                        "asked for",
                                        session_.name()));
            return data;
        }
        PILEUS_ASSIGN(const auto status, sftp::read_status(packet));
        if (status.code != Code::end_of_file)
            return fail(error_of(session_, path_, status));
        is_at_end_ = true;
        return std::string();
    }

    SftpSession& session_;
    const std::string path_;
    const std::string handle_;
    uint64_t asked_to_;
    const uint64_t expected_end_;
    std::deque<Piece> pieces_;
    bool is_at_end_ = false;
};

class RemoteWriter final : public Writer {
  public:
    RemoteWriter(SftpSession& session, std::string path, std::string handle, uint64_t offset)
        : session_(session), path_(std::move(path)), handle_(std::move(handle)), offset_(offset) {}
    ~RemoteWriter() override {
        for (const auto id : unanswered_)
            session_.forget(id);
        if (!is_closed_)
            session_.forget(session_.send(Type::close, Request().text(handle_)));
    }

    Result<void> write(std::string_view bytes) override {
        while (!bytes.empty()) {
            const auto piece = bytes.substr(0, chunk_bytes);
            bytes.remove_prefix(piece.size());
            unanswered_.push_back(
                session_.send(Type::write, Request().text(handle_).number64(offset_).text(piece)));
            offset_ += piece.size();
            while (unanswered_.size() >= requests_ahead_max)
                PILEUS_TRY(take_answer());
        }
        return {};
    }

    // All that ends a file is sent in one go; the server does it in this order.
    Result<void> finish(const Attributes& attributes, const std::string& final_path) override {
        // A file must be whole before it takes its place.
        while (unanswered_.size() > 0 && offset_ > chunk_bytes)
            PILEUS_TRY(take_answer());
        // Not every file system keeps permissions and times: without them it is a copy, too.
        const auto attributes_id =
            session_.send(Type::fsetstat, Request().text(handle_).attributes(attributes, true));
        unanswered_.push_back(session_.send(Type::close, Request().text(handle_)));
        is_closed_ = true;
        while (!unanswered_.empty())
            PILEUS_TRY(take_answer());
        session_.forget(attributes_id);
        return put_in_place(final_path);
    }

  private:
    Result<void> take_answer() {
        const auto id = unanswered_.front();
        unanswered_.pop_front();
        PILEUS_ASSIGN(const auto packet, session_.receive(id));
        return check(session_, packet, path_);
    }

    Result<void> put_in_place(const std::string& final_path) {
        if (session_.has_extension(atomic_rename)) {
            PILEUS_ASSIGN(const auto packet,
                          session_.ask(Type::extended,
                                       Request().text(atomic_rename).text(path_).text(final_path)));
            return check(session_, packet, final_path);
        }
        // The protocol's own rename takes no place that is taken.
        session_.forget(session_.send(Type::remove, Request().text(final_path)));
        PILEUS_ASSIGN(const auto packet,
                      session_.ask(Type::rename, Request().text(path_).text(final_path)));
        return check(session_, packet, final_path);
    }

    SftpSession& session_;
    const std::string path_;
    const std::string handle_;
    uint64_t offset_;
    std::deque<uint32_t> unanswered_;
    bool is_closed_ = false;
};

} // namespace

std::string RemoteFiles::show(const std::string& path) const {
    return shown(session_, path);
}

Result<std::optional<Attributes>> RemoteFiles::status(const std::string& path, bool follow_links) {
    PILEUS_ASSIGN(const auto packet,
                  session_.ask(follow_links ? Type::stat : Type::lstat, Request().text(path)));
    if (packet.type == Type::attrs) {
        PILEUS_ASSIGN(const auto attributes, sftp::read_attributes(packet));
        return attributes;
    }
    PILEUS_ASSIGN(const auto status, sftp::read_status(packet));
    if (status.code == Code::no_such_file)
        return std::nullopt;
    return fail(error_of(session_, path, status));
}

Result<std::vector<Entry>> RemoteFiles::list(const std::string& folder) {
    PILEUS_ASSIGN(const auto opened, session_.ask(Type::opendir, Request().text(folder)));
    if (opened.type != Type::handle)
        return fail(refusal(session_, opened, folder));
    PILEUS_ASSIGN(const auto handle, sftp::read_handle(opened));
    std::vector<Entry> all;
    for (;;) {
        PILEUS_ASSIGN(const auto packet, session_.ask(Type::readdir, Request().text(handle)));
        if (packet.type != Type::name) {
            PILEUS_ASSIGN(const auto status, sftp::read_status(packet));
            session_.forget(session_.send(Type::close, Request().text(handle)));
            if (status.code != Code::end_of_file)
                return fail(error_of(session_, folder, status));
            return all;
        }
        PILEUS_ASSIGN(auto entries, sftp::read_names(packet));
        for (auto& entry : entries)
            if (entry.name != "." && entry.name != "..")
                all.push_back(std::move(entry));
        if (entries.empty() || all.size() > folder_entries_max)
            return fail(connection_broken,
                        fmt::format("the listing of {} does not end", show(folder)));
    }
}

Result<std::string> RemoteFiles::open(const std::string& path, uint32_t flags) {
    Attributes made;
    made.mode = private_mode; // until it is whole
    PILEUS_ASSIGN(
        const auto packet,
        session_.ask(Type::open, Request().text(path).number(flags).attributes(made, false)));
    if (packet.type != Type::handle)
        return fail(refusal(session_, packet, path));
    return sftp::read_handle(packet);
}

Result<std::unique_ptr<Reader>>
RemoteFiles::read(const std::string& path, uint64_t offset, uint64_t expected_bytes) {
    PILEUS_ASSIGN(auto handle, open(path, sftp::open_read));
    return std::make_unique<RemoteReader>(
        session_, path, std::move(handle), offset, offset + expected_bytes);
}

Result<std::unique_ptr<Writer>> RemoteFiles::write(const std::string& path, uint64_t offset) {
    const uint32_t anew = offset == 0 ? sftp::open_create | sftp::open_truncate : 0;
    PILEUS_ASSIGN(auto handle, open(path, sftp::open_write | anew));
    return std::make_unique<RemoteWriter>(session_, path, std::move(handle), offset);
}

Result<void> RemoteFiles::ask_ok(Type type, const sftp::Request& request, const std::string& path) {
    PILEUS_ASSIGN(const auto packet, session_.ask(type, request));
    return check(session_, packet, path);
}

Result<std::string> RemoteFiles::one_name(Type type, const std::string& path) {
    PILEUS_ASSIGN(const auto packet, session_.ask(type, Request().text(path)));
    if (packet.type != Type::name)
        return fail(refusal(session_, packet, path));
    PILEUS_ASSIGN(auto entries, sftp::read_names(packet));
    if (entries.size() != 1)
        return fail(connection_broken,
                    fmt::format("{} answered with {} names for one", show(path), entries.size()));
    return std::move(entries.front().name);
}

Result<void> RemoteFiles::make_folder(const std::string& path, uint32_t mode) {
    Attributes made;
    made.mode = mode;
    return ask_ok(Type::mkdir, Request().text(path).attributes(made, false), path);
}

Result<void> RemoteFiles::set_mode(const std::string& path, uint32_t mode) {
    Attributes wanted;
    wanted.mode = mode;
    return ask_ok(Type::setstat, Request().text(path).attributes(wanted, false), path);
}

Result<void> RemoteFiles::remove_file(const std::string& path) {
    return ask_ok(Type::remove, Request().text(path), path);
}

Result<std::string> RemoteFiles::read_link(const std::string& path) {
    return one_name(Type::readlink, path);
}

// OpenSSH takes the two the other way round than the protocol's text, and all others follow it.
Result<void> RemoteFiles::make_link(const std::string& path, const std::string& target) {
    return ask_ok(Type::symlink, Request().text(target).text(path), path);
}

Result<std::string> RemoteFiles::canonical(const std::string& path) {
    return one_name(Type::realpath, path);
}

} // namespace pileus::cli::files
