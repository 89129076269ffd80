// Fire and forget, where the same method may be asked for its answer too.

#include <iostream>

#include "command_line.h"
#include "mqrpc/mosquitto_transport.h"
#include "mqrpc/server.h"
#include "notify.mqrpc.pb.h"

namespace mqrpc::examples::notify::v1 {
namespace {

// With one worker, so nothing here runs twice at a time, and reports are counted as they come.
class MyMeters final : public Meters::Service {
  absl::StatusOr<ReportReply> Report(ServerContext& context, const ReportRequest& request)
      override {
    litres_ += request.litres();
    if (!context.wants_reply()) {
      ++silent_reports_;
      return ReportReply();  // goes nowhere
    }
    ReportReply reply;
    reply.set_sum_of_litres(litres_);
    reply.set_silent_reports(silent_reports_);
    return reply;
  }

  int litres_ = 0;
  int silent_reports_ = 0;
};

absl::Status Call(Channel& channel) {
  Meters::Stub meters(channel);
  ReportRequest report;
  report.set_litres(5);
  for (int i = 0; i < 3; ++i) {
    absl::Status accepted = meters.ReportNotify(report).Wait();
    std::cout << "the broker has it: " << accepted << "\n";
  }
  absl::StatusOr<ReportReply> reply = meters.Report(report);
  if (!reply.ok()) return reply.status();
  std::cout << reply->sum_of_litres() << " litres; " << reply->silent_reports()
            << " reports wanted no answer\n";
  return absl::OkStatus();
}

absl::Status Run(const std::string& broker) {
  auto server_connection = ConnectMosquitto({.broker = broker});
  if (!server_connection.ok()) return server_connection.status();
  auto connection = ConnectMosquitto({.broker = broker});
  if (!connection.ok()) return connection.status();

  MyMeters meters;
  Server server(**server_connection, {.workers = 1});
  if (absl::Status status = server.Register(meters); !status.ok()) return status;
  if (absl::Status status = server.Start(); !status.ok()) return status;

  Channel channel(**connection);
  if (absl::Status status = Call(channel); !status.ok()) return status;
  server.Shutdown();
  absl::Status status = Meters::Stub(channel).ReportNotify({}).Wait();
  std::cout << "without a server: " << absl::StatusCodeToString(status.code()) << "\n";
  return absl::OkStatus();
}

}  // namespace
}  // namespace mqrpc::examples::notify::v1

int main(int argc, char** argv) {
  absl::Status status = mqrpc::examples::notify::v1::Run(mqrpc::examples::BrokerFromCommandLine(
      argc,
      argv,
      "Counts what meters report, and reports to it, with and without an answer."));
  if (!status.ok()) std::cerr << status << "\n";
  return status.ok() ? 0 : 1;
}
