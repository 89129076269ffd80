#include "mosquitto_transport.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "message_check.h"
#include "run_in_loop.h"
#include "wire_topics.h"

namespace mqrpc::internal {
namespace {

std::string PresenceTopic(const MosquittoOptions& options) {
  if (options.presence_prefix.empty()) return "";
  return wire::PresenceTopic(options.presence_prefix, options.client_id);
}

MosquittoClient::Options ClientOptions(
    const MosquittoOptions& options,
    const BrokerAddress& address,
    bool clean_start) {
  return {
      .address = address,
      .client_id = options.client_id,
      .username = options.username,
      .password = options.password,
      .keep_alive_seconds = static_cast<int>(absl::ToInt64Seconds(options.keep_alive)),
      .max_in_flight = static_cast<int>(options.max_in_flight),
      .clean_start = clean_start,
      .session_expiry_seconds = static_cast<uint32_t>(absl::ToInt64Seconds(options.session_expiry)),
      .request_response_information = options.request_response_information,
      .presence_topic = PresenceTopic(options)};
}

}  // namespace

MosquittoTransport::MosquittoTransport(
    MosquittoOptions options,
    std::vector<BrokerAddress> addresses)
    : options_(std::move(options)),
      addresses_(std::move(addresses)),
      plan_(addresses_.size(), options_.min_backoff, options_.max_backoff),
      has_first_result_(options_.connect_in_background) {
  if (!options_.presence_prefix.empty()) presence_.emplace(*this, PresenceTopic(options_));
}

MosquittoTransport::~MosquittoTransport() {
  RunInLoop(loop_, [this] {
    if (accepted_) client_->Disconnect();
    Reset();
  });
}

absl::Status MosquittoTransport::Connect() {
  loop_.Post([this] { StartAttempt(); });
  if (options_.connect_in_background) return absl::OkStatus();
  return first_result_.get_future().get();
}

void MosquittoTransport::StartAttempt() {
  connect_timer_ =
      loop_.RunAt(loop_.Now() + options_.connect_timeout, [this] { OnConnectTimeout(); });
  attempt_ = std::make_unique<ConnectAttempt>(
      loop_,
      ClientOptions(options_, addresses_[plan_.address()], session_at_ != plan_.address()),
      [this](ConnectAttempt::Client client) { OnAttempt(std::move(client)); });
}

// To a state without a connection, an attempt at one, or a plan for one.
void MosquittoTransport::Reset() {
  attempt_.reset();
  loop_.Watch(nullptr);
  subscriptions_.Detach();
  client_.reset();
  accepted_ = false;
  socket_is_full_ = false;
  loop_.CancelTimer(std::exchange(connect_timer_, 0));
  loop_.CancelTimer(std::exchange(keep_alive_timer_, 0));
}

void MosquittoTransport::OnAttempt(ConnectAttempt::Client client) {
  attempt_.reset();
  if (!client.ok()) return Lose(client.status());
  client_ = *std::move(client);
  client_->SetEvents(this);
  loop_.Watch(this);
}

void MosquittoTransport::OnConnectTimeout() {
  Lose(absl::DeadlineExceededError(absl::StrCat(
      "no answer within connect_timeout, ",
      absl::FormatDuration(options_.connect_timeout))));
}

void MosquittoTransport::OnAccepted(const MosquittoClient::Accepted& accepted) {
  bool has_resumed = session_at_ == plan_.address() && accepted.session_is_present;
  if (session_at_.has_value() && !has_resumed) ForgetSession();
  if (has_resumed && has_unanswered_connect_) subscriptions_.ForgetGrants();
  has_unanswered_connect_ = false;
  session_at_.reset();
  if (accepted.session_will_be_kept) session_at_ = plan_.address();
  response_information_ = accepted.response_information;
  accepted_ = true;
  connections_.Add();
  window_ = std::min(options_.max_in_flight, static_cast<size_t>(accepted.receive_maximum));
  accepted_at_ = loop_.Now();
  loop_.CancelTimer(std::exchange(connect_timer_, 0));
  keep_alive_timer_ = loop_.RunAt(loop_.Now() + absl::Seconds(1), [this] { KeepAlive(); });
  options_.log(
      LogLevel::kInfo,
      absl::StrCat("connected to ", addresses_[plan_.address()].text, " as ", options_.client_id));
  subscriptions_.Attach(*client_);
  Announce(absl::OkStatus());
  if (!std::exchange(has_first_result_, true)) first_result_.set_value(absl::OkStatus());
}

// Only now is it known what a loss has cost.
void MosquittoTransport::ForgetSession() {
  subscriptions_.Forget(absl::UnavailableError(absl::StrCat(
      "the connection was lost, and ",
      addresses_[plan_.address()].text,
      " has kept no session of ",
      options_.client_id,
      ": what came meanwhile may be lost")));
}

void MosquittoTransport::KeepAlive() {
  client_->Misc();
  if (!client_->closed().ok()) return Lose(client_->closed());
  keep_alive_timer_ = loop_.RunAt(loop_.Now() + absl::Seconds(1), [this] { KeepAlive(); });
}

// The end of a connection, or of an attempt at one. Whatever was on its way is answered; what is
// queued waits for the next.
void MosquittoTransport::Lose(absl::Status why) {
  bool was_accepted = accepted_;
  bool may_have_sent = client_ != nullptr || attempt_ != nullptr;
  has_unanswered_connect_ = !was_accepted && (has_unanswered_connect_ || may_have_sent);
  const std::string& address = addresses_[plan_.address()].text;
  Reset();
  absl::Duration wait =
      was_accepted ? plan_.AfterLoss(loop_.Now() - accepted_at_) : plan_.AfterFailure();
  absl::Status lost(
      was_accepted ? absl::StatusCode::kUnavailable : why.code(),
      absl::StrCat(
          was_accepted ? "the connection was lost to " : "cannot connect to ",
          address,
          ": ",
          why.message(),
          was_accepted ? HintAtCause() : ""));
  Announce(lost);
  if (EndsFirstRound(lost)) return;
  options_.log(LogLevel::kWarning, std::string(lost.message()));
  wait *= absl::Uniform(random_, 0.5, 1.0);
  connect_timer_ = loop_.RunAt(loop_.Now() + wait, [this] { StartAttempt(); });
  if (!was_accepted) return;
  losses_.Add();
  auto in_flight = std::exchange(in_flight_, {});
  unacknowledged_.Subtract(in_flight.size());
  // The broker's half of an unfinished QoS 2 handshake is of no use without ours, and would take
  // the next message with that packet id for a repetition.
  for (const auto& [mid, sent] : in_flight) {
    if (sent.qos == QoS::kExactlyOnce) session_at_.reset();
  }
  if (session_at_.has_value()) plan_.ReturnTo(*session_at_);
  for (auto& [mid, sent] : in_flight) sent.on_ack(lost);
  subscriptions_.EndUnsubscribes();
  if (!session_at_.has_value()) subscriptions_.Forget(lost);
}

// Whether it is the answer to Connect; without one there is no next attempt.
bool MosquittoTransport::EndsFirstRound(const absl::Status& failure) {
  if (has_first_result_) return false;
  first_failures_.emplace_back(failure.message());
  if (!plan_.is_round_over()) return false;
  has_first_result_ = true;
  first_result_.set_value(absl::Status(failure.code(), absl::StrJoin(first_failures_, "; ")));
  return true;
}

std::string MosquittoTransport::HintAtCause() const {
  if (plan_.quick_losses() < 2) return "";
  return absl::StrCat(
      " (",
      plan_.quick_losses(),
      " times in a row soon after connecting: does another connection use the ",
      "client id ",
      options_.client_id,
      "?)");
}

void MosquittoTransport::Announce(const absl::Status& status) {
  state_.Set(status);
  if (options_.on_connection) options_.on_connection(status);
}

absl::Status MosquittoTransport::WaitUntilConnected(absl::Duration timeout) {
  if (!loop_.InLoop()) return state_.WaitUntilConnected(timeout);
  return absl::FailedPreconditionError(
      "waiting for a connection on its own thread, which would have to connect it");
}

TransportStats MosquittoTransport::stats() const {
  return {
      .connections_made = connections_.value(),
      .connections_lost = losses_.value(),
      .messages_sent = sent_.value(),
      .messages_received = received_.value(),
      .messages_queued = queued_.value(),
      .messages_in_flight = unacknowledged_.value()};
}

Transport::PublishId MosquittoTransport::Publish(Compose compose, OnAck on_ack) {
  if (queue_.size() >= options_.max_queued) {
    loop_.Post([this, on_ack = std::move(on_ack)]() mutable {
      on_ack(absl::ResourceExhaustedError(absl::StrCat(
          "MosquittoOptions::max_queued (",
          options_.max_queued,
          ") messages are queued")));
    });
    return 0;
  }
  PublishId id = next_publish_++;
  queue_.emplace_hint(queue_.end(), id, Queued{std::move(compose), std::move(on_ack)});
  queued_.Add();
  return id;
}

bool MosquittoTransport::Withdraw(PublishId id) {
  size_t erased = queue_.erase(id);
  queued_.Subtract(erased);
  return erased > 0;
}

void MosquittoTransport::HandOver() {
  // At most a window a round, QoS 0 too, so that the socket gets its turn.
  for (size_t i = 0; i < window_ && CanHandOver(); ++i) {
    Queued next = std::move(queue_.begin()->second);
    queue_.erase(queue_.begin());
    queued_.Subtract();
    HandOver(std::move(next));
  }
  if (CanHandOver()) loop_.Post([] {});  // another round, without sleeping
}

bool MosquittoTransport::CanHandOver() const {
  return accepted_ && subscriptions_.is_answered() && !queue_.empty() &&
         in_flight_.size() < window_;
}

void MosquittoTransport::HandOver(Queued queued) {
  std::optional<Message> message = queued.compose();
  if (!message.has_value()) return;
  if (absl::Status status = CheckMessage(*message); !status.ok()) return queued.on_ack(status);
  absl::StatusOr<int> mid = client_->Publish(*message);
  if (!mid.ok()) return queued.on_ack(mid.status());
  sent_.Add();
  if (message->qos == QoS::kAtMostOnce) return queued.on_ack(ReasonCode::kSuccess);
  in_flight_[*mid] = {.on_ack = std::move(queued.on_ack), .qos = message->qos};
  unacknowledged_.Add();
}

void MosquittoTransport::OnPublishAck(int mid, ReasonCode reason) {
  auto found = in_flight_.find(mid);
  if (found == in_flight_.end()) return;  // QoS 0
  OnAck on_ack = std::move(found->second.on_ack);
  in_flight_.erase(found);
  unacknowledged_.Subtract();
  on_ack(reason);
}

void MosquittoTransport::ReadInput() {
  client_->Read();
  if (!client_->closed().ok()) Lose(client_->closed());
}

bool MosquittoTransport::WriteOutput() {
  // Nothing is handed over while the socket is full: what is queued here can still be taken back.
  if (!socket_is_full_) HandOver();
  client_->Write();
  socket_is_full_ = client_->WantsWrite();
  if (!client_->closed().ok()) Lose(client_->closed());
  return socket_is_full_;
}

}  // namespace mqrpc::internal
