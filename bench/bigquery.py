#!/usr/bin/env python3
"""`pregao silver --to bigquery` beside a bare client of the Storage Write API, into the same emulator, in one run.

  setup/services/with.sh kafka bigquery -- bench/bigquery.py [--messages 500000] [--rounds 3]

Needs PREGAO_TEST_KAFKA and PREGAO_TEST_BIGQUERY. pregao goes from the topic to Silver; its whole process counts, and then
without its start, as a topic of one message shows it: a dozen of REST requests and queries, whatever the topic's size. The
bare client appends the same rows, to a table of the same form, by as many streams; they lie ready as bytes of requests
before its clock starts, so what it takes is what the emulator takes. They run in turns, each into a fresh table, and the
best round of each counts. In the end the tables are compared by query.
"""
import argparse
import os
import sys
import tempfile
import time
from pathlib import Path

import grpc
import pyarrow as pa
from google.cloud.bigquery_storage_v1 import types
from measure import measure
from pyarrow import compute, dataset

ROOT = Path(__file__).resolve().parent.parent
PREGAO = ROOT / "build/release/pregao"
sys.path.append(str(ROOT / "test/servers"))
from bigquery_testing import REST, GRPC, Emulator  # noqa: E402

WRITE = "/google.cloud.bigquery.storage.v1.BigQueryWrite/"
WAIT = 600  # seconds, of any one call
TABLE = "silver_quotes"
WHOLE, START = "pregao → BigQuery", "its start"


def resource(name):
    return f"projects/test/datasets/{name}/tables/{TABLE}"


def silver_rows(topic, lake):
    """The topic's Silver by way of a lake, in BigQuery's types: one Arrow table for each partition of the topic."""
    measure("a lake", [PREGAO, "silver", "--topic", topic, "--lake", lake, "--until", "end", "--engine.group", "rows",
                       "--log.level", "error", "--engine.bronze", "false", "--upkeep.enabled", "false"])
    by_day = dataset.partitioning(pa.schema([("date", pa.date32())]), flavor="hive")
    table = dataset.dataset(lake / "silver/quotes", format="parquet", partitioning=by_day).to_table()
    for i, field in enumerate(table.schema):
        if pa.types.is_integer(field.type):
            table = table.set_column(i, field.name, table[field.name].cast(pa.int64()))
    table = table.sort_by("offset").combine_chunks()
    return [table.filter(compute.equal(table["partition"], p)) for p in sorted(compute.unique(table["partition"]).to_pylist())]


