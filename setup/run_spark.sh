#!/usr/bin/env bash
# Quotes -> Kafka -> Spark Structured Streaming -> Silver, until Ctrl-C. Runs inside setup/services/with.sh kafka spark
# (make run-spark); the broker's data go with it, so each run has a lake of its own below data/spark, which stays.
set -euo pipefail
pregao=$1
stamp=$(date +%Y%m%d-%H%M%S)
folder=data/spark/$stamp
mkdir -p "$folder"
export PREGAO_TOPIC=kafka://$PREGAO_TEST_KAFKA/quotes PREGAO_LAKE=$folder/lake PREGAO_SPARK_URL=$PREGAO_TEST_SPARK
export PREGAO_LISTEN_SPOOL="$folder/spool.db" PREGAO_ENGINE_COMMIT_INTERVAL=${PREGAO_ENGINE_COMMIT_INTERVAL:-5s}

# Ctrl-C is for Spark's queries first: what the listener still has is sent before they end.
pids=()
background() {
  setsid "$@" >>"$folder/listen.log" 2>&1 </dev/null &
  pids+=($!)
}
trap ':' INT TERM
trap 'kill "${pids[@]}" 2>/dev/null || true; wait' EXIT

if ! timeout 5 bash -c 'exec 3<>/dev/tcp/streamer.finance.yahoo.com/443' 2>/dev/null; then
  echo "Yahoo is out of reach: the simulator speaks in its place, and every row says source = 'simulator'"
  port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
  background "$pregao" simulate --port "$port"
  export PREGAO_YAHOO_STREAM_URL="ws://127.0.0.1:$port/?version=2"
fi
background "$pregao" listen
listener=$!
echo "the lake is $PREGAO_LAKE; from another terminal: $pregao sql --lake $PREGAO_LAKE \"select * from silver\""

# Without a sleep, which would outlive its shell.
show() {
  read -rt 10 <> <(:) || true
  kill -0 "$listener" 2>/dev/null || echo "the listener has ended: $(tail -n 1 "$folder/listen.log")"
  "$pregao" sql "select count(*) as rows, count(distinct ticker) as tickers, max(event_time) as newest from silver" 2>/dev/null || true
}
(trap 'exit 0' TERM; while show; do :; done) &
pids+=($!)
"$pregao" silver --engine spark || code=$?
kill "${pids[-1]}" 2>/dev/null || true
"$pregao" silver --engine spark stop
"$pregao" audit || code=$?
exit "${code:-0}"
