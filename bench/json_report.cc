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

std::string Json(const std::vector<Measurement>& rounds) {
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
      Json("p99_us", Column(rounds, &Measurement::p99_micros)),
      ",\n      ",
      Json("client_cpu_us", Column(rounds, &Measurement::client_cpu_micros)),
      ",\n      ",
      Json("broker_cpu_us", Column(rounds, &Measurement::broker_cpu_micros)),
      ",\n      ",
      Json("server_cpu_us", Column(rounds, &Measurement::server_cpu_micros)),
      "}");
}

std::string Json(const Cell& cell) {
  return absl::StrFormat(
      "\"socket\": \"%s\", \"qos\": %d, \"in_flight\": %d, \"payload\": %d",
      ToString(cell.socket),
      static_cast<int>(cell.qos),
      cell.in_flight,
      cell.payload_size);
}

std::string RatioJson(const char* name, const CellResult& result, double Measurement::*member) {
  return Json(name, Ratios(Column(result.mqrpc, member), Column(result.floor, member)));
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
  if (!result.floor.empty()) absl::FPrintF(output_, ",\n    \"floor\": %s", Json(result.floor));
  if (!result.mqrpc.empty()) absl::FPrintF(output_, ",\n    \"mqrpc\": %s", Json(result.mqrpc));
  if (!result.floor.empty() && !result.mqrpc.empty()) {
    absl::FPrintF(
        output_,
        ",\n    %s, %s",
        RatioJson("rate_ratio", result, &Measurement::calls_per_second),
        RatioJson("p50_ratio", result, &Measurement::p50_micros));
  }
  absl::FPrintF(output_, "}");
  separator_ = ",";
  fflush(output_);
}

void JsonReport::End() { absl::FPrintF(output_, "\n]}\n"); }

}  // namespace mqrpc::bench
