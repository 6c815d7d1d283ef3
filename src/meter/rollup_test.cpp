// SPDX-License-Identifier: Apache-2.0

// The bill by three ways: the kept sums, the replay of the spans, and a calculator that knows
// nothing of either. They agree to the last fraction of a nano-dollar.

#include "meter/report.h"
#include "meter/usage.h"

#include <boost/multiprecision/cpp_int.hpp>
#include <gtest/gtest.h>
#include <random>

namespace pileus::meter {
namespace {

using domain::LedgerEvent;
using domain::LedgerKind;

constexpr int64_t march = 1'709'251'200; // 1 March 2024
constexpr int64_t hour = 3600;

PriceTable table(int64_t factor) {
    const auto price = [&](int64_t nano) { return "\"" + format_dollars(nano * factor) + "\"\n"; };
    return *PriceTable::of({*PriceList::parse(
        "region='*'\nvalid_from='2020-01-01'\ncurrency='USD'\n"
        "[instance_hour]\n't3.micro'=" +
            price(10'400'000) + "'m5.large'=" + price(96'000'001) +
            "[volume_gib_month]\ngp3=" + price(80'000'000) + "gp2=" + price(100'000'003) +
            "[address_hour]\npublic_ipv4=" + price(5'000'000) + "[nat_gateway_hour]\nnat_gateway=" +
            price(45'000'000) + "[nat_gateway_gib]\nnat_gateway=" + price(45'000'000) +
            "[snapshot_gib_month]\nstandard=" + price(50'000'000),
        "p")});
}

// Random lives of some resources over some weeks, in the order in which they happened.
class Lives {
  public:
    explicit Lives(uint32_t seed) : random_(seed) {}

    std::vector<LedgerEvent> make(int count, int64_t from, int64_t length) {
        std::vector<int64_t> moments;
        for (int i = 0; i < count; ++i)
            moments.push_back(from + below(length));
        std::sort(moments.begin(), moments.end());
        std::vector<LedgerEvent> events;
        for (const auto at : moments)
            events.push_back(one(at));
        return events;
    }
    int64_t below(int64_t bound) {
        return static_cast<int64_t>(random_() % static_cast<uint64_t>(bound));
    }

  private:
    LedgerEvent one(int64_t at) {
        static constexpr const char* prefixes[]{"i-", "vol-", "eni-", "nat-", "snap-"};
        const auto kind = static_cast<size_t>(below(5));
        const auto id = prefixes[kind] + std::to_string(below(3));
        LedgerEvent e{.at = Time{std::chrono::seconds{at}},
                      .account_id = std::to_string(below(1) + 1),
                      .region = "us-east-1",
                      .resource_id = id,
                      .quantity = 1 + below(50)};
        const bool is_open = open_.contains(id);
        switch (kind) {
        case 0:
            e.kind = is_open ? LedgerKind::instance_ended : LedgerKind::instance_started;
            e.detail = below(2) == 0 ? "t3.micro" : "m5.large";
            break;
        case 1:
            e.kind = is_open ? LedgerKind::volume_deleted : LedgerKind::volume_created;
            e.detail = is_open ? open_[id] : below(2) == 0 ? "gp3" : "gp2";
            if (is_open && below(2) == 0) {
                e.kind = LedgerKind::volume_resized;
                return e;
            }
            break;
        case 2:
            e.kind = is_open ? LedgerKind::address_released : LedgerKind::address_taken;
            break;
        case 3:
            e.kind = is_open ? LedgerKind::nat_gateway_ended : LedgerKind::nat_gateway_started;
            if (is_open && below(2) == 0) {
                e.kind = LedgerKind::nat_gateway_processed;
                e.quantity = below(int64_t{1} << 40);
                return e;
            }
            break;
        default:
            e.quantity = below(int64_t{1} << 40);
            e.kind = is_open && below(2) == 0 ? LedgerKind::snapshot_deleted
                                              : LedgerKind::snapshot_stored;
            if (e.kind == LedgerKind::snapshot_stored) {
                open_[id] = "";
                return e;
            }
        }
        if (is_open)
            open_.erase(id);
        else
            open_[id] = e.detail;
        return e;
    }

