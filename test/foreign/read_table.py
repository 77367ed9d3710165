#!/usr/bin/env python3
"""Reads a Delta table with somebody else's reader. Usage: read_table.py READER TABLE, READER one of READERS.

Prints JSON: the number of rows and, for each column, nulls, sum (numbers), min and max. Times are microseconds since the
epoch, dates ISO 8601, binary columns are only counted.
"""
import datetime
import json
import sys

import duckdb


def duckdb_connection():
    """A connection whose Delta extension comes from its package: nothing is downloaded."""
    import importlib.resources

    package = importlib.resources.files("duckdb_extension_delta")
    extension = next(path for path in package.rglob("*.duckdb_extension"))
    connection = duckdb.connect(config={"allow_unsigned_extensions": "true"})
    connection.execute("set timezone = 'UTC'")
    connection.execute(f"load '{extension}'")
    return connection


def read_duckdb(table, where=None):
    condition = f" where {where}" if where else ""
    return duckdb_connection().execute(f"select * from delta_scan('{table}'){condition}").to_arrow_table()


def read_deltalake(table, where=None):
    """where: filters in pyarrow's form, [(column, operator, value)]."""
    import deltalake

    return deltalake.DeltaTable(table).to_pyarrow_table(filters=where)


def read_polars(table, where=None):
    """where: a polars expression."""
    import polars

    frame = polars.scan_delta(table)
    return (frame.filter(where) if where is not None else frame).collect().to_arrow()


READERS = {"deltalake": read_deltalake, "duckdb": read_duckdb, "polars": read_polars}


def plain(value):
    if isinstance(value, datetime.datetime):
        epoch = datetime.datetime(1970, 1, 1, tzinfo=value.tzinfo)
        return (value - epoch) // datetime.timedelta(microseconds=1)
    return value.isoformat() if isinstance(value, datetime.date) else value


def summarise(rows):
    """A pyarrow table in numbers."""
    import pyarrow as pa
    import pyarrow.compute as pc

    columns = {}
    for name in sorted(rows.column_names):
        column = rows[name]
        if pa.types.is_dictionary(column.type):
            column = column.cast(column.type.value_type)
        if pa.types.is_string_view(column.type) or pa.types.is_large_string(column.type):
            column = column.cast(pa.string())
        summary = {"nulls": column.null_count}
        if pa.types.is_integer(column.type) or pa.types.is_floating(column.type):
            summary["sum"] = pc.sum(column).as_py()
        if not (pa.types.is_binary(column.type) or pa.types.is_large_binary(column.type)
                or pa.types.is_binary_view(column.type)):
            bounds = pc.min_max(column).as_py()
            summary["min"], summary["max"] = plain(bounds["min"]), plain(bounds["max"])
        columns[name] = summary
    return {"rows": rows.num_rows, "columns": columns}


if __name__ == "__main__":
    if len(sys.argv) != 3 or sys.argv[1] not in READERS:
        sys.exit(__doc__)
    print(json.dumps(summarise(READERS[sys.argv[1]](sys.argv[2])), ensure_ascii=False))
