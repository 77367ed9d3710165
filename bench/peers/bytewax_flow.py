"""bytewax over the bench's topic: BROKERS TOPIC MESSAGES FOLDER. Kafka → JSON → Parquet, a file for each 40,000 rows."""
import json
import sys
import uuid
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from bytewax import operators as op
from bytewax.connectors.kafka import KafkaSource
from bytewax.dataflow import Dataflow
from bytewax.outputs import DynamicSink, StatelessSinkPartition
from bytewax.testing import run_main

ROWS = 40_000


class ParquetPartition(StatelessSinkPartition):
    def __init__(self, folder):
        self.folder, self.rows, self.written = folder, [], 0

    def write_batch(self, items):
        self.rows.extend(items)
        if len(self.rows) >= ROWS:
            self.flush()

    def flush(self):
        if self.rows:
            pq.write_table(pa.Table.from_pylist(self.rows), self.folder / f"{uuid.uuid4()}.parquet", compression="zstd")
            self.written += len(self.rows)
            self.rows = []

    def close(self):
        self.flush()


class ParquetSink(DynamicSink):
    def __init__(self, folder):
        self.folder = Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)

    def build(self, step_id, worker_index, worker_count):
        return ParquetPartition(self.folder)


def decode(message):
    try:
        quote = json.loads(message.value)
    except ValueError:
        return None
    return quote if isinstance(quote, dict) else None


def main(brokers, topic, messages, folder):
    flow = Dataflow("peer")
    stream = op.input("in", flow, KafkaSource([brokers], [topic], tail=False, batch_size=10_000))
    op.output("out", op.filter_map("decode", stream, decode), ParquetSink(folder))
    run_main(flow)


main(*sys.argv[1:])
