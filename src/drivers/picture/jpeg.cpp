// SPDX-License-Identifier: Apache-2.0
#include "drivers/picture/picture.h"

#include <csetjmp>
#include <cstdio> // jpeglib.h needs it before
#include <cstdlib>
#include <jpeglib.h>

namespace pileus::drivers {

namespace {

constexpr int quality = 85; // letters stay sharp, a text screen is about 50 kB

// The library calls error_exit(), which must not return: back to where it was called.
struct Failure {
    jpeg_error_mgr manager; // the first: the library knows only this
    std::jmp_buf back;
};

void give_up(j_common_ptr info) {
    std::longjmp(reinterpret_cast<Failure*>(info->err)->back, 1);
}

void say_nothing(j_common_ptr) {}

// Plain C: a longjmp passes here, over which no object with a destructor may stand.
bool compress(
    const unsigned char* pixels, int width, int height, unsigned char** out, unsigned long* size) {
    jpeg_compress_struct info;
    Failure failure;
    info.err = jpeg_std_error(&failure.manager);
    failure.manager.error_exit = give_up;
    failure.manager.output_message = say_nothing;
    if (setjmp(failure.back) != 0) {
        jpeg_destroy_compress(&info);
        return false;
    }
    jpeg_create_compress(&info);
    jpeg_mem_dest(&info, out, size);
    info.image_width = static_cast<JDIMENSION>(width);
    info.image_height = static_cast<JDIMENSION>(height);
    info.input_components = 3;
    info.in_color_space = JCS_RGB;
    jpeg_set_defaults(&info);
    jpeg_set_quality(&info, quality, TRUE);
    jpeg_start_compress(&info, TRUE);
    while (info.next_scanline < info.image_height) {
        JSAMPROW row =
            const_cast<JSAMPROW>(pixels) + size_t{3} * info.image_width * info.next_scanline;
        jpeg_write_scanlines(&info, &row, 1);
    }
    jpeg_finish_compress(&info);
    jpeg_destroy_compress(&info);
    return true;
}

} // namespace

Result<std::string> encode_jpeg(const Picture& picture) {
    const size_t wanted =
        size_t{3} * static_cast<size_t>(picture.width) * static_cast<size_t>(picture.height);
    if (picture.width <= 0 || picture.height <= 0 || picture.pixels.size() != wanted)
        return fail(errors::invalid, "a picture without its pixels");
    unsigned char* bytes = nullptr;
    unsigned long size = 0;
    const bool done = compress(reinterpret_cast<const unsigned char*>(picture.pixels.data()),
                               picture.width,
                               picture.height,
                               &bytes,
                               &size);
    std::string jpeg(reinterpret_cast<const char*>(bytes), done ? size : 0);
    std::free(bytes); // the library takes it from malloc()
    if (!done)
        return fail(errors::unavailable, "the picture of a screen could not be compressed");
    return jpeg;
}

} // namespace pileus::drivers
