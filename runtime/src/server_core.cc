#include "server_core.h"

#include <algorithm>
#include <chrono>
#include <exception>
#include <utility>

#include "absl/hash/hash.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "batch.h"
#include "from_now.h"
#include "run_in_loop.h"
#include "text.h"
#include "topic.h"
#include "unary_server_call.h"

namespace mqrpc::internal {
namespace {

constexpr size_t kMaxWorkers = 1000;

// For the replies of handlers that took longer than a shutdown was to last.
constexpr absl::Duration kLastReplies = absl::Seconds(1);

absl::Status CheckOptions(const ServerOptions& options) {
  absl::Status status = CheckPrefix("ServerOptions::prefix", options.prefix);
  if (status.ok()) status = CheckLevel("ServerOptions::group", options.group);
  for (const std::string& prefix : options.reply_prefixes) {
    if (status.ok()) status = CheckTopic("ServerOptions::reply_prefixes", prefix);
  }
  if (!status.ok()) return status;
  if (options.workers > kMaxWorkers) {
    return absl::InvalidArgumentError(
        absl::StrCat("ServerOptions::workers is ", options.workers, "; 0 to ", kMaxWorkers));
  }
  if (options.max_queued_calls == 0) {
    return absl::InvalidArgumentError("ServerOptions::max_queued_calls is 0; at least 1");
  }
  return absl::OkStatus();
}

bool IsAtOrBelow(std::string_view topic, std::string_view prefix) {
  if (topic.substr(0, prefix.size()) != prefix) return false;
  return topic.size() == prefix.size() || topic[prefix.size()] == '/';
}

}  // namespace

ServerCore::ServerCore(Transport& transport, ServerOptions options)
    : transport_(transport),
      options_(std::move(options)),
      status_(CheckOptions(options_)),
      workers_(options_.workers),
      repetitions_(transport.loop(), options_),
      reply_sender_(std::make_shared<ReplySender>(transport_, counters_, options_.log)) {}

absl::Status ServerCore::Register(Service& service) {
  ServiceDescriptor descriptor = service.mqrpc_descriptor();
  {
    MutexLock lock(mutex_);
    if (started_) return absl::FailedPreconditionError("the server has been started");
  }
  for (const auto& served : services_) {
    if (served->name == descriptor.name) {
      return absl::AlreadyExistsError(
          absl::StrCat("a service ", descriptor.name, " is registered already"));
    }
  }
  auto served = std::make_unique<ServedService>();
  served->name = std::move(descriptor.name);
  for (ServiceDescriptor::Method& method : descriptor.methods) {
    served->methods[method.name] = {
        .name = absl::StrCat(served->name, "/", method.name),
        .handler = std::move(method.handler),
        .idempotency = method.idempotency,
        .runs_on = options_.workers == 0 ? RunsOn::kConnection : method.runs_on};
  }
  services_.push_back(std::move(served));
  return absl::OkStatus();
}

absl::Status ServerCore::Start(absl::Duration timeout) {
  if (!status_.ok()) return status_;
  if (transport_.keeps_session()) {
    return absl::InvalidArgumentError(
        "the connection keeps a session (MosquittoOptions::session_expiry): while it is away, "
        "calls "
        "would be given to it and wait; serve over a second connection without one");
  }
  {
    MutexLock lock(mutex_);
    if (started_ || !open_) {
      return absl::FailedPreconditionError("the server has been started or shut down before");
    }
    started_ = true;
  }
  RunInLoop(transport_.loop(), [this] {
    reply_sender_->Open([this] { EndReply(); });
    for (const auto& served : services_) {
      // Shutdown unsubscribes before the core goes: the callbacks need not hold it.
      served->subscription = transport_.Subscribe(
          {.filter = wire::ServiceFilter(options_.group, options_.prefix, served->name),
           .on_message = [this, s = served.get()](Message m) { OnRequest(*s, std::move(m)); },
           .on_state =
               [this, s = served.get()](const absl::Status& state) { OnSubscription(*s, state); }});
      if (!options_.takes_batches) continue;
      // Where it is refused nobody is told to use it.
      served->batch_subscription = transport_.Subscribe(
          {.filter = wire::BatchFilter(options_.group, options_.prefix, served->name),
           .on_message = [this, s = served.get()](Message m) { OnBatch(*s, std::move(m)); },
           .on_state =
               [s = served.get()](const absl::Status& state) { s->takes_batches = state.ok(); }});
    }
  });
  if (transport_.loop().InLoop()) return absl::OkStatus();
  auto until = FromNow(timeout);
  for (const auto& served : services_) {
    std::future<absl::Status> subscribed = served->subscribed.get_future();
    if (subscribed.wait_until(until) == std::future_status::timeout) {
      return absl::DeadlineExceededError(absl::StrCat(
          "the broker has not granted the subscription for ",
          served->name,
          " within ",
          absl::FormatDuration(timeout)));
    }
    if (absl::Status status = subscribed.get(); !status.ok()) return status;
  }
  return absl::OkStatus();
}

void ServerCore::OnSubscription(ServedService& service, const absl::Status& status) {
  if (!status.ok()) {
    options_.log(
        LogLevel::kWarning,
        absl::StrCat(service.name, " is not served at present: ", status.ToString()));
  }
  if (!std::exchange(service.is_answered, true)) service.subscribed.set_value(status);
}

void ServerCore::Shutdown(absl::Duration grace) {
  bool can_wait = !transport_.loop().InLoop();
  {
    MutexLock lock(mutex_);
    while (can_wait && is_closing_ && open_) changed_.Wait(mutex_);  // another thread is at it
    if (!open_ || is_closing_) return;
    is_closing_ = true;
    if (!started_) {
      open_ = false;
      return;
    }
  }
  refuses_from_ = absl::ToUnixNanos(transport_.loop().Now() + grace);
  auto until = FromNow(grace);
  RunInLoop(transport_.loop(), [this] { LeaveServices(); });
  {
    MutexLock lock(mutex_);
    while (can_wait && !is_drained_ && std::chrono::steady_clock::now() < until) {
      changed_.WaitUntil(mutex_, until);
    }
  }
  RunInLoop(transport_.loop(), [this] { HandOverLast(); });
  workers_.Stop();
  until = std::max(until, FromNow(std::min(grace, kLastReplies)));
  {
    MutexLock lock(mutex_);
    while (can_wait && replies_under_way_ > 0 && std::chrono::steady_clock::now() < until) {
      changed_.WaitUntil(mutex_, until);
    }
  }
  RunInLoop(transport_.loop(), [this] { Close(); });
}

// From here on the broker gives requests to others. What it had queued for us still comes, and is
// answered to the end: if the time for running it is over, with a refusal.
void ServerCore::LeaveServices() {
  for (const auto& served : services_) {
    transport_.Leave(served->subscription);
    transport_.Leave(served->batch_subscription);
    served->takes_batches = false;
  }
  // Several servers may share the connection, but no subscription.
  Transport::SubscriptionId number = services_.empty() ? 0 : services_.front()->subscription;
  drain_marker_.emplace(
      transport_,
      wire::DrainTopic(options_.prefix, transport_.client_id(), number),
      [this] {
        MutexLock lock(mutex_);
        is_drained_ = true;
        changed_.NotifyAll();
      });
}

// What was posted before and runs later finds the server closed.
void ServerCore::Close() {
  drain_marker_.reset();
  repetitions_.Close();
  reply_sender_->Close();
  for (const auto& served : services_) {
    transport_.Unsubscribe(served->subscription, nullptr);
    transport_.Unsubscribe(served->batch_subscription, nullptr);
  }
  MutexLock lock(mutex_);
  open_ = false;
  changed_.NotifyAll();
}

void ServerCore::OnRequest(const ServedService& service, Message message) {
  counters_->received.Add();
  if (!MayRun(message)) return;
  std::optional<wire::ReplyAddress> reply_to;
  if (message.response_topic.has_value()) {
    reply_to = {
        .topic = *message.response_topic,
        .correlation = message.correlation_data,
        .qos = message.qos};
  }
  std::string method(wire::MethodOf(message.topic));
  absl::StatusOr<wire::RequestFrame> frame = wire::DecodeRequest(std::move(message));
  if (frame.ok() && reply_to.has_value()) {
    reply_to->content_type = frame->content_type;
    reply_to->attempt = frame->attempt;
    reply_to->offers_batches = frame->asks_for_batches && service.takes_batches;
  }
  absl::Status status = frame.status();
  Handle(
      service,
      method,
      loop().Now(),
      std::move(reply_to),
      frame.ok() ? *std::move(frame) : wire::RequestFrame(),
      std::move(status));
}

void ServerCore::OnBatch(const ServedService& service, Message message) {
  if (!MayRun(message)) return counters_->received.Add();
  std::string_view method = wire::MethodOf(message.topic);
  absl::Time arrival = loop().Now();
  SharedText reply_topic(message.response_topic.value_or(""));
  for (wire::BatchedRequest& request : wire::DecodeRequests(message)) {
    counters_->received.Add();
    std::optional<wire::ReplyAddress> reply_to;
    bool has_name = request.frame.correlation.has_value();
    if (message.response_topic.has_value() && has_name) {
      reply_to = {
          .topic = reply_topic,
          .correlation = std::move(request.frame.correlation),
          .qos = message.qos,
          .attempt = request.frame.attempt,
          .is_in_batch = true};
    } else if (!request.status.ok()) {
      counters_->malformed_batches.Add();
    }
    Handle(
        service,
        method,
        arrival,
        std::move(reply_to),
        std::move(request.frame),
        std::move(request.status));
  }
}

// One request, however it came; `status` says what is wrong with it.
void ServerCore::Handle(
    const ServedService& service,
    std::string_view method,
    absl::Time arrival,
    std::optional<wire::ReplyAddress> reply_to,
    wire::RequestFrame frame,
    absl::Status status) {
  if (status.ok()) status = CheckMessageSize("request", frame.payload.size());
  uint64_t fingerprint = absl::HashOf(View(method), View(frame.payload));
  auto found = service.methods.find(View(method));
  if (found == service.methods.end() && status.ok()) {
    status = absl::UnimplementedError(absl::StrCat(service.name, " has no method ", View(method)));
  }
  auto call = std::make_unique<UnaryServerCall>(
      shared_from_this(),
      arrival,
      found == service.methods.end() ? std::string_view(service.name) : found->second.name,
      std::move(reply_to),
      std::move(frame));
  if (!status.ok()) return Refuse(*call, std::move(status));
  const ServedMethod& served = found->second;
  absl::StatusOr<bool> is_new = repetitions_.IsNew(*call, fingerprint, served.idempotency);
  if (!is_new.ok()) return Refuse(*call, std::move(is_new).status());
  if (!*is_new) return;
  call->SetHandler(served.handler);
  Dispatch(std::move(call), served.runs_on);
}

// A request that is dropped unrun and unanswered: there is no safe place to answer to, or, when
// retained, nobody who asks now.
bool ServerCore::MayRun(const Message& message) {
  if (message.retain) {
    counters_->retained_requests.Add();
    options_.log(LogLevel::kWarning, absl::StrCat("dropped a retained request on ", message.topic));
    return false;
  }
  if (!message.response_topic.has_value()) return true;
  const std::string& topic = *message.response_topic;
  absl::Status status = wire::CheckReplyTopic(options_.prefix, topic);
  bool allowed = options_.reply_prefixes.empty();
  for (const std::string& prefix : options_.reply_prefixes) {
    allowed = allowed || IsAtOrBelow(topic, prefix);
  }
  if (status.ok() && !allowed) {
    status = absl::PermissionDeniedError(
        absl::StrCat("response topic \"", topic, "\" is below none of reply_prefixes"));
  }
  if (status.ok()) return true;
  counters_->unsafe_response_topics.Add();
  options_.log(
      LogLevel::kDebug,
      absl::StrCat("dropped a request on ", message.topic, ": ", status.message()));
  return false;
}

absl::Status ServerCore::CheckMessageSize(const char* what, size_t size) const {
  if (size <= options_.max_message_size) return absl::OkStatus();
  return absl::ResourceExhaustedError(absl::StrCat(
      "ServerOptions::max_message_size (",
      options_.max_message_size,
      "): the ",
      what,
      " has ",
      size,
      " bytes"));
}

void ServerCore::Dispatch(std::unique_ptr<UnaryServerCall> call, RunsOn runs_on) {
  if (has_handed_over_last_) {
    return Refuse(*call, absl::UnavailableError("the server was shut down; the call did not run"));
  }
  if (runs_on == RunsOn::kConnection) return Run(std::move(call));
  size_t bytes = call->request_bytes();
  if (absl::Status status = CheckRoom(bytes); !status.ok()) return Refuse(*call, std::move(status));
  queued_bytes_ += bytes;
  if (arrived_.empty()) transport_.loop().Post([self = shared_from_this()] { self->HandOver(); });
  arrived_.push_back([call = std::move(call)]() mutable {
    std::shared_ptr<ServerCore> core = call->core();
    core->queued_bytes_ -= call->request_bytes();
    core->Run(std::move(call));
  });
}

// Whether one more may wait for a worker. Only this thread adds to the queue, so there is still
// room when it does.
absl::Status ServerCore::CheckRoom(size_t bytes) const {
  if (workers_.queued() + arrived_.size() >= options_.max_queued_calls) {
    return absl::ResourceExhaustedError(absl::StrCat(
        "ServerOptions::max_queued_calls (",
        options_.max_queued_calls,
        ") calls wait for a worker already"));
  }
  if (queued_bytes_ > 0 && queued_bytes_ + bytes > options_.max_queued_bytes) {
    return absl::ResourceExhaustedError(absl::StrCat(
        "ServerOptions::max_queued_bytes (",
        options_.max_queued_bytes,
        "): the calls that wait for a worker have ",
        queued_bytes_.load(),
        " bytes, and this one ",
        bytes));
  }
  return absl::OkStatus();
}

// All that a round's input brought, at once.
void ServerCore::HandOver() { workers_.RunAll(std::exchange(arrived_, {})); }

// What comes later is refused in the turn in which it comes: no worker is left to run it.
void ServerCore::HandOverLast() {
  HandOver();
  has_handed_over_last_ = true;
}

void ServerCore::Run(std::unique_ptr<UnaryServerCall> call) {
  absl::Time now = loop().Now();
  if (call->deadline() <= now) {
    counters_->expired.Add();
    return call->Abandon();
  }
  if (absl::ToUnixNanos(now) >= refuses_from_) {
    return Refuse(
        *call,
        absl::UnavailableError("the server was shut down before the call's turn; it did not run"));
  }
  call->Start(now);
  std::string_view method = call->context().method();
  try {
    const Handler& handler = call->handler();
    handler(std::move(call));  // unwinding destroys the call, which answers INTERNAL
  } catch (const std::exception& error) {
    Log(LogLevel::kError, absl::StrCat("the handler of ", View(method), " threw: ", error.what()));
  } catch (...) {
    Log(LogLevel::kError, absl::StrCat("the handler of ", View(method), " threw something"));
  }
}

void ServerCore::NoteStart(absl::Duration waited) {
  counters_->running.Add();
  counters_->wait_time.Add(waited);
}

void ServerCore::NoteEnd(absl::Time start, absl::StatusCode code) {
  counters_->running.Subtract();
  counters_->outcomes.Add(code);
  MutexLock lock(mutex_);
  if (open_) counters_->run_time.Add(loop().Now() - start);  // else the clock may be gone
}

void ServerCore::Refuse(UnaryServerCall& call, absl::Status status) {
  counters_->refused.Add();
  call.Refuse(std::move(status));
}

void ServerCore::Reply(OutgoingReply reply, ReplyCache::Entry* entry) {
  if (reply.result.ok()) {
    absl::Status status = CheckMessageSize("reply", reply.result->size());
    if (!status.ok()) reply.result = std::move(status);
  }
  {
    // The lock is held while posting, since Shutdown needs it before the transport may go.
    MutexLock lock(mutex_);
    if (!open_) return counters_->replies_lost.Add();
    ++replies_under_way_;
    if (!transport_.loop().InLoop()) {
      if (answers_.empty())
        transport_.loop().Post([self = shared_from_this()] { self->AnswerAll(); });
      answers_.push_back({std::move(reply), entry});
      return;
    }
  }
  Answer(std::move(reply), entry);  // the transport does not go before the end of this turn
}

void ServerCore::Forget(ReplyCache::Entry* entry) {
  MutexLock lock(mutex_);
  if (!open_) return;
  transport_.loop().Post([self = shared_from_this(), entry] { self->repetitions_.Forget(entry); });
}

// All that were answered since it was posted, in one turn.
void ServerCore::AnswerAll() {
  std::vector<PostedAnswer> answers;
  {
    MutexLock lock(mutex_);
    answers.swap(answers_);
    // A loop may outlive its transport, and the server may have gone meanwhile.
    if (!open_) return counters_->replies_lost.Add(answers.size());
  }
  for (PostedAnswer& answer : answers) Answer(std::move(answer.reply), answer.entry);
}

void ServerCore::Answer(OutgoingReply reply, ReplyCache::Entry* entry) {
  if (entry != nullptr && reply.ran == wire::Ran::kYes) {
    repetitions_.Remember(entry, reply.result);
  } else if (entry != nullptr) {
    repetitions_.Forget(entry);
  }
  reply_sender_->Queue(std::move(reply));
}

void ServerCore::EndReply() {
  MutexLock lock(mutex_);
  if (--replies_under_way_ == 0) changed_.NotifyAll();
}

ServerStats ServerCore::stats() const {
  ServerStats stats = counters_->Snapshot();
  stats.calls_queued = workers_.queued();
  repetitions_.AddTo(stats);
  return stats;
}

}  // namespace mqrpc::internal
