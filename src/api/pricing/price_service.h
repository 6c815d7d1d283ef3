// SPDX-License-Identifier: Apache-2.0
#pragma once

// AWS's Price List Query service over the prices that are in force here. JSON 1.1: `X-Amz-Target:
// AWSPriceListService.<Operation>`, signed for the service "pricing". Any thread may call it.

#include "catalog/catalog.h"
#include "domain/caller.h"
#include "http/message.h"
#include "meter/books.h"

#include <boost/json/object.hpp>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace pileus::api::pricing {

class PriceService {
  public:
    PriceService(const catalog::Catalog& catalog, meter::Books& books)
        : catalog_(catalog), books_(books) {}

    http::Response handle(const domain::Caller& caller, const http::Request& request);

  private:
    using Arguments = boost::json::object;
    using Answer = Result<boost::json::object>;
    // Something with a price, as AWS's list describes it.
    struct Product {
        std::string sku;
        std::string family;
        std::map<std::string, std::string, std::less<>> attributes;
        std::string price; // decimal
        std::string currency;
        std::string unit;
        std::string valid_from; // a day
    };

    Answer run(std::string_view operation, const Arguments& in);
    Answer describe_services(const Arguments& in) const;
    Answer attribute_values(const Arguments& in);
    Answer products(const Arguments& in);
    std::vector<Product> all_products();
    Product product_of(const meter::PriceList& list,
                       std::string_view section,
                       const std::string& name,
                       int64_t price) const;
    static std::string write(const Product& product);

    const catalog::Catalog& catalog_;
    meter::Books& books_;
};

} // namespace pileus::api::pricing
