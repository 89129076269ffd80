#include "nats_client.h"

#include <cstdlib>
#include <future>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/strings/str_cat.h"
#include "nats_connection.h"
#include "nats_inbox.h"
#include "open_loop.h"
#include "payload.h"

namespace mqrpc::bench {
namespace {

std::string_view PayloadOf(const natsMsg* message) {
  return {natsMsg_GetData(message), static_cast<size_t>(natsMsg_GetDataLength(message))};
}

void MakeBlockingCalls(natsConnection* connection, const Load& load, Recorder& recorder) {
  std::string request = MakePayload(load.cell.payload_size);
  recorder.Start();
  for (uint64_t call = 1; recorder.wants_more(); ++call) {
    Recorder::Clock::time_point started = Recorder::Clock::now();
    Stamp(call, request);
    natsMsg* made = nullptr;
    natsStatus status = natsConnection_Request(
        &made,
        connection,
        kNatsSubject,
        request.data(),
        static_cast<int>(request.size()),
        absl::ToInt64Milliseconds(kCallTimeout));
    NatsMessage reply(made);
    if (status == NATS_OK) {
      recorder.Answer(call, started, Recorder::Clock::now(), PayloadOf(made));
    } else {
      recorder.Fail(NatsError("a request", status));
    }
  }
}

class AsynchronousCalls {
 public:
  AsynchronousCalls(natsConnection* connection, const Load& load, Recorder& recorder)
      : connection_(connection),
        recorder_(recorder),
        request_(MakePayload(load.cell.payload_size)),
        slots_(load.cell.in_flight) {}

  absl::Status Run() {
    absl::StatusOr<NatsInbox> inbox = NatsInbox::Open(connection_, OnMessage, this);
    if (!inbox.ok()) return inbox.status();
    inbox_ = &*inbox;
    recorder_.Start();
    // The next requests are of the thread that takes the replies: a payload for each of the two.
    std::string first_request = request_;
    for (uint64_t i = 0; i < slots_.size(); ++i) {
      slots_[i].number = i;
      StartCall(i, first_request);
    }
    if (all_ended_.get_future().wait_for(kPatience) != std::future_status::ready) {
      return absl::DeadlineExceededError("NATS: requests were never answered");
    }
    return absl::OkStatus();
  }

 private:
  struct Slot {
    uint64_t number = 0;
    Recorder::Clock::time_point started = {};
  };

  static constexpr std::chrono::seconds kPatience{120};

  void StartCall(uint64_t slot, std::string& request) {
    slots_[slot].started = Recorder::Clock::now();
    Stamp(slots_[slot].number, request);
    natsConnection_PublishRequest(
        connection_,
        kNatsSubject,
        inbox_->Subject(slot).c_str(),
        request.data(),
        static_cast<int>(request.size()));
  }

  static void OnMessage(natsConnection*, natsSubscription*, natsMsg* reply, void* self) {
    NatsMessage owned(reply);
    static_cast<AsynchronousCalls*>(self)->OnReply(reply);
  }

  void OnReply(natsMsg* reply) {
    std::optional<uint64_t> index = NatsInbox::NumberOf(reply);
    if (!index.has_value() || *index >= slots_.size()) {
      return recorder_.Fail(absl::InternalError("NATS: a reply to no request"));
    }
    Slot& slot = slots_[*index];
    recorder_.Answer(slot.number, slot.started, Recorder::Clock::now(), PayloadOf(reply));
    if (!recorder_.wants_more()) {
      if (++ended_ == slots_.size()) all_ended_.set_value();
      return;
    }
    slot.number += slots_.size();
    StartCall(*index, request_);
  }

  natsConnection* const connection_;
  Recorder& recorder_;
  const NatsInbox* inbox_ = nullptr;
  std::string request_;
  std::vector<Slot> slots_;
  size_t ended_ = 0;
  std::promise<void> all_ended_;
};

// The requests of an open loop; replies come to one inbox, each under the number of its call.
class RequestsByTheClock {
 public:
  RequestsByTheClock(natsConnection* connection, const Load& load, Recorder& recorder)
      : connection_(connection),
        request_(MakePayload(load.cell.payload_size)),
        loop_(load.cell, recorder) {}

  absl::Status Run() {
    absl::StatusOr<NatsInbox> inbox = NatsInbox::Open(connection_, OnMessage, this);
    if (!inbox.ok()) return inbox.status();
    return loop_.Run(
        [this, &inbox](const OpenLoop::Call& call) { Send(call, inbox->Subject(call.number)); });
  }

 private:
  void Send(const OpenLoop::Call& call, const std::string& reply_to) {
    Stamp(call.number, request_);
    natsMsg* made = nullptr;
    natsStatus status = natsMsg_Create(
        &made,
        kNatsSubject,
        reply_to.c_str(),
        request_.data(),
        static_cast<int>(request_.size()));
    NatsMessage request(made);
    if (status == NATS_OK && call.is_slow) {
      status = natsMsgHeader_Set(made, kNatsDelayMillis, absl::StrCat(kSlowMillis).c_str());
    }
    if (status == NATS_OK) status = natsConnection_PublishMsg(connection_, made);
    if (status != NATS_OK) loop_.Fail(NatsError("a request", status));
  }

  static void OnMessage(natsConnection*, natsSubscription*, natsMsg* reply, void* self) {
    NatsMessage owned(reply);
    OpenLoop& loop = static_cast<RequestsByTheClock*>(self)->loop_;
    if (std::optional<uint64_t> number = NatsInbox::NumberOf(reply)) {
      loop.Answer(loop.Find(*number), PayloadOf(reply));
    }
  }

  natsConnection* const connection_;
  std::string request_;
  OpenLoop loop_;
};

}  // namespace

absl::Status RunNatsClient(const Load& load, Recorder& recorder) {
  absl::StatusOr<NatsConnection> connection =
      ConnectNats(load.address, load.cell.in_flight <= kMostAtOnce);
  if (!connection.ok()) return connection.status();
  if (load.cell.rate > 0) return RequestsByTheClock(connection->get(), load, recorder).Run();
  if (load.cell.in_flight > 1) return AsynchronousCalls(connection->get(), load, recorder).Run();
  MakeBlockingCalls(connection->get(), load, recorder);
  return absl::OkStatus();
}

}  // namespace mqrpc::bench
