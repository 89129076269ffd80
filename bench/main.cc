#include <cstdio>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/strings/str_cat.h"
#include "options.h"
#include "report.h"
#include "runner.h"
#include "server_process.h"

namespace mqrpc::bench {
namespace {

constexpr int kFailed = 1;
constexpr int kWrongArguments = 2;

absl::Status Serve(const Options& options) {
  Serving serving = {
      .address = options.broker,
      .cell = options.Cells().front(),
      .workers = options.workers,
      .floor_window = options.floor_window};
  return options.serve->serve(serving, ServerProcess::AnnounceReady);
}

// An error if a single call was not answered as it should be.
absl::Status CheckCalls(const std::vector<Measurement>& rounds) {
  for (const Measurement& round : rounds) {
    if (round.errors > 0) return absl::InternalError("calls failed; the report says which");
    if (round.calls == 0) return absl::InternalError("a measurement saw no call complete");
  }
  return absl::OkStatus();
}

absl::Status MeasureAll(const Options& options, Report& report) {
  absl::StatusOr<std::unique_ptr<Runner>> runner = Runner::Start(options);
  if (!runner.ok()) return runner.status();
  absl::Status all_answered;
  report.Begin(options);
  for (const Cell& cell : options.Cells()) {
    absl::StatusOr<CellResult> result = (*runner)->Run(cell);
    if (!result.ok()) {
      return absl::Status(
          result.status().code(),
          absl::StrCat(ToString(cell), ": ", result.status().message()));
    }
    report.Add(*result);
    for (const auto& [contestant, rounds] : result->rounds) all_answered.Update(CheckCalls(rounds));
  }
  report.End();
  return all_answered;
}

std::unique_ptr<Report> MakeReport(Format format) {
  switch (format) {
    case Format::kJson:
      return std::make_unique<JsonReport>(stdout);
    case Format::kTsv:
      return std::make_unique<TsvReport>(stdout);
    default:
      return std::make_unique<TextReport>(stdout);
  }
}

int Run(const Options& options) {
  absl::Status status =
      options.serve != nullptr ? Serve(options) : MeasureAll(options, *MakeReport(options.format));
  if (status.ok()) return 0;
  fprintf(stderr, "mqrpc_bench: %s\n", status.ToString().c_str());
  return kFailed;
}

}  // namespace
}  // namespace mqrpc::bench

int main(int argc, char** argv) {
  auto options = mqrpc::bench::ParseOptions(std::vector<std::string_view>(argv + 1, argv + argc));
  if (!options.ok()) {
    std::string message(options.status().message());
    fprintf(stderr, "mqrpc_bench: %s; try --help\n", message.c_str());
    return mqrpc::bench::kWrongArguments;
  }
  if (options->help) {
    fputs(mqrpc::bench::Usage().c_str(), stdout);
    return 0;
  }
  return mqrpc::bench::Run(*options);
}
