"""bqemulator without what the tests have no use for: extensions of DuckDB that it would download (geography, formats),
and the copy of a whole table that it keeps for time travel at each append. A connection that appends takes a thread, of
which gRPC has but six on two cores."""
import concurrent.futures
import functools
import sys

import grpc

from bqemulator.cli import main
from bqemulator.domain.events import TableDataChanged
from bqemulator.storage.engine import DuckDBEngine
from bqemulator.versioning.snapshots import SnapshotManager


def changed(self, project, dataset, table):
    self._events.publish(TableDataChanged(project, dataset, table))


DuckDBEngine._load_spatial = lambda self: None
DuckDBEngine._load_format_extensions = lambda self: None
SnapshotManager.record_change = changed
grpc.aio.server = functools.partial(grpc.aio.server, concurrent.futures.ThreadPoolExecutor(max_workers=64))
sys.exit(main())
