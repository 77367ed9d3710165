#!/usr/bin/env bash
# run.sh FOLDER PORT: a Spark Connect server on this port of the loopback, in the foreground. Spark itself comes from
# $PREGAO_TEST_SPARK_HOME, the jars of its Kafka source and Delta from $PREGAO_TEST_SPARK_JARS.
set -euo pipefail
export SPARK_HOME=$PREGAO_TEST_SPARK_HOME SPARK_LOCAL_IP=127.0.0.1 SPARK_NO_DAEMONIZE=1
mkdir -p "$1"
cd "$1"
jars=$(printf '%s,' "$PREGAO_TEST_SPARK_JARS"/*.jar)
exec "$SPARK_HOME/bin/spark-submit" --master 'local[2]' --driver-memory "${PREGAO_TEST_SPARK_HEAP:-2g}" --jars "${jars%,}" \
  --class org.apache.spark.sql.connect.service.SparkConnectServer \
  --conf spark.connect.grpc.binding.address=127.0.0.1 --conf "spark.connect.grpc.binding.port=$2" \
  --conf spark.ui.enabled=false --conf spark.sql.shuffle.partitions=2 \
  --conf spark.databricks.delta.snapshotPartitions=2 \
  --conf spark.sql.extensions=io.delta.sql.DeltaSparkSessionExtension \
  --conf spark.sql.catalog.spark_catalog=org.apache.spark.sql.delta.catalog.DeltaCatalog spark-internal
