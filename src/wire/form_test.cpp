// SPDX-License-Identifier: Apache-2.0
#include "wire/form.h"
#include "wire/limits.h"

#include <gtest/gtest.h>

namespace pileus::wire {
namespace {

std::string shown(const Form& form) {
    std::string out;
    for (const Parameter& parameter : form.parameters())
        out += "[" + std::string(parameter.name) + "|" + std::string(parameter.value) + "]";
    return out;
}

TEST(Form, SplitsAndDecodes) {
    struct Case {
        const char* query;
        const char* body;
        const char* expected;
    };
    for (const Case& c : std::initializer_list<Case>{
             {"", "", ""},
             {"a=b", "", "[a|b]"},
             {"", "a=b&c=d", "[a|b][c|d]"},
             {"a=b", "c=d", "[a|b][c|d]"},
             {"", "a=1%2B1+%C3%A9", "[a|1+1 \xC3\xA9]"},
             {"", "tag%3Aname=x%3D%26", "[tag:name|x=&]"},
             {"", "a", "[a|]"},
             {"", "a=", "[a|]"},
             {"", "=b", "[|b]"},
             {"", "a=b=c", "[a|b=c]"},
             {"", "&&a=b&", "[a|b]"},
             {"", "a=b\r\n", "[a|b]"},
             {"", "a=%00", "[a|\0]"},
         }) {
        auto form = Form::parse(c.query, c.body);
        ASSERT_TRUE(form) << c.body;
        std::string expected =
            std::string_view(c.body) == "a=%00" ? std::string("[a|\0]", 5) : c.expected;
        EXPECT_EQ(shown(*form), expected) << c.query << " + " << c.body;
    }
}

TEST(Form, RefusesMalformedEscapes) {
    for (const char* body : {"a=%", "a=%4", "a=%zz", "a=%4g", "%=b", "a=b&c=%F"}) {
        auto form = Form::parse("", body);
        ASSERT_FALSE(form) << body;
        EXPECT_EQ(form.error().code, "MalformedQueryString") << body;
    }
}

TEST(Form, KeepsItsLimits) {
    std::string most;
    for (size_t i = 0; i < limits::parameters_max; ++i)
        most += "a&";
    EXPECT_TRUE(Form::parse("", most));
    EXPECT_EQ(Form::parse("", most + "a").error().code, "InvalidQueryParameter");

    EXPECT_TRUE(Form::parse("", std::string(limits::parameter_name_bytes_max, 'a')));
    EXPECT_EQ(Form::parse("", std::string(limits::parameter_name_bytes_max + 1, 'a')).error().code,
              "InvalidQueryParameter");

    std::string large = "a=" + std::string(limits::form_bytes_max - 2, 'x');
    EXPECT_TRUE(Form::parse("", large));
    EXPECT_EQ(Form::parse("", large + "x").error().code, "InvalidQueryParameter");
    EXPECT_EQ(Form::parse("a", large).error().code, "InvalidQueryParameter");
}

TEST(Form, FindsTheFirstOfAName) {
    auto form = Form::parse("a=1", "a=2&b=3");
    EXPECT_EQ(form->find("a"), "1");
    EXPECT_EQ(form->find("b"), "3");
    EXPECT_EQ(form->find("c"), std::nullopt);
}

TEST(Form, KeepsItsViewsWhenMoved) {
    auto form = Form::parse("", "a=b");
    Form moved = std::move(*form);
    EXPECT_EQ(moved.find("a"), "b");
}

} // namespace
} // namespace pileus::wire
