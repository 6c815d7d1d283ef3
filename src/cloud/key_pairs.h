// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "cloud/context.h"
#include "cloud/filters.h"
#include "cloud/ssh_key.h"
#include "cloud/tags.h"
#include "domain/key_pair.h"

#include <optional>
#include <string>
#include <vector>

namespace pileus::cloud {

struct KeyPairView {
    domain::KeyPair key;
    domain::Tags tags;
};

struct KeyPairCreation {
    std::string name;
    KeyType type = KeyType::rsa;
    PrivateKeyFormat format = PrivateKeyFormat::pem;
    std::vector<TagSpecification> tag_specifications;
};

struct CreatedKeyPair {
    KeyPairView view;
    std::string private_key;
};

struct KeyPairImport {
    std::string name;
    std::string public_key; // as the client gave it
    std::vector<TagSpecification> tag_specifications;
};

struct KeyPairQuery {
    std::vector<std::string> names;
    std::vector<std::string> ids;
    Filters filters;
};

// Key pairs: the public half is kept and given to instances by the metadata service, the private
// half is not kept.
class KeyPairs {
  public:
    explicit KeyPairs(const Context& context) : context_(context) {}

    Result<CreatedKeyPair> create(const domain::Caller& caller, const KeyPairCreation& request);
    Result<KeyPairView> import_key(const domain::Caller& caller, const KeyPairImport& request);
    // By either. A key that is not there is no error, as in EC2; returns the id of the one that
    // was.
    Result<std::optional<std::string>>
    erase(const domain::Caller& caller, const std::string& name, const std::string& id);
    Result<std::vector<KeyPairView>> describe(const domain::Caller& caller,
                                              const KeyPairQuery& query);

  private:
    Result<KeyPairView> add(const domain::Caller& caller,
                            const std::string& name,
                            const SshPublicKey& key,
                            const std::vector<TagSpecification>& tag_specifications);

    const Context& context_;
};

} // namespace pileus::cloud
