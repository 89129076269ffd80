#ifndef MQRPC_PROTOC_PLUGIN_COMMENT_H_
#define MQRPC_PROTOC_PLUGIN_COMMENT_H_

#include <google/protobuf/descriptor.h>

#include <string>
#include <string_view>

namespace mqrpc::plugin {

// The text of a comment, without its marks, as lines of `// ` that are indented by `indent` spaces;
// empty for an empty text. Lines that would be longer than the code's are wrapped between words, so
// that clang-format need not. The compiler sees a comment whatever the text is: a backslash at the
// end of a line is kept from continuing it, and what cannot be shown is replaced.
std::string CommentLines(std::string_view text, int indent);

// The comment of a service or method: what stands right before it, then what stands right behind.
// Detached comments, which a blank line keeps apart, are not about it.
template <class Descriptor>
std::string CommentOf(const Descriptor& descriptor, int indent) {
  google::protobuf::SourceLocation location;
  if (!descriptor.GetSourceLocation(&location)) return "";
  const std::string leading = CommentLines(location.leading_comments, indent);
  const std::string trailing = CommentLines(location.trailing_comments, indent);
  if (leading.empty() || trailing.empty()) return leading + trailing;
  return leading + std::string(static_cast<size_t>(indent), ' ') + "//\n" + trailing;
}

}  // namespace mqrpc::plugin

#endif  // MQRPC_PROTOC_PLUGIN_COMMENT_H_
