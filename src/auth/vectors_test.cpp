// SPDX-License-Identifier: Apache-2.0

// Requests that botocore signed (testdata/sigv4_vectors.txt): each is accepted, and refused after
// any change that matters.

#include "auth/authenticator.h"
#include "auth/differential/vectors.h"
#include "auth/differential/verifier.h"

#include <fstream>
#include <gtest/gtest.h>

namespace pileus::auth {
namespace {

std::vector<Vector> vectors() {
    std::ifstream in(std::string(PILEUS_AUTH_TESTDATA) + "/sigv4_vectors.txt");
    return read_vectors(in);
}

// What a change may leave as it was: dot segments and repeated slashes of a path are not signed.
bool same_meaning(const http::Request& a, const http::Request& b) {
    return a.query() == b.query() && canonical_path(a.path()) == canonical_path(b.path());
}

struct Mutation {
    std::string what;
    http::Request request;
};

void mutate(const std::string& text,
            const std::string& what,
            auto make,
            std::vector<Mutation>& out) {
    for (size_t i = 0; i < text.size(); ++i)
        for (const char mask : {'\x01', '\x02', '\x04', '\x80'}) {
            auto changed = text;
            changed[i] = static_cast<char>(changed[i] ^ mask);
            out.push_back({what + " byte " + std::to_string(i), make(changed)});
        }
}

http::Headers with_header(const http::Headers& headers, size_t index, http::Header replacement) {
    http::Headers out;
    for (size_t i = 0; i < headers.size(); ++i) {
        const auto header = i == index ? replacement : headers[i];
        out.add(header.name, header.value);
    }
    return out;
}

// Clients leave Content-Length out of what they sign; a presigned request covers its host only.
bool is_signed(const http::Request& request, std::string_view name) {
    const auto authorization = request.header("authorization").value_or("");
    return equals_ignore_case(name, "host") || equals_ignore_case(name, "authorization") ||
           authorization.find(to_lower(name)) != std::string_view::npos;
}

// Every byte of the request, one at a time.
std::vector<Mutation> mutations(const http::Request& good) {
    std::vector<Mutation> out;
    mutate(
        good.method,
        "method",
        [&](const std::string& text) {
            auto r = good;
            r.method = text;
            return r;
        },
        out);
    mutate(
        good.target,
        "target",
        [&](const std::string& text) {
            auto r = good;
            r.target = text;
            return r;
        },
        out);
    mutate(
        good.body,
        "body",
        [&](const std::string& text) {
            auto r = good;
            r.body = text;
            return r;
        },
        out);
    for (size_t i = 0; i < good.headers.size(); ++i) {
        const auto header = good.headers[i];
        if (!is_signed(good, header.name))
            continue;
        const auto name = std::string(header.name);
        const auto replaced = [&](const std::string& new_name, const std::string& new_value) {
            auto r = good;
            r.headers = with_header(good.headers, i, {new_name, new_value});
            return r;
        };
        mutate(
            name,
            "name of " + name,
            [&](const std::string& text) { return replaced(text, std::string(header.value)); },
            out);
        mutate(
            std::string(header.value),
            name,
            [&](const std::string& text) { return replaced(name, text); },
            out);
    }
    return out;
}

TEST(SigV4Vectors, AreAccepted) {
    const auto all = vectors();
    ASSERT_GE(all.size(), 30u);
    for (const auto& vector : all) {
        const Verifier verifier(vector.now);
        const auto principal = verifier.authenticate(vector.request);
        EXPECT_TRUE(principal) << vector.name << ": " << principal.error().message;
    }
}

TEST(SigV4Vectors, AreRefusedAfterTheChangeOfAnyByte) {
    size_t tried = 0;
    for (const auto& vector : vectors()) {
        const Verifier verifier(vector.now);
        for (const auto& mutation : mutations(vector.request)) {
            if (mutation.request.method == vector.request.method &&
                mutation.request.target != vector.request.target &&
                same_meaning(mutation.request, vector.request))
                continue;
            ++tried;
            EXPECT_FALSE(verifier.authenticate(mutation.request))
                << vector.name << ": " << mutation.what;
        }
    }
    EXPECT_GT(tried, 20'000u);
}

// Header names have no case, runs of blanks are one blank: what HTTP lets a proxy change does not
// break a signature.
TEST(SigV4Vectors, AreAcceptedWhenOnlyTheFormOfAHeaderChanges) {
    for (const auto& vector : vectors()) {
        if (!vector.request.header("authorization"))
            continue;
        auto request = vector.request;
        request.headers = {{"User-Agent", "unsigned/1.0"}};
        for (const auto header : vector.request.headers)
            request.headers.add(to_lower(header.name), header.value);
        EXPECT_TRUE(Verifier(vector.now).authenticate(request)) << vector.name;
    }
}

} // namespace
} // namespace pileus::auth
