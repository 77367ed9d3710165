# Apache Spark with Spark Connect, its Kafka source and Delta, in one JVM with two cores. Exports
#   PREGAO_TEST_SPARK      sc://host:port
#   PREGAO_TEST_SPARK_RUN  a program: FOLDER PORT in the foreground; a server of a test's own, to kill and start

spark_install() {
  spark_venv=$("$services_dir/../venv.sh")
  spark_jars=$("$services_dir/../spark.sh")
}

spark_start() {
  local folder=$1 port
  read -r port <<<"$(free_ports 1)"
  export PREGAO_TEST_SPARK_HOME PREGAO_TEST_SPARK_JARS=$spark_jars
  PREGAO_TEST_SPARK_HOME=$(echo "$spark_venv"/lib/python3*/site-packages/pyspark)
  export PREGAO_TEST_SPARK=sc://127.0.0.1:$port PREGAO_TEST_SPARK_RUN=$services_dir/spark/run.sh
  background "$folder/spark.log" "$PREGAO_TEST_SPARK_RUN" "$folder" "$port"
  await 180 "$folder/spark.log" port_open "$port"
}
