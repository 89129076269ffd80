#include "request_window.h"

namespace mqrpc::internal {

bool RequestWindow::Enter(uint64_t call) {
  if (unanswered_ < most_) {
    ++unanswered_;
    return true;
  }
  waiting_.insert(call);
  waiting_count_.Add();
  return false;
}

std::optional<uint64_t> RequestWindow::Leave(uint64_t call) {
  if (waiting_.erase(call) > 0) {
    waiting_count_.Subtract();
    return std::nullopt;
  }
  --unanswered_;
  if (waiting_.empty()) return std::nullopt;
  uint64_t next = *waiting_.begin();
  waiting_.erase(waiting_.begin());
  waiting_count_.Subtract();
  ++unanswered_;
  return next;
}

}  // namespace mqrpc::internal
