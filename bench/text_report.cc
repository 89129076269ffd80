#include <string>
#include <string_view>

#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "report.h"

namespace mqrpc::bench {
namespace {

double Median(const std::vector<Measurement>& rounds, double Measurement::*member) {
  return Summarize(Column(rounds, member)).median;
}

std::string Cpu(const std::vector<Measurement>& rounds) {
  return absl::StrFormat(
      "%8.1f %7.1f %7.1f",
      Median(rounds, &Measurement::client_cpu_micros),
      Median(rounds, &Measurement::broker_cpu_micros),
      Median(rounds, &Measurement::server_cpu_micros));
}

std::string Row(std::string_view name, const std::vector<Measurement>& rounds) {
  Summary rate = Summarize(Column(rounds, &Measurement::calls_per_second));
  Summary p50 = Summarize(Column(rounds, &Measurement::p50_micros));
  return absl::StrFormat(
      "  %-19s %9.0f %4.0f%% %9.1f %4.0f%% %9.1f %9.1f %9.1f %9.1f %s",
      name,
      rate.median,
      rate.spread * 100,
      p50.median,
      p50.spread * 100,
      Median(rounds, &Measurement::p90_micros),
      Median(rounds, &Measurement::p99_micros),
      Median(rounds, &Measurement::p999_micros),
      Summarize(Column(rounds, &Measurement::max_micros)).greatest,
      Cpu(rounds));
}

std::string MemoryRow(std::string_view name, const std::vector<Measurement>& rounds) {
  Summary client = Summarize(Column(rounds, &Measurement::client_bytes));
  return absl::StrFormat(
      "  %-19s %8.0f %4.0f%% %8.0f %8.0f\n",
      name,
      client.median,
      client.spread * 100,
      Median(rounds, &Measurement::broker_bytes),
      Median(rounds, &Measurement::server_bytes));
}

std::string RatioText(
    const std::vector<Measurement>& rounds,
    const std::vector<Measurement>& base,
    double Measurement::*member) {
  std::vector<double> ratios = Ratios(Column(rounds, member), Column(base, member));
  return absl::StrFormat(" %6.2f", Summarize(ratios).median);
}

std::string BrokerSettings(const Options& options) {
  if (options.broker_config.empty()) return "default";
  return absl::StrJoin(absl::StrSplit(options.broker_config, '\n', absl::SkipEmpty()), "; ");
}

void PrintErrors(FILE* output, std::string_view name, const std::vector<Measurement>& rounds) {
  for (size_t i = 0; i < rounds.size(); ++i) {
    if (rounds[i].errors == 0) continue;
    absl::FPrintF(
        output,
        "  %s, round %d: %d calls failed, the first one with %s\n",
        name,
        i + 1,
        rounds[i].errors,
        rounds[i].first_error);
  }
}

}  // namespace

void TextReport::Begin(const Options& options) {
  if (options.hold) {
    absl::FPrintF(
        output_,
        "Resident bytes for each call that waits, medians of %d rounds (± from the least to the\n"
        "greatest)\n\n%30s    ±   broker   server\n",
        options.rounds,
        "client");
    return;
  }
  absl::FPrintF(
      output_,
      "Medians of %d rounds of %s (± from the least to the greatest; max: of all rounds); times "
      "in\n"
      "µs; the server of mqrpc has %d workers, a message up to %d calls; broker settings: %s\n\n"
      "%30s    ±       p50    ±       p90       p99     p99.9       max  CPU per call:         "
      " ratio to the first\n%91s  client  broker  server   rate    p50\n",
      options.rounds,
      absl::FormatDuration(options.duration),
      options.workers,
      options.batch_calls,
      BrokerSettings(options),
      "calls/s",
      "");
}

void TextReport::Add(const CellResult& result) {
  absl::FPrintF(output_, "%s\n", ToString(result.cell));
  for (const auto& [contestant, rounds] : result.rounds) {
    if (result.cell.hold) {
      absl::FPrintF(output_, "%s", MemoryRow(contestant->name, rounds));
      continue;
    }
    const std::vector<Measurement>& base = result.rounds.front().rounds;
    absl::FPrintF(
        output_,
        "%s%s%s\n",
        Row(contestant->name, rounds),
        RatioText(rounds, base, &Measurement::calls_per_second),
        RatioText(rounds, base, &Measurement::p50_micros));
  }
  for (const auto& [contestant, rounds] : result.rounds) {
    PrintErrors(output_, contestant->name, rounds);
  }
  fflush(output_);
}

}  // namespace mqrpc::bench
