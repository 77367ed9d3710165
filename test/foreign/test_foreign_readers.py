"""Tables that pregao writes, read by delta-rs, DuckDB and polars. PREGAO names the program; write_table lies beside it."""
import collections
import datetime
import json
import os
import pathlib
import subprocess

import pytest
from read_table import READERS, read_deltalake, read_duckdb, read_polars, summarise

ROOT = pathlib.Path(__file__).resolve().parents[2]
PROGRAM = pathlib.Path(os.environ.get("PREGAO", ROOT / "build/release/pregao")).with_name("write_table")
EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """The table's folder and what write_table says it holds."""
    folder = tmp_path_factory.mktemp("lake")
    run = subprocess.run([PROGRAM, folder], capture_output=True, text=True, timeout=300)
    assert run.returncode == 0, run.stderr
    return str(folder / "quotes"), json.loads(run.stdout)


def test_the_table_has_checkpoints_and_a_cleaned_log(written):
    names = {path.name for path in pathlib.Path(written[0], "_delta_log").iterdir()}
    assert "00000000000000000200.checkpoint.parquet" in names
    assert "00000000000000000200.json" in names
    assert "00000000000000000000.json" not in names
    assert "00000000000000000100.checkpoint.parquet" not in names
    assert "00000000000000000261.json" in names


@pytest.mark.parametrize("reader", READERS)
def test_every_reader_finds_what_was_written(written, reader):
    table, expected = written
    rows = READERS[reader](table)
    summary = summarise(rows)
    columns = summary["columns"]
    assert summary["rows"] == expected["rows"]
    assert columns["volume"] | {"min": None, "max": None} == {
        "nulls": expected["null_volumes"], "sum": expected["volume_sum"], "min": None, "max": None}
    assert columns["price"]["sum"] == expected["price_sum"]
    assert columns["event_time"]["min"] == expected["first_time"]
    assert columns["event_time"]["max"] == expected["last_time"]
    assert columns["never"]["nulls"] == expected["rows"]
    assert collections.Counter(rows["ticker"].to_pylist()) == expected["rows_by_ticker"]
    assert collections.Counter(map(str, rows["date"].to_pylist())) == expected["rows_by_date"]


def test_all_readers_agree_on_every_column(written):
    summaries = {name: summarise(read(written[0])) for name, read in READERS.items()}
    assert summaries["deltalake"] == summaries["duckdb"] == summaries["polars"]


def filters(written):
    """(DuckDB's condition, delta-rs' filter, polars' expression, rows expected): what statistics must not cut away."""
    import polars

    expected = written[1]
    last = EPOCH + datetime.timedelta(microseconds=expected["last_time"])
    first = EPOCH + datetime.timedelta(microseconds=expected["first_time"])
    yield (f"event_time >= timestamptz '{last.isoformat()}'", [("event_time", ">=", last)],
           polars.col("event_time") >= last, 1)
    yield (f"event_time <= timestamptz '{first.isoformat()}'", [("event_time", "<=", first)],
           polars.col("event_time") <= first, 1)
    yield ("small = 0", [("small", "=", 0)], polars.col("small") == 0, 1)
    longest = "~" * 40 + "çã0"
    yield f"note = '{longest}'", [("note", "=", longest)], polars.col("note") == longest, 1
    yield "note > '~~'", [("note", ">", "~~")], polars.col("note") > "~~", expected["rows"] // 2
    yield ("flag", [("flag", "=", True)], polars.col("flag"), expected["rows"] // 2)
    yield ("volume is not null and volume >= 5198", [("volume", ">=", 5198)], polars.col("volume") >= 5198, 1)
    yield ("price >= 1299.75", [("price", ">=", 1299.75)], polars.col("price") >= 1299.75, 1)
    for ticker, rows in expected["rows_by_ticker"].items():
        quoted = ticker.replace("'", "''")
        yield f"ticker = '{quoted}'", [("ticker", "=", ticker)], polars.col("ticker") == ticker, rows
    yield ("date = date '2026-11-23'", [("date", "=", datetime.date(2026, 11, 23))],
           polars.col("date") == datetime.date(2026, 11, 23), expected["rows_by_date"]["2026-11-23"])


def test_statistics_never_hide_a_row(written):
    for condition, pairs, expression, rows in filters(written):
        assert read_duckdb(written[0], condition).num_rows == rows, condition
        assert read_deltalake(written[0], pairs).num_rows == rows, pairs
        assert read_polars(written[0], expression).num_rows == rows, expression


def test_positions_are_delta_transactions(written):
    import deltalake

    assert deltalake.DeltaTable(written[0]).transaction_version("pregao:quotes:generation:0") == 260


def test_the_history_tells_operations(written):
    import deltalake

    newest = deltalake.DeltaTable(written[0]).history(1)[0]
    assert newest["operation"] == "STREAMING UPDATE"
    assert newest["engineInfo"].startswith("pregao/")
