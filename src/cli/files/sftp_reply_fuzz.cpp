// SPDX-License-Identifier: Apache-2.0
#include "cli/files/sftp_wire.h"

using namespace pileus::cli::files::sftp;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    PacketReader reader;
    // In two parts, as a network brings them.
    const std::string_view bytes(reinterpret_cast<const char*>(data), size);
    for (const auto part : {bytes.substr(0, size / 2), bytes.substr(size / 2)}) {
        reader.append(part);
        for (;;) {
            const auto packet = reader.next();
            if (!packet || !*packet)
                break;
            (void)read_status(**packet);
            (void)read_handle(**packet);
            (void)read_data(**packet);
            (void)read_attributes(**packet);
            (void)read_names(**packet);
            (void)read_extensions(**packet);
        }
    }
    return 0;
}
