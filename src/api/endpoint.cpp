// SPDX-License-Identifier: Apache-2.0
#include "api/endpoint.h"

#include "api/http_status.h"
#include "api/parameters_hash.h"
#include "base/log.h"
#include "domain/error_codes.h"
#include "model/schema.h"
#include "wire/form.h"
#include "wire/query_decoder.h"
#include "wire/xml_writer.h"

#include <exception>
#include <fmt/core.h>

namespace pileus::api {

namespace {

http::Response xml_response(int status, std::string body, const std::string& request_id) {
    auto response = http::make_response(status, wire::xml_content_type, std::move(body));
    response.headers.add("x-amzn-RequestId", request_id);
    return response;
}

Error unsupported(const model::OperationSchema& operation, const std::string& reason) {
    const auto why = reason.empty() ? std::string(" yet.") : ": " + reason;
    return {domain::codes::unsupported_operation,
            fmt::format("The operation {} is not supported by Pileus{}", operation.name(), why)};
}

// The service that a request says it is for, before anything of it is believed: in whose form a
// refusal is written.
const model::ServiceSchema& claimed_service(const http::Request& request) {
    static constexpr std::string_view scope_of_sts = "/sts/aws4_request";
    static constexpr std::string_view scope_in_query = "%2Fsts%2Faws4_request";
    const auto header = request.header("Authorization").value_or("");
    const bool is_sts = header.find(scope_of_sts) != std::string_view::npos ||
                        request.target.find(scope_in_query) != std::string::npos;
    return is_sts ? model::sts_service() : model::ec2_service();
}

bool is_dry_run(const model::Record* input) {
    if (!input)
        return false;
    const int index = input->schema().find_by_name("DryRun");
    return index >= 0 && input->has(static_cast<size_t>(index)) &&
           input->at(static_cast<size_t>(index)).integer != 0;
}

} // namespace

Endpoint::Endpoint(const auth::Authenticator& authenticator,
                   const Registry& registry,
                   cloud::Cloud& cloud,
                   const catalog::Catalog& catalog,
                   const Clock& clock,
                   std::map<std::string, RawService> raw_services)
    : authenticator_(authenticator), registry_(registry), cloud_(cloud), catalog_(catalog),
      clock_(clock), raw_services_(std::move(raw_services)) {}

http::Response Endpoint::handle(const http::Request& request) {
    const auto begun = clock_.monotonic();
    Trace trace;
    http::Response response;
    try {
        response = answer(request, trace);
    } catch (const std::exception& failure) {
        log_error("request failed", {{"request", request.request_id}, {"error", failure.what()}});
        response = refuse(claimed_service(request),
                          {errors::internal, "An internal error has occurred. Retry the request."},
                          request,
                          trace);
    }
    const auto took =
        std::chrono::duration_cast<std::chrono::microseconds>(clock_.monotonic() - begun);
    log_debug("request",
              {{"request", request.request_id},
               {"service", trace.service},
               {"operation", trace.operation},
               {"account", trace.account_id},
               {"status", std::to_string(response.status)},
               {"error", trace.error_code},
               {"took_us", std::to_string(took.count())}});
    return response;
}

http::Response Endpoint::answer(const http::Request& request, Trace& trace) {
    const auto principal = authenticator_.authenticate(request);
    if (!principal)
        return refuse(claimed_service(request), principal.error(), request, trace);
    trace.service = principal->service;
    trace.account_id = principal->account_id;
    domain::Caller caller{.account_id = principal->account_id,
                          .region = principal->region,
                          .arn = principal->arn,
                          .user_id = principal->user_id,
                          .request_id = request.request_id};
    if (const auto raw = raw_services_.find(principal->service); raw != raw_services_.end())
        return raw->second(caller, request);
    const auto* service = model::find_service(principal->service);
    if (!service)
        return refuse(model::ec2_service(),
                      {domain::codes::unsupported_operation,
                       fmt::format("The service '{}' is not offered here.", principal->service)},
                      request,
                      trace);
    auto xml = answer_query(caller, *service, request, trace);
    if (!xml)
        return refuse(*service, xml.error(), request, trace);
    return xml_response(200, std::move(*xml), request.request_id);
}

Result<std::string> Endpoint::answer_query(const domain::Caller& proven,
                                           const model::ServiceSchema& service,
                                           const http::Request& request,
                                           Trace& trace) {
    PILEUS_ASSIGN(const auto form, wire::Form::parse(request.query(), request.body));
    PILEUS_ASSIGN(const auto* operation, wire::find_action(service, form));
    trace.operation = operation->name();
    model::Arena arena;
    model::Record* input = nullptr;
    PILEUS_ASSIGN(input, wire::decode(*operation, form, arena));
    const auto* function = registry_.find(*operation);
    if (!function)
        return fail(unsupported(*operation, registry_.refusal(*operation)));

    auto caller = proven;
    caller.dry_run = is_dry_run(input);
    PILEUS_TRY(cloud_.vpcs.ensure_default(caller));
    Call call{caller, cloud_, catalog_, parameters_hash(form)};
    auto* output = operation->output() ? &arena.make(*operation->output()) : nullptr;
    PILEUS_TRY((*function)(call, input, output));
    return wire::write_response(
        *operation, output, wire::requested_version(service, form), request.request_id);
}

http::Response Endpoint::refuse(const model::ServiceSchema& service,
                                const Error& error,
                                const http::Request& request,
                                Trace& trace) const {
    const int status = http_status(error.code);
    const bool is_our_fault = status >= 500;
    trace.error_code = error.code;
    if (is_our_fault)
        log_error(
            "request refused",
            {{"request", request.request_id}, {"code", error.code}, {"error", error.message}});
    return xml_response(status,
                        wire::write_error(service, error, request.request_id, is_our_fault),
                        request.request_id);
}

http::Response Endpoint::render_failure(const http::Failure& failure) const {
    const bool is_our_fault = failure.status >= 500;
    const std::string code = failure.status == 503 ? domain::codes::request_limit_exceeded
                             : is_our_fault        ? errors::internal
                                                   : "InvalidRequest";
    const std::string id(failure.request_id);
    return xml_response(
        failure.status,
        wire::write_error(
            model::ec2_service(), {code, std::string(failure.message)}, id, is_our_fault),
        id);
}

} // namespace pileus::api
