// SPDX-License-Identifier: Apache-2.0

// Over real loopback sockets: raw bytes in, raw bytes out.

#include "base/clock.h"
#include "base/process.h"
#include "base/random.h"
#include "base/unique_fd.h"
#include "http/server.h"

#include <arpa/inet.h>
#include <atomic>
#include <filesystem>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <latch>
#include <netinet/in.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <string>
#include <sys/socket.h>
#include <thread>
#include <vector>

namespace pileus::http {
namespace {

using namespace std::chrono_literals;
using testing::EndsWith;
using testing::HasSubstr;
using testing::StartsWith;

class Client {
  public:
    explicit Client(uint16_t port) : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
        sockaddr_in address{.sin_family = AF_INET, .sin_port = htons(port)};
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        connected_ =
            ::connect(socket_.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
    }
    bool connected() const { return connected_; }
    int fd() const { return socket_.get(); }

    void send(std::string_view bytes) {
        while (!bytes.empty()) {
            const auto sent = ::send(fd(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
            if (sent <= 0)
                return;
            bytes.remove_prefix(static_cast<size_t>(sent));
        }
    }

    // Until the server closes, or for at most `wait` without a byte.
    std::string read_all(std::chrono::milliseconds wait = 5s) {
        while (read_some(wait))
            ;
        return std::exchange(received_, {});
    }

    // One response; its body has the length that its Content-Length says.
    std::string read_response(bool head_only = false) {
        size_t end;
        while ((end = received_.find("\r\n\r\n")) == std::string::npos)
            if (!read_some(5s))
                return std::exchange(received_, {});
        size_t length = end + 4;
        const auto field = received_.find("Content-Length: ");
        if (!head_only && field < end)
            length += std::stoul(received_.substr(field + 16));
        while (received_.size() < length)
            if (!read_some(5s))
                return std::exchange(received_, {});
        auto response = received_.substr(0, length);
        received_.erase(0, length);
        return response;
    }

    bool closed_within(std::chrono::milliseconds wait) {
        pollfd event{fd(), POLLIN, 0};
        char byte;
        return ::poll(&event, 1, static_cast<int>(wait.count())) == 1 &&
               ::recv(fd(), &byte, 1, 0) <= 0;
    }

  private:
    bool read_some(std::chrono::milliseconds wait) {
        pollfd event{fd(), POLLIN, 0};
        if (::poll(&event, 1, static_cast<int>(wait.count())) != 1)
            return false;
        char bytes[16384];
        const auto count = ::recv(fd(), bytes, sizeof bytes, 0);
        if (count <= 0)
            return false;
        received_.append(bytes, static_cast<size_t>(count));
        return true;
    }

    UniqueFd socket_;
    bool connected_ = false;
    std::string received_;
};

Response echo(const Request& request) {
    return make_response(
        200, "text/plain", request.method + " " + request.target + " " + request.body);
}

class HttpServer : public testing::Test {
  protected:
    uint16_t listen(Handler handler, Limits limits = {}, RunOn run_on = RunOn::WorkerPool) {
        const auto port = server().listen("127.0.0.1",
                                          0,
                                          {.tag = "main",
                                           .handler = std::move(handler),
                                           .render_failure = {},
                                           .run_on = run_on,
                                           .limits = limits,
                                           .tls = {}});
        EXPECT_TRUE(port) << port.error().message;
        return port.value_or(0);
    }
    Server& server() {
        if (!server_)
            server_.emplace(options_, clock_, random_);
        return *server_;
    }
    // Moves the server's clock and gives it time to look at its deadlines.
    void pass(Duration time) {
        std::this_thread::sleep_for(100ms); // the session may be about to set a deadline
        clock_.advance(time);
        std::this_thread::sleep_for(2 * limits::sweep_period);
    }

    ServerOptions options_{.io_threads = 2, .workers = 4};
    ManualClock clock_;
    SeededRandom random_{1};
    std::optional<Server> server_;
};

TEST_F(HttpServer, AnswersAndKeepsTheConnection) {
    const auto port = listen(echo);
    Client client(port);
    for (int i = 0; i < 3; ++i) {
        client.send("POST /x?y=%20 HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi");
        EXPECT_EQ(client.read_response(),
                  "HTTP/1.1 200 OK\r\nDate: Tue, 14 Nov 2023 22:13:20 GMT\r\nContent-Length: 16\r\n"
                  "Content-Type: text/plain\r\n\r\nPOST /x?y=%20 hi");
    }
    EXPECT_EQ(server().statistics().requests, 3u);
    EXPECT_EQ(server().statistics().connections_open, 1u);
}

TEST_F(HttpServer, TellsTheHandlerWhoAsks) {
    Request seen;
    const auto port = listen([&](const Request& request) {
        seen = request;
        return Response{};
    });
    Client client(port);
    client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    client.read_response();
    EXPECT_EQ(seen.peer_address, "127.0.0.1");
    EXPECT_NE(seen.peer_port, 0);
    EXPECT_EQ(seen.listener_tag, "main");
    EXPECT_FALSE(seen.secure);
    EXPECT_THAT(seen.request_id,
                testing::MatchesRegex(
                    "[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"));
}

TEST_F(HttpServer, AnswersPipelinedRequestsInOrder) {
    const auto port = listen(echo);
    Client client(port);
    std::string requests;
    for (int i = 0; i < 200; ++i)
        requests += "GET /" + std::to_string(i) + " HTTP/1.1\r\nHost: a\r\n\r\n";
    client.send(requests);
    for (int i = 0; i < 200; ++i)
        ASSERT_THAT(client.read_response(), EndsWith("GET /" + std::to_string(i) + " "));
}

TEST_F(HttpServer, AnswersHeadWithoutBody) {
    const auto port = listen(echo);
    Client client(port);
    client.send("HEAD /abc HTTP/1.1\r\nHost: a\r\n\r\nGET /next HTTP/1.1\r\nHost: a\r\n\r\n");
    EXPECT_THAT(client.read_response(true), HasSubstr("Content-Length: 10\r\n"));
    EXPECT_THAT(client.read_response(), EndsWith("GET /next "));
}

TEST_F(HttpServer, InvitesAnExpectedBody) {
    const auto port = listen(echo);
    Client client(port);
    client.send("PUT / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n");
    EXPECT_EQ(client.read_response(true), "HTTP/1.1 100 Continue\r\n\r\n");
    client.send("abc");
    EXPECT_THAT(client.read_response(), EndsWith("PUT / abc"));
}

TEST_F(HttpServer, DoesNotInviteABodyThatIsTooLarge) {
    const auto port = listen(echo, {.body_bytes = 2});
    Client client(port);
    client.send("PUT / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n");
    EXPECT_THAT(client.read_all(), StartsWith("HTTP/1.1 413 "));
}

// The client is still sending when the answer is known; the answer must arrive all the same.
TEST_F(HttpServer, DeliversTheRefusalOfALargeBody) {
    const auto port = listen(echo, {.body_bytes = 1000});
    Client client(port);
    client.send("PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 500000\r\n\r\n" +
                std::string(500'000, 'x'));
    const auto answer = client.read_all();
    EXPECT_THAT(answer, StartsWith("HTTP/1.1 413 "));
    EXPECT_THAT(answer, HasSubstr("Connection: close\r\n"));
}

TEST_F(HttpServer, RefusesMalformedBytesAndCloses) {
    const auto port = listen(echo);
    Client client(port);
    client.send("GET / HTTP/1.1\nHost: a\n\n");
    EXPECT_THAT(client.read_all(), StartsWith("HTTP/1.1 400 Bad Request\r\n"));
    EXPECT_EQ(server().statistics().requests, 0u);
    EXPECT_EQ(server().statistics().refused, 1u);
}

TEST_F(HttpServer, RendersFailuresAsTheListenerWants) {
    const auto port =
        server().listen("127.0.0.1",
                        0,
                        {.tag = "xml",
                         .handler = echo,
                         .render_failure =
                             [](const Failure& failure) {
                                 return make_response(failure.status,
                                                      "text/xml",
                                                      "<" + std::string(failure.message) + ">");
                             },
                         .run_on = RunOn::WorkerPool,
                         .limits = {},
                         .tls = {}});
    Client client(*port);
    client.send("GET / HTTP/1.1\r\n\r\n");
    EXPECT_THAT(client.read_all(), EndsWith("<There must be exactly one Host header.>"));
}

TEST_F(HttpServer, TurnsAnExceptionInto500) {
    const auto port =
        listen([](const Request&) -> Response { throw std::runtime_error("secret"); });
    Client client(port);
    client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    const auto answer = client.read_response();
    EXPECT_THAT(answer, StartsWith("HTTP/1.1 500 "));
    EXPECT_THAT(answer, testing::Not(HasSubstr("secret")));
    client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    EXPECT_THAT(client.read_response(), StartsWith("HTTP/1.1 500 "));
}

TEST_F(HttpServer, CutsOffSlowHeads) {
    const auto port = listen(echo);
    Client silent(port), slow(port);
    slow.send("GET / HT");
    EXPECT_FALSE(slow.closed_within(100ms));
    pass(limits::header_time - 1s);
    slow.send("TP/1.1\r\n"); // a byte now and then does not help
    EXPECT_FALSE(slow.closed_within(100ms));
    pass(2s);
    EXPECT_TRUE(slow.closed_within(2s));
    EXPECT_TRUE(silent.closed_within(2s));
    EXPECT_EQ(server().statistics().timed_out, 2u);
}

TEST_F(HttpServer, CutsOffSlowBodies) {
    const auto port = listen(echo);
    Client client(port);
    client.send("PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n12345");
    EXPECT_FALSE(client.closed_within(300ms));
    pass(limits::body_time + 1s);
    EXPECT_TRUE(client.closed_within(2s));
}

TEST_F(HttpServer, ClosesIdleConnections) {
    const auto port = listen(echo);
    Client client(port);
    client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    client.read_response();
    pass(limits::idle_time - 1s);
    EXPECT_FALSE(client.closed_within(100ms));
    pass(2s);
    EXPECT_TRUE(client.closed_within(2s));
}

TEST_F(HttpServer, CutsOffReadersThatDoNotRead) {
    const std::string large(32 * 1024 * 1024, 'x');
    const auto port =
        listen([&](const Request&) { return make_response(200, "text/plain", large); });
    Client client(port);
    client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    std::this_thread::sleep_for(300ms);
    EXPECT_EQ(server().statistics().connections_open, 1u);
    pass(limits::write_time + std::chrono::seconds{large.size() / limits::write_bytes_per_second} +
         1s);
    EXPECT_EQ(server().statistics().connections_open, 0u);
}

TEST_F(HttpServer, DoesNotTimeOutAHandler) {
    std::latch started(1), finish(1);
    const auto port = listen([&](const Request&) {
        started.count_down();
        finish.wait();
        return Response{};
    });
    Client client(port);
    client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    started.wait();
    pass(3600s);
    finish.count_down();
    EXPECT_THAT(client.read_response(), StartsWith("HTTP/1.1 200 "));
}

TEST_F(HttpServer, Answers503WhenTheQueueIsFull) {
    options_ = {.io_threads = 1, .workers = 1, .queued_requests = 1};
    std::latch finish(1);
    std::atomic<int> running = 0;
    const auto port = listen([&](const Request&) {
        ++running;
        finish.wait();
        return Response{};
    });
    const std::string request = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
    Client first(port), second(port), third(port);
    first.send(request);
    while (running == 0)
        std::this_thread::sleep_for(1ms);
    second.send(request);
    std::this_thread::sleep_for(100ms);
    third.send(request);
    EXPECT_THAT(third.read_response(), StartsWith("HTTP/1.1 503 "));
    finish.count_down();
    EXPECT_THAT(first.read_response(), StartsWith("HTTP/1.1 200 "));
    EXPECT_THAT(second.read_response(), StartsWith("HTTP/1.1 200 "));
    third.send(request); // refused for once, not cut off
    EXPECT_THAT(third.read_response(), StartsWith("HTTP/1.1 200 "));
}

TEST_F(HttpServer, Answers503WhenThereAreTooManyConnections) {
    const auto port = listen(echo, {.connections = 1});
    Client first(port);
    first.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    EXPECT_THAT(first.read_response(), StartsWith("HTTP/1.1 200 "));
    Client second(port);
    EXPECT_THAT(second.read_all(), StartsWith("HTTP/1.1 503 "));
}

TEST_F(HttpServer, BoundsAllBodiesTogether) {
    options_.buffered_body_bytes = 300'000;
    const auto port = listen(echo);
    Client first(port), second(port);
    const std::string head = "PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 200001\r\n\r\n";
    first.send(head + std::string(200'000, 'x'));
    std::this_thread::sleep_for(200ms);
    second.send(head + std::string(200'000, 'x'));
    EXPECT_THAT(second.read_all(), StartsWith("HTTP/1.1 503 "));
    first.send("x");
    EXPECT_THAT(first.read_response(), StartsWith("HTTP/1.1 200 "));
    Client third(port);
    third.send(head + std::string(200'001, 'x'));
    EXPECT_THAT(third.read_response(), StartsWith("HTTP/1.1 200 "));
}

TEST_F(HttpServer, ClosesAfterItsShareOfRequests) {
    const auto port = listen(echo, {.requests_per_connection = 2}, RunOn::IoThread);
    Client client(port);
    client.send("GET /1 HTTP/1.1\r\nHost: a\r\n\r\nGET /2 HTTP/1.1\r\nHost: a\r\n\r\nGET /3 "
                "HTTP/1.1\r\nHost: a\r\n\r\n");
    EXPECT_THAT(client.read_response(), testing::Not(HasSubstr("Connection: close")));
    EXPECT_THAT(client.read_response(), HasSubstr("Connection: close"));
    EXPECT_TRUE(client.closed_within(2s));
}

TEST_F(HttpServer, SurvivesClientsThatVanish) {
    const auto port = listen(
        [](const Request&) { return make_response(200, "a/b", std::string(1'000'000, 'x')); });
    for (int i = 0; i < 100; ++i) {
        Client client(port);
        client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
        const linger reset{.l_onoff = 1, .l_linger = 0};
        if (i % 2)
            ::setsockopt(client.fd(), SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
    }
    Client client(port);
    client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    EXPECT_THAT(client.read_response(), StartsWith("HTTP/1.1 200 "));
}

UniqueFd listening_socket(uint16_t& port) {
    UniqueFd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in address{.sin_family = AF_INET};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t length = sizeof address;
    EXPECT_EQ(::bind(fd.get(), reinterpret_cast<sockaddr*>(&address), length), 0);
    EXPECT_EQ(::listen(fd.get(), 16), 0);
    EXPECT_EQ(::getsockname(fd.get(), reinterpret_cast<sockaddr*>(&address), &length), 0);
    port = ntohs(address.sin_port);
    return fd;
}

// The client's kernel drops what comes in with a lower TTL.
void demand_ttl(Client& client, int ttl) {
    ASSERT_EQ(::setsockopt(client.fd(), IPPROTO_IP, IP_MINTTL, &ttl, sizeof ttl), 0);
}

TEST_F(HttpServer, AdoptsAListenerAndLimitsTheTtl) {
    uint16_t port = 0;
    std::string tag;
    const auto handler = [&](const Request& request) {
        tag = request.listener_tag;
        Response response;
        if (request.path() == "/limited")
            response.ip_ttl = 2;
        if (request.path() == "/raised")
            response.ip_ttl = 9;
        return response;
    };
    const auto adopted =
        server().adopt_listener(listening_socket(port), {.tag = "vpc-1", .handler = handler});
    ASSERT_TRUE(adopted) << adopted.error().message;
    Client client(port);
    const auto ask = [&](const std::string& path) {
        client.send("GET " + path + " HTTP/1.1\r\nHost: a\r\n\r\n");
        return client.read_all(300ms);
    };
    demand_ttl(client, 10);
    EXPECT_THAT(ask("/plain"), StartsWith("HTTP/1.1 200 "));
    EXPECT_EQ(tag, "vpc-1");
    EXPECT_EQ(ask("/limited"), "");
    demand_ttl(client, 2);
    EXPECT_THAT(client.read_response(), StartsWith("HTTP/1.1 200 ")) << "retransmitted";
    demand_ttl(client, 3);
    EXPECT_EQ(ask("/raised"), "") << "the TTL was raised again";
    EXPECT_EQ(ask("/plain"), "");
}

TEST_F(HttpServer, RefusesToAdoptWhatDoesNotListen) {
    const auto adopted = server().adopt_listener(UniqueFd(::socket(AF_INET, SOCK_STREAM, 0)),
                                                 {.tag = "x", .handler = echo});
    EXPECT_FALSE(adopted);
    EXPECT_FALSE(server().listen("localhost", 0, {.tag = "y", .handler = echo}));
    const auto port = listen(echo);
    EXPECT_FALSE(server().listen("127.0.0.1", port, {.tag = "z", .handler = echo}))
        << "port in use";
    EXPECT_FALSE(server().listen("127.0.0.1", 0, {.tag = "main", .handler = echo})) << "tag in use";
}

TEST_F(HttpServer, RemovesAListenerWithItsConnections) {
    uint16_t port = 0;
    std::latch started(1), finish(1);
    ASSERT_TRUE(server().adopt_listener(listening_socket(port),
                                        {.tag = "vpc-1", .handler = [&](const Request& request) {
                                             if (request.path() == "/slow") {
                                                 started.count_down();
                                                 finish.wait();
                                             }
                                             return Response{};
                                         }}));
    const auto other_port = listen(echo);
    Client idle(port), busy(port), other(other_port);
    idle.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    idle.read_response();
    busy.send("GET /slow HTTP/1.1\r\nHost: a\r\n\r\n");
    started.wait();
    std::atomic<bool> removed = false;
    std::jthread remover([&] {
        EXPECT_TRUE(server().remove_listener("vpc-1"));
        removed = true;
    });
    EXPECT_TRUE(idle.closed_within(2s));
    std::this_thread::sleep_for(50ms);
    EXPECT_FALSE(removed) << "a handler still runs";
    finish.count_down();
    remover.join();
    EXPECT_FALSE(Client(port).connected());
    other.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    EXPECT_THAT(other.read_response(), StartsWith("HTTP/1.1 200 "));
    EXPECT_EQ(server().remove_listener("vpc-1").error().code, errors::not_found);
}

TEST_F(HttpServer, StopsAfterRunningRequests) {
    std::latch started(1);
    const auto port = listen([&](const Request&) {
        started.count_down();
        std::this_thread::sleep_for(300ms);
        return make_response(200, "text/plain", "done");
    });
    Client idle(port), busy(port);
    busy.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    started.wait();
    server().stop(5s);
    const auto answer = busy.read_all();
    EXPECT_THAT(answer, EndsWith("done"));
    EXPECT_THAT(answer, HasSubstr("Connection: close\r\n"));
    EXPECT_TRUE(idle.closed_within(0ms));
    EXPECT_FALSE(Client(port).connected());
    EXPECT_FALSE(server().listen("127.0.0.1", 0, {.tag = "late", .handler = echo}));
}

TEST_F(HttpServer, StopsWithoutGraceWhileClientsSend) {
    const auto port = listen(echo);
    std::atomic<bool> end = false;
    std::vector<std::jthread> clients;
    for (int i = 0; i < 4; ++i)
        clients.emplace_back([&] {
            while (!end) {
                Client client(port);
                client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
                client.read_all(10ms);
            }
        });
    std::this_thread::sleep_for(200ms);
    server_.reset();
    end = true;
}

// A key and a self-signed certificate, made for this run.
TlsFiles make_certificate(const std::filesystem::path& folder) {
    SystemProcessRunner runner;
    const TlsFiles files{(folder / "certificate.pem").string(), (folder / "key.pem").string()};
    const auto made = run_checked(runner,
                                  {.argv = {"openssl",
                                            "req",
                                            "-x509",
                                            "-newkey",
                                            "ec",
                                            "-pkeyopt",
                                            "ec_paramgen_curve:prime256v1",
                                            "-nodes",
                                            "-subj",
                                            "/CN=localhost",
                                            "-days",
                                            "1",
                                            "-keyout",
                                            files.private_key_path,
                                            "-out",
                                            files.certificate_chain_path}});
    EXPECT_TRUE(made) << made.error().message;
    return files;
}

std::string ask_over_tls(uint16_t port, std::string_view request) {
    const std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)> context(
        SSL_CTX_new(TLS_client_method()), SSL_CTX_free);
    const std::unique_ptr<SSL, decltype(&SSL_free)> tls(SSL_new(context.get()), SSL_free);
    Client client(port);
    SSL_set_fd(tls.get(), client.fd());
    if (SSL_connect(tls.get()) != 1)
        return "no handshake";
    SSL_write(tls.get(), request.data(), static_cast<int>(request.size()));
    std::string answer;
    char bytes[16384];
    for (int count; (count = SSL_read(tls.get(), bytes, sizeof bytes)) > 0;)
        answer.append(bytes, static_cast<size_t>(count));
    return answer;
}

TEST_F(HttpServer, SpeaksTls) {
    auto folder = std::filesystem::temp_directory_path() / ("pileus-tls-" + SystemRandom{}.hex(8));
    std::filesystem::create_directory(folder);
    const auto files = make_certificate(folder);
    bool secure = false;
    const auto port = server().listen(
        "127.0.0.1",
        0,
        {.tag = "tls",
         .handler =
             [&](const Request& request) {
                 secure = request.secure;
                 return make_response(200, "text/plain", request.body + std::string(300'000, 'x'));
             },
         .tls = files});
    ASSERT_TRUE(port) << port.error().message;
    const auto answer = ask_over_tls(
        *port,
        "PUT / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 200000\r\n\r\n" +
            std::string(200'000, 'y'));
    EXPECT_THAT(answer, StartsWith("HTTP/1.1 200 "));
    EXPECT_THAT(answer, EndsWith("yx" + std::string(299'999, 'x')));
    EXPECT_TRUE(secure);
    Client plain(*port);
    plain.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    EXPECT_EQ(plain.read_all().find("HTTP/1.1 200"), std::string::npos);
    EXPECT_FALSE(server().listen(
        "127.0.0.1", 0, {.tag = "bad", .handler = echo, .tls = TlsFiles{"/nowhere", "/nowhere"}}));
    std::filesystem::remove_all(folder);
}

} // namespace
} // namespace pileus::http
