// SPDX-License-Identifier: Apache-2.0
#pragma once

// AWS's Cost Explorer: what was charged to the caller's account, by time, dimension and tag. JSON
// 1.1: `X-Amz-Target: AWSInsightsIndexService.<Operation>`, signed for the service "ce". Any thread
// may call it.

#include "api/ce/dimensions.h"
#include "domain/caller.h"
#include "http/message.h"
#include "meter/books.h"
#include "store/store.h"

#include <boost/json/object.hpp>
#include <string_view>

namespace pileus::api::ce {

class CostExplorer {
  public:
    CostExplorer(store::Store& store, meter::Books& books) : store_(store), books_(books) {}

    http::Response handle(const domain::Caller& caller, const http::Request& request);

  private:
    using Arguments = boost::json::object;
    using Answer = Result<boost::json::object>;
    Answer run(const domain::Caller& caller, std::string_view operation, const Arguments& in);
    Answer cost_and_usage(const domain::Caller& caller, const Arguments& in, bool with_resources);
    Answer dimension_values(const domain::Caller& caller, const Arguments& in);
    Answer tags(const domain::Caller& caller, const Arguments& in);
    Answer forecast(const domain::Caller& caller, const Arguments& in);

    TagReader tag_reader(const domain::Caller& caller) const;
    // The caller's own, and what the expression `name` lets through.
    Result<Filter>
    filter_of(const domain::Caller& caller, const Arguments& in, std::string_view name) const;
    // The different values that an aspect has in the time that is asked for.
    Result<std::vector<std::string>>
    values_of(const Aspect& aspect, const Filter& filter, const Arguments& in);

    store::Store& store_;
    meter::Books& books_;
};

} // namespace pileus::api::ce
