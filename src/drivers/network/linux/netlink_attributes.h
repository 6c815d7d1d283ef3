// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <libmnl/libmnl.h>

namespace pileus::drivers {

// The attributes of a netlink message, or those inside an attribute, for a range-based for.
// (libmnl's own macros are C.)
class Attributes {
  public:
    static Attributes of_message(const nlmsghdr* header, size_t fixed_part_bytes) {
        return {static_cast<const nlattr*>(mnl_nlmsg_get_payload_offset(header, fixed_part_bytes)),
                static_cast<const char*>(mnl_nlmsg_get_payload_tail(header))};
    }
    static Attributes inside(const nlattr* nest) {
        const auto* first = static_cast<const nlattr*>(mnl_attr_get_payload(nest));
        return {first, reinterpret_cast<const char*>(first) + mnl_attr_get_payload_len(nest)};
    }

    class Iterator {
      public:
        Iterator(const nlattr* at, const char* tail) : at_(at), tail_(tail) {}
        const nlattr* operator*() const { return at_; }
        Iterator& operator++() {
            at_ = mnl_attr_next(at_);
            return *this;
        }
        // The end is where no whole attribute fits any more.
        bool operator!=(const Iterator&) const {
            return mnl_attr_ok(at_, static_cast<int>(tail_ - reinterpret_cast<const char*>(at_)));
        }

      private:
        const nlattr* at_;
        const char* tail_;
    };
    Iterator begin() const { return {first_, tail_}; }
    Iterator end() const { return {nullptr, tail_}; }

  private:
    Attributes(const nlattr* first, const char* tail) : first_(first), tail_(tail) {}
    const nlattr* first_;
    const char* tail_;
};

} // namespace pileus::drivers
