// SPDX-License-Identifier: Apache-2.0
//
// Whatever a guest sends as path and headers, the metadata service answers with a status that HTTP
// knows and never with another's token.

#include "imds/metadata_service.h"
#include "store/sqlite/temporary_store.h"

#include <cstdlib>

using namespace pileus;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    static ManualClock clock;
    static store::TemporaryStore store(clock);
    static imds::MetadataService service(
        *store,
        clock,
        std::string(32, 'k'),
        [](const std::string&, uint32_t mark) {
            return mark == 0 ? std::optional<std::string>("eni-1") : std::nullopt;
        },
        [](const std::string&) { return std::string(); });
    static const imds::TokenSealer sealer(std::string(32, 'k'));

    const std::string_view text(reinterpret_cast<const char*>(data), size);
    if (sealer.check(text, "eni-1", "i-1", clock.now()))
        std::abort(); // nothing that was not issued is ever a token
    http::Request request;
    request.method = size % 3 == 0 ? "PUT" : "GET";
    request.target = "/" + std::string(text.substr(0, size / 2));
    request.headers.add("X-aws-ec2-metadata-token", text.substr(size / 2));
    if (service.handle(request).status < 200)
        std::abort();
    return 0;
}
