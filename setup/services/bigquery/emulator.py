"""bqemulator, with changes that the tests need:

- It loads no extensions of DuckDB, which it would download (geography, formats), and keeps no copy of a whole table for
  time travel at each append.
- A connection that appends takes a thread, of which gRPC has but six on two cores: it gets 64.
- Appends come to its one connection with DuckDB in the thread that queries use. From two threads they block each
  other for ever, or take each other's answers.
"""
import asyncio
import concurrent.futures
import sys

import grpc

from bqemulator.cli import main
from bqemulator.domain.events import TableDataChanged
from bqemulator.grpc_api.write_servicer import BigQueryWriteHandler
from bqemulator.storage.engine import DuckDBEngine
from bqemulator.versioning.snapshots import SnapshotManager

loops = []
new_server, flush = grpc.aio.server, BigQueryWriteHandler._flush_to_target


def server(*args, **options):
    loops.append(asyncio.get_running_loop())
    return new_server(concurrent.futures.ThreadPoolExecutor(max_workers=64), *args, **options)


def flush_in_loop(self, stream, rows):
    async def run():
        flush(self, stream, rows)
    asyncio.run_coroutine_threadsafe(run(), loops[-1]).result(timeout=60)


def changed(self, project, dataset, table):
    self._events.publish(TableDataChanged(project, dataset, table))


DuckDBEngine._load_spatial = lambda self: None
DuckDBEngine._load_format_extensions = lambda self: None
SnapshotManager.record_change = changed
BigQueryWriteHandler._flush_to_target = flush_in_loop
grpc.aio.server = server
sys.exit(main())
