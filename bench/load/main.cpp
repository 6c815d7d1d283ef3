// SPDX-License-Identifier: Apache-2.0
//
// pileus-load: signs the requests it is given on standard input (one form-encoded body a line),
// sends them, and prints what it measured as one JSON object. bench/run drives it.

#include "auth/signer.h"
#include "base/clock.h"
#include "base/text.h"
#include "load/driver.h"
#include "load/null_server.h"

#include <cstdio>
#include <cstdlib>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <iostream>
#include <map>
#include <memory>
#include <stdexcept>

namespace {

using namespace pileus;

constexpr const char* usage =
    R"(usage: pileus-load --port N [option …] <bodies
       pileus-load --null-server [option …] <bodies

  --address A         where the server is (127.0.0.1)
  --null-server       measure the load generator itself, against a server that does nothing
  --connections N     keep-alive connections (1)
  --seconds S         how long requests are sent (1)
  --requests N        send no more than this
  --rate R            open loop: requests per second; closed loop without it
  --access-key K --secret S --region R
)";

using Options = std::map<std::string, std::string>;

Options parse_options(int count, char** words) {
    Options options;
    for (int i = 1; i < count; ++i) {
        const std::string name = words[i];
        if (name == "--null-server")
            options[name] = "yes";
        else if (name.starts_with("--") && i + 1 < count)
            options[name] = words[++i];
        else
            throw std::invalid_argument(name);
    }
    return options;
}

std::string get(const Options& options, const std::string& name, const std::string& otherwise) {
    const auto found = options.find(name);
    return found == options.end() ? otherwise : found->second;
}

std::string sign(const std::string& body, const auth::Signer& signer, uint16_t port, Time now) {
    http::Request request;
    request.method = "POST";
    request.target = "/";
    request.headers.add("Host", fmt::format("127.0.0.1:{}", port));
    request.headers.add("Content-Type", "application/x-www-form-urlencoded; charset=utf-8");
    request.body = body;
    auth::sign(request, signer, now);

    auto bytes = fmt::format("POST / HTTP/1.1\r\nContent-Length: {}\r\n", body.size());
    for (const auto& header : request.headers)
        bytes += fmt::format("{}: {}\r\n", header.name, header.value);
    return bytes + "\r\n" + body;
}

bench::Load make_load(const Options& options, uint16_t port, const Clock& clock) {
    bench::Load load;
    load.address = get(options, "--address", load.address);
    load.port = port;
    load.connections = std::stoi(get(options, "--connections", "1"));
    load.duration = std::chrono::nanoseconds(
        static_cast<int64_t>(1e9 * std::stod(get(options, "--seconds", "1"))));
    load.most_requests = std::stoull(get(options, "--requests", "1000000000"));
    load.rate_per_second = std::stod(get(options, "--rate", "0"));

    const auth::Signer signer{.access_key_id = get(options, "--access-key", "key"),
                              .secret = get(options, "--secret", "secret"),
                              .region = get(options, "--region", "us-east-1")};
    for (std::string body; std::getline(std::cin, body);)
        load.requests.push_back(sign(body, signer, port, clock.now()));
    if (load.requests.empty() || load.connections < 1)
        throw std::invalid_argument("no requests or no connections");
    return load;
}

void print(const bench::Measured& measured) {
    // The body of a failure is for people: what would break the JSON goes.
    std::string failure;
    for (const char c : measured.first_failure.substr(0, 500))
        failure += c >= ' ' && c != '"' && c != '\\' ? c : ' ';
    fmt::print("{{\"seconds\": {:.6f}, \"failures\": {}, \"first_failure\": \"{}\", "
               "\"latencies_us\": [{}]}}\n",
               measured.seconds,
               measured.failures,
               failure,
               fmt::join(measured.latencies_us, ","));
}

} // namespace

int main(int count, char** words) {
    try {
        const auto options = parse_options(count, words);
        const SystemClock clock;
        std::unique_ptr<bench::NullServer> null_server;
        if (options.contains("--null-server"))
            null_server = std::make_unique<bench::NullServer>();
        const auto port = null_server
                              ? null_server->port()
                              : static_cast<uint16_t>(std::stoi(get(options, "--port", "")));
        print(bench::run(make_load(options, port, clock), clock));
    } catch (const std::invalid_argument& wrong) {
        fmt::print(stderr, "pileus-load: {}\n{}", wrong.what(), usage);
        return 2;
    } catch (const std::exception& failure) {
        fmt::print(stderr, "pileus-load: {}\n", failure.what());
        return 1;
    }
}
