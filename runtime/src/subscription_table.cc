#include "subscription_table.h"

#include <algorithm>

#include "absl/container/flat_hash_set.h"
#include "absl/container/inlined_vector.h"
#include "text.h"
#include "topic.h"

namespace mqrpc::internal {

struct SubscriptionTable::Entry {
  Entry(Id number, Subscription from)
      : id(number),
        subscription(std::move(from)),
        topic_filter(SplitShared(subscription.filter).filter) {}

  // Whether it is why the broker is asked for its filter.
  bool wants() const { return !removed && !left; }

  void Tell(const absl::Status& status) {
    if (subscription.on_state) subscription.on_state(status);
  }

  const Id id;
  Subscription subscription;
  const std::string_view topic_filter;  // in subscription.filter
  State state = State::kAsked;
  bool joined = false;
  bool asked_again = false;  // though it was granted: only a refusal is news
  bool left = false;
  bool removed = false;
};

class SubscriptionTable::Visit {
 public:
  explicit Visit(SubscriptionTable& table) : table_(table) { ++table_.visits_; }
  ~Visit() {
    if (--table_.visits_ > 0) return;
    // Destroyed when they are out of the table, for what a callback holds may come back to it.
    std::vector<std::unique_ptr<Entry>> gone = std::exchange(table_.removed_, {});
  }

 private:
  SubscriptionTable& table_;
};

SubscriptionTable::SubscriptionTable() = default;

SubscriptionTable::~SubscriptionTable() { Clear(); }

SubscriptionTable::Added SubscriptionTable::Add(Subscription subscription) {
  Visit visit(*this);
  Id id = next_id_++;
  auto owned = std::make_unique<Entry>(id, std::move(subscription));
  Entry& added = *owned;
  const std::string& filter = added.subscription.filter;
  Added result = {.id = id, .first = true, .granted = false};
  std::optional<QoS> asked = QoSOf(filter);
  for (Entry* entry : WithFilter(filter)) {
    if (entry->left) {
      Erase(*entry);  // a message is for those that stay
      continue;
    }
    result.granted = entry->state == State::kGranted;
    result.first = entry->state == State::kRefused || added.subscription.qos > *asked ||
                   added.subscription.wants_retained;
  }
  added.joined = result.granted;
  if (added.joined) joined_.push_back(id);
  added.state = result.granted && !result.first ? State::kGranted : State::kAsked;
  entries_.emplace(id, std::move(owned));
  by_filter_[filter].push_back(&added);
  by_topic_.Add(added.topic_filter, &added);
  return result;
}

std::optional<std::string> SubscriptionTable::Remove(Id id) {
  Visit visit(*this);
  Entry* entry = Find(id);
  if (entry == nullptr) return std::nullopt;
  std::optional<std::string> filter = Leave(id);
  Erase(*entry);
  return filter;
}

std::optional<std::string> SubscriptionTable::Leave(Id id) {
  Entry* entry = Find(id);
  if (entry == nullptr || entry->left) return std::nullopt;
  entry->left = true;
  bool is_known = entry->state != State::kRefused && !Contains(entry->subscription.filter);
  if (!is_known) return std::nullopt;
  return entry->subscription.filter;
}

void SubscriptionTable::Clear() {
  Visit visit(*this);
  for (Entry* entry : All()) Erase(*entry);
}

void SubscriptionTable::Dispatch(Message message) {
  Visit visit(*this);
  absl::InlinedVector<Entry*, 4> takers;
  by_topic_.ForEachOf(message.topic, [&takers](Entry* entry) { takers.push_back(entry); });
  std::sort(takers.begin(), takers.end(), [](const Entry* a, const Entry* b) {
    return a->id < b->id;
  });
  for (Entry* entry : takers) {
    if (entry->removed) continue;
    if (entry == takers.back()) return entry->subscription.on_message(std::move(message));
    entry->subscription.on_message(message);
  }
}

void SubscriptionTable::Report(const std::string& filter, const absl::Status& status) {
  Visit visit(*this);
  for (Entry* entry : WithFilter(filter)) {
    if (!entry->wants()) continue;
    entry->state = status.ok() ? State::kGranted : State::kRefused;
    entry->joined = false;
    bool is_known = std::exchange(entry->asked_again, false) && status.ok();
    if (!is_known) entry->Tell(status);
  }
}

void SubscriptionTable::ReportAll(const absl::Status& status) {
  Visit visit(*this);
  for (Entry* entry : All()) {
    if (!entry->wants()) continue;
    entry->state = State::kAsked;
    entry->joined = entry->asked_again = false;
    entry->Tell(status);
  }
}

void SubscriptionTable::ForgetGrants() {
  for (const auto& [id, entry] : entries_) {
    entry->asked_again = std::exchange(entry->state, State::kAsked) == State::kGranted;
  }
}

void SubscriptionTable::ReportJoined() {
  Visit visit(*this);
  for (Id id : std::exchange(joined_, {})) {
    Entry* entry = Find(id);
    if (entry == nullptr || !entry->wants()) continue;
    if (std::exchange(entry->joined, false)) entry->Tell(absl::OkStatus());
  }
}

std::vector<std::pair<std::string, QoS>> SubscriptionTable::FiltersToAsk() const {
  std::vector<std::pair<std::string, QoS>> filters;
  absl::flat_hash_set<absl::string_view> known;
  for (const auto& [id, entry] : entries_) {
    if (!entry->wants() || entry->state == State::kGranted) continue;
    const std::string& asked = entry->subscription.filter;
    if (known.insert(asked).second) filters.emplace_back(asked, *QoSOf(asked));
  }
  return filters;
}

bool SubscriptionTable::WantsRetained(std::string_view filter) const {
  auto found = by_filter_.find(View(filter));
  if (found == by_filter_.end()) return false;
  return std::any_of(found->second.begin(), found->second.end(), [](const Entry* entry) {
    return entry->wants() && entry->subscription.wants_retained;
  });
}

std::optional<QoS> SubscriptionTable::QoSOf(std::string_view filter) const {
  auto found = by_filter_.find(View(filter));
  if (found == by_filter_.end()) return std::nullopt;
  std::optional<QoS> highest;
  for (const Entry* entry : found->second) {
    if (!entry->wants()) continue;
    highest = std::max(highest.value_or(QoS::kAtMostOnce), entry->subscription.qos);
  }
  return highest;
}

SubscriptionTable::Entry* SubscriptionTable::Find(Id id) const {
  auto found = entries_.find(id);
  return found != entries_.end() ? found->second.get() : nullptr;
}

SubscriptionTable::Entries SubscriptionTable::All() const {
  Entries all;
  for (const auto& [id, entry] : entries_) all.push_back(entry.get());
  return all;
}

SubscriptionTable::Entries SubscriptionTable::WithFilter(std::string_view filter) const {
  auto found = by_filter_.find(View(filter));
  return found != by_filter_.end() ? found->second : Entries();
}

// In a visit.
void SubscriptionTable::Erase(Entry& entry) {
  entry.removed = true;
  by_topic_.Remove(entry.topic_filter, &entry);
  auto same = by_filter_.find(entry.subscription.filter);
  std::erase(same->second, &entry);
  if (same->second.empty()) by_filter_.erase(same);
  removed_.push_back(std::move(entries_.extract(entry.id).mapped()));
}

}  // namespace mqrpc::internal
