// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "cloud/context.h"

#include <string>

namespace pileus::cloud {

// What an account has decided for its volumes in a region: whether new ones are encrypted, and by
// which key. There is one key, the account's own; see cloud/encryption.h.
// https://docs.aws.amazon.com/ebs/latest/userguide/encryption-by-default.html
class EbsDefaults {
  public:
    explicit EbsDefaults(const Context& context) : context_(context) {}

    Result<bool> encryption(const domain::Caller& caller);
    Result<bool> set_encryption(const domain::Caller& caller, bool enabled);
    // The ARN.
    Result<std::string> kms_key(const domain::Caller& caller);
    Result<std::string> set_kms_key(const domain::Caller& caller, const std::string& name);

  private:
    const Context& context_;
};

} // namespace pileus::cloud
