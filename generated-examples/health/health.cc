// A health probe, and a broadcast query: all servers are asked, and answer each for itself.

#include <iostream>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "command_line.h"
#include "health.mqrpc.pb.h"
#include "mqrpc/directory.h"
#include "mqrpc/mosquitto_transport.h"
#include "mqrpc/server.h"

namespace mqrpc::examples::health::v1 {
namespace {

// One of the machines that are asked.
class Machine final : public Health::Service {
 public:
  explicit Machine(std::string state) : state_(std::move(state)) {}

  absl::Status Serve(const std::string& broker, const std::string& name) {
    auto connection = ConnectMosquitto({.broker = broker, .client_id = name});
    if (!connection.ok()) return connection.status();
    connection_ = *std::move(connection);
    server_ = std::make_unique<Server>(*connection_);
    if (absl::Status status = server_->Register(*this); !status.ok()) return status;
    return server_->Start();
  }

 private:
  absl::StatusOr<ProbeReply> Probe(ServerContext& context, const ProbeRequest&) override {
    if (state_.empty()) return context.Decline("not set up yet");
    if (state_ == "broken") return absl::DataLossError("the disk is gone");
    ProbeReply reply;
    reply.set_state(state_);
    return reply;
  }

  const std::string state_;
  std::unique_ptr<Transport> connection_;
  std::unique_ptr<Server> server_;  // goes before what it uses
};

absl::Status Run(const std::string& broker) {
  const std::map<std::string, std::string> states = {
      {"mill", "runs"},
      {"press", "broken"},
      {"robot", ""},
      {"saw", "idle"}};
  std::vector<std::unique_ptr<Machine>> machines;
  for (const auto& [name, state] : states) {
    machines.push_back(std::make_unique<Machine>(state));
    if (absl::Status status = machines.back()->Serve(broker, name); !status.ok()) return status;
  }

  auto connection = ConnectMosquitto({.broker = broker});
  if (!connection.ok()) return connection.status();
  Directory directory(**connection);
  auto servers = directory.Discover<Health>();
  if (!servers.ok()) return servers.status();
  std::cout << servers->size() << " serve it\n";

  Channel channel(**connection);
  Query<ProbeReply> query = Health::Stub(channel).Probe(
      {},
      {.window = absl::Seconds(10), .responders = {"mill", "press", "saw"}});
  std::map<std::string, std::string> answers;  // in the order of their names
  while (auto answer = query.Next()) {
    answers[answer->responder] =
        answer->result.ok() ? answer->result->state() : answer->result.status().ToString();
  }
  for (const auto& [name, answer] : answers) std::cout << name << ": " << answer << "\n";
  bool is_all = query.end() == QueryEnd::kAllResponders;
  std::cout << (is_all ? "all have answered" : "some have not answered") << "\n";
  return absl::OkStatus();
}

}  // namespace
}  // namespace mqrpc::examples::health::v1

int main(int argc, char** argv) {
  absl::Status status = mqrpc::examples::health::v1::Run(mqrpc::examples::BrokerFromCommandLine(
      argc,
      argv,
      "Serves four machines, and asks all of them how they fare."));
  if (!status.ok()) std::cerr << status << "\n";
  return status.ok() ? 0 : 1;
}
