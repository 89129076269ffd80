#include "connect_attempt.h"

#include <thread>
#include <utility>

#include "mutex.h"

namespace mqrpc::internal {

struct ConnectAttempt::Recipient {
  Mutex mutex;
  EventLoop* loop MQRPC_GUARDED_BY(mutex) = nullptr;  // null: not wanted any more
  absl::AnyInvocable<void(Client)> done;              // of the loop's thread; null likewise
};

ConnectAttempt::ConnectAttempt(
    EventLoop& loop,
    MosquittoClient::Options options,
    absl::AnyInvocable<void(Client)> done)
    : recipient_(std::make_shared<Recipient>()) {
  {
    MutexLock lock(recipient_->mutex);
    recipient_->loop = &loop;
  }
  recipient_->done = std::move(done);
  std::thread([recipient = recipient_, options = std::move(options)] {
    Client client = MosquittoClient::Connect(options);
    MutexLock lock(recipient->mutex);  // keeps the loop alive
    if (recipient->loop == nullptr) return;
    recipient->loop->Post([recipient, client = std::move(client)]() mutable {
      auto done = std::exchange(recipient->done, nullptr);
      if (done) done(std::move(client));
    });
  }).detach();
}

ConnectAttempt::~ConnectAttempt() {
  recipient_->done = nullptr;
  MutexLock lock(recipient_->mutex);
  recipient_->loop = nullptr;
}

}  // namespace mqrpc::internal
