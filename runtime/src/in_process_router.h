#ifndef MQRPC_IN_PROCESS_ROUTER_H_
#define MQRPC_IN_PROCESS_ROUTER_H_

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "filter_tree.h"
#include "mqrpc/message.h"

namespace mqrpc::internal {

class InProcessLink;

// Who is subscribed to what, as a broker knows it: MQTT 5 sections 4.7 and 4.8. Not thread-safe.
class InProcessRouter {
 public:
  using Link = std::shared_ptr<InProcessLink>;  // kept alive while it is being delivered to

  // A second subscription of a link to one filter replaces its first.
  void Subscribe(Link link, const std::string& filter, QoS qos);
  void Unsubscribe(const Link& link, std::string_view filter);
  void Remove(const Link& link);

  struct Target {
    Link link = {};
    QoS qos = QoS::kAtMostOnce;  // of the subscription
  };

  // Everyone whose filter matches, a link once for each such filter, as Mosquitto does unless told
  // otherwise; and from each group the member whose turn it is, who is the last one then.
  std::vector<Target> TargetsOf(std::string_view topic);

  // MQTT 5 section 3.3.1.3: the last message of its topic is kept, one without a payload clears it.
  void Retain(const Message& message);
  std::vector<Message> RetainedFor(std::string_view filter) const;

 private:
  struct Route {
    std::string filter = {};  // `$share/{group}/` included
    bool is_shared = false;
    std::deque<Target> targets = {};  // of a shared one: the first is next
  };

  void Remove(Route& route, const Link& link);

  std::map<std::string, Route, std::less<>> routes_;  // by filter
  FilterTree<Route*> by_topic_;
  std::map<std::string, Message> retained_;  // by topic
};

}  // namespace mqrpc::internal

#endif  // MQRPC_IN_PROCESS_ROUTER_H_
