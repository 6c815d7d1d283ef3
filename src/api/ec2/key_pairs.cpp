// SPDX-License-Identifier: Apache-2.0
//
// CreateKeyPair, ImportKeyPair, DescribeKeyPairs, DeleteKeyPair: wire ↔ cloud.

#include "api/ec2/convert.h"
#include "api/ec2/operations.h"
#include "cloud/cloud.h"
#include "model/ec2/create_key_pair.h"
#include "model/ec2/delete_key_pair.h"
#include "model/ec2/describe_key_pairs.h"
#include "model/ec2/import_key_pair.h"

namespace pileus::api::ec2 {

namespace {

Result<void> create_key_pair(Call& call, model::CreateKeyPairRequest in, model::KeyPair out) {
    // The model holds both to the values that exist.
    cloud::KeyPairCreation creation{
        text(in.key_name()),
        in.key_type() == "ed25519" ? cloud::KeyType::ed25519 : cloud::KeyType::rsa,
        in.key_format() == "ppk" ? cloud::PrivateKeyFormat::ppk : cloud::PrivateKeyFormat::pem,
        tag_specifications_of(in)};
    PILEUS_ASSIGN(const auto created, call.cloud.key_pairs.create(call.caller, creation));
    out.set_key_pair_id(created.view.key.id)
        .set_key_name(created.view.key.name)
        .set_key_fingerprint(created.view.key.fingerprint)
        .set_key_material(created.private_key);
    write_tags(created.view.tags, out);
    return {};
}

Result<void>
import_key_pair(Call& call, model::ImportKeyPairRequest in, model::ImportKeyPairResult out) {
    PILEUS_ASSIGN(
        const auto view,
        call.cloud.key_pairs.import_key(
            call.caller,
            {text(in.key_name()), text(in.public_key_material()), tag_specifications_of(in)}));
    out.set_key_pair_id(view.key.id)
        .set_key_name(view.key.name)
        .set_key_fingerprint(view.key.fingerprint);
    write_tags(view.tags, out);
    return {};
}

Result<void> describe_key_pairs(Call& call,
                                model::DescribeKeyPairsRequest in,
                                model::DescribeKeyPairsResult out) {
    PILEUS_ASSIGN(
        const auto views,
        call.cloud.key_pairs.describe(
            call.caller, {texts(in.key_names()), texts(in.key_pair_ids()), filters_of(in)}));
    for (const auto& view : views) {
        auto key = out.add_key_pairs();
        key.set_key_pair_id(view.key.id)
            .set_key_name(view.key.name)
            .set_key_type(view.key.type)
            .set_key_fingerprint(view.key.fingerprint)
            .set_create_time(view.key.created_at);
        if (in.include_public_key().value_or(false))
            key.set_public_key(view.key.public_key);
        write_tags(view.tags, key);
    }
    return {};
}

Result<void>
delete_key_pair(Call& call, model::DeleteKeyPairRequest in, model::DeleteKeyPairResult out) {
    PILEUS_ASSIGN(
        const auto id,
        call.cloud.key_pairs.erase(call.caller, text(in.key_name()), text(in.key_pair_id())));
    out.set_return_(true).set_key_pair_id(id);
    return {};
}

} // namespace

void register_key_pairs(Registry& registry) {
    registry.add<model::operations::CreateKeyPair>(create_key_pair);
    registry.add<model::operations::ImportKeyPair>(import_key_pair);
    registry.add<model::operations::DescribeKeyPairs>(describe_key_pairs);
    registry.add<model::operations::DeleteKeyPair>(delete_key_pair);
}

} // namespace pileus::api::ec2
