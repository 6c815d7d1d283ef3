// SPDX-License-Identifier: Apache-2.0
#pragma once

// An Authenticator that knows the keys of the vectors and stands at a given time. Tests only.

#include "auth/authenticator.h"

namespace pileus::auth {

class Verifier {
  public:
    explicit Verifier(Time now)
        : clock_(now), credentials_(keys()), authenticator_(clock_, credentials_, options()) {}

    Result<Principal> authenticate(const http::Request& request) const {
        return authenticator_.authenticate(request);
    }

  private:
    static std::vector<Credential> keys() {
        const Credential permanent{.access_key_id = "AKIDEXAMPLE",
                                   .secret = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
                                   .account_id = "123456789012",
                                   .user_id = "AIDAEXAMPLE",
                                   .arn = "arn:aws:iam::123456789012:user/example",
                                   .session_token = {},
                                   .expires_at = {}};
        auto temporary = permanent;
        temporary.access_key_id = "ASIAEXAMPLE";
        temporary.session_token =
            "AQoDYXdzEPT//////////"
            "wEXAMPLEtc764bNrC9SAPBSM22wDOk4x4HIZ8j4FZTwdQWLWsKWHGBuFqwAeMicRXmxfp"
            "SPfIeoIYRqTflfKD8YUuw==";
        return {permanent, temporary};
    }
    static AuthenticatorOptions options() {
        return {.regions = {"us-east-1"}, .services = {"ec2", "sts", "service"}};
    }

    ManualClock clock_;
    InMemoryCredentialStore credentials_;
    Authenticator authenticator_;
};

} // namespace pileus::auth
