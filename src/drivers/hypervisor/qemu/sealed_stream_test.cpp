// SPDX-License-Identifier: Apache-2.0
#include "base/unique_fd.h"
#include "drivers/hypervisor/qemu/sealed_stream.h"

#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <thread>

namespace pileus::drivers {
namespace {

const std::string secret(32, 's');
constexpr std::string_view label = "{\"places\":{}}";

UniqueFd file_of(std::string_view text) {
    UniqueFd fd(::memfd_create("test", MFD_CLOEXEC));
    EXPECT_EQ(::pwrite(fd.get(), text.data(), text.size(), 0), static_cast<ssize_t>(text.size()));
    return fd;
}

std::string content_of(const UniqueFd& fd) {
    std::string text(static_cast<size_t>(::lseek(fd.get(), 0, SEEK_END)), '\0');
    EXPECT_EQ(::pread(fd.get(), text.data(), text.size(), 0), static_cast<ssize_t>(text.size()));
    return text;
}

std::string sealed(std::string_view text) {
    const auto from = file_of(text);
    const auto to = file_of("");
    EXPECT_TRUE(seal_stream(from.get(), to.get(), lock_of(secret).value(), label));
    return content_of(to);
}

struct Opened {
    Result<void> result;
    std::string text;
};

Opened open(std::string_view sealed_text, const std::string& with = secret) {
    const auto from = file_of(sealed_text);
    int ends[2];
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    UniqueFd to(ends[0]);
    const UniqueFd reader(ends[1]);
    std::string text;
    std::thread reading([&] {
        char buffer[65536];
        for (ssize_t n = 0; (n = ::read(reader.get(), buffer, sizeof buffer)) > 0;)
            text.append(buffer, static_cast<size_t>(n));
    });
    auto result = unseal_stream(from.get(), to.get(), with);
    to.reset();
    reading.join();
    return {std::move(result), std::move(text)};
}

TEST(SealedStream, ComesBackAsItWas) {
    for (const size_t size : {0, 1, 256 * 1024 - 1, 256 * 1024, 1000 * 1000}) {
        std::string text(size, '\0');
        for (size_t i = 0; i < size; ++i)
            text[i] = static_cast<char>(i * 7 >> 3);
        const auto opened = open(sealed(text));
        EXPECT_TRUE(opened.result) << size;
        EXPECT_EQ(opened.text, text) << size;
    }
}

TEST(SealedStream, ShowsItsLabelAndNothingElse) {
    const auto text = sealed("the guest's memory");
    EXPECT_EQ(text.find("memory"), std::string::npos);
    const auto file = file_of(text);
    const auto head = read_sealed_head(file.get());
    ASSERT_TRUE(head);
    EXPECT_EQ(head->label, label);
    EXPECT_EQ(head->lock, lock_of(secret).value());
}

TEST(SealedStream, OpensWithItsSecretOnly) {
    const auto opened = open(sealed("text"), std::string(32, 't'));
    EXPECT_FALSE(opened.result);
    EXPECT_EQ(opened.text, "");
}

TEST(SealedStream, NoByteOfItCanBeChanged) {
    const auto text = sealed("some text");
    for (size_t i = 0; i < text.size(); ++i) {
        auto changed = text;
        changed[i] = static_cast<char>(changed[i] ^ 1);
        const auto opened = open(changed);
        EXPECT_FALSE(opened.result) << i;
        EXPECT_EQ(opened.text, "") << i;
    }
}

TEST(SealedStream, CannotBeCutOffOrPutTogetherAnew) {
    const auto text = sealed(std::string(3 * 256 * 1024, 'x'));
    constexpr size_t piece = 4 + 256 * 1024 + 16;
    const size_t head = text.size() - 3 * piece - (4 + 16);
    for (const size_t size : {head, head + piece, head + 2 * piece, text.size() - 1})
        EXPECT_FALSE(open(text.substr(0, size)).result) << size;
    EXPECT_FALSE(open(text.substr(0, head) + text.substr(head + piece)).result);
    EXPECT_TRUE(open(text).result);
}

} // namespace
} // namespace pileus::drivers
