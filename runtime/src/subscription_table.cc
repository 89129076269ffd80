#include "subscription_table.h"

#include <algorithm>
#include <cstddef>

#include "topic.h"

namespace mqrpc::internal {

struct SubscriptionTable::Entry {
  Entry(Id number, Subscription from)
      : id(number),
        subscription(std::move(from)),
        topic_filter(SplitShared(subscription.filter).filter),
        has_wildcard(HasWildcard(topic_filter)) {}

  bool Takes(std::string_view topic) const {
    return has_wildcard ? TopicMatches(topic_filter, topic) : topic_filter == topic;
  }
  // Whether it is why the broker is asked for the filter.
  bool Has(std::string_view filter) const { return wants() && subscription.filter == filter; }
  bool wants() const { return !removed && !left; }

  void Tell(const absl::Status& status) {
    if (subscription.on_state) subscription.on_state(status);
  }

  const Id id;
  Subscription subscription;
  const std::string_view topic_filter;  // in subscription.filter
  const bool has_wildcard;
  State state = State::kAsked;
  bool joined = false;       // and not told yet
  bool asked_again = false;  // though it was granted: only a refusal is news
  bool left = false;
  bool removed = false;
};

// While one exists, entries stay; `count` of them were there when it began.
class SubscriptionTable::Visit {
 public:
  explicit Visit(SubscriptionTable& table) : count(table.entries_.size()), table_(table) {
    ++table_.visits_;
  }
  ~Visit() {
    if (--table_.visits_ > 0 || !table_.has_removed_) return;
    table_.has_removed_ = false;
    auto& entries = table_.entries_;
    auto removed = std::stable_partition(entries.begin(), entries.end(), [](const auto& entry) {
      return !entry->removed;
    });
    // Destroyed when they are out of the table, for what a callback holds may come back to it.
    std::vector<std::unique_ptr<Entry>> gone(
        std::make_move_iterator(removed),
        std::make_move_iterator(entries.end()));
    entries.erase(removed, entries.end());
  }

  const size_t count;

 private:
  SubscriptionTable& table_;
};

SubscriptionTable::SubscriptionTable() = default;

SubscriptionTable::~SubscriptionTable() { Clear(); }

SubscriptionTable::Added SubscriptionTable::Add(Subscription subscription) {
  auto added = std::make_unique<Entry>(next_id_++, std::move(subscription));
  Added result = {.id = added->id, .first = true, .granted = false};
  std::optional<QoS> asked = QoSOf(added->subscription.filter);
  for (const auto& entry : entries_) {
    if (!entry->Has(added->subscription.filter)) continue;
    result.granted = entry->state == State::kGranted;
    result.first = entry->state == State::kRefused || added->subscription.qos > *asked ||
                   added->subscription.wants_retained;
    break;
  }
  // A message is for those that stay.
  for (const auto& entry : entries_) {
    if (!entry->left || entry->subscription.filter != added->subscription.filter) continue;
    entry->removed = true;
    has_removed_ = true;
  }
  added->joined = result.granted;
  added->state = result.granted && !result.first ? State::kGranted : State::kAsked;
  entries_.push_back(std::move(added));
  return result;
}

std::optional<std::string> SubscriptionTable::Remove(Id id) {
  auto found = std::find_if(entries_.begin(), entries_.end(), [id](const auto& entry) {
    return entry->id == id && !entry->removed;
  });
  if (found == entries_.end()) return std::nullopt;
  std::optional<std::string> filter = Leave(id);
  (*found)->removed = true;
  has_removed_ = true;
  Visit sweep(*this);
  return filter;
}

std::optional<std::string> SubscriptionTable::Leave(Id id) {
  auto found = std::find_if(entries_.begin(), entries_.end(), [id](const auto& entry) {
    return entry->id == id && entry->wants();
  });
  if (found == entries_.end()) return std::nullopt;
  (*found)->left = true;
  bool is_known = (*found)->state != State::kRefused && !Contains((*found)->subscription.filter);
  if (!is_known) return std::nullopt;
  return (*found)->subscription.filter;
}

void SubscriptionTable::Clear() {
  Visit sweep(*this);
  for (const auto& entry : entries_) entry->removed = true;
  has_removed_ = true;
}

void SubscriptionTable::Dispatch(Message message) {
  Visit visit(*this);
  Entry* taker = nullptr;  // known before its turn, so that the last one can be moved to
  for (size_t i = 0; i < visit.count; ++i) {
    Entry* entry = entries_[i].get();
    if (entry->removed || !entry->Takes(message.topic)) continue;
    Entry* earlier = std::exchange(taker, entry);
    if (earlier == nullptr || earlier->removed) continue;
    earlier->subscription.on_message(message);
  }
  if (taker != nullptr && !taker->removed) taker->subscription.on_message(std::move(message));
}

void SubscriptionTable::Report(const std::string& filter, const absl::Status& status) {
  Visit visit(*this);
  for (size_t i = 0; i < visit.count; ++i) {
    Entry& entry = *entries_[i];
    if (!entry.Has(filter)) continue;
    entry.state = status.ok() ? State::kGranted : State::kRefused;
    entry.joined = false;
    bool is_known = std::exchange(entry.asked_again, false) && status.ok();
    if (!is_known) entry.Tell(status);
  }
}

void SubscriptionTable::ReportAll(const absl::Status& status) {
  Visit visit(*this);
  for (size_t i = 0; i < visit.count; ++i) {
    Entry& entry = *entries_[i];
    if (!entry.wants()) continue;
    entry.state = State::kAsked;
    entry.joined = entry.asked_again = false;
    entry.Tell(status);
  }
}

void SubscriptionTable::ForgetGrants() {
  for (const auto& entry : entries_) {
    entry->asked_again = std::exchange(entry->state, State::kAsked) == State::kGranted;
  }
}

void SubscriptionTable::ReportJoined() {
  Visit visit(*this);
  for (size_t i = 0; i < visit.count; ++i) {
    Entry& entry = *entries_[i];
    if (entry.wants() && std::exchange(entry.joined, false)) entry.Tell(absl::OkStatus());
  }
}

std::vector<std::pair<std::string, QoS>> SubscriptionTable::FiltersToAsk() const {
  std::vector<std::pair<std::string, QoS>> filters;
  for (const auto& entry : entries_) {
    if (!entry->wants() || entry->state == State::kGranted) continue;
    const std::string& asked = entry->subscription.filter;
    bool is_known = std::any_of(filters.begin(), filters.end(), [&asked](const auto& filter) {
      return filter.first == asked;
    });
    if (!is_known) filters.emplace_back(asked, *QoSOf(asked));
  }
  return filters;
}

bool SubscriptionTable::WantsRetained(std::string_view filter) const {
  return std::any_of(entries_.begin(), entries_.end(), [filter](const auto& entry) {
    return entry->Has(filter) && entry->subscription.wants_retained;
  });
}

std::optional<QoS> SubscriptionTable::QoSOf(std::string_view filter) const {
  std::optional<QoS> highest;
  for (const auto& entry : entries_) {
    if (!entry->Has(filter)) continue;
    highest = std::max(highest.value_or(QoS::kAtMostOnce), entry->subscription.qos);
  }
  return highest;
}

}  // namespace mqrpc::internal
