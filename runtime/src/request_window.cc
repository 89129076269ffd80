#include "request_window.h"

#include "text.h"

namespace mqrpc::internal {

bool RequestWindow::Enter(std::string_view name, uint64_t call) {
  Service& service = services_.try_emplace(View(name)).first->second;
  if (service.unanswered == most_) {
    service.waiting.insert(call);
    waiting_.Add();
    return false;
  }
  ++service.unanswered;
  return true;
}

std::optional<uint64_t> RequestWindow::Leave(std::string_view name, uint64_t call) {
  auto found = services_.find(View(name));
  if (found == services_.end()) return std::nullopt;
  Service& service = found->second;
  if (service.waiting.erase(call) > 0) {
    waiting_.Subtract();
    return std::nullopt;
  }
  --service.unanswered;
  if (service.waiting.empty()) return std::nullopt;
  uint64_t next = *service.waiting.begin();
  service.waiting.erase(service.waiting.begin());
  waiting_.Subtract();
  ++service.unanswered;
  return next;
}

}  // namespace mqrpc::internal
