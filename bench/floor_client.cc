#include "floor_client.h"

#include <cstring>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "floor_connection.h"
#include "floor_wire.h"
#include "payload.h"

namespace mqrpc::bench {
namespace {

// A fixed number of calls, each in a slot of its own, which the next call takes over.
class FloorClient {
 public:
  FloorClient(const Load& load, Recorder& recorder)
      : load_(load), recorder_(recorder), slots_(load.cell.in_flight) {}

  absl::Status Run();

 private:
  // On the wire as it is: 16 bytes, as mqrpc's.
  struct Correlation {
    uint64_t slot;
    uint64_t call;
  };

  struct Slot {
    uint64_t call = 0;  // 0: none
    Recorder::Clock::time_point started;
  };

  absl::Status Open();
  void StartCall(uint64_t slot, Recorder::Clock::time_point now);
  void OnReply(const mosquitto_message& message, const mosquitto_property* properties);
  absl::Status RunTurns();

  const Load& load_;
  Recorder& recorder_;
  std::unique_ptr<FloorConnection> connection_;
  FloorMessage request_;
  std::string correlation_;
  std::vector<Slot> slots_;
  uint64_t last_call_ = 0;
  size_t outstanding_ = 0;
  Recorder::Clock::time_point last_reply_;
};

absl::Status FloorClient::Open() {
  std::string client_id = FloorClientId();
  request_ = {
      .topic = kFloorRequestTopic,
      .payload = MakePayload(load_.cell.payload_size),
      .response_topic = FloorReplyTopic(client_id),
      .timeout_millis = absl::StrCat(absl::ToInt64Milliseconds(kCallTimeout)),
      .expiry_seconds = static_cast<uint32_t>(absl::ToInt64Seconds(kCallTimeout))};
  auto connection = FloorConnection::Connect(
      {.broker = load_.address,
       .client_id = client_id,
       .qos = load_.cell.qos,
       .window = load_.floor_window},
      [this](const mosquitto_message& message, const mosquitto_property* properties) {
        OnReply(message, properties);
      });
  if (!connection.ok()) return connection.status();
  connection_ = *std::move(connection);
  return connection_->Subscribe(request_.response_topic);
}

void FloorClient::StartCall(uint64_t slot, Recorder::Clock::time_point now) {
  Correlation correlation = {.slot = slot, .call = ++last_call_};
  slots_[slot] = {.call = correlation.call, .started = now};
  request_.correlation.assign(reinterpret_cast<const char*>(&correlation), sizeof(correlation));
  Stamp(correlation.call, request_.payload);
  connection_->Publish(request_);
}

void FloorClient::OnReply(const mosquitto_message& message, const mosquitto_property* properties) {
  Recorder::Clock::time_point now = Recorder::Clock::now();
  last_reply_ = now;
  ReadCorrelation(properties, correlation_);
  Correlation correlation = {};
  if (correlation_.size() == sizeof(correlation)) {
    memcpy(&correlation, correlation_.data(), sizeof(correlation));
  }
  if (correlation.slot >= slots_.size() || correlation.call == 0 ||
      slots_[correlation.slot].call != correlation.call) {
    recorder_.Fail(absl::InternalError("a reply to no call that is under way"));
    return;
  }
  Slot& slot = slots_[correlation.slot];
  std::string_view payload(
      static_cast<const char*>(message.payload),
      static_cast<size_t>(message.payloadlen));
  recorder_.Answer(correlation.call, slot.started, now, payload);
  slot.call = 0;
  if (recorder_.wants_more()) {
    StartCall(correlation.slot, now);
  } else {
    --outstanding_;
  }
}

absl::Status FloorClient::RunTurns() {
  while (outstanding_ > 0) {
    if (auto turn = connection_->Turn(absl::Seconds(1)); !turn.ok()) return turn.status();
    if (Recorder::Clock::now() - last_reply_ > absl::ToChronoNanoseconds(kCallTimeout)) {
      recorder_.Fail(absl::DeadlineExceededError("calls were never answered"), outstanding_);
      return absl::OkStatus();
    }
  }
  return absl::OkStatus();
}

absl::Status FloorClient::Run() {
  if (absl::Status status = Open(); !status.ok()) return status;
  recorder_.Start();
  last_reply_ = Recorder::Clock::now();
  outstanding_ = slots_.size();
  for (uint64_t slot = 0; slot < slots_.size(); ++slot) {
    StartCall(slot, Recorder::Clock::now());
  }
  return RunTurns();
}

}  // namespace

absl::Status RunFloorClient(const Load& load, Recorder& recorder) {
  return FloorClient(load, recorder).Run();
}

}  // namespace mqrpc::bench
