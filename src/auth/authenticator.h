// SPDX-License-Identifier: Apache-2.0
#pragma once

// The one place where a request becomes somebody's: verifies its signature over the bytes as they
// came in and returns the Principal that handlers require. One for the daemon; any thread. Holds a
// cache of derived keys and nothing that must survive a restart.

#include "auth/credentials.h"
#include "auth/principal.h"
#include "auth/signing_keys.h"
#include "auth/sigv2.h"
#include "auth/sigv4.h"
#include "base/clock.h"
#include "base/result.h"
#include "http/message.h"

#include <string>
#include <string_view>
#include <vector>

namespace pileus::auth {

struct AuthenticatorOptions {
    // Accepted in a credential scope. The first one is that of SigV2 requests, which name none.
    std::vector<std::string> regions = {"us-east-1"};
    std::vector<std::string> services = {"ec2", "sts", "iam", "ce"};
    bool accept_signature_v2 = true;
};

class Authenticator {
  public:
    // clock and credentials must outlive it.
    Authenticator(const Clock& clock,
                  const CredentialStore& credentials,
                  AuthenticatorOptions options = {});

    // The error's code is one of those in refusal.h; http_status() gives its status.
    Result<Principal> authenticate(const http::Request& request) const;

  private:
    using Query = std::vector<Parameter>;

    Result<Principal> authenticate_v4(const http::Request& request,
                                      const SigV4Claim& claim,
                                      const Query& query) const;
    Result<Principal> authenticate_v2(const http::Request& request, const Query& parameters) const;
    Result<void> check_scope(const SigV4Claim& claim) const;
    Result<void> check_time(const SigV4Claim& claim) const;
    Result<void> check_time(const SigV2Claim& claim) const;
    Result<Principal> principal_of(const Credential* credential,
                                   bool signature_fits,
                                   const std::optional<std::string>& token,
                                   const SigningScope& scope) const;

    const Clock& clock_;
    const CredentialStore& credentials_;
    const AuthenticatorOptions options_;
    mutable SigningKeyCache signing_keys_;
};

} // namespace pileus::auth
