// SPDX-License-Identifier: Apache-2.0
//
// Get-, Enable- and DisableEbsEncryptionByDefault, Get-, Modify- and ResetEbsDefaultKmsKeyId: wire
// ↔ cloud.

#include "api/ec2/convert.h"
#include "api/ec2/operations.h"
#include "cloud/cloud.h"
#include "model/ec2/disable_ebs_encryption_by_default.h"
#include "model/ec2/enable_ebs_encryption_by_default.h"
#include "model/ec2/get_ebs_default_kms_key_id.h"
#include "model/ec2/get_ebs_encryption_by_default.h"
#include "model/ec2/modify_ebs_default_kms_key_id.h"
#include "model/ec2/reset_ebs_default_kms_key_id.h"

namespace pileus::api::ec2 {

namespace {

Result<void> get_encryption(Call& call,
                            model::GetEbsEncryptionByDefaultRequest,
                            model::GetEbsEncryptionByDefaultResult out) {
    PILEUS_ASSIGN(const bool enabled, call.cloud.ebs_defaults.encryption(call.caller));
    out.set_ebs_encryption_by_default(enabled).set_sse_type(enabled ? "sse-ebs" : "none");
    return {};
}

Result<void> enable_encryption(Call& call,
                               model::EnableEbsEncryptionByDefaultRequest,
                               model::EnableEbsEncryptionByDefaultResult out) {
    PILEUS_ASSIGN(const bool enabled, call.cloud.ebs_defaults.set_encryption(call.caller, true));
    out.set_ebs_encryption_by_default(enabled);
    return {};
}

Result<void> disable_encryption(Call& call,
                                model::DisableEbsEncryptionByDefaultRequest,
                                model::DisableEbsEncryptionByDefaultResult out) {
    PILEUS_ASSIGN(const bool enabled, call.cloud.ebs_defaults.set_encryption(call.caller, false));
    out.set_ebs_encryption_by_default(enabled);
    return {};
}

// The account's own key is answered by its alias, as EC2 does until another was chosen.
constexpr std::string_view default_key_alias = "alias/aws/ebs";

Result<void> get_default_key(Call& call,
                             model::GetEbsDefaultKmsKeyIdRequest,
                             model::GetEbsDefaultKmsKeyIdResult out) {
    PILEUS_TRY(call.cloud.ebs_defaults.kms_key(call.caller));
    out.set_kms_key_id(default_key_alias);
    return {};
}

Result<void> modify_default_key(Call& call,
                                model::ModifyEbsDefaultKmsKeyIdRequest in,
                                model::ModifyEbsDefaultKmsKeyIdResult out) {
    PILEUS_ASSIGN(const auto key,
                  call.cloud.ebs_defaults.set_kms_key(call.caller, text(in.kms_key_id())));
    out.set_kms_key_id(key);
    return {};
}

Result<void> reset_default_key(Call& call,
                               model::ResetEbsDefaultKmsKeyIdRequest,
                               model::ResetEbsDefaultKmsKeyIdResult out) {
    PILEUS_TRY(call.cloud.ebs_defaults.kms_key(call.caller));
    out.set_kms_key_id(default_key_alias);
    return {};
}

} // namespace

void register_ebs_defaults(Registry& registry) {
    registry.add<model::operations::DisableEbsEncryptionByDefault>(disable_encryption);
    registry.add<model::operations::EnableEbsEncryptionByDefault>(enable_encryption);
    registry.add<model::operations::GetEbsDefaultKmsKeyId>(get_default_key);
    registry.add<model::operations::GetEbsEncryptionByDefault>(get_encryption);
    registry.add<model::operations::ModifyEbsDefaultKmsKeyId>(modify_default_key);
    registry.add<model::operations::ResetEbsDefaultKmsKeyId>(reset_default_key);
}

} // namespace pileus::api::ec2
