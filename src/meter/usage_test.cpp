// SPDX-License-Identifier: Apache-2.0
#include "meter/usage.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <map>
#include <random>
#include <set>

namespace pileus::meter {
namespace {

using namespace std::chrono_literals;
using domain::LedgerEvent;
using domain::LedgerKind;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

// 1 March 2024, 00:00 UTC: February 2024 had 29 days.
constexpr Time march{std::chrono::seconds{1'709'251'200}};
constexpr Duration day = 24h;

PriceBook price_list() {
    return PriceBook(*PriceList::parse(R"(
region = "us-east-1"
valid_from = "2026-01-19"
currency = "USD"
[address_hour]
public_ipv4 = "0.005"
[nat_gateway_hour]
nat_gateway = "0.045"
[instance_hour]
"t3.micro" = "0.0104"
"m5.large" = "0.096"
[volume_gib_month]
gp3 = "0.08"
gp2 = "0.10"
io2 = "0.125"
[volume_iops_month]
gp3 = "0.005"
io2 = "0.065"
io2-above-32000 = "0.0455"
io2-above-64000 = "0.03185"
[snapshot_gib_month]
standard = "0.05"
[nat_gateway_gib]
nat_gateway = "0.045"
[data_out_gib]
internet = "0.09"
[cpu_credit_hour]
t3 = "0.05"
[volume_throughput_month]
gp3 = "0.04"
)",
                                       "prices.toml"));
}

LedgerEvent event(LedgerKind kind,
                  Time at,
                  const std::string& resource,
                  int64_t quantity,
                  const std::string& detail) {
    return {.at = at,
            .account_id = "123456789012",
            .region = "us-east-1",
            .resource_id = resource,
            .instance_id = "i-1",
            .kind = kind,
            .quantity = quantity,
            .detail = detail};
}
LedgerEvent started(Time at, const std::string& type = "t3.micro") {
    return event(LedgerKind::instance_started, at, "i-1", 1, type);
}
LedgerEvent ended(Time at) {
    return event(LedgerKind::instance_ended, at, "i-1", 1, "t3.micro");
}
LedgerEvent created(Time at, int64_t gib, const std::string& type = "gp3") {
    return event(LedgerKind::volume_created, at, "vol-1", gib, type);
}
LedgerEvent resized(Time at, int64_t gib) {
    return event(LedgerKind::volume_resized, at, "vol-1", gib, "gp3");
}
LedgerEvent deleted(Time at) {
    return event(LedgerKind::volume_deleted, at, "vol-1", 0, "gp3");
}
LedgerEvent taken(Time at) {
    return event(LedgerKind::address_taken, at, "eni-1", 1, "127.64.0.10");
}
LedgerEvent released(Time at) {
    return event(LedgerKind::address_released, at, "eni-1", 1, "127.64.0.10");
}

// What belongs to no instance.
LedgerEvent alone(LedgerEvent event) {
    event.instance_id.clear();
    return event;
}
LedgerEvent allocated(Time at) {
    return alone(event(LedgerKind::address_taken, at, "eipalloc-1", 1, "127.64.0.11"));
}
LedgerEvent freed(Time at) {
    return alone(event(LedgerKind::address_released, at, "eipalloc-1", 1, "127.64.0.11"));
}
LedgerEvent nat_started(Time at) {
    return alone(event(LedgerKind::nat_gateway_started, at, "nat-1", 1, "public"));
}
LedgerEvent nat_ended(Time at) {
    return alone(event(LedgerKind::nat_gateway_ended, at, "nat-1", 1, "public"));
}

Charge only_charge(const std::vector<LedgerEvent>& events, Time now) {
    const auto bills = replay(events, price_list(), now);
    EXPECT_THAT(bills, SizeIs(1));
    EXPECT_THAT(bills.at(0).charges, SizeIs(1));
    return bills.at(0).charges.at(0);
}

LedgerEvent retyped(Time at, int64_t gib, const std::string& type) {
    return event(LedgerKind::volume_retyped, at, "vol-1", gib, type);
}
LedgerEvent iops_set(Time at, int64_t iops, const std::string& type = "gp3") {
    return event(LedgerKind::volume_iops_set, at, "vol-1", iops, type);
}
LedgerEvent throughput_set(Time at, int64_t throughput) {
    return event(LedgerKind::volume_throughput_set, at, "vol-1", throughput, "gp3");
}

// "gp3 0.08", in the order of kind and item.
std::vector<std::string> costs(const std::vector<LedgerEvent>& events, Time now) {
    std::vector<std::string> all;
    for (const auto& bill : replay(events, price_list(), now))
        for (const auto& charge : bill.charges)
            all.push_back(charge.item + " " +
                          (charge.cost ? charge.cost->str(6) : charge.missing_price));
    return all;
}

TEST(Usage, NothingHappenedCostsNothing) {
    EXPECT_THAT(replay({}, price_list(), march), IsEmpty());
}

TEST(Usage, AnHourOfAnInstanceCostsItsPrice) {
    const auto charge = only_charge({started(march), ended(march + 1h)}, march + day);
    EXPECT_EQ(charge.seconds, 3600);
    EXPECT_FALSE(charge.active);
    EXPECT_EQ(charge.cost->str(9), "0.010400000");
}

TEST(Usage, EveryStartCostsAtLeastAMinute) {
    const struct {
        Duration ran;
        int64_t charged;
    } cases[]{{0s, 60}, {1s, 60}, {59s, 60}, {60s, 60}, {61s, 61}, {3601s, 3601}};
    for (const auto& [ran, charged] : cases)
        EXPECT_EQ(only_charge({started(march), ended(march + ran)}, march + day).seconds, charged);

    const auto twice = only_charge(
        {started(march), ended(march + 5s), started(march + 10s), ended(march + 15s)}, march + day);
    EXPECT_EQ(twice.seconds, 120);
}

TEST(Usage, RunningTotalGrowsBySecondsAndStandsStillWhenStopped) {
    EXPECT_EQ(only_charge({started(march)}, march).seconds, 60)
        << "the minimum is owed from the start";
    EXPECT_EQ(only_charge({started(march)}, march + 60s).seconds, 60);
    EXPECT_EQ(only_charge({started(march)}, march + 61s).seconds, 61);
    EXPECT_TRUE(only_charge({started(march)}, march + 61s).active);
    const std::vector<LedgerEvent> stopped{started(march), ended(march + 100s)};
    EXPECT_EQ(only_charge(stopped, march + 99s).seconds, 99) << "the end has not happened yet";
    EXPECT_EQ(only_charge(stopped, march + 100s).seconds, 100);
    EXPECT_EQ(only_charge(stopped, march + 30 * day).seconds, 100);
}

TEST(Usage, PartsOfSecondsAddUp) {
    const auto charge =
        only_charge({started(march + 900ms), ended(march + 100s + 100ms)}, march + day);
    EXPECT_EQ(charge.seconds, 100) << "instants are cut to whole seconds";
}

TEST(Usage, ChangedTypeIsChargedAtEachPrice) {
    const auto bills = replay({started(march, "t3.micro"),
                               ended(march + 1h),
                               started(march + 2h, "m5.large"),
                               ended(march + 3h)},
                              price_list(),
                              march + day);
    ASSERT_THAT(bills, SizeIs(1));
    EXPECT_THAT(bills[0].charges, SizeIs(2));
    EXPECT_EQ(bills[0].total().str(4), "0.1064");
}

TEST(Usage, VolumeCostsAMonthOfItsMonth) {
    // Ten GiB for the whole of February 2024 (29 days), and for the whole of March (31).
    const auto february = march - 29 * day;
    EXPECT_EQ(only_charge({created(february, 10), deleted(march)}, march).cost->str(9),
              "0.800000000");
    EXPECT_EQ(
        only_charge({created(march, 10), deleted(march + 31 * day)}, march + 40 * day).cost->str(9),
        "0.800000000");
    // AWS's own example: 31 GB for 24 hours of a month of 31 days is one GB-month.
    EXPECT_EQ(only_charge({created(march, 31), deleted(march + day)}, march + 2 * day).cost->str(9),
              "0.080000000");
    // Across the turn of the month each second costs what its month says.
    const auto across =
        only_charge({created(march - day, 29), deleted(march + day)}, march + 2 * day);
    EXPECT_EQ(across.cost->str(9), "0.154838710"); // 0.08 + 0.08 · 29/31
    EXPECT_EQ(across.unit_seconds, 29 * 2 * 86'400);
}

TEST(Usage, ResizedVolumeCostsEachSizeForItsTime) {
    const auto charge = only_charge(
        {created(march, 10), resized(march + 10s, 20), deleted(march + 100s)}, march + day);
    EXPECT_EQ(charge.seconds, 100);
    EXPECT_EQ(charge.unit_seconds, 10 * 10 + 20 * 90);
    const auto brief = only_charge(
        {created(march, 10), resized(march + 10s, 20), deleted(march + 20s)}, march + day);
    EXPECT_EQ(brief.seconds, 60) << "the minute is counted once, from the creation";
    EXPECT_EQ(brief.unit_seconds, 10 * 10 + 20 * 50);
}

TEST(Usage, AddressCostsItsSecondsWithoutAMinimum) {
    EXPECT_EQ(only_charge({taken(march), released(march + 1h)}, march + day).cost->str(9),
              "0.005000000");
    EXPECT_EQ(only_charge({taken(march), released(march + 1s)}, march + day).seconds, 1);
    EXPECT_EQ(only_charge({taken(march)}, march + 5s).seconds, 5);
}

TEST(Usage, FactToldTwiceIsChargedOnce) {
    const auto charge = only_charge(
        {started(march), started(march + 10s), ended(march + 100s), ended(march + 200s)},
        march + day);
    EXPECT_EQ(charge.seconds, 100);
    EXPECT_THAT(replay({ended(march), deleted(march), resized(march, 5), released(march)},
                       price_list(),
                       march),
                IsEmpty());
}

TEST(Usage, ClockThatWasSetBackChargesNoNegativeTime) {
    EXPECT_EQ(only_charge({started(march), ended(march - 1h)}, march + day).seconds, 60);
    EXPECT_EQ(only_charge({taken(march), released(march - 1h)}, march + day).seconds, 0);
    EXPECT_EQ(only_charge({created(march, 10), resized(march - 1h, 20), deleted(march + 100s)},
                          march + day)
                  .unit_seconds,
              2000);
}

TEST(Usage, MissingPriceIsSaidAndNotCountedAsNothing) {
    const auto bills =
        replay({started(march, "x9.huge"), created(march, 10)}, price_list(), march + 1h);
    ASSERT_THAT(bills, SizeIs(1));
    EXPECT_TRUE(bills[0].has_missing_price());
    const auto& instance = bills[0].charges[0];
    EXPECT_FALSE(instance.cost);
    EXPECT_EQ(instance.seconds, 3600) << "the usage is known all the same";
    EXPECT_THAT(instance.missing_price, HasSubstr("x9.huge"));
    EXPECT_EQ(bills[0].total(), *bills[0].charges[1].cost);
}

TEST(Usage, BelongsToItsInstanceOrStandsAlone) {
    auto loose = created(march, 10);
    loose.resource_id = "vol-2";
    loose.instance_id = "";
    const auto bills =
        replay({started(march), created(march, 8), taken(march), loose}, price_list(), march + 1h);
    ASSERT_THAT(bills, SizeIs(2));
    EXPECT_EQ(bills[0].id, "i-1");
    EXPECT_THAT(bills[0].charges, SizeIs(3));
    EXPECT_EQ(bills[1].id, "vol-2");
    EXPECT_EQ(bills[1].account_id, "123456789012");
}

TEST(Usage, ElasticAddressIsChargedOnceFromAllocationToRelease) {
    // An instance's own address is given back when the Elastic IP takes its place.
    const auto bills = replay({taken(march),
                               allocated(march + 1h),
                               released(march + 2h),
                               taken(march + 3h),
                               freed(march + 4h)},
                              price_list(),
                              march + 5h);
    ASSERT_THAT(bills, SizeIs(2));
    EXPECT_EQ(bills[0].id, "eipalloc-1") << "it belongs to no instance";
    EXPECT_EQ(bills[0].charges.at(0).seconds, 3 * 3600);
    EXPECT_EQ(bills[1].id, "i-1");
    EXPECT_EQ(bills[1].charges.at(0).seconds, 4 * 3600);
    EXPECT_EQ((bills[0].total() + bills[1].total()).str(3), "0.035");
}

TEST(Usage, NatGatewayIsChargedByTheHourBegun) {
    const struct {
        Duration lasted;
        int64_t hours;
    } cases[]{{0s, 1}, {1s, 1}, {3599s, 1}, {3600s, 1}, {3601s, 2}, {25h + 1s, 26}};
    for (const auto& [lasted, hours] : cases) {
        const auto over =
            only_charge({nat_started(march), nat_ended(march + lasted)}, march + 9 * day);
        EXPECT_EQ(over.seconds, hours * 3600) << lasted.count();
        EXPECT_EQ(over.item, "NAT gateway");
        const auto lasts = only_charge({nat_started(march)}, march + lasted);
        EXPECT_EQ(lasts.seconds, hours * 3600) << lasted.count();
        EXPECT_TRUE(lasts.active);
        EXPECT_EQ(lasts.cost, over.cost);
    }
    EXPECT_EQ(only_charge({nat_started(march), nat_ended(march + 90min)}, march + day).cost->str(3),
              "0.090");
}

// --- against a second-by-second replay ---

int64_t second_of(Time at) {
    return std::chrono::floor<std::chrono::seconds>(at).time_since_epoch().count();
}

// One thing from its start to its end, and the sizes that it had.
struct Life {
    LedgerKind kind;
    std::string item;
    int64_t start;
    int64_t end;
    std::vector<std::pair<int64_t, int64_t>> sizes; // from this second on, this size
};

std::vector<Life> lives_of(const std::vector<LedgerEvent>& events, int64_t now) {
    std::vector<Life> ended;
    std::map<std::string, Life> lasting;
    for (const auto& e : events) {
        const int64_t at = second_of(e.at);
        switch (e.kind) {
        case LedgerKind::volume_resized:
            lasting.at(e.resource_id).sizes.emplace_back(at, e.quantity);
            break;
        case LedgerKind::instance_ended:
        case LedgerKind::volume_deleted:
        case LedgerKind::address_released:
        case LedgerKind::nat_gateway_ended:
            lasting.at(e.resource_id).end = at;
            ended.push_back(lasting.at(e.resource_id));
            lasting.erase(e.resource_id);
            break;
        default:
            lasting[e.resource_id] = Life{e.kind, e.detail, at, now, {{at, e.quantity}}};
        }
    }
    for (const auto& [id, life] : lasting)
        ended.push_back(life);
    return ended;
}

int64_t price_in(const PriceBook& prices, std::string_view section, std::string_view name) {
    return *(*prices.at(0).list_of("us-east-1"))->price(section, name);
}

// What this life costs in this second.
Money price_of(const Life& life, int64_t second, const PriceBook& prices) {
    if (life.kind == LedgerKind::address_taken)
        return Money::of_hours(price_in(prices, section::address_hour, "public_ipv4"), 1);
    if (life.kind == LedgerKind::nat_gateway_started)
        return Money::of_hours(price_in(prices, section::nat_gateway_hour, "nat_gateway"), 1);
    if (life.kind == LedgerKind::instance_started)
        return Money::of_hours(price_in(prices, section::instance_hour, life.item), 1);
    int64_t gib = 0;
    for (const auto& [from, size] : life.sizes)
        if (from <= second)
            gib = size;
    using namespace std::chrono;
    const year_month_day date{floor<days>(sys_seconds{seconds{second}})};
    const auto month_days = static_cast<unsigned>((date.year() / date.month() / last).day());
    return Money::of_month(
        price_in(prices, section::volume_gib_month, life.item), gib, static_cast<int>(month_days));
}

// Whether a second after the end is charged too.
bool is_owed(const Life& life, int64_t second) {
    if (second < life.start || life.kind == LedgerKind::address_taken)
        return false;
    if (life.kind != LedgerKind::nat_gateway_started)
        return second < life.start + 60;
    const int64_t hour = life.start + (second - life.start) / 3600 * 3600;
    return hour == life.start || hour < life.end;
}

// The meter as one would write it without any thought: look at everything in every second.
Money second_by_second(const std::vector<LedgerEvent>& events,
                       const PriceBook& prices,
                       int64_t from,
                       int64_t now) {
    Money sum;
    for (const auto& life : lives_of(events, now))
        for (int64_t second = from; second < now + 3600; ++second) {
            const bool lasts = life.start <= second && second < life.end;
            if (lasts || is_owed(life, second))
                sum += price_of(life, second, prices);
        }
    return sum;
}

// Random lives of a few resources around the turn of a month, in half seconds.
std::vector<LedgerEvent> random_events(std::mt19937& random, Time from) {
    std::vector<LedgerEvent> events;
    const auto step = [&] { return std::chrono::milliseconds(500 * (random() % 180)); };
    Time at = from;
    bool running = false;
    bool exists = false;
    bool reachable = false;
    bool is_allocated = false;
    bool translates = false;
    for (int i = 0; i < 20; ++i) {
        at += step();
        switch (random() % 6) {
        case 0:
            events.push_back(running ? ended(at)
                                     : started(at, random() % 2 == 0 ? "t3.micro" : "m5.large"));
            running = !running;
            break;
        case 1:
            events.push_back(
                exists ? deleted(at)
                       : created(at, 1 + random() % 9, random() % 2 == 0 ? "gp3" : "gp2"));
            exists = !exists;
            break;
        case 2:
            if (exists)
                events.push_back(resized(at, 10 + random() % 9));
            break;
        case 3:
            events.push_back(is_allocated ? freed(at) : allocated(at));
            is_allocated = !is_allocated;
            break;
        case 4:
            at += std::chrono::minutes(random() % 70);
            events.push_back(translates ? nat_ended(at) : nat_started(at));
            translates = !translates;
            break;
        default:
            events.push_back(reachable ? released(at) : taken(at));
            reachable = !reachable;
        }
    }
    return events;
}

TEST(Usage, EqualsASecondBySecondReplayAtAnyInstant) {
    const auto prices = price_list();
    std::mt19937 random(11);
    for (int round = 0; round < 60; ++round) {
        const Time from = march - std::chrono::seconds(random() % 600);
        const auto events = random_events(random, from);
        for (int instant = 0; instant < 3; ++instant) {
            const Time now = from + std::chrono::seconds(random() % 20000);
            Money sum;
            for (const auto& bill : replay(events, prices, now))
                sum += bill.total();
            std::vector<LedgerEvent> happened;
            for (const auto& e : events)
                if (e.at <= now)
                    happened.push_back(e);
            const auto expected =
                second_by_second(happened, prices, second_of(from), second_of(now));
            ASSERT_EQ(sum, expected)
                << "round " << round << ": " << sum.str(9) << " and not " << expected.str(9);
        }
    }
}

// Read in pieces, as from a long ledger, it is the same.
TEST(Usage, PiecesGiveTheSameAsTheWhole) {
    const auto prices = price_list();
    std::mt19937 random(12);
    const auto events = random_events(random, march);
    Timeline pieces;
    for (size_t i = 0; i < events.size(); ++i) {
        pieces.add(events[i]);
        const auto whole = replay(
            {events.begin(), events.begin() + static_cast<long>(i) + 1}, prices, march + day);
        Money sum_of_pieces;
        Money sum_of_whole;
        for (const auto& bill : bills_of(pieces, prices, march + day))
            sum_of_pieces += bill.total();
        for (const auto& bill : whole)
            sum_of_whole += bill.total();
        EXPECT_EQ(sum_of_pieces, sum_of_whole);
    }
}

// --- type, IOPS and throughput of a volume; march has 31 days ---

TEST(Usage, RetypedVolumeGoesOnUnderItsNewPrice) {
    const auto half = march + 31 * day / 2;
    EXPECT_THAT(costs({created(march, 100), retyped(half, 200, "gp2"), deleted(march + 31 * day)},
                      march + 31 * day),
                ElementsAre("gp2 10.000000", "gp3 4.000000"));
    // Its 60 seconds were counted once.
    EXPECT_THAT(replay({created(march, 1), retyped(march + 10s, 1, "gp2"), deleted(march + 20s)},
                       price_list(),
                       march + day)
                    .at(0)
                    .charges.at(1)
                    .seconds,
                10);
}

TEST(Usage, ProvisionedPerformanceIsChargedUntilItIsTakenAway) {
    const auto half = march + 31 * day / 2;
    const auto end = march + 31 * day;
    EXPECT_THAT(
        costs({created(march, 100), iops_set(march, 1000), throughput_set(march, 100)}, end),
        ElementsAre("gp3 8.000000", "gp3 5.000000", "gp3 4.000000"));
    EXPECT_THAT(costs({created(march, 100), iops_set(half, 1000)}, end),
                ElementsAre("gp3 8.000000", "gp3 2.500000"));
    EXPECT_THAT(costs({created(march, 100), iops_set(march, 1000), iops_set(half, 0)}, end),
                ElementsAre("gp3 8.000000", "gp3 2.500000"));
    EXPECT_THAT(costs({created(march, 100), iops_set(march, 1000), iops_set(half, 3000)}, end),
                ElementsAre("gp3 8.000000", "gp3 10.000000"));
    EXPECT_THAT(costs({created(march, 100), iops_set(march, 1000), deleted(half)}, end),
                ElementsAre("gp3 4.000000", "gp3 2.500000"))
        << "it ends with its volume";
    EXPECT_THAT(costs({iops_set(march, 1000)}, end), IsEmpty()) << "there is no such volume";
}

TEST(Usage, FurtherIopsOfIo2CostLess) {
    const auto end = march + 31 * day;
    const auto cost = [&](int64_t iops) {
        return costs({created(march, 4, "io2"), iops_set(march, iops, "io2")}, end).at(1);
    };
    EXPECT_EQ(cost(1000), "io2 65.000000");
    EXPECT_EQ(cost(32000), "io2 2080.000000");
    EXPECT_EQ(cost(33000), "io2 2125.500000");
    EXPECT_EQ(cost(65000), "io2 3567.850000");
}

TEST(Usage, PerformanceWithoutAPriceSaysSo) {
    const auto all = costs({created(march, 100), iops_set(march, 1000, "io1")}, march + 31 * day);
    EXPECT_THAT(all.at(1), testing::HasSubstr("has no price for a month of an IOPS of io1"));
}

// --- snapshots, bytes, credits ---

constexpr int64_t gib = int64_t{1} << 30;

// https://docs.aws.amazon.com/ebs/latest/userguide/ebs-snapshots.html ("you're charged only for the
// changed data"): each snapshot by the bytes that are stored for it.
TEST(Usage, SnapshotCostsWhatIsStoredForIt) {
    const auto snapshot = [](LedgerKind kind, Time at, int64_t bytes) {
        return alone(event(kind, at, "snap-1", bytes, "vol-1"));
    };
    const auto end = march + 31 * day;
    EXPECT_THAT(costs({snapshot(LedgerKind::snapshot_completed, march, 99 * gib),
                       snapshot(LedgerKind::snapshot_stored, march, 10 * gib)},
                      end),
                ElementsAre("snapshot 0.500000"))
        << "that it is complete charges nothing";
    // The snapshot before it goes, and leaves it its bytes.
    EXPECT_THAT(costs({snapshot(LedgerKind::snapshot_stored, march, 10 * gib),
                       snapshot(LedgerKind::snapshot_stored, march + 31 * day / 2, 30 * gib)},
                      end),
                ElementsAre("snapshot 1.000000"));
    EXPECT_THAT(costs({snapshot(LedgerKind::snapshot_stored, march, gib),
                       snapshot(LedgerKind::snapshot_deleted, march + 1s, 0)},
                      end),
                ElementsAre("snapshot 0.000000"))
        << "without a minimum";
}

// https://aws.amazon.com/vpc/pricing/ ("NAT gateway … per GB data processed"),
// https://aws.amazon.com/ec2/pricing/on-demand/ ("Data Transfer OUT From Amazon EC2 To Internet").
TEST(Usage, BytesCostWhenTheyPassed) {
    const auto bytes = [](LedgerKind kind, Time at, int64_t count) {
        return alone(event(kind, at, "nat-1", count, ""));
    };
    EXPECT_THAT(costs({bytes(LedgerKind::nat_gateway_processed, march, gib),
                       bytes(LedgerKind::nat_gateway_processed, march + 1h, gib),
                       bytes(LedgerKind::data_sent_out, march, 10 * gib)},
                      march + day),
                ElementsAre("NAT gateway 0.090000", "data out 0.900000"));
}

// https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/burstable-performance-instances-unlimited-mode-concepts.html
// ("a flat additional rate per vCPU-hour").
TEST(Usage, SurplusCreditsCostTheirVcpuHours) {
    EXPECT_THAT(costs({event(LedgerKind::credits_charged, march, "i-1", 7200, "t3")}, march + 1h),
                ElementsAre("t3 0.100000"));
}

// Spot, dedicated and reserved capacity have tables of their own.
TEST(Usage, OtherMarketsHaveTheirOwnPrices) {
    const PriceBook prices(
        *PriceList::parse("region='us-east-1'\nvalid_from='2026-01-19'\ncurrency='USD'\n"
                          "[instance_hour]\n't3.micro'='1'\n[spot_hour]\n't3.micro'='0.3'\n"
                          "[dedicated_hour]\n't3.micro'='2'\n[reserved_hour]\n't3.micro'='0.6'\n",
                          "p"));
    for (const auto& [item, cost] : {std::pair("t3.micro", "1.0"),
                                     std::pair("t3.micro/spot", "0.3"),
                                     std::pair("t3.micro/dedicated", "2.0"),
                                     std::pair("t3.micro/reserved", "0.6")})
        EXPECT_EQ(replay({started(march, item), ended(march + 1h)}, prices, march + day)
                      .at(0)
                      .total()
                      .str(1),
                  cost);
}

// --- prices that change, a clock that jumps ---

PriceTable instance_table(const std::string& dollars) {
    return *PriceTable::of({*PriceList::parse("region='*'\nvalid_from='2020-01-01'\n"
                                              "currency='USD'\n[instance_hour]\n't3.micro'='" +
                                                  dollars + "'",
                                              "p")});
}

TEST(Usage, ChangeOfPriceNeverRewritesThePast) {
    PriceBook prices;
    prices.set(second_of(march), instance_table("1"));
    const std::vector<LedgerEvent> events{started(march - 10h), ended(march + 10h)};
    EXPECT_EQ(replay(events, prices, march + 5h).at(0).total().str(2), "15.00");
    prices.set(second_of(march + 6h), instance_table("2"));
    EXPECT_EQ(replay(events, prices, march + 5h).at(0).total().str(2), "15.00");
    EXPECT_EQ(replay(events, prices, march + day).at(0).total().str(2), "24.00");
    // What was to come and was taken back never was.
    prices.set(second_of(march + 30h), instance_table("9"));
    prices.set(second_of(march + 20h), instance_table("3"));
    EXPECT_EQ(prices.entries().size(), 3u);
    EXPECT_EQ(replay(events, prices, march + 2 * day).at(0).total().str(2), "24.00");
}

TEST(Usage, JumpOfTheClockNeitherCreatesNorLosesACharge) {
    const auto step = [](Time now, Duration by) {
        return event(LedgerKind::clock_stepped, now, "clock", by.count(), "");
    };
    for (const Duration jump : {Duration(5h), Duration(-30min), Duration(40s)}) {
        const auto charge = [&](std::vector<LedgerEvent> events) {
            return only_charge(events, march + 9 * day).seconds;
        };
        // One real hour, in the middle of which the clock jumps.
        EXPECT_EQ(
            charge({started(march), step(march + 30min + jump, jump), ended(march + 1h + jump)}),
            3600);
        // The minimum is owed once.
        EXPECT_EQ(
            charge({started(march), step(march + 10s + jump, jump), ended(march + 20s + jump)}),
            60);
        EXPECT_EQ(charge({nat_started(march),
                          step(march + 30min + jump, jump),
                          nat_ended(march + 61min + jump)}),
                  7200);
    }
}

} // namespace
} // namespace pileus::meter
