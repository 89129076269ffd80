// Several instances asked at the same time; once enough have answered, the others are told to stop.

#include <condition_variable>
#include <future>
#include <iostream>
#include <mutex>

#include "command_line.h"
#include "mqrpc/gather.h"
#include "mqrpc/mosquitto_transport.h"
#include "mqrpc/server.h"
#include "parallel_query.mqrpc.pb.h"

namespace mqrpc::examples::parallel_query::v1 {
namespace {

class House final : public Thermometer::Service {
 public:
  std::promise<void> attic_has_stopped;

 private:
  absl::StatusOr<ReadReply> Read(ServerContext& context, const ReadRequest&) override {
    if (context.instance() == "attic") return WaitInVain(context);
    attic_is_asked_.wait();  // so that this prints the same each time
    ReadReply reply;
    reply.set_celsius(context.instance() == "cellar" ? 12 : 21);
    return reply;
  }

  // A thermometer that answers nothing, until nobody waits for it any more.
  absl::Status WaitInVain(ServerContext& context) {
    asked_.set_value();
    std::mutex mutex;
    std::condition_variable_any answer;
    std::unique_lock lock(mutex);
    answer.wait(lock, context.stop_token(), [] { return false; });
    attic_has_stopped.set_value();
    return absl::CancelledError("nobody waits");
  }

  std::promise<void> asked_;
  std::shared_future<void> attic_is_asked_ = asked_.get_future();
};

void Ask(Channel& channel, const std::vector<std::string>& rooms) {
  Thermometer::Stub thermometer(channel);
  std::vector<Call<ReadReply>> calls;
  for (const std::string& room : rooms) {
    calls.push_back(thermometer.ReadAsync({}, {.instance = room}));
  }
  Outcomes<ReadReply> outcomes = Gather(std::move(calls), {.successes = 2}).Wait();

  std::cout << "enough: " << outcomes.status << "\n";
  for (size_t i = 0; i < rooms.size(); ++i) {
    const absl::StatusOr<ReadReply>& reply = outcomes.results[i];
    std::cout << rooms[i] << ": ";
    if (reply.ok()) {
      std::cout << reply->celsius() << " degrees\n";
    } else {
      std::cout << absl::StatusCodeToString(reply.status().code()) << "\n";
    }
  }
}

absl::Status Run(const std::string& broker) {
  auto server_connection = ConnectMosquitto({.broker = broker});
  if (!server_connection.ok()) return server_connection.status();
  auto connection = ConnectMosquitto({.broker = broker});
  if (!connection.ok()) return connection.status();

  const std::vector<std::string> rooms = {"attic", "cellar", "kitchen"};
  House house;
  Server server(**server_connection, {.instances = rooms});
  if (absl::Status status = server.Register(house); !status.ok()) return status;
  if (absl::Status status = server.Start(); !status.ok()) return status;

  Channel channel(**connection);
  Ask(channel, rooms);
  house.attic_has_stopped.get_future().wait();
  std::cout << "the attic has stopped\n";
  return absl::OkStatus();
}

}  // namespace
}  // namespace mqrpc::examples::parallel_query::v1

int main(int argc, char** argv) {
  absl::Status status =
      mqrpc::examples::parallel_query::v1::Run(mqrpc::examples::BrokerFromCommandLine(
          argc,
          argv,
          "Serves the thermometers of a house, and asks them all, of which two are enough."));
  if (!status.ok()) std::cerr << status << "\n";
  return status.ok() ? 0 : 1;
}
