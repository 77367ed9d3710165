#!/usr/bin/env bash
# run.sh FOLDER REST-PORT GRPC-PORT: the BigQuery emulator on these ports of the loopback, in the foreground, its tables
# in FOLDER. Its write streams live in memory alone: started again it has the rows, and knows no stream.
set -euo pipefail
mkdir -p "$1/data"
export BQEMU_ENABLE_FORMAT_EXTENSIONS=false OTEL_SDK_DISABLED=true
exec "$PREGAO_TEST_BIGQUERY_VENV/bin/python" "$(dirname "$0")/emulator.py" start --rest-host 127.0.0.1 --rest-port "$2" \
  --grpc-host 127.0.0.1 --grpc-port "$3" --project test --persistent --data-dir "$1/data"
