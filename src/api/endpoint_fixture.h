// SPDX-License-Identifier: Apache-2.0
#pragma once

// The endpoint on a store in a folder of its own, a clock that stands still and the same ids in
// every run: what the tests of this folder send signed requests to. For tests only.

#include "api/ec2/operations.h"
#include "api/endpoint.h"
#include "api/sts/operations.h"
#include "auth/signer.h"
#include "store/sqlite/temporary_store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace pileus::api {

class NoConsole final : public cloud::Host {
  public:
    Result<std::string> console_output(const std::string&, const std::string&, size_t) override {
        return std::string();
    }
    Result<std::string> screenshot(const std::string&, const std::string&, bool) override {
        return std::string();
    }
};

class EndpointFixture : public testing::Test {
  protected:
    EndpointFixture() {
        settings_.regions = {{"us-east-1", {{"us-east-1a", "use1-az1"}}}};
        settings_.public_pool = *Ipv4Cidr::parse("127.64.0.0/16");
        settings_.host = {"host-1", 8, 65536, 4.0};
        ec2::register_all(registry_);
        sts::register_identity(registry_);
    }
    http::Response call(const std::string& form, const std::string& service = "ec2") {
        http::Request request;
        request.method = "POST";
        request.target = "/";
        request.headers.add("Host", "127.0.0.1");
        request.headers.add("Content-Type", "application/x-www-form-urlencoded");
        request.body = form;
        request.request_id = "the-request";
        auth::sign(request,
                   {.access_key_id = "KEY",
                    .secret = "secret",
                    .session_token = {},
                    .region = "us-east-1",
                    .service = service},
                   clock_.now());
        return endpoint_.handle(request);
    }

    ManualClock clock_;
    SeededRandom random_{1};
    store::TemporaryStore store_{clock_};
    const catalog::Catalog catalog_ =
        catalog::Catalog::load(PILEUS_SOURCE_DIR "/data/instance_types.toml").value();
    NoConsole host_;
    cloud::Settings settings_;
    cloud::Context context_{
        *store_, clock_, random_, catalog_, host_, settings_, std::string(32, 'k')};
    cloud::Cloud cloud_{context_};
    auth::InMemoryCredentialStore credentials_{{{.access_key_id = "KEY",
                                                 .secret = "secret",
                                                 .account_id = "111122223333",
                                                 .user_id = "111122223333",
                                                 .arn = "arn:aws:iam::111122223333:root",
                                                 .session_token = {},
                                                 .expires_at = {}}}};
    auth::Authenticator authenticator_{
        clock_,
        credentials_,
        {.regions = {"us-east-1"}, .services = {"ec2", "sts", "pileus", "ce"}}};
    Registry registry_;
    Endpoint endpoint_{authenticator_,
                       registry_,
                       cloud_,
                       catalog_,
                       clock_,
                       {{"pileus", [](const domain::Caller& caller, const http::Request&) {
                             return http::make_response(
                                 200, "text/plain", "raw for " + caller.account_id);
                         }}}};
};

} // namespace pileus::api
