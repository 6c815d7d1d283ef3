// SPDX-License-Identifier: Apache-2.0
#include "drivers/qmp/qmp_message.h"

#include "drivers/qmp/json_fields.h"

#include <boost/json.hpp>

namespace pileus::drivers {

bool QmpLineReader::append(std::string_view bytes) {
    buffer_.append(bytes);
    if (buffer_.size() <= qmp_limits::line_bytes)
        return true;
    // More than a line's worth may wait here when it is many lines.
    const size_t end = buffer_.find('\n', searched_);
    return end != std::string::npos && end <= qmp_limits::line_bytes;
}

std::optional<std::string> QmpLineReader::next() {
    while (true) {
        const size_t end = buffer_.find('\n', searched_);
        if (end == std::string::npos) {
            searched_ = buffer_.size();
            return std::nullopt;
        }
        std::string line = buffer_.substr(0, end);
        buffer_.erase(0, end + 1);
        searched_ = 0;
        if (!line.empty() && line.back() == '\r')
            line.pop_back();
        if (!line.empty())
            return line;
    }
}

Result<QmpMessage> parse_qmp_message(std::string_view line) {
    boost::json::parse_options options;
    options.max_depth = qmp_limits::depth;
    boost::system::error_code error;
    auto value = boost::json::parse(line, error, {}, options);
    auto* object = error ? nullptr : value.if_object();
    if (!object)
        return fail(errors::invalid, "QEMU's monitor sent something that is not a JSON object");

    QmpMessage message;
    if (const auto* id = object->if_contains("id"); id && id->is_int64())
        message.id = id->as_int64();
    if (object->contains("QMP")) {
        message.kind = QmpMessage::Kind::greeting;
        return message;
    }
    if (auto* returned = object->if_contains("return")) {
        message.kind = QmpMessage::Kind::reply;
        message.data = std::move(*returned);
        return message;
    }
    if (const auto* reason = object->if_contains("error"); reason && reason->is_object()) {
        message.kind = QmpMessage::Kind::error;
        message.name = text_at(*reason, "class");
        message.description = text_at(*reason, "desc");
        return message;
    }
    message.name = text_at(value, "event");
    if (message.name.empty())
        return fail(errors::invalid, "QEMU's monitor sent a message of no known kind");
    if (auto* data = object->if_contains("data"))
        message.data = std::move(*data);
    return message;
}

std::string
format_qmp_command(int64_t id, std::string_view command, const boost::json::value& arguments) {
    boost::json::object line{{"execute", command}, {"id", id}};
    if (!arguments.is_null())
        line["arguments"] = arguments;
    return boost::json::serialize(line) + "\n";
}

} // namespace pileus::drivers
