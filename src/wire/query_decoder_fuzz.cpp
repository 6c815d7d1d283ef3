// SPDX-License-Identifier: Apache-2.0
// Any bytes as a request: the decoder must answer with a tree or an error, and a tree must survive
// being written and read again.
#include "wire/query_decoder.h"
#include "wire/query_encoder.h"
#include "wire/xml_writer.h"

#include <cstdlib>

using namespace pileus;

static void check(const model::ServiceSchema& service, const wire::Form& form) {
    model::Arena arena;
    auto operation = wire::find_action(service, form);
    auto record = operation ? wire::decode(**operation, form, arena)
                            : Result<model::Record*>(fail(operation.error()));
    if (!record) {
        wire::write_error(service, record.error(), "fuzz");
        return;
    }
    if (*record == nullptr)
        return;
    std::string text = wire::encode_query(**record, service.protocol);
    auto again = wire::Form::parse("", text);
    if (!again) // encoding may make text longer than a form may be
        return;
    auto copy = wire::decode_structure((*record)->schema(), service.protocol, *again, arena);
    if (!copy || wire::encode_query(**copy, service.protocol) != text)
        std::abort();
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    std::string_view bytes(reinterpret_cast<const char*>(data), size);
    auto form = wire::Form::parse("", bytes);
    if (!form)
        return 0;
    check(model::ec2_service(), *form);
    check(model::sts_service(), *form);
    return 0;
}