    std::mt19937_64 random_;
    std::map<std::string, std::string> open_;
};

Question everything(int64_t from, int64_t to, int64_t now, Granularity granularity) {
    Question question;
    question.from = from;
    question.to = to;
    question.now = now;
    question.granularity = granularity;
    question.accepts = [](const Facts&) { return true; };
    question.group_of = [](const Facts& f) {
        return GroupKey{std::string(f.item), std::to_string(static_cast<int>(f.kind))};
    };
    return question;
}

void expect_same(const std::vector<Period>& a, const std::vector<Period>& b) {
    ASSERT_EQ(a.size(), b.size());
    for (size_t i = 0; i < a.size(); ++i) {
        EXPECT_EQ(a[i].start, b[i].start);
        for (const auto* pair : {&a, &b}) {
            const auto& other = pair == &a ? b : a;
            for (const auto& [key, kinds] : (*pair)[i].groups)
                for (const auto& [kind, sums] : kinds) {
                    const auto found = other[i].groups.find(key);
                    if (found == other[i].groups.end() || !found->second.contains(kind)) {
                        EXPECT_EQ(sums.cost, Money{}) << key[0];
                        continue;
                    }
                    ASSERT_EQ(sums.cost, found->second.at(kind).cost) << key[0] << " " << i;
                    ASSERT_EQ(sums.usage, found->second.at(kind).usage) << key[0] << " " << i;
                }
        }
    }
}

// At every event, as if the daemon had been asked, or killed and started again, there.
TEST(Rollup, EqualsTheReplayAtEveryInstant) {
    for (uint32_t seed = 0; seed < 20; ++seed) {
        PriceBook prices;
        prices.set(0, table(1));
        Lives lives(seed);
        Rollup rollup;
        std::unique_ptr<Timeline> timeline;
        timeline = std::make_unique<Timeline>([&](size_t line, const Span& span) {
            rollup.closed(timeline->lines()[line], line, span, prices);
        });
        const int64_t begin = march - 40 * 24 * hour;
        for (const auto& event : lives.make(120, begin, 60 * 24 * hour)) {
            const auto now =
                std::chrono::floor<std::chrono::seconds>(event.at).time_since_epoch().count() +
                lives.below(7200);
            if (lives.below(40) == 0) { // a price change: from this moment on
                prices.set(now, table(2 + lives.below(5)));
                LedgerEvent changed{.at = event.at, .kind = LedgerKind::prices_set};
                rollup.look_at(changed);
            }
            rollup.look_at(event);
            timeline->add(event);
            if (rollup.is_stale(now))
                rollup.rebuild(*timeline, prices, now);
            rollup.advance(*timeline, prices, now);
            const auto granularity = static_cast<Granularity>(lives.below(3));
            const int64_t from = begin + lives.below(1000) * hour;
            const auto question = everything(from / hour * hour,
                                             (from / hour + lives.below(900)) * hour,
                                             now + (lives.below(3) == 0 ? 100 * hour : 0),
                                             granularity);
            ASSERT_TRUE(can_ask_rollup(question));
            expect_same(ask_rollup(question, *timeline, rollup, prices),
                        ask_timeline(question, *timeline, prices));
            if (::testing::Test::HasFatalFailure())
                FAIL() << "seed " << seed;
        }
    }
}

// ---- the naive calculator -----------------------------------------------------------------------

// A sum of fractions: a numerator for each denominator, brought together at the end.
class Fractions {
  public:
    using Big = boost::multiprecision::cpp_int;
    void add(const Big& numerator, int64_t denominator) { parts_[denominator] += numerator; }
    Big nano_dollars() const {
        Big numerator = 0, denominator = 1;
        for (const auto& [d, n] : parts_) {
            numerator = numerator * d + n * denominator;
            denominator *= d;
        }
        return (2 * numerator + denominator) / (2 * denominator);
    }

