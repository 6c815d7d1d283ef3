// SPDX-License-Identifier: Apache-2.0
//
// Conversations with the API, as text in testdata/: a line "> Action=…" is a signed request, what
// follows is the status and the answer to it, one element a line. Ids are written by their place
// ("sg-2" is the second group that the conversation spoke of), in requests too. PILEUS_UPDATE=1
// writes the answers that came.

#include "api/endpoint_fixture.h"
#include "base/file.h"
#include "base/text.h"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <regex>

namespace pileus::api {
namespace {

// Gives each id a short name by the order of appearance.
class ShortIds {
  public:
    std::string shorten(const std::string& text) {
        static const std::regex id("\\b([a-z-]+-)[0-9a-f]{17}\\b");
        std::string out;
        auto rest = text.begin();
        for (std::sregex_iterator match(text.begin(), text.end(), id), end; match != end; ++match) {
            out.append(rest, (*match)[0].first);
            out += name_of((*match)[0].str(), (*match)[1].str());
            rest = (*match)[0].second;
        }
        return out.append(rest, text.end());
    }
    std::string restore(const std::string& text) const {
        static const std::regex name("\\b([a-z-]+-[0-9]{1,3})\\b");
        std::string out;
        auto rest = text.begin();
        for (std::sregex_iterator match(text.begin(), text.end(), name), end; match != end;
             ++match) {
            const auto id = ids_.find(match->str());
            out.append(rest, (*match)[0].first);
            out += id == ids_.end() ? match->str() : id->second;
            rest = (*match)[0].second;
        }
        return out.append(rest, text.end());
    }

  private:
    std::string name_of(const std::string& id, const std::string& prefix) {
        for (const auto& [name, known] : ids_)
            if (known == id)
                return name;
        const auto name = prefix + std::to_string(++counts_[prefix]);
        ids_[name] = id;
        return name;
    }
    std::map<std::string, std::string> ids_; // by short name
    std::map<std::string, int> counts_;      // by prefix
};

// One element a line, indented by its depth.
std::string pretty(const std::string& xml) {
    std::string out;
    size_t depth = 0;
    for (size_t at = 0; at < xml.size();) {
        const auto end = xml.find('>', at);
        auto piece = xml.substr(at, end - at + 1);
        at = end + 1;
        const bool opens = piece[1] != '/' && piece[1] != '?' && piece[piece.size() - 2] != '/';
        if (opens && xml[at] != '<') { // text, and the tag that ends it
            const auto close = xml.find('>', at);
            piece += xml.substr(at, close - at + 1);
            at = close + 1;
        } else if (opens && xml.compare(at, 2, "</") == 0) {
            const auto close = xml.find('>', at);
            piece += xml.substr(at, close - at + 1);
            at = close + 1;
        } else if (piece[1] == '/') {
            --depth;
        }
        out += std::string(depth * 2, ' ') + piece + "\n";
        if (opens && piece.find("</") == std::string::npos)
            ++depth;
        while (at < xml.size() && xml[at] == '\n')
            ++at;
    }
    return out;
}

std::vector<std::string> conversations() {
    std::vector<std::string> names;
    for (const auto& entry :
         std::filesystem::directory_iterator(PILEUS_SOURCE_DIR "/src/api/testdata"))
        if (entry.path().extension() == ".txt")
            names.push_back(entry.path().stem());
    std::sort(names.begin(), names.end());
    return names;
}

class Conversation : public EndpointFixture, public testing::WithParamInterface<std::string> {
  protected:
    Conversation() {
        cloud::BuiltImage tiny;
        tiny.recipe = "tiny";
        tiny.content_sha256 = std::string(64, 'a');
        tiny.description = "An image for tests";
        tiny.boot_mode = "legacy-bios";
        tiny.size_gib = 1;
        tiny.id = "ami-12345678";
        EXPECT_TRUE(cloud_.images.register_built(tiny));
        EXPECT_TRUE(cloud_.images.publish({tiny.id}));
    }

    // The conversation as it goes now: the requests of `script`, each with its answer.
    std::string hold(const std::string& script) {
        std::string out;
        ShortIds ids;
        for (const auto line : split(script, '\n')) {
            if (line.starts_with('#'))
                out += std::string(line) + "\n";
            if (!line.starts_with("> "))
                continue;
            clock_.advance(std::chrono::seconds{1});
            const auto form = ids.restore(std::string(line.substr(2)));
            const auto response = call(form + "&Version=2016-11-15");
            out += std::string(line) + "\n" + std::to_string(response.status) + "\n" +
                   ids.shorten(pretty(response.body)) + "\n";
        }
        return out;
    }
};

TEST_P(Conversation, GoesAsWritten) {
    const std::filesystem::path path = PILEUS_SOURCE_DIR "/src/api/testdata/" + GetParam() + ".txt";
    const auto written = read_file(path);
    ASSERT_TRUE(written) << written.error().message;
    const auto held = hold(*written);
    if (std::getenv("PILEUS_UPDATE") != nullptr) {
        ASSERT_TRUE(write_file_durably(path, held, 0644));
        return;
    }
    EXPECT_EQ(held, *written) << "when the new answers are right: PILEUS_UPDATE=1 pileus_api_test "
                                 "--gtest_filter='*Conversation*'";
}

INSTANTIATE_TEST_SUITE_P(Files,
                         Conversation,
                         testing::ValuesIn(conversations()),
                         [](const auto& each) { return each.param; });

} // namespace
} // namespace pileus::api
