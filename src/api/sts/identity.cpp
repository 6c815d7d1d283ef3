// SPDX-License-Identifier: Apache-2.0
//
// GetCallerIdentity: who the credentials are.
// https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html

#include "api/sts/operations.h"
#include "model/sts/get_caller_identity.h"

namespace pileus::api::sts {

namespace {

Result<void> get_caller_identity(Call& call,
                                 model::sts::GetCallerIdentityRequest,
                                 model::sts::GetCallerIdentityResponse out) {
    out.set_account(call.caller.account_id)
        .set_arn(call.caller.arn)
        .set_user_id(call.caller.user_id);
    return {};
}

} // namespace

void register_identity(Registry& registry) {
    registry.add<model::sts::operations::GetCallerIdentity>(get_caller_identity);
}

} // namespace pileus::api::sts
