// SPDX-License-Identifier: Apache-2.0
// The codec as a filter, for botocore_witness.py. Each line of input is answered by one line:
//     request SERVICE QUERY              → "ok QUERY", what the decoder understood, or "error CODE:
//     MESSAGE" response SERVICE OPERATION QUERY   → "ok BASE64", the XML of the output that QUERY
//     describes, or "error CODE: MESSAGE"
#include "base/text.h"
#include "wire/query_decoder.h"
#include "wire/query_encoder.h"
#include "wire/xml_writer.h"

#include <iostream>
#include <string>

using namespace pileus;

static std::string_view take_word(std::string_view& line) {
    size_t space = line.find(' ');
    std::string_view word = line.substr(0, space);
    line.remove_prefix(space == std::string_view::npos ? line.size() : space + 1);
    return word;
}

static Result<std::string> request(const model::ServiceSchema& service, std::string_view query) {
    PILEUS_ASSIGN(wire::Form form, wire::Form::parse("", query));
    PILEUS_ASSIGN(const model::OperationSchema* operation, wire::find_action(service, form));
    model::Arena arena;
    PILEUS_ASSIGN(model::Record * record, wire::decode(*operation, form, arena));
    return record == nullptr ? "" : wire::encode_query(*record, service.protocol);
}

static Result<std::string> response(const model::ServiceSchema& service,
                                    const model::OperationSchema& operation,
                                    std::string_view query) {
    PILEUS_ASSIGN(wire::Form form, wire::Form::parse("", query));
    model::Arena arena;
    model::Record* record = nullptr;
    if (operation.output() != nullptr) {
        PILEUS_ASSIGN(record,
                      wire::decode_structure(*operation.output(), service.protocol, form, arena));
    }
    return base64_encode(wire::write_response(operation, record, service.version, "request-id"));
}

static Result<std::string> answer(std::string_view line) {
    std::string_view what = take_word(line);
    const model::ServiceSchema* service = model::find_service(take_word(line));
    if (service == nullptr)
        return fail("BadLine", "no such service");
    if (what == "request")
        return request(*service, line);
    const model::OperationSchema* operation = service->find_operation(take_word(line));
    if (what != "response" || operation == nullptr)
        return fail("BadLine", "no such operation");
    return response(*service, *operation, line);
}

int main() {
    std::string line;
    while (std::getline(std::cin, line)) {
        auto text = answer(line);
        if (text)
            std::cout << "ok " << *text << std::endl;
        else
            std::cout << "error " << text.error().code << ": " << text.error().message << std::endl;
    }
}
