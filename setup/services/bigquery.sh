# shellcheck shell=bash
# BigQuery as bqemulator. Exports
#   PREGAO_TEST_BIGQUERY       host:port of its REST interface; the project is `test`
#   PREGAO_TEST_BIGQUERY_GRPC  host:port of its Storage Write interface
#   PREGAO_TEST_BIGQUERY_RUN   a program: FOLDER REST-PORT GRPC-PORT in the foreground; one of a test's own, to kill and start

bigquery_install() {
  PREGAO_TEST_BIGQUERY_VENV=$("$services_dir/../venv.sh" "$services_dir/bigquery/requirements.txt")
  export PREGAO_TEST_BIGQUERY_VENV
}

bigquery_start() {
  local folder=$1 rest grpc
  read -r rest grpc <<<"$(free_ports 2)"
  export PREGAO_TEST_BIGQUERY=127.0.0.1:$rest PREGAO_TEST_BIGQUERY_GRPC=127.0.0.1:$grpc
  export PREGAO_TEST_BIGQUERY_RUN=$services_dir/bigquery/run.sh
  background "$folder/log" "$PREGAO_TEST_BIGQUERY_RUN" "$folder" "$rest" "$grpc"
  await 60 "$folder/log" port_open "$rest"
  await 60 "$folder/log" port_open "$grpc"
}
