"""Spark Structured Streaming over the bench's topic: spark.py BROKERS TOPIC MESSAGES FOLDER JARS FORMAT…

One JVM, local[2]. For each FORMAT (delta, parquet) the topic is read twice to its end; the second run is the figure,
for the first one pays for starting and compiling. Spark decodes the fields that the messages carry and writes them by
date; it is asked neither to validate nor to drop duplicates, which would only make it slower. Prints JSON lines.
"""
import json
import os
import sys
import time
from pathlib import Path

import psutil
from pyspark.sql import SparkSession
from pyspark.sql.functions import col, from_json, to_date

FIELDS = ("ticker STRING, price DOUBLE, time BIGINT, exchange STRING, change_percent DOUBLE, change DOUBLE, currency STRING,"
          " quote_type STRING, market_hours STRING, day_volume BIGINT, day_high DOUBLE, day_low DOUBLE, short_name STRING,"
          " open_price DOUBLE, price_hint BIGINT, vol_24hr BIGINT, vol_all_currencies BIGINT, from_currency STRING,"
          " last_market STRING, circulating_supply DOUBLE, market_cap DOUBLE, received_at BIGINT, source STRING")


def session(jars):
    paths = ",".join(str(p) for p in sorted(Path(jars).glob("*.jar")))
    os.environ["SPARK_LOCAL_IP"] = "127.0.0.1"
    builder = SparkSession.builder.master("local[2]").config("spark.jars", paths)
    for key, value in {
        "spark.driver.memory": "3g", "spark.ui.enabled": "false", "spark.sql.shuffle.partitions": "2",
        "spark.sql.session.timeZone": "UTC", "spark.log.level": "ERROR",
        "spark.sql.extensions": "io.delta.sql.DeltaSparkSessionExtension",
        "spark.sql.catalog.spark_catalog": "org.apache.spark.sql.delta.catalog.DeltaCatalog",
    }.items():
        builder = builder.config(key, value)
    return builder.getOrCreate()


def silver(spark, brokers, topic):
    raw = (spark.readStream.format("kafka").option("kafka.bootstrap.servers", brokers).option("subscribe", topic)
           .option("startingOffsets", "earliest").load())
    quote = raw.select(from_json(col("value").cast("string"), FIELDS).alias("q"), "topic", "partition", "offset")
    rows = quote.select("q.*", "topic", "partition", "offset").withColumn(
        "event_time", (col("time") / 1000).cast("timestamp"))
    return rows.withColumn("date", to_date("event_time"))


def java():
    return next(p for p in psutil.Process().children(recursive=True) if p.name() == "java")


def run(spark, brokers, topic, folder, form):
    before, start = java().cpu_times(), time.monotonic()
    query = (silver(spark, brokers, topic).writeStream.format(form).partitionBy("date")
             .option("checkpointLocation", f"{folder}-checkpoint").option("path", folder).trigger(availableNow=True).start())
    query.awaitTermination()
    seconds, after = time.monotonic() - start, java().cpu_times()
    return {"seconds": seconds, "cpu": after.user + after.system - before.user - before.system}


def peak_mib():
    status = Path(f"/proc/{java().pid}/status").read_text()
    return int(next(line for line in status.splitlines() if line.startswith("VmHWM")).split()[1]) / 1024


def main(brokers, topic, messages, folder, jars, *formats):
    spark = session(jars)
    for form in formats:
        run(spark, brokers, topic, f"{folder}/{form}-cold", form)
        figures = run(spark, brokers, topic, f"{folder}/{form}", form)
        rows = spark.read.format(form).load(f"{folder}/{form}").count()
        if rows != int(messages):
            sys.exit(f"spark wrote {rows} of {messages} rows")
        print(json.dumps({"what": f"Spark 4.2 → {form} (warm)", "peak_mib": peak_mib(), **figures}), flush=True)
    spark.stop()


main(*sys.argv[1:])
