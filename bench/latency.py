#!/usr/bin/env python3
"""From the broker's acknowledgement to a row that SQL sees: p50 and p99 at 5,000 messages a second for a minute.

  setup/services/with.sh kafka -- bench/latency.py [--rate 5000] [--seconds 60]

Needs PREGAO_TEST_KAFKA. `pregao silver` runs with its defaults; `pregao sql` is started again as soon as it has
answered. A message's latency ends when the first answer that has it comes back, the start of that process included.
"""
import argparse
import bisect
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient, NewTopic

PREGAO = Path(__file__).resolve().parent.parent / "build/release/pregao"
QUESTION = 'select "partition", max("offset") as largest from silver group by 1'


class Answers(threading.Thread):
    """Asks for the largest offset of each partition, again and again; `seen[partition]` is a list of (offset, time)."""

    def __init__(self, topic, lake):
        super().__init__(daemon=True)
        self.topic, self.lake, self.seen, self.stopping = topic, lake, {}, False

    def run(self):
        while not self.stopping:
            answer = subprocess.run([PREGAO, "sql", "--json", "--topic", self.topic, "--lake", self.lake, QUESTION],
                                    capture_output=True, text=True, timeout=60)
            now = time.monotonic()
            for row in json.loads(answer.stdout) if answer.returncode == 0 else []:
                offsets = self.seen.setdefault(row["partition"], [])
                if not offsets or offsets[-1][0] < row["largest"]:
                    offsets.append((row["largest"], now))


def produce(brokers, name, rate, seconds):
    """@return [(partition, offset, when acknowledged)], evenly paced; falls behind rather than bursts."""
    acknowledged = []
    producer = Producer({"bootstrap.servers": brokers, "enable.idempotence": True, "linger.ms": 5,
                         "partitioner": "murmur2_random"})
    start = time.monotonic()
    wall = int(time.time() * 1000)

    def done(error, message):
        if error:
            sys.exit(f"latency: {error}")
        acknowledged.append((message.partition(), message.offset(), time.monotonic()))
    for i in range(rate * seconds):
        due = start + i / rate
        while (left := due - time.monotonic()) > 0:
            producer.poll(min(left, 0.005))
        value = json.dumps({"ticker": f"T{i % 50}", "price": 10 + i % 977 / 100, "time": wall + i * 1000 // rate,
                            "exchange": "SAO", "change_percent": 0.1, "change": 0.01, "quote_type": "EQUITY",
                            "market_hours": "REGULAR_MARKET", "day_volume": i, "received_at": wall + i * 1000 // rate,
                            "source": "bench"})
        producer.produce(name, value, key=f"T{i % 50}", on_delivery=done)
    producer.flush(30)
    return acknowledged


def latencies(acknowledged, seen):
    for partition, offset, when in acknowledged:
        offsets = seen[partition]
        yield max(0.0, offsets[bisect.bisect_left(offsets, (offset, 0))][1] - when)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rate", type=int, default=5_000)
    parser.add_argument("--seconds", type=int, default=60)
    options = parser.parse_args()
    brokers, name = os.environ["PREGAO_TEST_KAFKA"], f"latency-{os.getpid()}"
    topic, lake = f"kafka://{brokers}/{name}", tempfile.mkdtemp(prefix="pregao-latency-")
    admin = AdminClient({"bootstrap.servers": brokers})
    for future in admin.create_topics([NewTopic(name, 4, 1)]).values():
        future.result(30)
    engine = subprocess.Popen([PREGAO, "silver", "--topic", topic, "--lake", lake, "--log.level", "error"],
                              stdout=subprocess.DEVNULL)
    answers = Answers(topic, lake)
    try:
        answers.start()
        acknowledged = produce(brokers, name, options.rate, options.seconds)
        ends = {p: max(o for q, o, _ in acknowledged if q == p) for p in {p for p, _, _ in acknowledged}}
        until = time.monotonic() + 60
        while any(answers.seen.get(p, [(-1, 0)])[-1][0] < end for p, end in ends.items()):
            if time.monotonic() > until:
                sys.exit("latency: some rows never came")
            time.sleep(0.05)
        waits = sorted(latencies(acknowledged, answers.seen))
        print(f"{len(waits):,} messages at {options.rate:,}/s: from acknowledgement to SQL"
              f" p50 {waits[len(waits) // 2]:.2f} s, p99 {waits[len(waits) * 99 // 100]:.2f} s, largest {waits[-1]:.2f} s")
    finally:
        answers.stopping = True
        engine.send_signal(signal.SIGINT)
        engine.wait(30)
        answers.join(30)
        shutil.rmtree(lake, ignore_errors=True)


main()
