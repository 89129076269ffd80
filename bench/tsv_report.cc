#include <string>

#include "absl/strings/str_format.h"
#include "report.h"

namespace mqrpc::bench {
namespace {

using Member = double Measurement::*;

constexpr Member kMedians[] = {
    &Measurement::p50_micros,
    &Measurement::p99_micros,
    &Measurement::client_cpu_micros,
    &Measurement::broker_cpu_micros,
    &Measurement::server_cpu_micros};

constexpr Member kBytes[] = {
    &Measurement::client_bytes,
    &Measurement::broker_bytes,
    &Measurement::server_bytes};

std::string Median(const std::vector<double>& values) {
  return absl::StrFormat("\t%.5g", Summarize(values).median);
}

std::string Row(
    const Cell& cell,
    const Contestant& contestant,
    const std::vector<Measurement>& rounds,
    const std::vector<Measurement>& base) {
  uint64_t errors = 0;
  for (const Measurement& round : rounds) errors += round.errors;
  Summary rate = Summarize(Column(rounds, &Measurement::calls_per_second));
  std::string row = absl::StrFormat(
      "%s\t%d\t%d\t%d\t%s\t%d\t%.5g\t%.3g",
      ToString(cell.socket),
      static_cast<int>(cell.qos),
      cell.payload_size,
      cell.in_flight,
      contestant.name,
      errors,
      rate.median,
      rate.spread);
  for (Member member : kMedians) row += Median(Column(rounds, member));
  for (Member member : {&Measurement::calls_per_second, &Measurement::p50_micros}) {
    row += Median(Ratios(Column(rounds, member), Column(base, member)));
  }
  absl::StrAppendFormat(&row, "\t%d\t%d\t%d", cell.connections, cell.rate, cell.slow_every);
  for (Member member : {&Measurement::p90_micros, &Measurement::p999_micros}) {
    row += Median(Column(rounds, member));
  }
  std::vector<double> greatest = Column(rounds, &Measurement::max_micros);
  absl::StrAppendFormat(&row, "\t%.5g\t%d", Summarize(greatest).greatest, cell.hold);
  for (Member member : kBytes) row += Median(Column(rounds, member));
  return row;
}

}  // namespace

void TsvReport::Begin(const Options&) {
  absl::FPrintF(
      output_,
      "socket\tqos\tpayload\tin_flight\tcontestant\terrors\trate\tspread\tp50\tp99\t"
      "client_cpu\tbroker_cpu\tserver_cpu\trate_ratio\tp50_ratio\tconnections\toffered\tslow_"
      "every\tp90\tp999\tmax\thold\t"
      "client_bytes\tbroker_bytes\tserver_bytes\n");
}

void TsvReport::Add(const CellResult& result) {
  for (const auto& [contestant, rounds] : result.rounds) {
    const std::vector<Measurement>& base = result.rounds.front().rounds;
    absl::FPrintF(output_, "%s\n", Row(result.cell, *contestant, rounds, base));
  }
  fflush(output_);
}

}  // namespace mqrpc::bench
