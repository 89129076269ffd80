#ifndef MQRPC_SUBSCRIPTION_TABLE_H_
#define MQRPC_SUBSCRIPTION_TABLE_H_

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "filter_tree.h"
#include "mqrpc/message.h"
#include "mqrpc/transport.h"

namespace mqrpc::internal {

// The subscriptions of one connection: finds whose a message is. Several may have one filter; the
// broker knows it once. Not thread-safe. Its callbacks may add and remove subscriptions, their own
// too: from then on a removed one is not called any more, one that was added gets later messages.
class SubscriptionTable {
 public:
  using Id = Transport::SubscriptionId;

  SubscriptionTable();
  ~SubscriptionTable();  // not in a callback of it
  SubscriptionTable(const SubscriptionTable&) = delete;
  SubscriptionTable& operator=(const SubscriptionTable&) = delete;

  struct Added {
    Id id = 0;  // never 0 for one that was added
    // The broker has to be asked: nobody else has the filter, or only at a lower QoS, or it was
    // refused to them; or it wants what was retained, which comes only to those who ask.
    bool first = false;
    // The broker has granted it to others: in a later turn, call ReportJoined.
    bool granted = false;
  };
  Added Add(Subscription subscription);

  // The filter if nobody has it any more, so that the broker can be told; not one that was refused,
  // which may be a string that cannot be sent. An id that is not (or no longer) here is ignored.
  std::optional<std::string> Remove(Id id);

  // Likewise for one that still takes what comes, until Remove, or until another has its filter.
  std::optional<std::string> Leave(Id id);

  // Removes all.
  void Clear();

  // To all whose filter matches; moved to the last of them, copied for the others.
  void Dispatch(Message message);

  // What the broker said about a filter: on_state of all that have it.
  void Report(const std::string& filter, const absl::Status& status);

  // The broker has forgotten them all: on_state of each.
  void ReportAll(const absl::Status& status);

  // What was granted may not be any more: all is to be asked for again, and only refusals are told.
  void ForgetGrants();

  // OK to those that came to a filter that others had been granted, once, and unless it was lost
  // since.
  void ReportJoined();

  // What a broker is to be asked for that still has what it granted: each filter once, in order of
  // coming, with the highest QoS that it was asked for.
  std::vector<std::pair<std::string, QoS>> FiltersToAsk() const;

  // At what QoS to ask the broker for a filter that somebody here has.
  std::optional<QoS> QoSOf(std::string_view filter) const;

  // Whether somebody here wants what was retained of it.
  bool WantsRetained(std::string_view filter) const;

  bool Contains(std::string_view filter) const { return QoSOf(filter).has_value(); }

 private:
  enum class State { kAsked, kGranted, kRefused };
  struct Entry;
  class Visit;
  using Entries = std::vector<Entry*>;

  Entry* Find(Id id) const;
  Entries All() const;
  Entries WithFilter(std::string_view filter) const;
  void Erase(Entry& entry);

  std::map<Id, std::unique_ptr<Entry>> entries_;  // in order of coming
  absl::flat_hash_map<std::string, Entries> by_filter_;
  FilterTree<Entry*> by_topic_;
  std::vector<Id> joined_;  // and not told yet

  // The callbacks that are called count on their entries: what is removed meanwhile stays here
  // until the last visit ends.
  std::vector<std::unique_ptr<Entry>> removed_;
  int visits_ = 0;
  Id next_id_ = 1;
};

}  // namespace mqrpc::internal

#endif  // MQRPC_SUBSCRIPTION_TABLE_H_
