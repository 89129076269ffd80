#include "absl/strings/str_format.h"
#include "options.h"

namespace mqrpc::bench {
namespace {

constexpr char kUsage[] =
    R"(Usage: mqrpc_bench [options]

Measures calls of several contestants side by side. Client, broker and server are three
processes. The figures are medians over the rounds, in each of which all contestants take
their turn; the first of --run is what the others are compared with.

Which cells (each a list, such as --in-flight 1,64):
  --run LIST           floor,mqrpc; who takes part, of those below
  --socket LIST        tcp,unix
  --qos LIST           0,1
  --connections LIST   1           of clients, each of which makes the calls of a cell
  --in-flight LIST     1,64,1024   calls outstanding at any time
  --rate LIST          instead of --in-flight: calls that start each second by the clock, whether
                       or not those before were answered; latency counts from when they were due
  --slow-every LIST    0; one of so many of them keeps its handler for 5 ms; its own latency does
                       not count; 0: none
  --hold               the calls of --in-flight are never answered, and what is measured is the
                       memory that each of them occupies
  --payload LIST       64,16384    bytes of a request and of its reply

How:
  --rounds N           5; each measures every contestant once
  --seconds S          1; length of one measurement
  --warm-up S          0.3; before each measurement
  --batch-calls N      64; calls of mqrpc in one message at most; 1: a message for each
  --workers N          4; threads of mqrpc's server; 0: handlers run inline
  --broker-config LINE a line of mosquitto.conf, such as 'max_inflight_messages 200';
                       may be repeated; the default is the broker's default
  --floor-window N     100; QoS 1 messages that the floor hands to libmosquitto at once

  --smoke              one cell of each QoS and socket, a fraction of a second each
  --json, --tsv        print JSON, or a table with tabs
  --help               print this

The exit code is 0 if every call was answered as it should be.

Contestants:
)";

}  // namespace

std::string Usage() {
  std::string usage = kUsage;
  for (const Contestant& contestant : Contestants()) {
    absl::StrAppendFormat(&usage, "  %-20s %s\n", contestant.name, contestant.about);
  }
  return usage;
}

}  // namespace mqrpc::bench
