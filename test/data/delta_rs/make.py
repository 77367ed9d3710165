"""Makes the golden table beside this file: make.py FOLDER."""
import datetime
import sys

import pyarrow as pa
from deltalake import DeltaTable, write_deltalake

UTC = datetime.timezone.utc
TICKERS = ["PETR4.SA", "BRK/B", "A B%C", None]


def rows(n):
    time = datetime.datetime(2026, 11, 22, 17, 5, n, 123456, tzinfo=UTC)
    return pa.table({
        "ticker": pa.array([TICKERS[n % 4], "AÇÚCAR"]),
        "event_time": pa.array([time, time + datetime.timedelta(seconds=30)], pa.timestamp("us", "UTC")),
        "price": pa.array([n + 0.25, None], pa.float64()),
        "volume": pa.array([None, n], pa.int64()),
        "flag": pa.array([True, None]),
    })


def main(folder):
    for n in range(6):
        write_deltalake(folder, rows(n), mode="append", partition_by=["ticker"], name="golden",
                        description="written by delta-rs", configuration={"delta.logRetentionDuration": "interval 30 days"})
        if n == 3:
            DeltaTable(folder).delete("volume = 2")
            DeltaTable(folder).create_checkpoint()


main(sys.argv[1])
