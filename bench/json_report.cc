#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "report.h"

namespace mqrpc::bench {
namespace {

// Of the texts that come here: an option's value, a status.
std::string Quoted(absl::string_view text) {
  std::string quoted = "\"";
  for (char c : text) {
    if (c == '"' || c == '\\') quoted += '\\';
    if (static_cast<unsigned char>(c) < 0x20) {
      absl::StrAppendFormat(&quoted, "\\u%04x", c);
    } else {
      quoted += c;
    }
  }
  return quoted + "\"";
}

std::string Json(const char* name, const std::vector<double>& values) {
  Summary summary = Summarize(values);
  return absl::StrFormat(
      "\"%s\": {\"median\": %.6g, \"spread\": %.3g}",
      name,
      summary.median,
      summary.spread);
}

std::string RatioJson(
    const char* name,
    const std::vector<Measurement>& rounds,
    const std::vector<Measurement>& base,
    double Measurement::*member) {
  return Json(name, Ratios(Column(rounds, member), Column(base, member)));
}

// The rounds of one contestant, also compared with those of another.
std::string Json(const std::vector<Measurement>& rounds, const std::vector<Measurement>& base) {
  uint64_t calls = 0;
  uint64_t errors = 0;
  std::string first_error;
  for (const Measurement& round : rounds) {
    if (errors == 0) first_error = round.first_error;
    calls += round.calls;
    errors += round.errors;
  }
  return absl::StrCat(
      "{\"calls\": ",
      calls,
      ", \"errors\": ",
      errors,
      ", \"first_error\": ",
      Quoted(first_error),
      ",\n      ",
      Json("calls_per_second", Column(rounds, &Measurement::calls_per_second)),
      ",\n      ",
      Json("p50_us", Column(rounds, &Measurement::p50_micros)),
      ",\n      ",
      Json("p90_us", Column(rounds, &Measurement::p90_micros)),
      ",\n      ",
      Json("p99_us", Column(rounds, &Measurement::p99_micros)),
      ",\n      ",
      Json("p999_us", Column(rounds, &Measurement::p999_micros)),
      ",\n      ",
      Json("max_us", Column(rounds, &Measurement::max_micros)),
      ",\n      ",
      Json("client_cpu_us", Column(rounds, &Measurement::client_cpu_micros)),
      ",\n      ",
      Json("broker_cpu_us", Column(rounds, &Measurement::broker_cpu_micros)),
      ",\n      ",
      Json("server_cpu_us", Column(rounds, &Measurement::server_cpu_micros)),
      ",\n      ",
      Json("client_bytes", Column(rounds, &Measurement::client_bytes)),
      ",\n      ",
      Json("broker_bytes", Column(rounds, &Measurement::broker_bytes)),
      ",\n      ",
      Json("server_bytes", Column(rounds, &Measurement::server_bytes)),
      ",\n      ",
      RatioJson("rate_ratio", rounds, base, &Measurement::calls_per_second),
      ",\n      ",
      RatioJson("p50_ratio", rounds, base, &Measurement::p50_micros),
      "}");
}

std::string Json(const Cell& cell) {
  return absl::StrFormat(
      "\"socket\": \"%s\", \"qos\": %d, \"connections\": %d, \"in_flight\": %d, \"rate\": %d, "
      "\"slow_every\": %d, \"hold\": %s, \"payload\": %d",
      ToString(cell.socket),
      static_cast<int>(cell.qos),
      cell.connections,
      cell.in_flight,
      cell.rate,
      cell.slow_every,
      cell.hold ? "true" : "false",
      cell.payload_size);
}

}  // namespace

void JsonReport::Begin(const Options& options) {
  absl::FPrintF(
      output_,
      "{\"rounds\": %d, \"seconds\": %g, \"workers\": %d, \"batch_calls\": %d, \"broker_config\": "
      "%s, \"cpus\": %d,\n"
      "\"cells\": [",
      options.rounds,
      absl::ToDoubleSeconds(options.duration),
      options.workers,
      options.batch_calls,
      Quoted(options.broker_config),
      std::thread::hardware_concurrency());
}

void JsonReport::Add(const CellResult& result) {
  absl::FPrintF(output_, "%s\n  {%s", separator_, Json(result.cell));
  for (const auto& [contestant, rounds] : result.rounds) {
    absl::FPrintF(
        output_,
        ",\n    \"%s\": %s",
        contestant->name,
        Json(rounds, result.rounds.front().rounds));
  }
  absl::FPrintF(output_, "}");
  separator_ = ",";
  fflush(output_);
}

void JsonReport::End() { absl::FPrintF(output_, "\n]}\n"); }

}  // namespace mqrpc::bench
