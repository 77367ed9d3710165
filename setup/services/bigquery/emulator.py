"""bqemulator, with changes that the tests need:

- It loads no extensions of DuckDB, which it would download (geography, formats), and keeps no copy of a whole table for
  time travel at each append.
- A connection that appends takes a thread, of which gRPC has but six on two cores: it gets 64.
- A table partitioned by day refuses rows of a day before 2010 one by one, as BigQuery refuses what lies far back.
- Appends come to its one connection with DuckDB in the thread that queries use. From two threads they block each
  other for ever, or take each other's answers.
"""
import asyncio
import concurrent.futures
import datetime
import sys

import grpc

from bqemulator.cli import main
from bqemulator.domain.events import TableDataChanged
from bqemulator.grpc_api.write_servicer import BigQueryWriteHandler
from bqemulator.storage.engine import DuckDBEngine
from bqemulator.versioning.snapshots import SnapshotManager
from google.cloud.bigquery_storage_v1 import types
from google.rpc import code_pb2, status_pb2

FIRST_DAY = datetime.date(2010, 1, 1)
loops = []
new_server, flush, append = grpc.aio.server, BigQueryWriteHandler._flush_to_target, BigQueryWriteHandler._perform_append


def server(*args, **options):
    loops.append(asyncio.get_running_loop())
    return new_server(concurrent.futures.ThreadPoolExecutor(max_workers=64), *args, **options)


def flush_in_loop(self, stream, rows):
    async def run():
        flush(self, stream, rows)
    asyncio.run_coroutine_threadsafe(run(), loops[-1]).result(timeout=60)


def append_if_new(self, stream, rows, offset, most):
    table = self._ctx.catalog.get_table(stream.project_id, stream.dataset_id, stream.table_id)
    days = rows["date"].to_pylist() if table and table.time_partitioning else []
    old = [i for i, day in enumerate(days) if day and day < FIRST_DAY]
    if not old or offset != stream.next_offset:
        return append(self, stream, rows, offset, most)
    return types.AppendRowsResponse.serialize(types.AppendRowsResponse(
        write_stream=stream.name, error=status_pb2.Status(code=code_pb2.INVALID_ARGUMENT, message="Errors found in rows"),
        row_errors=[types.RowError(index=i, code=types.RowError.RowErrorCode.FIELDS_ERROR,
                                   message=f"no partition for {days[i]}") for i in old]))


def changed(self, project, dataset, table):
    self._events.publish(TableDataChanged(project, dataset, table))


DuckDBEngine._load_spatial = lambda self: None
DuckDBEngine._load_format_extensions = lambda self: None
SnapshotManager.record_change = changed
BigQueryWriteHandler._flush_to_target = flush_in_loop
BigQueryWriteHandler._perform_append = append_if_new
grpc.aio.server = server
sys.exit(main())
