#include "server_core.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "absl/hash/hash.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "from_now.h"
#include "loop_executor.h"
#include "message_size.h"
#include "metadata_wire.h"
#include "presence_board.h"
#include "run_in_loop.h"
#include "served_call.h"
#include "text.h"
#include "topic.h"
#include "wire_topics.h"

namespace mqrpc::internal {
namespace {

constexpr size_t kMaxWorkers = 1000;

// For the replies of handlers that took longer than a shutdown was to last.
constexpr absl::Duration kLastReplies = absl::Seconds(1);

absl::Status CheckPrefixes(const std::vector<std::string>& prefixes) {
  absl::Status status;
  if (prefixes.empty()) {
    status = absl::InvalidArgumentError("ServerOptions::prefixes is empty; at least one");
  }
  for (auto prefix = prefixes.begin(); prefix != prefixes.end(); ++prefix) {
    if (status.ok()) status = CheckPrefix("ServerOptions::prefixes", *prefix);
    if (status.ok() && std::find(prefixes.begin(), prefix, *prefix) != prefix) {
      status = absl::InvalidArgumentError(
          absl::StrCat("ServerOptions::prefixes has \"", *prefix, "\" twice"));
    }
  }
  return status;
}

absl::Status CheckOptions(const ServerOptions& options) {
  absl::Status status = CheckLevel("ServerOptions::group", options.group);
  if (status.ok()) status = CheckPrefixes(options.prefixes);
  for (const std::string& prefix : options.reply_prefixes) {
    if (status.ok()) status = CheckTopic("ServerOptions::reply_prefixes", prefix);
  }
  for (const std::string& instance : options.instances) {
    if (status.ok()) status = CheckLevel("ServerOptions::instances", instance);
  }
  if (!status.ok()) return status;
  if (options.workers > kMaxWorkers) {
    return absl::InvalidArgumentError(
        absl::StrCat("ServerOptions::workers is ", options.workers, "; 0 to ", kMaxWorkers));
  }
  if (options.max_running_calls == 0) {
    return absl::InvalidArgumentError("ServerOptions::max_running_calls is 0; at least 1");
  }
  if (options.max_queued_calls == 0) {
    return absl::InvalidArgumentError("ServerOptions::max_queued_calls is 0; at least 1");
  }
  return absl::OkStatus();
}

}  // namespace

ServerCore::ServerCore(Transport& transport, ServerOptions options)
    : transport_(transport),
      options_(std::move(options)),
      status_(CheckOptions(options_)),
      queue_(transport.loop(), options_, *counters_),
      repetitions_(transport.loop(), options_),
      stop_timers_(transport.loop()),
      streams_(transport, options_),
      reply_sender_(std::make_shared<ReplySender>(transport_, counters_, options_.log)),
      services_(transport_, options_, *this),
      intake_(options_, services_, *counters_) {}

absl::Status ServerCore::Register(Service& service) {
  ServiceDescriptor descriptor = service.mqrpc_descriptor();
  {
    MutexLock lock(mutex_);
    if (started_) return absl::FailedPreconditionError("the server has been started");
  }
  return services_.Add(std::move(descriptor));
}

absl::Status ServerCore::Start(absl::Duration timeout) {
  if (!status_.ok()) return status_;
  if (transport_.keeps_session()) {
    return absl::InvalidArgumentError(
        "the connection keeps a session (MosquittoOptions::session_expiry): while it is away, "
        "calls would be given to it and wait; serve over a second connection without one");
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
    services_.Subscribe();
    OpenStreams();
  });
  if (transport_.loop().InLoop()) return absl::OkStatus();
  return services_.WaitUntilGranted(timeout);
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
  queue_.RefuseFrom(transport_.loop().Now() + grace);
  auto until = FromNow(grace);
  RunInLoop(transport_.loop(), [this] { LeaveServices(); });
  {
    MutexLock lock(mutex_);
    bool waits = can_wait;
    while (waits && (!is_drained_ || streams_.count() > 0) &&
           std::chrono::steady_clock::now() < until) {
      changed_.WaitUntil(mutex_, until);
    }
  }
  RunInLoop(transport_.loop(), [this] {
    queue_.HandOverLast();
    streams_.EndAll(absl::UnavailableError("the server was shut down"));
  });
  queue_.Stop();
  until = std::max(until, FromNow(std::min(grace, kLastReplies)));
  {
    MutexLock lock(mutex_);
    while (can_wait && is_at_work() && std::chrono::steady_clock::now() < until) {
      changed_.WaitUntil(mutex_, until);
    }
  }
  RunInLoop(transport_.loop(), [this] { Close(); });
}

