// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/clock.h"
#include "http/message.h"
#include "imds/token.h"
#include "imds/tree.h"
#include "store/store.h"

#include <functional>
#include <optional>
#include <string>

namespace pileus::imds {

// Which interface a connection came in on: by the VPC whose listener took it and the mark of its
// socket. The network driver's.
using InterfaceOfMark =
    std::function<std::optional<std::string>(const std::string& vpc_id, uint32_t mark)>;
// "use1-az1" for "us-east-1a".
using ZoneId = std::function<std::string(const std::string& zone)>;

// Answers guests at 169.254.169.254.
// https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/configuring-instance-metadata-service.html
class MetadataService {
  public:
    MetadataService(store::Store& store,
                    const Clock& clock,
                    std::string token_key,
                    InterfaceOfMark interface_of_mark,
                    ZoneId zone_id);

    http::Response handle(const http::Request& request);

  private:
    std::optional<InstanceFacts> find_facts(const std::string& interface_id);
    void note_seen(const domain::Instance& instance);
    http::Response issue_token(const http::Request& request,
                               const InstanceFacts& facts,
                               const std::string& interface_id);
    http::Response
    read(const http::Request& request, const InstanceFacts& facts, const std::string& interface_id);

    store::Store& store_;
    const Clock& clock_;
    const TokenSealer tokens_;
    const InterfaceOfMark interface_of_mark_;
    const ZoneId zone_id_;
};

} // namespace pileus::imds
