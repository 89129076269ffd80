#include "drain_marker.h"

#include <optional>
#include <utility>

namespace mqrpc::internal {

DrainMarker::DrainMarker(Transport& transport, std::string topic, std::function<void()> on_end)
    : transport_(transport), topic_(std::move(topic)), on_end_(std::move(on_end)) {
  if (!transport_.is_connected()) {
    End();
    return;
  }
  subscription_ = transport_.Subscribe(
      {.filter = topic_,
       .on_message = [this](const Message&) { End(); },
       .on_state =
           [this](const absl::Status& status) {
             if (absl::IsUnavailable(status)) End();
           }});
  // In order with what came before at any QoS, which a lower one might overtake.
  Send(QoS::kExactlyOnce);
}

DrainMarker::~DrainMarker() {
  if (subscription_ == 0) return;
  transport_.Unsubscribe(subscription_, nullptr);
  transport_.Withdraw(publish_);
}

void DrainMarker::Send(QoS qos) {
  publish_ = transport_.Publish(
      [topic = topic_, qos] { return Message{.topic = topic, .qos = qos}; },
      [weak = std::weak_ptr<DrainMarker*>(self_), qos](const absl::StatusOr<ReasonCode>& ack) {
        std::shared_ptr<DrainMarker*> self = weak.lock();
        if (self == nullptr) return;
        bool is_refused_qos = qos == QoS::kExactlyOnce && absl::IsInvalidArgument(ack.status());
        if (is_refused_qos) return (*self)->Send(QoS::kAtLeastOnce);
        if (absl::IsUnavailable(ack.status())) (*self)->End();
      });
}

void DrainMarker::End() {
  if (on_end_) std::exchange(on_end_, nullptr)();
}

}  // namespace mqrpc::internal
