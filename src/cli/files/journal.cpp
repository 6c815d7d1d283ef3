// SPDX-License-Identifier: Apache-2.0
#include "cli/files/journal.h"

#include "auth/digest.h"
#include "base/file.h"
#include "base/text.h"
#include "cli/files/limits.h"

#include <fcntl.h>

namespace pileus::cli::files {

namespace {

constexpr size_t digest_characters = 32;

std::string line_of(const std::string& target, const Attributes& source) {
    return digest_of({target,
                      std::to_string(source.size),
                      std::to_string(source.modified_seconds),
                      std::to_string(source.modified_nanoseconds)});
}

} // namespace

std::string digest_of(const std::vector<std::string>& words) {
    std::string text;
    for (const auto& word : words)
        text += std::to_string(word.size()) + ":" + word;
    return hex_encode(auth::as_text(auth::sha256(text))).substr(0, digest_characters);
}

Journal Journal::open(const std::filesystem::path& path) {
    Journal journal;
    journal.path_ = path;
    if (const auto text = read_file(path, journal_bytes_max))
        for (const auto line : split(*text, '\n'))
            if (line.size() == digest_characters) // a torn last line says nothing
                journal.done_.emplace(line);
    return journal;
}

bool Journal::has(const std::string& target, const Attributes& source) const {
    return !done_.empty() && done_.contains(line_of(target, source));
}

void Journal::add(const std::string& target, const Attributes& source) {
    if (!fd_)
        fd_.reset(
            ::open(path_.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600));
    const auto line = line_of(target, source) + "\n";
    // One that is not noted is copied once more.
    if (fd_)
        (void)!::write(fd_.get(), line.data(), line.size());
}

void Journal::remove() {
    fd_.reset();
    done_.clear();
    std::error_code ignored;
    std::filesystem::remove(path_, ignored);
}

} // namespace pileus::cli::files
