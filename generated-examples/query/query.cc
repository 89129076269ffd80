// A query: something is looked up, within a time; that it is not there is an error with a detail.

#include <iostream>
#include <map>

#include "command_line.h"
#include "mqrpc/mosquitto_transport.h"
#include "mqrpc/server.h"
#include "mqrpc/status_details.h"
#include "query.mqrpc.pb.h"

namespace mqrpc::examples::query::v1 {
namespace {

class MyCatalogue final : public Catalogue::Service {
  absl::StatusOr<Article> Find(ServerContext&, const FindRequest& request) override {
    auto found = cents_.lower_bound(request.name());
    if (found == cents_.end()) return absl::NotFoundError("nothing comes after that");
    if (found->first != request.name()) {
      absl::Status status = absl::NotFoundError("there is no " + request.name());
      Suggestion suggestion;
      suggestion.set_name(found->first);
      AddDetail(status, suggestion);
      return status;
    }
    Article article;
    article.set_name(found->first);
    article.set_cents(found->second);
    return article;
  }

  const std::map<std::string, int> cents_ = {{"bolt", 12}, {"nut", 7}, {"washer", 2}};
};

void Find(Channel& channel, const std::string& name) {
  Catalogue::Stub catalogue(channel);
  FindRequest request;
  request.set_name(name);
  absl::StatusOr<Article> article = catalogue.Find(request, {.timeout = absl::Seconds(10)});
  if (article.ok()) {
    std::cout << article->name() << ": " << article->cents() << " cents\n";
    return;
  }
  std::cout << absl::StatusCodeToString(article.status().code()) << ": "
            << article.status().message() << "\n";
  if (auto suggestion = GetDetail<Suggestion>(article.status())) {
    std::cout << "perhaps a " << suggestion->name() << "?\n";
  }
}

absl::Status Run(const std::string& broker) {
  auto server_connection = ConnectMosquitto({.broker = broker});
  if (!server_connection.ok()) return server_connection.status();
  auto connection = ConnectMosquitto({.broker = broker});
  if (!connection.ok()) return connection.status();

  MyCatalogue catalogue;
  Server server(**server_connection);
  if (absl::Status status = server.Register(catalogue); !status.ok()) return status;
  if (absl::Status status = server.Start(); !status.ok()) return status;

  Channel channel(**connection);
  Find(channel, "nut");
  Find(channel, "screw");
  return absl::OkStatus();
}

}  // namespace
}  // namespace mqrpc::examples::query::v1

int main(int argc, char** argv) {
  absl::Status status = mqrpc::examples::query::v1::Run(mqrpc::examples::BrokerFromCommandLine(
      argc,
      argv,
      "Serves a catalogue, and looks up an article that is there and one that is not."));
  if (!status.ok()) std::cerr << status << "\n";
  return status.ok() ? 0 : 1;
}
