#!/usr/bin/env python3
"""pregao beside its peers on one Kafka topic, in one run: rows a second, CPU seconds a million rows, peak memory.

  make bench                                      # 2,000,000 messages; brings a broker, Spark and bytewax
  make bench BENCH='--messages 20000000 --only pregao'
  make bench BENCH='--full'                       # all that Yahoo sends of a quote: 290 bytes in place of 200

Needs PREGAO_TEST_KAFKA (setup/services/with.sh kafka -- …). Each row is a process of its own but Spark's, whose second
query in one JVM counts. The disk cache is warm for all: the topic was just written. librdkafka and pregao take turns,
and the best of their three rounds counts: the first meets a broker that has yet to compile itself.
"""
import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from measure import measure

ROOT = Path(__file__).resolve().parent.parent
PREGAO = ROOT / "build/release/pregao"
RAW = ROOT / "build/release/bench/consume_bench"
ROUNDS = 3
POLLED, BATCHES, SPARK = "librdkafka, message by message", "librdkafka, 10,000 at a time", "Spark 4.2 → delta"


def say(row, messages):
    print(f"  {row['what']}: {messages / row['seconds']:,.0f} rows/s", file=sys.stderr, flush=True)
    return row


def own_rows(brokers, name, messages, folder, only):
    """librdkafka alone and pregao, in turns. pregao without the packing of small files that follows the last commit: the
    peers do none."""
    commands = {what: [RAW, brokers, name, messages, how] for what, how in ((BATCHES, "batch"), (POLLED, "poll"))}
    silver = [PREGAO, "silver", "--topic", f"kafka://{brokers}/{name}", "--lake", folder / "lake", "--until", "end",
              "--log.level", "error", "--upkeep.enabled", "false"]
    if only != "peers":
        commands["pregao → Silver"] = [*silver, "--engine.bronze", "false"]
        commands["pregao → Bronze + Silver + quarantine"] = silver
    best = {}
    for _ in range(ROUNDS):
        for what, command in commands.items():
            shutil.rmtree(folder / "lake", ignore_errors=True)
            row = say(measure(what, command), messages)
            if what not in best or row["seconds"] < best[what]["seconds"]:
                best[what] = row
    return best.values()


def spark_rows(brokers, name, messages, folder):
    jars = subprocess.run([ROOT / "setup/spark.sh"], check=True, capture_output=True, text=True).stdout.strip()
    command = [sys.executable, ROOT / "bench/peers/spark.py", brokers, name, messages, folder / "spark", jars, "delta", "parquet"]
    with subprocess.Popen(list(map(str, command)), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        for line in process.stdout:
            yield json.loads(line)
    if process.returncode != 0:
        sys.exit("bench: Spark failed; run bench/peers/spark.py by hand to see why")


def bytewax_rows(brokers, name, messages, folder):
    yield measure("bytewax → Parquet", [sys.executable, ROOT / "bench/peers/bytewax_flow.py", brokers, name, messages,
                                        folder / "bytewax"])


def show(rows, messages):
    bases = [next((messages / r["seconds"] for r in rows if r["what"].startswith(w)), None)
             for w in (POLLED, BATCHES, SPARK)]
    print(f"\n{'':<42}{'rows/s':>11}{'CPU-s/million':>15}{'peak MiB':>10}{'of polled':>11}{'of batches':>11}{'× Spark':>9}")
    for row in rows:
        rate = messages / row["seconds"]
        polled, batches, spark = (f"{rate / base:.2f}" if base else "" for base in bases)
        print(f"{row['what']:<42}{rate:>11,.0f}{row['cpu'] / messages * 1e6:>15.2f}{row['peak_mib']:>10,.0f}"
              f"{polled:>11}{batches:>11}{spark:>9}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--messages", type=int, default=2_000_000)
    parser.add_argument("--only", choices=["pregao", "peers"], help="leave the other side out")
    parser.add_argument("--full", action="store_true", help="messages of 290 bytes in place of 200")
    parser.add_argument("--json", help="write the rows to this file too")
    options = parser.parse_args()
    brokers, name = os.environ["PREGAO_TEST_KAFKA"], f"bench-{os.getpid()}"
    topic, messages = f"kafka://{brokers}/{name}", options.messages
    folder = Path(tempfile.mkdtemp(prefix="pregao-bench-"))
    rows = []
    try:
        fill = [PREGAO, "simulate", "--topic", topic, "--messages", messages, *([] if options.full else ["--brief"])]
        rows.append(say(measure("(fill the topic)", fill), messages))
        rows.extend(own_rows(brokers, name, messages, folder, options.only))
        if options.only != "pregao":
            for source in (spark_rows, bytewax_rows):
                rows.extend(say(row, messages) for row in source(brokers, name, messages, folder))
        show(rows, messages)
        if options.json:
            Path(options.json).write_text(json.dumps({"messages": messages, "rows": rows}, indent=1) + "\n")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


main()
