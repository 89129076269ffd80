#include "recorder.h"

#include <malloc.h>

#include <algorithm>
#include <thread>

#include "payload.h"

namespace mqrpc::bench {
namespace {

// A load that only fails ends early: it would measure nothing but failing.
constexpr uint64_t kMaxErrors = 100;

// Room that is enough for most rounds, so that growing it does not show in the measurement.
constexpr size_t kExpectedCalls = 1 << 19;

// The memory of a process has come to rest when so many readings in a row say the same; a process
// that never rests is not waited for.
constexpr int kReadingsThatAgree = 6;
constexpr int kMostReadings = 100;
constexpr std::chrono::milliseconds kBetweenReadings{50};

double Micros(Recorder::Clock::duration duration) {
  return std::chrono::duration<double, std::micro>(duration).count();
}

double Percentile(std::vector<Recorder::Clock::duration>& latencies, double part) {
  size_t index = static_cast<size_t>(part * static_cast<double>(latencies.size() - 1));
  std::nth_element(latencies.begin(), latencies.begin() + index, latencies.end());
  return Micros(latencies[index]);
}

}  // namespace

Recorder::Recorder(
    const Processes& processes,
    size_t payload_size,
    absl::Duration warm_up,
    absl::Duration duration,
    size_t clients)
    : processes_(processes),
      payload_size_(payload_size),
      clients_(clients),
      warm_up_(absl::ToChronoNanoseconds(warm_up)),
      duration_(absl::ToChronoNanoseconds(duration)),
      to_start_(clients) {
  latencies_.reserve(kExpectedCalls);
}

void Recorder::Start() {
  std::unique_lock<std::mutex> lock(mutex_);
  --to_start_;
  begin_ = Clock::now();
  started_.notify_all();
  started_.wait(lock, [this] { return to_start_ == 0 || !wants_more(); });
}

void Recorder::AwaitClients(size_t count) {
  std::unique_lock<std::mutex> lock(mutex_);
  started_.wait(lock, [this, count] { return clients_ - to_start_ >= count || !wants_more(); });
}

void Recorder::GiveUp() {
  std::lock_guard<std::mutex> lock(mutex_);
  phase_ = Phase::kDone;
  started_.notify_all();
}

Recorder::CpuTimes Recorder::ReadCpuTimes() const {
  return {
      .client = processes_.client.CpuTime(),
      .broker = processes_.broker.has_value() ? processes_.broker->CpuTime() : absl::Duration(),
      .server = processes_.server.CpuTime()};
}

Recorder::Memory Recorder::ReadMemory() const {
  return {
      .client = processes_.client.ResidentBytes(),
      .broker = processes_.broker.has_value() ? processes_.broker->ResidentBytes() : 0,
      .server = processes_.server.ResidentBytes()};
}

void Recorder::Advance(Clock::time_point now) {
  if (phase_ == Phase::kWarmUp && now - begin_ >= warm_up_) {
    phase_ = Phase::kMeasure;
    cpu_begin_ = ReadCpuTimes();
    begin_ = Clock::now();
  } else if (phase_ == Phase::kMeasure && now - begin_ >= duration_) {
    phase_ = Phase::kDone;
    measured_ = now - begin_;
    cpu_end_ = ReadCpuTimes();
  }
}

bool Recorder::Check(uint64_t call, std::string_view payload) {
  if (IsStamped(call, payload_size_, payload)) return true;
  Fail(absl::DataLossError("a reply with another payload than its request"));
  return false;
}

void Recorder::Answer(
    uint64_t call,
    Clock::time_point from,
    Clock::time_point to,
    std::string_view payload) {
  if (!Check(call, payload)) return;
  std::lock_guard<std::mutex> lock(mutex_);
  if (phase_ == Phase::kMeasure) latencies_.push_back(to - from);
  Advance(to);
}

void Recorder::AnswerUntimed(uint64_t call, std::string_view payload) {
  if (!Check(call, payload)) return;
  std::lock_guard<std::mutex> lock(mutex_);
  if (phase_ == Phase::kMeasure) ++untimed_;
  Advance(Clock::now());
}

void Recorder::BeginHolding() {
  malloc_trim(0);  // of what earlier rounds left behind
  std::lock_guard<std::mutex> lock(mutex_);
  memory_begin_ = ReadMemory();
}

void Recorder::EndHolding(uint64_t calls) {
  Memory memory = ReadMemory();
  int same = 0;
  for (int i = 0; i < kMostReadings && same < kReadingsThatAgree && wants_more(); ++i) {
    std::this_thread::sleep_for(kBetweenReadings);
    Memory now = ReadMemory();
    same = now == memory ? same + 1 : 0;
    memory = now;
  }
  std::lock_guard<std::mutex> lock(mutex_);
  held_ = calls;
  memory_end_ = memory;
  phase_ = Phase::kDone;
}

void Recorder::Fail(const absl::Status& status, uint64_t calls) {
  std::lock_guard<std::mutex> lock(mutex_);
  if (errors_ == 0) first_error_ = status.ToString();
  errors_ += calls;
  Advance(Clock::now());
  if (errors_ >= kMaxErrors) phase_ = Phase::kDone;
}

Measurement Recorder::Result() const {
  std::lock_guard<std::mutex> lock(mutex_);
  Measurement result = {
      .calls = latencies_.size() + untimed_,
      .errors = errors_,
      .first_error = first_error_};
  if (held_ > 0) {
    double held = static_cast<double>(held_);
    result.calls = held_;
    result.client_bytes = (memory_end_.client - memory_begin_.client) / held;
    result.broker_bytes = (memory_end_.broker - memory_begin_.broker) / held;
    result.server_bytes = (memory_end_.server - memory_begin_.server) / held;
  }
  if (latencies_.empty() || measured_ == Clock::duration::zero()) return result;
  std::vector<Clock::duration> latencies = latencies_;
  result.p50_micros = Percentile(latencies, 0.5);
  result.p90_micros = Percentile(latencies, 0.9);
  result.p99_micros = Percentile(latencies, 0.99);
  result.p999_micros = Percentile(latencies, 0.999);
  result.max_micros = Percentile(latencies, 1);
  double calls = static_cast<double>(result.calls);
  result.calls_per_second = calls * 1e6 / Micros(measured_);
  auto per_call = [calls](absl::Duration begin, absl::Duration end) {
    return absl::ToDoubleMicroseconds(end - begin) / calls;
  };
  result.client_cpu_micros = per_call(cpu_begin_.client, cpu_end_.client);
  result.broker_cpu_micros = per_call(cpu_begin_.broker, cpu_end_.broker);
  result.server_cpu_micros = per_call(cpu_begin_.server, cpu_end_.server);
  return result;
}

}  // namespace mqrpc::bench
