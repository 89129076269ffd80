#ifndef MQRPC_SERVED_CALL_H_
#define MQRPC_SERVED_CALL_H_

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "cancellation.h"
#include "end_hooks.h"
#include "mqrpc/interceptor.h"
#include "mqrpc/service.h"
#include "reply_cache.h"
#include "served_services.h"
#include "stream_end.h"
#include "wire.h"

namespace mqrpc::internal {

class ServerCore;

// One request on its way through a handler. The names of its method and instance outlive it.
// Without a reply address (fire and forget) the answer goes nowhere.
class ServedCall final : public ServerCall, private CallControl {
 public:
  ServedCall(
      std::shared_ptr<ServerCore> core,
      absl::Time arrival,
      CallPlace place,
      std::optional<wire::ReplyAddress> reply_to,
      wire::RequestFrame frame);

  const std::optional<wire::ReplyAddress>& reply_to() const { return reply_to_; }
  absl::Time arrival() const { return arrival_; }
  absl::Time deadline() const { return deadline_; }
  size_t request_bytes() const { return request_.has_value() ? request_->size() : 0; }

  const std::shared_ptr<ServerCore>& core() const { return core_; }

  // Which is to have it; outlives it.
  void SetMethod(const ServedMethod& method) { method_ = &method; }
  const Handler& handler() const { return method_->handler; }

  // If it has one. Before the handler runs.
  void SetStream(std::shared_ptr<StreamEnd> stream) { stream_ = std::move(stream); }
  std::optional<wire::Credit> credit() const { return credit_; }

  // In the server's memory of what ran; null unless it is kept there. Before the handler runs.
  void SetEntry(ReplyCache::Entry* entry) { entry_ = entry; }

  ~ServedCall() override;

  ServerContext& context() override { return context_; }
  Encoding encoding() const override { return encoding_; }
  std::optional<std::string> Read() override;
  void Write(std::string reply) override { reply_ = std::move(reply); }
  std::shared_ptr<ByteReader> reader() override;
  std::shared_ptr<ByteWriter> writer() override;
  void Finish(absl::Status status) override { End(std::move(status), wire::Ran::kYes); }

  // The handler has it from `now` on.
  void Start(absl::Time now);

  // Shows it to them, one after the other. False if one has answered it.
  bool Intercept(const std::vector<ServerInterceptor*>& interceptors);

  // Answers a repetition of one that has ended.
  void Repeat(const ReplyCache::Answer& answer);

  // Ends it unrun, and says so.
  void Refuse(absl::Status status) { End(std::move(status), wire::Ran::kNo); }

  // Ends it unrun without any answer: nobody waits for one.
  void Abandon();

  // Its caller has said that it waits no more; the deadline is another matter.
  bool is_cancelled() { return cancellation().is_requested(); }

 private:
  bool IsCancelled() override;
  size_t max_metadata_size() const override;
  std::stop_token StopToken() override;
  std::stop_token CancelToken() override;
  Cancellation& cancellation();
  void LimitTime(absl::Duration limit);
  void End(absl::Status status, wire::Ran ran);
  void EndStream(absl::StatusOr<std::string> result, wire::Ran ran);
  void CheckReplySize(absl::StatusOr<std::string>& result) const;
  void NoteSilence(const absl::Status& status);
  void NoteUnwanted(const absl::Status& status);
  void OnHeader() override;

  const std::shared_ptr<ServerCore> core_;
  const absl::Time arrival_;
  absl::Time deadline_;
  const Encoding encoding_;
  ServerContext context_;
  std::optional<wire::ReplyAddress> reply_to_;
  std::optional<std::string> request_;
  const std::optional<wire::Credit> credit_;  // for what is sent of a stream
  std::string reply_;
  wire::SharedMetadata reply_metadata_;   // null: that of the context
  const ServedMethod* method_ = nullptr;  // null: it is refused
  std::shared_ptr<StreamEnd> stream_ = nullptr;
  EndHooks hooks_;
  ReplyCache::Entry* entry_ = nullptr;
  Cancellation own_cancellation_;  // used if there is no entry, by which others could name the call
  absl::Time start_ = absl::InfiniteFuture();  // of its running, if it was run
  bool is_to_be_stopped_ = false;              // by its deadline
  bool finished_ = false;
};

}  // namespace mqrpc::internal

#endif  // MQRPC_SERVED_CALL_H_
