#!/usr/bin/env bash
# The shell commands of the pages, and the examples: a calculator_server (argument 1), an epoll_client
# (argument 2), and a broker of our own.
set -euo pipefail
server=$1
epoll_client=$2
folder=$(mktemp -d)
trap 'kill $(jobs -p) 2>/dev/null || true; wait; rm -rf "$folder"' EXIT
cd "$folder"
PATH=$PATH:/usr/sbin:/usr/local/sbin

wait_for() {
  for _ in $(seq 200); do
    if "$@" >/dev/null 2>&1; then return; fi
    sleep 0.05
  done
  echo "not within 10 s: $*" >&2
  cat ./*.log >&2
  exit 1
}

# mosquitto_rr has no default of its own for a socket: it reads its options from here.
export XDG_CONFIG_HOME=$folder
echo "--unix $folder/broker.sock" >mosquitto_rr
printf 'listener 0 %s/broker.sock\nallow_anonymous true\nuser %s\n' "$folder" "$(id -un)" >broker.conf
mosquitto -c broker.conf >broker.log 2>&1 &
wait_for test -S broker.sock
"$server" --broker "unix://$folder/broker.sock" >server.log 2>&1 &
wait_for grep serving server.log

answer() {
mosquitto_rr -V mqttv5 -t mqrpc/services/mqrpc.examples.calculator.v1.Calculator/Add \
  -e some/reply -m "$(printf '\011\232\231\231\231\231\231\271\077\021\232\231\231\231\231\231\311\077')"
}
answer >reply.bin
printf '\011\064\063\063\063\063\063\323\077\n' >expected.bin
cmp reply.bin expected.bin
echo "the stock client got the sum"

answer_in_json() {
mosquitto_rr -V mqttv5 -t mqrpc/services/mqrpc.examples.calculator.v1.Calculator/Add \
  -D publish content-type application/json -e some/reply -m '{"a": 2, "b": 3}'
}
test "$(answer_in_json)" = '{"sum":5}'
echo "and in JSON"

"$epoll_client" --broker "unix://$folder/broker.sock" | tee epoll_client.out
printf '1 + 2 + ... + 100 = 5050\n2 of 4 have answered\nthe timer ticked meanwhile: yes\n' |
  cmp - epoll_client.out
