#!/usr/bin/env bash
# Fetches the jars that Spark needs for Kafka and Delta into the user's cache, and prints their folder.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=versions.env
source "$here/versions.env"
# shellcheck source=cache.sh
source "$here/cache.sh"

spark_jars() {
  retry mvn -q -B -f "$here/spark/pom.xml" -Dspark.version="$SPARK_VERSION" -Ddelta.version="$DELTA_VERSION" \
    dependency:copy-dependencies -DincludeScope=runtime -DoutputDirectory="$PWD/jars"
  # PySpark has these itself.
  rm -f jars/{hadoop-client,snappy-java,lz4-java,spark-tags,jsr305,scala-parallel}*
}

fetch "spark-jars-$SPARK_VERSION-$DELTA_VERSION" spark_jars >&2
echo "$cache/spark-jars-$SPARK_VERSION-$DELTA_VERSION/jars"
