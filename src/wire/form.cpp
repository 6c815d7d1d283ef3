// SPDX-License-Identifier: Apache-2.0
#include "wire/form.h"

#include "wire/limits.h"

namespace pileus::wire {

namespace {

int hex_digit(char c) {
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

// Writes the decoded text at `out` and moves it on. Decoding never makes text longer.
std::optional<std::string_view> decode(std::string_view encoded, char*& out) {
    char* begin = out;
    for (size_t i = 0; i < encoded.size(); ++i) {
        char c = encoded[i];
        if (c == '%') {
            if (encoded.size() - i < 3)
                return std::nullopt;
            int high = hex_digit(encoded[i + 1]);
            int low = hex_digit(encoded[i + 2]);
            if (high < 0 || low < 0)
                return std::nullopt;
            c = static_cast<char>(high << 4 | low);
            i += 2;
        } else if (c == '+') {
            c = ' ';
        }
        *out++ = c;
    }
    return std::string_view(begin, static_cast<size_t>(out - begin));
}

} // namespace

Result<Form> Form::parse(std::string_view query_string, std::string_view body) {
    if (query_string.size() > limits::form_bytes_max ||
        body.size() > limits::form_bytes_max - query_string.size()) {
        return fail("InvalidQueryParameter",
                    "The request is larger than " + std::to_string(limits::form_bytes_max) +
                        " bytes");
    }
    Form form;
    form.text_ = std::make_unique_for_overwrite<char[]>(query_string.size() + body.size() + 1);
    char* out = form.text_.get();
    PILEUS_TRY(form.append(query_string, out));
    PILEUS_TRY(form.append(body, out));
    return form;
}

Result<void> Form::append(std::string_view encoded, char*& out) {
    while (!encoded.empty()) {
        size_t end = encoded.find('&');
        std::string_view pair = encoded.substr(0, end);
        encoded.remove_prefix(end == std::string_view::npos ? encoded.size() : end + 1);
        // Some clients end their body with a line break.
        while (!pair.empty() && (pair.back() == '\n' || pair.back() == '\r'))
            pair.remove_suffix(1);
        if (pair.empty())
            continue;
        if (parameters_.size() == limits::parameters_max) {
            return fail("InvalidQueryParameter",
                        "The request has more than " + std::to_string(limits::parameters_max) +
                            " parameters");
        }
        size_t equals = pair.find('=');
        auto name = decode(pair.substr(0, equals), out);
        auto value = equals == std::string_view::npos ? std::string_view()
                                                      : decode(pair.substr(equals + 1), out);
        if (!name || !value)
            return fail("MalformedQueryString",
                        "The query string contains a malformed percent escape");
        if (name->size() > limits::parameter_name_bytes_max) {
            return fail("InvalidQueryParameter",
                        "A parameter name is longer than " +
                            std::to_string(limits::parameter_name_bytes_max) + " bytes");
        }
        parameters_.push_back({*name, *value});
    }
    return {};
}

std::optional<std::string_view> Form::find(std::string_view name) const {
    for (const Parameter& parameter : parameters_) {
        if (parameter.name == name)
            return parameter.value;
    }
    return std::nullopt;
}

} // namespace pileus::wire
