#include "options.h"

#include <functional>
#include <map>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

namespace mqrpc::bench {
namespace {

using Text = std::string_view;
using Setter = std::function<absl::Status(Text value)>;

absl::string_view View(Text text) { return {text.data(), text.size()}; }

absl::Status Wrong(Text value, absl::string_view expected) {
  return absl::InvalidArgumentError(absl::StrCat("\"", View(value), "\" is not ", expected));
}

absl::Status ParseSize(Text value, size_t least, size_t most, size_t& size) {
  uint64_t number = 0;
  if (absl::SimpleAtoi(View(value), &number) && number >= least && number <= most) {
    size = number;
    return absl::OkStatus();
  }
  return Wrong(value, absl::StrCat("a whole number from ", least, " to ", most));
}

absl::Status ParseWindow(Text value, int& window) {
  size_t size = 0;
  absl::Status status = ParseSize(value, 1, 65535, size);
  if (status.ok()) window = static_cast<int>(size);
  return status;
}

absl::Status ParseSeconds(Text value, absl::Duration& duration) {
  double seconds = 0;
  if (!absl::SimpleAtod(View(value), &seconds) || !(seconds > 0 && seconds <= 3600)) {
    return Wrong(value, "a number of seconds, more than 0 and at most 3600");
  }
  duration = absl::Seconds(seconds);
  return absl::OkStatus();
}

// One of some words.
template <class T>
absl::Status ParseWord(Text value, const std::vector<std::pair<Text, T>>& words, T& chosen) {
  std::string expected = "one of";
  for (const auto& [word, meaning] : words) {
    if (word == value) {
      chosen = meaning;
      return absl::OkStatus();
    }
    absl::StrAppend(&expected, " ", View(word));
  }
  return Wrong(value, expected);
}

// Elements between commas.
template <class T>
absl::Status ParseList(
    Text value,
    const std::function<absl::Status(Text, T&)>& parse,
    std::vector<T>& list) {
  list.clear();
  for (absl::string_view element : absl::StrSplit(View(value), ',')) {
    T parsed;
    absl::Status status = parse(Text(element.data(), element.size()), parsed);
    if (!status.ok()) return status;
    list.push_back(std::move(parsed));
  }
  return absl::OkStatus();
}

absl::Status ParseContestant(Text value, const Contestant*& contestant) {
  contestant = FindContestant(value);
  if (contestant != nullptr) return absl::OkStatus();
  return Wrong(value, "a contestant; --help lists those of this build");
}

absl::Status ParseSocket(Text value, SocketKind& socket) {
  return ParseWord<SocketKind>(
      value,
      {{"tcp", SocketKind::kTcp}, {"unix", SocketKind::kUnix}},
      socket);
}

absl::Status ParseQoS(Text value, QoS& qos) {
  return ParseWord<QoS>(value, {{"0", QoS::kAtMostOnce}, {"1", QoS::kAtLeastOnce}}, qos);
}

absl::Status ParseConnections(Text value, size_t& size) { return ParseSize(value, 1, 1000, size); }

absl::Status ParseInFlight(Text value, size_t& size) { return ParseSize(value, 1, 100'000, size); }

absl::Status ParseRate(Text value, size_t& rate) { return ParseSize(value, 1, 1'000'000, rate); }

absl::Status ParseSlowEvery(Text value, size_t& calls) {
  return ParseSize(value, 0, 1'000'000, calls);
}

absl::Status ParsePayloadSize(Text value, size_t& size) {
  return ParseSize(value, 0, 64 << 20, size);
}

void SetSmoke(Options& options) {
  options.in_flight = {16};
  options.payload_sizes = {64};
  options.rounds = 1;
  options.duration = absl::Milliseconds(50);
  options.warm_up = absl::Milliseconds(10);
}

std::map<Text, std::function<void()>> Flags(Options& o) {
  return {
      {"--json", [&o] { o.format = Format::kJson; }},
      {"--tsv", [&o] { o.format = Format::kTsv; }},
      {"--hold", [&o] { o.hold = true; }},
      {"--help", [&o] { o.help = true; }},
      {"--smoke", [&o] { SetSmoke(o); }}};
}

std::map<Text, Setter> ValuedOptions(Options& o) {
  return {
      {"--run",
       [&o](Text v) { return ParseList<const Contestant*>(v, ParseContestant, o.contestants); }},
      {"--socket", [&o](Text v) { return ParseList<SocketKind>(v, ParseSocket, o.sockets); }},
      {"--qos", [&o](Text v) { return ParseList<QoS>(v, ParseQoS, o.qos); }},
      {"--connections",
       [&o](Text v) { return ParseList<size_t>(v, ParseConnections, o.connections); }},
      {"--in-flight", [&o](Text v) { return ParseList<size_t>(v, ParseInFlight, o.in_flight); }},
      {"--rate", [&o](Text v) { return ParseList<size_t>(v, ParseRate, o.rates); }},
      {"--slow-every", [&o](Text v) { return ParseList<size_t>(v, ParseSlowEvery, o.slow_every); }},
      {"--payload",
       [&o](Text v) { return ParseList<size_t>(v, ParsePayloadSize, o.payload_sizes); }},
      {"--rounds", [&o](Text v) { return ParseSize(v, 1, 1000, o.rounds); }},
      {"--seconds", [&o](Text v) { return ParseSeconds(v, o.duration); }},
      {"--warm-up", [&o](Text v) { return ParseSeconds(v, o.warm_up); }},
      {"--batch-calls", [&o](Text v) { return ParseSize(v, 1, 256, o.batch_calls); }},
      {"--workers", [&o](Text v) { return ParseSize(v, 0, 1000, o.workers); }},
      {"--floor-window", [&o](Text v) { return ParseWindow(v, o.floor_window); }},
      {"--broker-config",
       [&o](Text v) {
         absl::StrAppend(&o.broker_config, View(v), "\n");
         return absl::OkStatus();
       }},
      {"--serve", [&o](Text v) { return ParseContestant(v, o.serve); }},
      {"--broker",
       [&o](Text v) {
         o.broker = v;
         return absl::OkStatus();
       }},
  };
}

absl::Status Named(Text option, const absl::Status& status) {
  if (status.ok()) return status;
  return absl::InvalidArgumentError(absl::StrCat(View(option), ": ", status.message()));
}

// Options that say nothing without another, or against it.
absl::Status CheckTogether(const Options& options) {
  if (options.rates.empty() && options.slow_every != std::vector<size_t>{0}) {
    return absl::InvalidArgumentError("--slow-every is for calls by the clock: it needs --rate");
  }
  if (options.hold && !options.rates.empty()) {
    return absl::InvalidArgumentError("--hold is for calls of --in-flight, and takes no --rate");
  }
  if (options.hold && options.connections != std::vector<size_t>{1}) {
    return absl::InvalidArgumentError("--hold is for one connection, and takes no --connections");
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<Options> ParseOptions(const std::vector<Text>& arguments) {
  Options options;
  const auto flags = Flags(options);
  const auto valued = ValuedOptions(options);
  for (size_t i = 0; i < arguments.size(); ++i) {
    Text name = arguments[i];
    if (auto flag = flags.find(name); flag != flags.end()) {
      flag->second();
      continue;
    }
    auto option = valued.find(name);
    if (option == valued.end()) {
      return absl::InvalidArgumentError(absl::StrCat("no option \"", View(name), "\""));
    }
    if (++i == arguments.size()) {
      return absl::InvalidArgumentError(absl::StrCat(View(name), " needs a value"));
    }
    if (absl::Status s = Named(name, option->second(arguments[i])); !s.ok()) return s;
  }
  if (absl::Status s = CheckTogether(options); !s.ok()) return s;
  return options;
}

std::vector<std::string> ServingArguments(const Contestant& contestant, const Serving& serving) {
  std::vector<std::string> arguments = {
      "--serve",
      std::string(contestant.name),
      "--broker",
      serving.address,
      "--socket",
      ToString(serving.cell.socket),
      "--connections",
      absl::StrCat(serving.cell.connections),
      "--in-flight",
      absl::StrCat(serving.cell.in_flight),
      "--qos",
      absl::StrCat(static_cast<int>(serving.cell.qos)),
      "--workers",
      absl::StrCat(serving.workers),
      "--floor-window",
      absl::StrCat(serving.floor_window)};
  if (serving.cell.rate > 0) {
    arguments.insert(arguments.end(), {"--rate", absl::StrCat(serving.cell.rate)});
  }
  return arguments;
}

void Options::AddCells(Cell cell, std::vector<Cell>& cells) const {
  for (size_t rate : rates) {
    for (size_t calls : slow_every) {
      cell.rate = rate;
      cell.slow_every = calls;
      cells.push_back(cell);
    }
  }
  if (!rates.empty()) return;
  for (size_t calls : in_flight) {
    cell.in_flight = calls;
    cells.push_back(cell);
  }
}

std::vector<Cell> Options::Cells() const {
  std::vector<Cell> cells;
  for (SocketKind socket : sockets) {
    for (size_t payload_size : payload_sizes) {
      for (QoS q : qos) {
        for (size_t clients : connections) {
          AddCells(
              {.qos = q,
               .connections = clients,
               .hold = hold,
               .payload_size = payload_size,
               .socket = socket},
              cells);
        }
      }
    }
  }
  return cells;
}

}  // namespace mqrpc::bench
