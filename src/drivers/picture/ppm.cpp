// SPDX-License-Identifier: Apache-2.0
#include "base/text.h"
#include "drivers/picture/picture.h"

namespace pileus::drivers {

namespace {

// What stands before the next white space, which is taken away with it.
std::string_view take_word(std::string_view& text) {
    constexpr size_t longest_word = 8;
    const auto head = text.substr(0, longest_word + 1);
    const size_t end = head.find_first_of(" \n");
    if (end == std::string_view::npos)
        return {};
    const auto word = head.substr(0, end);
    text.remove_prefix(end + 1);
    return word;
}

int take_side(std::string_view& text) {
    const auto side = parse_int(take_word(text));
    return side && *side > 0 && *side <= max_picture_side ? static_cast<int>(*side) : 0;
}

} // namespace

Result<Picture> parse_ppm(std::string_view text) {
    if (take_word(text) != "P6")
        return fail(errors::invalid, "the picture of a screen is not a PPM file");
    Picture picture;
    picture.width = take_side(text);
    picture.height = take_side(text);
    if (picture.width == 0 || picture.height == 0 || take_word(text) != "255")
        return fail(errors::invalid, "the picture of a screen has no size that a screen can have");
    const size_t wanted =
        size_t{3} * static_cast<size_t>(picture.width) * static_cast<size_t>(picture.height);
    if (wanted > max_picture_bytes || text.size() != wanted)
        return fail(errors::invalid, "the picture of a screen is not as long as its size says");
    picture.pixels = text;
    return picture;
}

} // namespace pileus::drivers