// From here on the broker gives requests to others. What it had queued for us still comes, and is
// answered to the end: if the time for running it is over, with a refusal.
void ServerCore::LeaveServices() {
  services_.Leave();
  if (PresenceBoard* presence = transport_.presence()) presence->Remove(this);
  drain_marker_.emplace(
      transport_,
      wire::DrainTopic(options_.prefixes.front(), transport_.client_id(), services_.number()),
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
  stop_timers_.Close();
  streams_.Close();
  reply_sender_->Close();
  services_.Unsubscribe();
  MutexLock lock(mutex_);
  open_ = false;
  changed_.NotifyAll();
}

void ServerCore::OnRequest(const Entrance& entrance, Message message) {
  std::string named;  // by the topic, which goes with the message
  if (entrance.service == nullptr) named = wire::ServiceOf(message.topic);
  std::string_view service = entrance.service != nullptr ? entrance.service->name : named;
  TopicTokens tokens;
  if (entrance.topic.has_value()) tokens = entrance.topic->TokensOf(message.topic);
  intake_.Take(std::move(message), loop().Now(), [&](IncomingRequest request) {
    if (request.reply_to.has_value()) {
      request.reply_to->offers_batches = request.frame.asks_for_batches && entrance.takes_batches;
      if (entrance.is_broadcast) request.reply_to->responder = transport_.client_id();
    }
    Handle(entrance, service, std::move(tokens), std::move(request));
  });
}

void ServerCore::OnBatch(const Entrance& entrance, Message message) {
  intake_.TakeBatch(message, loop().Now(), [this, &entrance](IncomingRequest request) {
    Handle(entrance, entrance.service->name, {}, std::move(request));
  });
}

void ServerCore::OnCancel(const Message& message) {
  if (message.retain || !message.response_topic.has_value()) return;
  if (!message.correlation_data.has_value()) return;
  repetitions_.Cancel(*message.response_topic, *message.correlation_data);
  streams_.Cancel({.topic = *message.response_topic, .correlation = message.correlation_data});
}

void ServerCore::OnGranted() {
  PresenceBoard* presence = options_.announces ? transport_.presence() : nullptr;
  if (presence != nullptr) presence->Set(this, services_.Describe());
}

void ServerCore::Handle(
    const Entrance& entrance,
    std::string_view service,
    TopicTokens tokens,
    IncomingRequest request) {
  auto found = FindMethod(entrance, service, request.method);
  if (!found.ok() && entrance.is_broadcast) return;  // others may have it
  const ServedMethod* method = found.ok() ? *found : nullptr;
  absl::Status status = std::move(request.status);
  if (status.ok()) status = std::move(found).status();
  if (status.ok()) status = CheckRequest(*method, request);
  bool streams_requests = request.frame.streams_requests;
  uint64_t fingerprint = absl::HashOf(View(request.method), View(request.frame.payload));
  CallPlace place = {
      .method = method != nullptr ? std::string_view(method->name) : entrance.name,
      .prefix = *entrance.prefix,
      .instance = entrance.instance,
      .topic_tokens = std::move(tokens),
      .wants_reply = request.reply_to.has_value(),
      .is_broadcast = entrance.is_broadcast};
  auto call = std::make_unique<ServedCall>(
      shared_from_this(),
      request.arrival,
      std::move(place),
      std::move(request.reply_to),
      std::move(request.frame));
  if (!status.ok()) return queue_.Refuse(*call, std::move(status));
  call->SetMethod(*method);
  absl::StatusOr<bool> is_new = repetitions_.IsNew(*call, fingerprint, method->idempotency);
  if (!is_new.ok()) return queue_.Refuse(*call, std::move(is_new).status());
  if (!*is_new) return;
  if (method->is_streaming() || streams_requests) {
    status = OpenStream(*call, *method, streams_requests);
    if (!status.ok()) return queue_.Refuse(*call, std::move(status));
  }
  queue_.Dispatch(std::move(call), *method);
}

void ServerCore::OpenStreams() {
  if (!services_.has_streams()) return;
  std::shared_ptr<ServerCore> self = shared_from_this();
  std::shared_ptr<Executor> executor(self, &queue_.stream_workers());
  if (options_.workers == 0) {
    executor = std::make_shared<LoopExecutor>(
        [self](EventLoop::Task task) { self->PostIfOpen(std::move(task)); });
  }
  streams_.Open(
      wire::StreamTopic(options_.prefixes.front(), transport_.client_id(), services_.number()),
      std::move(executor),
      {.post = [self](EventLoop::Task task) { self->PostIfOpen(std::move(task)); },
       .on_lost =
           [this](const wire::ReplyAddress& to) {
             repetitions_.Stop(to.topic, to.correlation.value_or(""));
           },
       .answer =
           [this](wire::ReplyAddress to, absl::Status status) {
             if (!intake_.CheckReplyTopic(to.topic.text()).ok()) return;
             Reply(
                 {.to = std::move(to),
                  .deadline = loop().Now() + kStreamBeat,
                  .answer = {.result = std::move(status)}},
                 nullptr,
                 absl::InfiniteFuture());
           }});
}

absl::Status ServerCore::OpenStream(
    ServedCall& call,
    const ServedMethod& method,
    bool streams_requests) {
  if (streams_requests && !method.client_streaming) {
    return absl::InvalidArgumentError(
        absl::StrCat(method.name, " takes one request, not a stream of them"));
  }
  if (!call.reply_to().has_value()) {
    return absl::InvalidArgumentError("a stream needs a Response Topic and Correlation Data");
  }
  size_t most = method.max_message_size > 0 ? method.max_message_size : options_.max_message_size;
  auto stream = streams_.Add(
      {.to = *call.reply_to(),
       .deadline = call.deadline(),
       .credit = call.credit(),
       .max_message_size = most});
  if (!stream.ok()) return stream.status();
  if (method.client_streaming && !streams_requests) {
    // From a plain tool: all of them are the one that came with the call.
    absl::Status status = (*stream)->in()->Add({.frames = {call.Read().value_or("")}, .length = 1});
    if (!status.ok()) return status;
  }
  call.SetStream(*std::move(stream));
  return absl::OkStatus();
}

absl::StatusOr<const ServedMethod*> ServerCore::FindMethod(
    const Entrance& entrance,
    std::string_view service,
    std::string_view name) const {
  if (entrance.method != nullptr) return entrance.method;
  const ServedService* served =
      entrance.service != nullptr ? entrance.service : services_.Find(service);
  if (served == nullptr) {
    return absl::UnimplementedError(
        absl::StrCat(entrance.instance, " does not serve ", View(service)));
  }
  auto found = served->methods.find(View(name));
  if (found == served->methods.end()) {
    return absl::UnimplementedError(absl::StrCat(served->name, " has no method ", View(name)));
  }
  const ServedMethod& method = found->second;
  if (entrance.is_broadcast && method.responders == Responders::kOne) {
    return absl::UnimplementedError(absl::StrCat(method.name, " is not for all servers at once"));
  }
  if (!method.topic.empty() && entrance.instance.empty()) {
    return absl::UnimplementedError(
        absl::StrCat(method.name, " has a topic of its own, ", method.topic));
  }
  return &method;
}

absl::Status ServerCore::CheckRequest(const ServedMethod& method, const IncomingRequest& request)
    const {
  absl::Status status = CheckSize(
      "ServerOptions",
      options_.max_message_size,
      method.max_message_size,
      "request",
      request.frame.payload.size());
  if (!status.ok()) return status;
  return wire::CheckMetadataSize(
      "ServerOptions",
      options_.max_metadata_size,
      "request",
      request.frame.headers);
}

void ServerCore::NoteStart(absl::Duration waited) {
  counters_->running.Add();
  counters_->wait_time.Add(waited);
}

bool ServerCore::PostIfOpen(EventLoop::Task task) {
  MutexLock lock(mutex_);
  if (!open_) return false;
  transport_.loop().Post([self = shared_from_this(), task = std::move(task)]() mutable {
    if (self->is_open()) task();
  });
  return true;
}

bool ServerCore::is_open() {
  MutexLock lock(mutex_);
  return open_;
}

void ServerCore::EndStreamAt(const wire::ReplyAddress& to, absl::Time deadline) {
  PostIfOpen([this, to, deadline] { streams_.SetDeadline(to, deadline); });
}

void ServerCore::RemoveStream(const wire::ReplyAddress& to) {
  PostIfOpen([this, to] {
    streams_.Remove(to);
    if (streams_.count() > 0) return;
    MutexLock lock(mutex_);
    if (is_closing_) changed_.NotifyAll();
  });
}

absl::Duration ServerCore::TimeSince(absl::Time start) {
  MutexLock lock(mutex_);
  return open_ ? loop().Now() - start : absl::ZeroDuration();
}

void ServerCore::NoteEnd(absl::Time start, absl::StatusCode code) {
  MutexLock lock(mutex_);
  NoteEndLocked(start, code);
  if (is_closing_ && !is_at_work()) changed_.NotifyAll();
}

void ServerCore::NoteEndLocked(absl::Time start, absl::StatusCode code) {
  if (start == absl::InfiniteFuture()) return;  // it has not run
  counters_->running.Subtract();
  counters_->outcomes.Add(code);
  if (open_) counters_->run_time.Add(loop().Now() - start);  // else the clock may be gone
}

void ServerCore::Reply(OutgoingReply reply, ReplyCache::Entry* entry, absl::Time start) {
  absl::StatusCode code = reply.answer.result.status().code();
  {
    // The lock is held while posting, since Shutdown needs it before the transport may go.
    MutexLock lock(mutex_);
    NoteEndLocked(start, code);
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

void ServerCore::StopAt(absl::Time deadline, const ServedCall* call, std::stop_source stop) {
  MutexLock lock(mutex_);
  if (!open_) return;
  transport_.loop().Post([self = shared_from_this(), deadline, call, stop = std::move(stop)] {
    self->stop_timers_.Add(deadline, call, stop);
  });
}

void ServerCore::DoNotStop(absl::Time deadline, const ServedCall* call) {
  MutexLock lock(mutex_);
  if (!open_) return;
  transport_.loop().Post(
      [self = shared_from_this(), deadline, call] { self->stop_timers_.Remove(deadline, call); });
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
  bool is_wanted = entry == nullptr || !ReplyCache::CancellationOf(*entry).is_requested();
  if (entry != nullptr && reply.ran == wire::Ran::kYes) {
    repetitions_.Remember(entry, reply.answer);
  } else if (entry != nullptr) {
    repetitions_.Forget(entry);
  }
  if (!is_wanted) return EndReply();
  reply_sender_->Queue(std::move(reply));
}

void ServerCore::EndReply() {
  MutexLock lock(mutex_);
  --replies_under_way_;
  if (!is_at_work()) changed_.NotifyAll();
}

ServerStats ServerCore::stats() const {
  ServerStats stats = counters_->Snapshot();
  stats.calls_queued = queue_.queued();
  repetitions_.AddTo(stats);
  return stats;
}

}  // namespace mqrpc::internal
