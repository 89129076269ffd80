#ifndef MQRPC_EXAMPLES_COMMAND_LINE_H_
#define MQRPC_EXAMPLES_COMMAND_LINE_H_

#include <cstdlib>
#include <iostream>
#include <string>
#include <string_view>

namespace mqrpc::examples {

// The one option of the example programs, `--broker ADDRESS`. Ends the program on `--help`, and,
// with a message, on anything else.
inline std::string BrokerFromCommandLine(int argc, char** argv, std::string_view what_it_does) {
  std::string broker = "mqtt://localhost:1883";
  for (int i = 1; i < argc; ++i) {
    std::string_view argument = argv[i];
    if (argument == "--help") {
      std::cout << "usage: " << argv[0] << " [--broker ADDRESS]\n\n"
                << what_it_does << "\n\n"
                << "  --broker ADDRESS  mqtt://host[:port] or unix:///path/to/socket; default: "
                << broker << "\n";
      std::exit(0);
    }
    if (argument != "--broker" || i + 1 == argc) {
      std::cerr << argv[0] << ": "
                << (argument == "--broker" ? "--broker needs an address"
                                           : "unknown argument " + std::string(argument))
                << "; see --help\n";
      std::exit(2);
    }
    broker = argv[++i];
  }
  return broker;
}

}  // namespace mqrpc::examples

#endif  // MQRPC_EXAMPLES_COMMAND_LINE_H_
