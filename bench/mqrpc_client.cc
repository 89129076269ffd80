#include "mqrpc_client.h"

#include <cstdint>
#include <future>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "echo.mqrpc.pb.h"
#include "mqrpc/channel.h"
#include "mqrpc/mosquitto_transport.h"
#include "open_loop.h"
#include "payload.h"

namespace mqrpc::bench {
namespace {

void Report(
    Recorder& recorder,
    uint64_t call,
    Recorder::Clock::time_point started,
    const absl::StatusOr<EchoReply>& reply) {
  if (!reply.ok()) return recorder.Fail(reply.status());
  recorder.Answer(call, started, Recorder::Clock::now(), reply->payload());
}

void MakeBlockingCalls(EchoService::Stub& echo, const Load& load, Recorder& recorder) {
  EchoRequest request;
  request.set_payload(MakePayload(load.cell.payload_size));
  recorder.Start();
  for (uint64_t call = 1; recorder.wants_more(); ++call) {
    Recorder::Clock::time_point started = Recorder::Clock::now();
    Stamp(call, *request.mutable_payload());
    absl::StatusOr<EchoReply> reply = echo.Echo(request);
    Report(recorder, call, started, reply);
  }
}

// A fixed number of calls, each of which is followed by the next in its continuation. The first
// ones are started by the thread that runs it, everything else happens on the channel's executor.
class AsynchronousCalls {
 public:
  AsynchronousCalls(EchoService::Stub& echo, const Load& load, Recorder& recorder)
      : echo_(echo), load_(load), recorder_(recorder) {
    next_request_.set_payload(MakePayload(load.cell.payload_size));
  }

  void Run();

 private:
  // `call` is unique: slot, slot + n, slot + 2n and so on are the calls of one slot.
  void StartCall(uint64_t call, EchoRequest& request);
  void OnReply(
      uint64_t call,
      Recorder::Clock::time_point started,
      const absl::StatusOr<EchoReply>& reply);

  EchoService::Stub& echo_;
  const Load& load_;
  Recorder& recorder_;
  std::promise<void> all_ended_;

  // Of the executor's thread.
  EchoRequest next_request_;
  size_t ended_ = 0;
};

void AsynchronousCalls::StartCall(uint64_t call, EchoRequest& request) {
  Recorder::Clock::time_point started = Recorder::Clock::now();
  Stamp(call, *request.mutable_payload());
  echo_.EchoAsync(request).Then(
      [this, call, started](absl::StatusOr<EchoReply> reply) { OnReply(call, started, reply); });
}

void AsynchronousCalls::OnReply(
    uint64_t call,
    Recorder::Clock::time_point started,
    const absl::StatusOr<EchoReply>& reply) {
  Report(recorder_, call, started, reply);
  if (recorder_.wants_more()) {
    StartCall(call + load_.cell.in_flight, next_request_);
  } else if (++ended_ == load_.cell.in_flight) {
    all_ended_.set_value();
  }
}

void AsynchronousCalls::Run() {
  EchoRequest first_request = next_request_;
  recorder_.Start();
  for (uint64_t slot = 0; slot < load_.cell.in_flight; ++slot) StartCall(slot, first_request);
  all_ended_.get_future().wait();
}

absl::Status MakeCallsByTheClock(EchoService::Stub& echo, const Load& load, Recorder& recorder) {
  OpenLoop loop(load.cell, recorder);
  EchoRequest request;
  request.set_payload(MakePayload(load.cell.payload_size));
  return loop.Run([&echo, &loop, &request](const OpenLoop::Call& call) {
    Stamp(call.number, *request.mutable_payload());
    request.set_delay_millis(call.is_slow ? kSlowMillis : 0);
    echo.EchoAsync(request).Then([&loop, call](absl::StatusOr<EchoReply> reply) {
      reply.ok() ? loop.Answer(call, reply->payload()) : loop.Fail(reply.status());
    });
  });
}

void HoldCalls(EchoService::Stub& echo, const Load& load, Recorder& recorder) {
  EchoRequest request;
  request.set_payload(MakePayload(load.cell.payload_size));
  recorder.Start();
  // So that what the first call costs is not theirs.
  if (auto reply = echo.Echo(request); !reply.ok()) recorder.Fail(reply.status());
  request.set_delay_millis(kHoldMillis);
  const CallOptions options = {.timeout = absl::Milliseconds(kHoldMillis)};
  recorder.BeginHolding();
  for (size_t i = 0; i < load.cell.in_flight; ++i) {
    echo.EchoAsync(request, options).Then([&recorder](absl::StatusOr<EchoReply> reply) {
      if (recorder.wants_more()) recorder.Fail(reply.status());
    });
  }
  recorder.EndHolding(load.cell.in_flight);
}

}  // namespace

absl::Status RunMqrpcClient(const Load& load, Recorder& recorder) {
  auto transport = ConnectMosquitto({.broker = load.address});
  if (!transport.ok()) return transport.status();
  Channel channel(
      **transport,
      {.timeout = kCallTimeout, .qos = load.cell.qos, .max_batch_calls = load.batch_calls});
  if (!channel.status().ok()) return channel.status();
  EchoService::Stub echo(channel);
  if (load.cell.rate > 0) return MakeCallsByTheClock(echo, load, recorder);
  if (load.cell.hold) {
    HoldCalls(echo, load, recorder);
  } else if (load.cell.in_flight == 1) {
    MakeBlockingCalls(echo, load, recorder);
  } else {
    AsynchronousCalls(echo, load, recorder).Run();
  }
  return absl::OkStatus();
}

}  // namespace mqrpc::bench
