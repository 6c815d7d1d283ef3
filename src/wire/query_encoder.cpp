// SPDX-License-Identifier: Apache-2.0
#include "wire/query_encoder.h"

#include "base/text.h"

#include <algorithm>
#include <fmt/core.h>

namespace pileus::wire {

using model::Kind;
using model::MemberSchema;
using model::Record;
using model::Value;

namespace {

class Encoder {
  public:
    explicit Encoder(model::Protocol protocol) : protocol_(protocol) {}

    void record(const Record& record,
                const std::string& prefix,
                std::initializer_list<std::string_view> ignored) {
        std::span<const MemberSchema> members = record.schema().members();
        for (size_t i = 0; i < members.size(); ++i) {
            bool is_ignored =
                std::find(ignored.begin(), ignored.end(), members[i].name()) != ignored.end();
            if (record.has(i) && !is_ignored)
                member(members[i], record.at(i), prefix + std::string(members[i].query_name()));
        }
    }

    std::string take() { return std::move(out_); }

  private:
    void member(const MemberSchema& member, const Value& held, const std::string& name) {
        if (!member.is_list) {
            bool is_empty_text =
                (member.kind == Kind::string || member.kind == Kind::blob) && held.length == 0;
            if (!is_empty_text) // on the wire an empty scalar means "absent"
                value(member, held, name);
            return;
        }
        const char* between = protocol_ == model::Protocol::aws_query ? ".member." : ".";
        // An element without content leaves no trace, so it gets no number either.
        int number = 1;
        for (uint32_t i = 0; i < held.list->size; ++i) {
            size_t before = out_.size();
            value(member, held.list->items[i], fmt::format("{}{}{}", name, between, number));
            if (out_.size() != before)
                ++number;
        }
    }

    void value(const MemberSchema& member, const Value& value, const std::string& name) {
        switch (member.kind) {
        case Kind::structure:
            return record(*value.record, name + ".", {});
        case Kind::string:
            return pair(name, value.view());
        case Kind::blob:
            return pair(name, base64_encode(value.view()));
        case Kind::integer:
        case Kind::long_integer:
            return pair(name, std::to_string(value.integer));
        case Kind::real:
            return pair(name, fmt::format("{}", value.real));
        case Kind::boolean:
            return pair(name, value.integer != 0 ? "true" : "false");
        case Kind::timestamp:
            return pair(name, format_iso8601(from_microseconds(value.integer)));
        }
    }

    void pair(const std::string& name, std::string_view value) {
        if (!out_.empty())
            out_ += '&';
        out_ += name;
        out_ += '=';
        out_ += percent_encode(value);
    }

    model::Protocol protocol_;
    std::string out_;
};

} // namespace

std::string encode_query(const Record& record,
                         model::Protocol protocol,
                         std::initializer_list<std::string_view> ignored) {
    Encoder encoder(protocol);
    encoder.record(record, "", ignored);
    return encoder.take();
}

} // namespace pileus::wire
