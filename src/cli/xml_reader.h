// SPDX-License-Identifier: Apache-2.0
#pragma once

// Reads the XML that the EC2 query protocol answers with: elements and text, nothing else (no
// attributes are kept, no DTD, no entities but the five of XML and numbers). Limits: depth, nodes.
// Pure; any thread.

#include "base/result.h"

#include <string>
#include <string_view>
#include <vector>

namespace pileus::cli {

struct XmlElement {
    std::string name;
    std::string text; // of this element itself, entities resolved
    std::vector<XmlElement> children;

    // Never null: an element that is not there has no children and no text.
    const XmlElement& operator[](std::string_view child_name) const;
    bool has(std::string_view child_name) const;
    // The <item> children of the child `list_name`.
    std::vector<const XmlElement*> items(std::string_view list_name) const;
};

inline constexpr size_t xml_depth_limit = 64;
inline constexpr size_t xml_element_limit = 2'000'000;

Result<XmlElement> parse_xml(std::string_view document);

} // namespace pileus::cli
