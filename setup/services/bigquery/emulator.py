"""bqemulator without what the tests have no use for: extensions of DuckDB that it would download (geography, formats),
and the copy of a whole table that it keeps for time travel at each append."""
import sys

from bqemulator.cli import main
from bqemulator.domain.events import TableDataChanged
from bqemulator.storage.engine import DuckDBEngine
from bqemulator.versioning.snapshots import SnapshotManager


def changed(self, project, dataset, table):
    self._events.publish(TableDataChanged(project, dataset, table))


DuckDBEngine._load_spatial = lambda self: None
DuckDBEngine._load_format_extensions = lambda self: None
SnapshotManager.record_change = changed
sys.exit(main())