  private:
    std::map<int64_t, Big> parts_;
};

int days_of_month(int64_t second) {
    static constexpr int lengths[]{31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    int64_t days = second / 86400;
    for (int year = 1970;; ++year) {
        const bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
        for (int month = 0; month < 12; ++month) {
            const int length = lengths[month] + (month == 1 && leap ? 1 : 0);
            if (days < length)
                return length;
            days -= length;
        }
    }
}

// One thing after the other, a day at a time. Prices have one change, at `changed`.
struct Naive {
    int64_t changed;
    int64_t factor;
    Fractions sum;

    int64_t factor_at(int64_t second) const { return second < changed ? 1 : factor; }
    void pieces(int64_t start, int64_t end, const std::function<void(int64_t, int64_t)>& body) {
        while (start < end) {
            int64_t until = std::min(end, (start / 86400 + 1) * 86400);
            if (start < changed)
                until = std::min(until, changed);
            body(start, until - start);
            start = until;
        }
    }
    void hours(int64_t price, int64_t start, int64_t end) {
        pieces(start, end, [&](int64_t at, int64_t seconds) {
            sum.add(Fractions::Big(price) * factor_at(at) * seconds, 3600);
        });
    }
    void months(int64_t price, int64_t units, int64_t divisor, int64_t start, int64_t end) {
        pieces(start, end, [&](int64_t at, int64_t seconds) {
            sum.add(Fractions::Big(price) * factor_at(at) * seconds * units,
                    int64_t{86400} * days_of_month(at) * divisor);
        });
    }

    void run(const std::vector<LedgerEvent>& events, int64_t now) {
        static constexpr int64_t gib = int64_t{1} << 30;
        for (size_t i = 0; i < events.size(); ++i) {
            const auto& e = events[i];
            const int64_t at = e.at.time_since_epoch().count() / 1'000'000;
            // When the next event of the same thing is, and what.
            size_t next = i + 1;
            while (next < events.size() && events[next].resource_id != e.resource_id)
                ++next;
            const auto is_last = next == events.size();
            const int64_t until =
                is_last ? now : events[next].at.time_since_epoch().count() / 1'000'000;
            switch (e.kind) {
            case LedgerKind::instance_started:
                hours(
                    e.detail == "t3.micro" ? 10'400'000 : 96'000'001, at, std::max(until, at + 60));
                break;
            case LedgerKind::volume_created:
            case LedgerKind::volume_resized: {
                int64_t end = until;
                size_t first = i; // its creation
                while (events[first].resource_id != e.resource_id ||
                       events[first].kind != LedgerKind::volume_created)
                    --first;
                if (is_last || events[next].kind == LedgerKind::volume_deleted)
                    end =
                        std::max(end, events[first].at.time_since_epoch().count() / 1'000'000 + 60);
                months(events[first].detail == "gp3" ? 80'000'000 : 100'000'003,
                       e.quantity,
                       1,
                       at,
                       end);
                break;
            }
            case LedgerKind::address_taken:
                hours(5'000'000, at, until);
                break;
            case LedgerKind::nat_gateway_started: {
                size_t end = i + 1;
                while (end < events.size() && (events[end].resource_id != e.resource_id ||
                                               events[end].kind != LedgerKind::nat_gateway_ended))
                    ++end;
                const int64_t ended = end == events.size()
                                          ? now
                                          : events[end].at.time_since_epoch().count() / 1'000'000;
                const int64_t begun = std::max<int64_t>(1, (ended - at + 3599) / 3600);
                hours(45'000'000, at, at + begun * 3600);
                break;
            }
            case LedgerKind::nat_gateway_processed:
                sum.add(Fractions::Big(45'000'000) * factor_at(at) * e.quantity, gib);
                break;
            case LedgerKind::snapshot_stored:
                months(50'000'000, e.quantity, gib, at, until);
                break;
            default:
                break;
            }
        }
    }
};

TEST(Bill, AgreesWithANaiveCalculatorOverRandomMonths) {
    const auto* wanted = std::getenv("PILEUS_BILL_MONTHS");
    const int months = wanted != nullptr ? std::atoi(wanted) : 2000;
    for (int round = 0; round < months; ++round) {
        Lives lives(1000 + static_cast<uint32_t>(round));
        const int64_t from = march + lives.below(50) * 30 * 86400;
        const auto events = lives.make(12, from, 31 * 86400);
        const int64_t now = from + 31 * 86400 + lives.below(86400);
        const int64_t changed = from + lives.below(31 * 86400);
        const int64_t factor = 1 + lives.below(4);
        PriceBook prices;
        prices.set(0, table(1));
        prices.set(changed, table(factor));
        Money sum;
        for (const auto& bill : replay(events, prices, Time{std::chrono::seconds{now}}))
            sum += bill.total();
        Naive naive{changed, factor, {}};
        naive.run(events, now);
        ASSERT_EQ(naive.sum.nano_dollars(), sum.nano_dollars()) << "month " << round;
    }
}

} // namespace
} // namespace pileus::meter