def requests_of(stream, table, most):
    """The table's rows as requests in bytes, each of about `most` bytes."""
    batch = table.combine_chunks().to_batches()[0]
    rows = max(1, most * len(batch) // batch.nbytes)
    for first in range(0, len(batch), rows):
        data = types.AppendRowsRequest.ArrowData(rows=types.ArrowRecordBatch(
            serialized_record_batch=batch.slice(first, rows).serialize().to_pybytes()))
        if first == 0:
            data.writer_schema = types.ArrowSchema(serialized_schema=batch.schema.serialize().to_pybytes())
        yield types.AppendRowsRequest.serialize(types.AppendRowsRequest(write_stream=stream, offset=first, arrow_rows=data))


def bare(channel, name, parts, most):
    """Appends the rows of `parts`, by a stream each, to a table that is there and empty."""
    create = channel.unary_unary(WRITE + "CreateWriteStream", types.CreateWriteStreamRequest.serialize,
                                 types.WriteStream.deserialize)
    append = channel.stream_stream(WRITE + "AppendRows", None, types.AppendRowsResponse.deserialize)
    work = []
    for part in parts:
        stream = create(types.CreateWriteStreamRequest(parent=resource(name), write_stream=types.WriteStream(
            type_=types.WriteStream.Type.COMMITTED)), timeout=WAIT)
        work.append(list(requests_of(stream.name, part, most)))
    start, cpu = time.monotonic(), time.process_time()
    calls = [append(iter(requests), timeout=WAIT) for requests in work]
    for call, requests in zip(calls, work):
        answers = list(call)
        if len(answers) != len(requests) or any(answer.error.code for answer in answers):
            sys.exit(f"bench: the bare client: {next((a.error for a in answers if a.error.code), 'answers are missing')}")
    return {"what": f"bare client, requests of {most / 1e6:g} MB", "seconds": time.monotonic() - start,
            "cpu": time.process_time() - cpu}


def pregao(what, topic, name):
    env = os.environ | {"PROJECT_ID": "test", "BIGQUERY_EMULATOR_HOST": REST, "PREGAO_BIGQUERY_ENDPOINT": GRPC}
    return measure(what, [PREGAO, "silver", "--to", "bigquery", "--until", "end", "--topic", topic,
                          "--bigquery.dataset", name, "--engine.group", name, "--log.level", "error"], env)


def make_like(emulator, name, other):
    """An empty Silver in the dataset `name`, of the form that `other`'s has."""
    table = emulator.call("GET", f"/datasets/{other}/tables/{TABLE}")
    emulator.call("POST", "/datasets", {"datasetReference": {"projectId": "test", "datasetId": name}})
    emulator.call("POST", f"/datasets/{name}/tables", {
        "tableReference": {"projectId": "test", "datasetId": name, "tableId": TABLE},
        **{key: table[key] for key in ("schema", "timePartitioning", "clustering")}})


def check(emulator, names, reference, rows):
    """Exits unless each of the tables has each row of the bare client's once."""
    wanted, *tables = (f"`test.{name}.{TABLE}`" for name in (reference, *names))
    for table in tables:
        if (count := emulator.number(f"SELECT COUNT(*) FROM {table}")) != rows:
            sys.exit(f"bench: {table} has {count} rows, not {rows}")
        if lacks := emulator.number(f"SELECT COUNT(*) FROM (SELECT * FROM {wanted} EXCEPT DISTINCT SELECT * FROM {table})"):
            sys.exit(f"bench: {table} lacks {lacks} rows of {wanted}")


def show(rows, count):
    ceiling = max(count / row["seconds"] for row in rows if row["what"].startswith("bare"))
    print(f"\n{'':<42}{'rows/s':>11}{'CPU-s/million':>15}{'of ceiling':>12}")
    for row in rows:
        rate = count / row["seconds"]
        print(f"{row['what']:<42}{rate:>11,.0f}{row['cpu'] / count * 1e6:>15.2f}{rate / ceiling:>12.2f}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--messages", type=int, default=500_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--request-mb", default="4,9", help="sizes of the bare client's requests, each a row")
    options = parser.parse_args()
    name = f"bench_{os.getpid()}"
    topic, emulator = f"kafka://{os.environ['PREGAO_TEST_KAFKA']}/{name}", Emulator()
    for uri, messages in ((topic, options.messages), (topic + "_1", 1)):
        measure("filling a topic", [PREGAO, "simulate", "--topic", uri, "--messages", messages, "--rejects", "0"])
    with tempfile.TemporaryDirectory(prefix="pregao-bench-") as folder:
        parts = silver_rows(topic, Path(folder, "lake"))
    count = sum(map(len, parts))
    best, names = {}, []

    def take(row):
        print(f"  {row['what']}: {row['seconds']:.2f} s", file=sys.stderr, flush=True)
        best[row["what"]] = min(row, best.get(row["what"], row), key=lambda r: r["seconds"])
    with grpc.insecure_channel(GRPC) as channel:
        for turn in range(options.rounds):
            names.append(f"{name}_{turn}")
            take(pregao(WHOLE, topic, names[-1]))
            take(pregao(START, topic + "_1", f"{name}_{turn}_start"))
            for size in options.request_mb.split(","):
                names.append(f"{name}_{turn}_{size}mb")
                make_like(emulator, names[-1], names[0])
                take(bare(channel, names[-1], parts, int(float(size) * 1e6)))
    check(emulator, names, names[1], count)
    whole, start = best[WHOLE], best.pop(START)
    without = {key: whole[key] - start[key] for key in ("seconds", "cpu")}
    show([whole, {"what": f"  without its start ({start['seconds']:.1f} s)", **without},
          *(row for row in best.values() if row is not whole)], count)


main()
