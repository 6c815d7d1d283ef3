// SPDX-License-Identifier: Apache-2.0
#include "cli/xml_reader.h"

#include "base/text.h"

#include <charconv>
#include <fmt/core.h>
#include <optional>

namespace pileus::cli {

namespace {

constexpr std::string_view name_end = " \t\r\n/>";

void append_utf8(std::string& out, uint32_t code) {
    if (code < 0x80) {
        out += static_cast<char>(code);
    } else if (code < 0x800) {
        out += static_cast<char>(0xC0 | (code >> 6));
        out += static_cast<char>(0x80 | (code & 0x3F));
    } else if (code < 0x10000) {
        out += static_cast<char>(0xE0 | (code >> 12));
        out += static_cast<char>(0x80 | ((code >> 6) & 0x3F));
        out += static_cast<char>(0x80 | (code & 0x3F));
    } else {
        out += static_cast<char>(0xF0 | (code >> 18));
        out += static_cast<char>(0x80 | ((code >> 12) & 0x3F));
        out += static_cast<char>(0x80 | ((code >> 6) & 0x3F));
        out += static_cast<char>(0x80 | (code & 0x3F));
    }
}

// Between '&' and ';'.
bool append_entity(std::string& out, std::string_view entity) {
    constexpr std::pair<std::string_view, char> named[] = {
        {"lt", '<'}, {"gt", '>'}, {"amp", '&'}, {"quot", '"'}, {"apos", '\''}};
    for (const auto& [name, character] : named)
        if (entity == name) {
            out += character;
            return true;
        }
    if (!entity.starts_with('#'))
        return false;
    entity.remove_prefix(1);
    const int base = entity.starts_with('x') ? 16 : 10;
    if (base == 16)
        entity.remove_prefix(1);
    uint32_t code = 0;
    const auto [end, error] =
        std::from_chars(entity.data(), entity.data() + entity.size(), code, base);
    if (error != std::errc{} || end != entity.data() + entity.size() || entity.empty() ||
        code > 0x10FFFF || (code >= 0xD800 && code < 0xE000))
        return false;
    append_utf8(out, code);
    return true;
}

bool append_text(std::string& out, std::string_view raw) {
    while (true) {
        const size_t ampersand = raw.find('&');
        out += raw.substr(0, ampersand);
        if (ampersand == std::string_view::npos)
            return true;
        const size_t semicolon = raw.find(';', ampersand);
        if (semicolon == std::string_view::npos ||
            !append_entity(out, raw.substr(ampersand + 1, semicolon - ampersand - 1)))
            return false;
        raw.remove_prefix(semicolon + 1);
    }
}

class Parser {
  public:
    explicit Parser(std::string_view document) : rest_(document) {}

    Result<XmlElement> document() {
        PILEUS_TRY(skip_prolog());
        PILEUS_ASSIGN(XmlElement root, element(1));
        if (!trim(rest_).empty())
            return broken("something follows the document");
        return root;
    }

  private:
    static tl::unexpected<Error> broken(std::string_view why) {
        return fail(errors::invalid, fmt::format("the XML cannot be read: {}", why));
    }

    Result<void> skip_prolog() {
        rest_ = trim(rest_);
        while (rest_.starts_with("<?") || rest_.starts_with("<!--")) {
            const std::string_view end = rest_[1] == '?' ? "?>" : "-->";
            const size_t at = rest_.find(end);
            if (at == std::string_view::npos)
                return broken("it ends in its prolog");
            rest_ = trim(rest_.substr(at + end.size()));
        }
        return {};
    }

    // rest_ begins with the '<' of the element's start tag.
    Result<XmlElement> element(size_t depth) {
        if (depth > xml_depth_limit || ++elements_ > xml_element_limit)
            return broken("it is too deep or too large");
        const size_t end = rest_.find('>');
        if (!rest_.starts_with('<') || end == std::string_view::npos)
            return broken("a tag is expected");
        const std::string_view tag = rest_.substr(1, end - 1);
        XmlElement element;
        element.name = tag.substr(0, tag.find_first_of(name_end));
        if (element.name.empty() || element.name[0] == '!' || element.name[0] == '?')
            return broken("a tag has no name");
        rest_.remove_prefix(end + 1);
        if (tag.ends_with('/'))
            return element;
        PILEUS_TRY(content(element, depth));
        return element;
    }

    Result<void> content(XmlElement& element, size_t depth) {
        while (true) {
            const size_t next = rest_.find('<');
            if (next == std::string_view::npos)
                return broken("it ends inside " + element.name);
            if (!append_text(element.text, rest_.substr(0, next)))
                return broken("a character reference is malformed");
            rest_.remove_prefix(next);
            if (rest_.starts_with("</"))
                return close(element);
            PILEUS_ASSIGN(XmlElement child, this->element(depth + 1));
            element.children.push_back(std::move(child));
        }
    }

    Result<void> close(XmlElement& element) {
        const size_t end = rest_.find('>');
        if (end == std::string_view::npos || trim(rest_.substr(2, end - 2)) != element.name)
            return broken(element.name + " is not closed");
        rest_.remove_prefix(end + 1);
        if (!element.children.empty())
            element.text.clear(); // only the white space between elements
        return {};
    }

    std::string_view rest_;
    size_t elements_ = 0;
};

} // namespace

const XmlElement& XmlElement::operator[](std::string_view child_name) const {
    static const XmlElement absent;
    for (const auto& child : children)
        if (child.name == child_name)
            return child;
    return absent;
}

bool XmlElement::has(std::string_view child_name) const {
    return (*this)[child_name].name == child_name;
}

std::vector<const XmlElement*> XmlElement::items(std::string_view list_name) const {
    std::vector<const XmlElement*> found;
    for (const auto& child : (*this)[list_name].children)
        if (child.name == "item")
            found.push_back(&child);
    return found;
}

Result<XmlElement> parse_xml(std::string_view document) {
    return Parser(document).document();
}

} // namespace pileus::cli
