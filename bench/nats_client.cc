#include "nats_client.h"

#include <cstdlib>
#include <future>
#include <string>
#include <string_view>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "nats_connection.h"
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
    natsInbox* inbox = nullptr;
    natsStatus status = natsInbox_Create(&inbox);
    if (status != NATS_OK) return NatsError("an inbox", status);
    inbox_ = absl::StrCat(inbox, ".");
    natsInbox_Destroy(inbox);
    natsSubscription* made = nullptr;
    status = natsConnection_Subscribe(
        &made,
        connection_,
        absl::StrCat(inbox_, "*").c_str(),
        OnMessage,
        this);
    NatsSubscription subscription(made);
    if (status == NATS_OK) status = natsSubscription_SetPendingLimits(made, kNatsPending, -1);
    if (status != NATS_OK) return NatsError("subscribing", status);
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
        absl::StrCat(inbox_, slot).c_str(),
        request.data(),
        static_cast<int>(request.size()));
  }

  static void OnMessage(natsConnection*, natsSubscription*, natsMsg* reply, void* self) {
    NatsMessage owned(reply);
    static_cast<AsynchronousCalls*>(self)->OnReply(reply);
  }

  void OnReply(natsMsg* reply) {
    uint64_t index = 0;
    std::string_view subject = natsMsg_GetSubject(reply);
    subject.remove_prefix(inbox_.size());
    if (!absl::SimpleAtoi({subject.data(), subject.size()}, &index) || index >= slots_.size()) {
      return recorder_.Fail(absl::InternalError("NATS: a reply to no request"));
    }
    Slot& slot = slots_[index];
    recorder_.Answer(slot.number, slot.started, Recorder::Clock::now(), PayloadOf(reply));
    if (!recorder_.wants_more()) {
      if (++ended_ == slots_.size()) all_ended_.set_value();
      return;
    }
    slot.number += slots_.size();
    StartCall(index, request_);
  }

  natsConnection* const connection_;
  Recorder& recorder_;
  std::string inbox_;
  std::string request_;
  std::vector<Slot> slots_;
  size_t ended_ = 0;
  std::promise<void> all_ended_;
};

}  // namespace

absl::Status RunNatsClient(const Load& load, Recorder& recorder) {
  bool is_single = load.cell.in_flight == 1;
  absl::StatusOr<NatsConnection> connection =
      ConnectNats(load.address, load.cell.in_flight <= kMostAtOnce);
  if (!connection.ok()) return connection.status();
  if (!is_single) return AsynchronousCalls(connection->get(), load, recorder).Run();
  MakeBlockingCalls(connection->get(), load, recorder);
  return absl::OkStatus();
}

}  // namespace mqrpc::bench
