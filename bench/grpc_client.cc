#include "grpc_client.h"

#include <grpcpp/grpcpp.h>

#include <atomic>
#include <chrono>
#include <future>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "echo.grpc.pb.h"
#include "open_loop.h"
#include "payload.h"

namespace mqrpc::bench {
namespace {

using Stub = with_grpc::EchoService::Stub;

void SetDeadline(grpc::ClientContext& context) {
  context.set_deadline(std::chrono::system_clock::now() + absl::ToChronoSeconds(kCallTimeout));
}

absl::Status ToStatus(const grpc::Status& status) {
  return absl::InternalError(absl::StrCat("gRPC: ", status.error_message()));
}

void Report(
    Recorder& recorder,
    uint64_t call,
    Recorder::Clock::time_point started,
    const grpc::Status& status,
    const EchoReply& reply) {
  if (!status.ok()) return recorder.Fail(ToStatus(status));
  recorder.Answer(call, started, Recorder::Clock::now(), reply.payload());
}

void MakeBlockingCalls(Stub& stub, const Load& load, Recorder& recorder) {
  EchoRequest request;
  request.set_payload(MakePayload(load.cell.payload_size));
  recorder.Start();
  for (uint64_t number = 1; recorder.wants_more(); ++number) {
    Recorder::Clock::time_point started = Recorder::Clock::now();
    Stamp(number, *request.mutable_payload());
    grpc::ClientContext context;
    SetDeadline(context);
    EchoReply reply;
    grpc::Status status = stub.Echo(&context, request, &reply);
    Report(recorder, number, started, status, reply);
  }
}

class AsynchronousCalls {
 public:
  AsynchronousCalls(Stub& stub, const Load& load, Recorder& recorder)
      : stub_(stub), load_(load), recorder_(recorder), slots_(load.cell.in_flight) {}

  void Run() {
    recorder_.Start();
    for (size_t i = 0; i < slots_.size(); ++i) {
      slots_[i].number = i;
      slots_[i].request.set_payload(MakePayload(load_.cell.payload_size));
      StartCall(slots_[i]);
    }
    all_ended_.get_future().wait();
  }

 private:
  struct Slot {
    uint64_t number = 0;
    Recorder::Clock::time_point started = {};
    std::unique_ptr<grpc::ClientContext> context = {};
    EchoRequest request = {};
    EchoReply reply = {};
  };

  void StartCall(Slot& slot) {
    slot.started = Recorder::Clock::now();
    Stamp(slot.number, *slot.request.mutable_payload());
    slot.context = std::make_unique<grpc::ClientContext>();
    SetDeadline(*slot.context);
    stub_.async()->Echo(
        slot.context.get(),
        &slot.request,
        &slot.reply,
        [this, &slot](const grpc::Status& status) { OnReply(slot, status); });
  }

  // On whatever thread gRPC has for it.
  void OnReply(Slot& slot, const grpc::Status& status) {
    Report(recorder_, slot.number, slot.started, status, slot.reply);
    if (!recorder_.wants_more()) {
      if (++ended_ == slots_.size()) all_ended_.set_value();
      return;
    }
    slot.number += slots_.size();
    StartCall(slot);
  }

  Stub& stub_;
  const Load& load_;
  Recorder& recorder_;
  std::atomic<size_t> ended_ = 0;
  std::vector<Slot> slots_;
  std::promise<void> all_ended_;
};

struct OwnedCall {
  grpc::ClientContext context = {};
  EchoRequest request = {};
  EchoReply reply = {};
};

absl::Status MakeCallsByTheClock(Stub& stub, const Load& load, Recorder& recorder) {
  OpenLoop loop(load.cell, recorder);
  const std::string payload = MakePayload(load.cell.payload_size);
  return loop.Run([&stub, &loop, &payload](const OpenLoop::Call& call) {
    auto owned = std::make_shared<OwnedCall>();
    SetDeadline(owned->context);
    owned->request.set_payload(payload);
    Stamp(call.number, *owned->request.mutable_payload());
    if (call.is_slow) owned->request.set_delay_millis(kSlowMillis);
    stub.async()->Echo(
        &owned->context,
        &owned->request,
        &owned->reply,
        [owned, &loop, call](const grpc::Status& status) {
          status.ok() ? loop.Answer(call, owned->reply.payload()) : loop.Fail(ToStatus(status));
        });
  });
}

// Calls that the server never answers, until they are given up together.
class HeldCalls {
 public:
  HeldCalls(Stub& stub, const Load& load, Recorder& recorder)
      : stub_(stub),
        recorder_(recorder),
        payload_(MakePayload(load.cell.payload_size)),
        calls_(load.cell.in_flight) {}

  void Run() {
    recorder_.Start();
    recorder_.BeginHolding();
    for (std::unique_ptr<OwnedCall>& call : calls_) Start(call);
    recorder_.EndHolding(calls_.size());
    for (std::unique_ptr<OwnedCall>& call : calls_) call->context.TryCancel();
    all_ended_.get_future().wait();
  }

 private:
  void Start(std::unique_ptr<OwnedCall>& call) {
    call = std::make_unique<OwnedCall>();
    call->request.set_payload(payload_);
    call->request.set_delay_millis(kHoldMillis);
    stub_.async()
        ->Echo(&call->context, &call->request, &call->reply, [this](const grpc::Status& status) {
          if (recorder_.wants_more()) recorder_.Fail(ToStatus(status));
          if (++ended_ == calls_.size()) all_ended_.set_value();
        });
  }

  Stub& stub_;
  Recorder& recorder_;
  const std::string payload_;
  std::atomic<size_t> ended_ = 0;
  std::vector<std::unique_ptr<OwnedCall>> calls_;
  std::promise<void> all_ended_;
};

}  // namespace

absl::Status RunGrpcClient(const Load& load, Recorder& recorder) {
  grpc::ChannelArguments arguments;
  arguments.SetMaxReceiveMessageSize(-1);
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);  // a connection of its own
  std::shared_ptr<grpc::Channel> channel =
      grpc::CreateCustomChannel(load.address, grpc::InsecureChannelCredentials(), arguments);
  if (!channel->WaitForConnected(std::chrono::system_clock::now() + std::chrono::seconds(10))) {
    return absl::UnavailableError("no connection to the gRPC server");
  }
  std::unique_ptr<Stub> stub = with_grpc::EchoService::NewStub(channel);
  if (load.cell.rate > 0) return MakeCallsByTheClock(*stub, load, recorder);
  if (load.cell.hold) {
    HeldCalls(*stub, load, recorder).Run();
  } else if (load.cell.in_flight == 1) {
    MakeBlockingCalls(*stub, load, recorder);
  } else {
    AsynchronousCalls(*stub, load, recorder).Run();
  }
  return absl::OkStatus();
}

}  // namespace mqrpc::bench
