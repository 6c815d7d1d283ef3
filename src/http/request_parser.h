// SPDX-License-Identifier: Apache-2.0
#pragma once

// Turns the bytes of a connection into one Request, strictly: what two readers could understand
// differently (bare line feeds, folded headers, Content-Length with Transfer-Encoding, repeated
// Content-Length or Host) is refused, not repaired. One per connection, used by its io thread only;
// does no I/O. Everything that it holds is bounded by Limits.

#include "http/limits.h"
#include "http/message.h"

#include <cstdint>
#include <string_view>

namespace pileus::http {

class RequestParser {
  public:
    enum class State {
        Head,     // waiting for the end of the headers
        Body,     // the headers are in `request`, the body is arriving
        Complete, // `request` is whole; bytes not consumed belong to the next one
        Refused,  // see status() and message(); the connection cannot be used any more
    };

    // `request` and `limits` must outlive the parser.
    RequestParser(Request& request, const Limits& limits);

    void restart(); // for the next request of the connection

    // Takes what it can use from the front of `bytes` and returns how many that was; the next call
    // begins with what was left. While the head is incomplete that is nothing: the caller keeps the
    // bytes and calls again with more behind them.
    size_t consume(std::string_view bytes);

    State state() const { return state_; }
    int status() const { return status_; } // of a refusal: 400, 413, 417, 431, 501, 505
    std::string_view message() const { return message_; }

    // Known once the head was read.
    bool keep_alive() const { return keep_alive_; }
    bool is_http10() const { return minor_version_ == 0; }
    bool expects_continue() const { return expects_continue_; }

  private:
    enum class Chunk { SizeLine, Data, DataEnd, Trailers };

    void refuse(int status, std::string_view message);
    size_t consume_head(std::string_view bytes);
    bool find_head_end(std::string_view bytes);
    bool parse_head(std::string_view head);
    bool parse_request_line(std::string_view line);
    bool parse_version(std::string_view version);
    bool parse_header(std::string_view line);
    bool note_header(std::string_view name, std::string_view value);
    bool note_content_length(std::string_view value);
    bool note_transfer_encoding(std::string_view value);
    bool decide_body();
    size_t consume_sized_body(std::string_view bytes);
    size_t consume_chunked_body(std::string_view bytes);
    size_t consume_chunk_part(std::string_view bytes);
    size_t consume_chunk_size(std::string_view bytes);
    size_t consume_chunk_data(std::string_view bytes);
    size_t consume_chunk_end(std::string_view bytes);
    size_t consume_trailers(std::string_view bytes);

    Request& request_;
    const Limits& limits_;
    State state_ = State::Head;
    int status_ = 0;
    std::string_view message_;

    size_t scanned_ = 0;    // head bytes that were searched for the end
    size_t line_begin_ = 0; // where the head's current line begins
    size_t head_bytes_ = 0; // including the empty line, once it was found
    size_t head_lines_ = 0;

    int minor_version_ = 1;
    bool keep_alive_ = true;
    bool wants_close_ = false;
    bool wants_keep_alive_ = false;
    bool expects_continue_ = false;
    bool has_content_length_ = false;
    bool chunked_ = false;
    size_t hosts_ = 0;

    uint64_t remaining_ = 0; // of the body, or of the current chunk
    Chunk chunk_ = Chunk::SizeLine;
    size_t trailer_bytes_ = 0;
};

} // namespace pileus::http
