#ifndef MQRPC_TESTS_FUZZ_FRAMES_H_
#define MQRPC_TESTS_FUZZ_FRAMES_H_

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "byte_reader.h"
#include "expect.h"

namespace mqrpc::fuzz {

// The payload of a batch whose frames are any bytes, but have the lengths that they say.
class Frames {
 public:
  void Add(std::string_view body) {
    payload_.push_back('\x0a');
    for (size_t size = body.size(); true; size >>= 7) {
      payload_.push_back(static_cast<char>(size < 0x80 ? size : (size & 0x7F) | 0x80));
      if (size < 0x80) break;
    }
    payload_.append(body);
    ends_.push_back(payload_.size());
  }

  size_t size() const { return ends_.size(); }
  const std::string& payload() const { return payload_; }

  // The payload of a batch of this one alone.
  std::string Alone(size_t index) const {
    size_t begin = index == 0 ? 0 : ends_[index - 1];
    return payload_.substr(begin, ends_[index] - begin);
  }

  // How many of them are whole in the first `size` bytes.
  size_t WholeIn(size_t size) const {
    size_t count = 0;
    while (count < ends_.size() && ends_[count] <= size) ++count;
    return count;
  }

 private:
  std::string payload_;
  std::vector<size_t> ends_;
};

inline Frames ReadFrames(ByteReader& input) {
  Frames frames;
  while (!input.empty() && frames.size() < 20) frames.Add(input.Bytes());
  return frames;
}

// Frames are read each by itself. Batch reads a payload, and has the `calls` that came of it;
// `same` compares two of them.
template <class Batch, class Same>
void ExpectIndependent(ByteReader input, const Same& same) {
  size_t cut = input.Byte();
  Frames frames = ReadFrames(input);
  Batch batch(frames.payload());
  Expect(batch.calls.size() == frames.size(), "each frame is a call");
  for (size_t i = 0; i < frames.size(); ++i) {
    Batch alone(frames.Alone(i));
    bool is_same = alone.calls.size() == 1 && same(alone.calls[0], batch.calls[i]);
    Expect(is_same, "it is the same among others");
  }
  Batch left(frames.payload().substr(0, cut));
  for (size_t i = 0; i < frames.WholeIn(cut); ++i) {
    bool is_left = i < left.calls.size() && same(left.calls[i], batch.calls[i]);
    Expect(is_left, "what is cut off spoils none before");
  }
}

}  // namespace mqrpc::fuzz

#endif  // MQRPC_TESTS_FUZZ_FRAMES_H_
