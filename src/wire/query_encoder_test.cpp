// SPDX-License-Identifier: Apache-2.0
#include "base/random.h"
#include "model/ec2/run_instances.h"
#include "wire/query_decoder.h"
#include "wire/query_encoder.h"

#include <gtest/gtest.h>

namespace pileus::wire {
namespace {

using model::Kind;
using model::MemberSchema;
using model::Record;

// Fills a record with random members, by its schema: some absent, all kinds, lists of up to three.
class Filler {
  public:
    explicit Filler(uint64_t seed) : random_(seed) {}

    void fill(Record& record, int depth) {
        std::span<const MemberSchema> members = record.schema().members();
        for (size_t i = 0; i < members.size(); ++i) {
            if (below(3) == 0 || (members[i].kind == Kind::structure && depth > 6))
                continue;
            if (members[i].is_list) {
                for (uint64_t n = 1 + below(3); n > 0; --n)
                    append(record, i, members[i], depth);
            } else {
                set(record, i, members[i], depth);
            }
        }
    }

  private:
    uint64_t below(uint64_t bound) { return random_.next_u64() % bound; }

    std::string text(const MemberSchema& member) {
        if (const model::EnumSchema* values = member.enumeration())
            return std::string(values->values()[below(values->values().size())].view());
        static constexpr std::string_view pieces[] = {
            "a", "Z", "0", " ", "&", "=", "%", "+", "<", "\xC3\xA9", "\n", ".", "\xF0\x9F\x94\x91"};
        std::string out = "x"; // an empty scalar means "absent"
        for (uint64_t n = below(8); n > 0; --n)
            out += pieces[below(std::size(pieces))];
        return out;
    }

    std::string bytes() {
        std::string out = "x";
        for (uint64_t n = below(8); n > 0; --n)
            out += static_cast<char>(below(256));
        return out;
    }

    int64_t number(const MemberSchema& member) {
        if (const model::Bounds* bounds = member.bounds())
            return bounds->min + static_cast<int64_t>(below(10));
        switch (member.kind) {
        case Kind::boolean:
            return static_cast<int64_t>(below(2));
        case Kind::integer:
            return static_cast<int32_t>(random_.next_u64());
        case Kind::timestamp: // milliseconds of the years 1970 to 2100
            return static_cast<int64_t>(below(4'102'444'800'000)) * 1000;
        default:
            return static_cast<int64_t>(random_.next_u64());
        }
    }

    double real() { return static_cast<double>(below(1'000'000)) / 64.0; }

    void set(Record& record, size_t i, const MemberSchema& member, int depth) {
        if (member.kind == Kind::structure)
            fill(record.touch_record(i), depth + 1);
        else if (member.kind == Kind::string)
            record.set_text(i, text(member));
        else if (member.kind == Kind::blob)
            record.set_text(i, bytes());
        else if (member.kind == Kind::real)
            record.set_real(i, real());
        else
            record.set_integer(i, number(member));
    }

    void append(Record& record, size_t i, const MemberSchema& member, int depth) {
        if (member.kind == Kind::structure)
            fill(record.append_record(i), depth + 1);
        else if (member.kind == Kind::string)
            record.append_text(i, text(member));
        else if (member.kind == Kind::blob)
            record.append_text(i, bytes());
        else if (member.kind == Kind::real)
            record.append_real(i, real());
        else
            record.append_integer(i, number(member));
    }

    SeededRandom random_;
};

// Empty structures leave no trace in a query, so two trees are the same when their queries are.
void check_round_trip(const model::OperationSchema& operation, uint64_t seed) {
    model::Protocol protocol = operation.service().protocol;
    model::Arena arena;
    Record& before = arena.make(*operation.input());
    Filler(seed).fill(before, 0);
    std::string text = encode_query(before, protocol);
    auto form = Form::parse("", text);
    if (!form) // a random tree may be larger than a request
        return;
    auto after = decode_structure(*operation.input(), protocol, *form, arena);
    ASSERT_TRUE(after) << operation.name() << ": " << after.error().message << "\n" << text;
    EXPECT_EQ(encode_query(**after, protocol), text) << operation.name();
}

TEST(QueryEncoder, IsReadBackByTheDecoderForEveryOperation) {
    for (const model::ServiceSchema* service : {&model::ec2_service(), &model::sts_service()}) {
        for (const model::OperationSchema& operation : service->operations()) {
            if (operation.input() == nullptr)
                continue;
            for (uint64_t seed = 1; seed <= 3; ++seed)
                check_round_trip(operation, seed);
        }
    }
}

TEST(QueryEncoder, LeavesIgnoredMembersOut) {
    model::Arena arena;
    auto in = model::RunInstancesRequest::make(arena);
    in.set_image_id("ami-1").set_client_token("once").set_dry_run(true);
    EXPECT_EQ(encode_query(*in.record(), model::Protocol::ec2_query, {"ClientToken", "DryRun"}),
              "ImageId=ami-1");
}

TEST(QueryEncoder, LeavesNoTraceOfEmptyLists) {
    model::Arena arena;
    auto in = model::RunInstancesRequest::make(arena);
    in.touch_security_group_ids().set_placement();
    EXPECT_EQ(encode_query(*in.record(), model::Protocol::ec2_query), "");
}

} // namespace
} // namespace pileus::wire
