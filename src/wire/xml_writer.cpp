// SPDX-License-Identifier: Apache-2.0
#include "wire/xml_writer.h"

#include "base/text.h"

#include <algorithm>
#include <array>
#include <fmt/format.h>

namespace pileus::wire {

using model::Kind;
using model::MemberSchema;
using model::Record;
using model::Value;

namespace {

constexpr std::string_view declaration = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";
constexpr std::string_view replacement_character = "\xEF\xBF\xBD";

// Length of the UTF-8 character at the front of `text` that XML can carry, 0 when it is not one.
size_t multibyte_length(std::string_view text) {
    auto lead = static_cast<unsigned char>(text[0]);
    size_t length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
    if (lead < 0xC2 || lead > 0xF4 || text.size() < length ||
        !is_valid_utf8(text.substr(0, length)))
        return 0;
    bool is_noncharacter = text.starts_with("\xEF\xBF\xBE") || text.starts_with("\xEF\xBF\xBF");
    return is_noncharacter ? 0 : length;
}

// The bytes that go out as they are; most text is nothing else.
constexpr std::array<bool, 256> plain_bytes = [] {
    std::array<bool, 256> plain{};
    for (int byte = 0x20; byte < 0x80; ++byte)
        plain[static_cast<size_t>(byte)] = true;
    for (char c : {'&', '<', '>', '"', '\''})
        plain[static_cast<unsigned char>(c)] = false;
    plain['\t'] = plain['\n'] = true;
    return plain;
}();

size_t plain_length(std::string_view text) {
    size_t length = 0;
    while (length < text.size() && plain_bytes[static_cast<unsigned char>(text[length])])
        ++length;
    return length;
}

class Writer {
  public:
    Writer() { out_.reserve(4096); }

    void raw(std::string_view text) { out_ += text; }

    void element(std::string_view name, std::string_view text) {
        open(name);
        append_escaped(out_, text);
        close(name);
    }

    void open(std::string_view name) {
        out_ += '<';
        out_ += name;
        out_ += '>';
    }

    void close(std::string_view name) {
        out_ += "</";
        out_ += name;
        out_ += '>';
    }

    void empty(std::string_view name) {
        out_ += '<';
        out_ += name;
        out_ += "/>";
    }

    // `renders_all_lists`: also those that were not touched.
    void members(const Record& record, bool renders_all_lists) {
        std::span<const MemberSchema> all = record.schema().members();
        for (size_t i = 0; i < all.size(); ++i) {
            if (record.has(i))
                member(all[i], record.at(i));
            else if (renders_all_lists && all[i].is_list)
                empty(all[i].xml_name());
        }
    }

    std::string take() { return std::move(out_); }

  private:
    void member(const MemberSchema& member, const Value& held) {
        if (!member.is_list)
            return value(member, held, member.xml_name());
        if (held.list->size == 0)
            return empty(member.xml_name());
        open(member.xml_name());
        for (uint32_t i = 0; i < held.list->size; ++i)
            value(member, held.list->items[i], member.element_name());
        close(member.xml_name());
    }

    void value(const MemberSchema& member, const Value& value, std::string_view name) {
        open(name);
        content(member, value);
        close(name);
    }

    void content(const MemberSchema& member, const Value& value) {
        switch (member.kind) {
        case Kind::structure:
            return members(*value.record, false);
        case Kind::string:
            return append_escaped(out_, value.view());
        case Kind::blob:
            out_ += base64_encode(value.view());
            return;
        case Kind::integer:
        case Kind::long_integer:
            out_ += fmt::format_int(value.integer).c_str();
            return;
        case Kind::real:
            out_ += fmt::format("{}", value.real);
            return;
        case Kind::boolean:
            out_ += value.integer != 0 ? "true" : "false";
            return;
        case Kind::timestamp:
            out_ += format_iso8601(from_microseconds(value.integer));
            return;
        }
    }

    std::string out_;
};

// Every operation that can only say "done" says it: old clients (boto 2, Libcloud) take anything
// but "true" for a failure.
bool wants_return_true(const Record* output) {
    if (output == nullptr)
        return true;
    std::span<const MemberSchema> members = output->schema().members();
    for (size_t i = 0; i < members.size(); ++i) {
        if (members[i].kind == Kind::boolean && members[i].xml_name() == "return")
            return !output->has(i);
    }
    return false;
}

void write_output(Writer& writer, const model::OperationSchema& operation, const Record* output) {
    if (wants_return_true(output))
        writer.element("return", "true");
    if (output != nullptr)
        writer.members(*output, operation.renders_empty_lists);
}

} // namespace

std::string write_response(const model::OperationSchema& operation,
                           const Record* output,
                           std::string_view version,
                           std::string_view request_id) {
    const model::ServiceSchema& service = operation.service();
    Writer writer;
    writer.raw(declaration);
    writer.raw(fmt::format(
        "<{}Response xmlns=\"{}{}/\">", operation.name(), service.namespace_uri, version));
    if (service.protocol == model::Protocol::ec2_query) {
        writer.element("requestId", request_id);
        write_output(writer, operation, output);
    } else {
        if (output != nullptr) {
            writer.raw(fmt::format("<{}Result>", operation.name()));
            writer.members(*output, operation.renders_empty_lists);
            writer.raw(fmt::format("</{}Result>", operation.name()));
        }
        writer.open("ResponseMetadata");
        writer.element("RequestId", request_id);
        writer.close("ResponseMetadata");
    }
    writer.raw(fmt::format("</{}Response>", operation.name()));
    return writer.take();
}

std::string write_error(const model::ServiceSchema& service,
                        const Error& error,
                        std::string_view request_id,
                        bool is_our_fault) {
    Writer writer;
    writer.raw(declaration);
    if (service.protocol == model::Protocol::ec2_query) {
        writer.raw("<Response><Errors><Error>");
        writer.element("Code", error.code);
        writer.element("Message", error.message);
        writer.raw("</Error></Errors>");
        writer.element("RequestID", request_id);
        writer.raw("</Response>");
    } else {
        writer.raw(fmt::format(
            "<ErrorResponse xmlns=\"{}{}/\"><Error>", service.namespace_uri, service.version));
        writer.element("Type", is_our_fault ? "Receiver" : "Sender");
        writer.element("Code", error.code);
        writer.element("Message", error.message);
        writer.raw("</Error>");
        writer.element("RequestId", request_id);
        writer.raw("</ErrorResponse>");
    }
    return writer.take();
}

void append_escaped(std::string& out, std::string_view text) {
    while (!text.empty()) {
        size_t plain = plain_length(text);
        out += text.substr(0, plain);
        text.remove_prefix(plain);
        if (text.empty())
            return;
        size_t used = 1;
        switch (text[0]) {
        case '&':
            out += "&amp;";
            break;
        case '<':
            out += "&lt;";
            break;
        case '>':
            out += "&gt;";
            break;
        case '"':
            out += "&quot;";
            break;
        case '\'':
            out += "&apos;";
            break;
        case '\r': // as itself it would be read back as a line feed
            out += "&#xD;";
            break;
        default: // a control character, or a character of several bytes
            if (static_cast<unsigned char>(text[0]) < 0x80)
                break;
            size_t length = multibyte_length(text);
            out += length == 0 ? replacement_character : text.substr(0, length);
            used = std::max<size_t>(length, 1);
        }
        text.remove_prefix(used);
    }
}

} // namespace pileus::wire
