#ifndef MQRPC_SHARED_TEXT_H_
#define MQRPC_SHARED_TEXT_H_

#include <memory>
#include <string>
#include <utility>

namespace mqrpc {

// A text that many hold and none changes, such as the name of an instance. Copies share it.
class SharedText {
 public:
  SharedText() = default;       // empty
  SharedText(std::string text)  // NOLINT: it is meant to be written as one
      : text_(std::make_shared<const std::string>(std::move(text))) {}
  SharedText(const char* text) : SharedText(std::string(text)) {}  // NOLINT

  const std::string& text() const {
    static const std::string empty;
    return text_ != nullptr ? *text_ : empty;
  }
  bool empty() const { return text().empty(); }

 private:
  std::shared_ptr<const std::string> text_;
};

}  // namespace mqrpc

#endif  // MQRPC_SHARED_TEXT_H_
