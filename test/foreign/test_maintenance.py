"""Tables that pregao packed and vacuumed, read by delta-rs, DuckDB and polars: the same rows as before."""
import os
import pathlib
import subprocess
import time

import pytest
from read_table import READERS, summarise

ROOT = pathlib.Path(__file__).resolve().parents[2]
BINARY = os.environ.get("PREGAO", str(ROOT / "build/release/pregao"))
TABLES = ["bronze/quotes", "silver/quotes", "silver/quarantine"]
MONTH = 30 * 86_400  # seconds


def pregao(folder, *args):
    env = {"PATH": os.environ["PATH"], "HOME": str(folder), "PREGAO_UPKEEP_ENABLED": "false"}
    done = subprocess.run([BINARY, *args], cwd=folder, env=env, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return done.stdout


def summary(reader, table):
    """What the reader sees; sums of fractions depend on the order of rows by a last digit or two."""
    seen = summarise(READERS[reader](str(table)))
    for column in seen["columns"].values():
        if isinstance(column.get("sum"), float):
            column["sum"] = round(column["sum"], 6)
    return seen


@pytest.fixture(scope="module")
def maintained(tmp_path_factory):
    """The lake's folder, what each reader saw of each table before, and the number of data files then."""
    folder = tmp_path_factory.mktemp("maintained")
    for number, frame in enumerate((ROOT / "test/data/frames.txt").read_text().split()):  # a commit each
        (folder / "frame.txt").write_text(frame + "\n")
        pregao(folder, "replay", "frame.txt")
        pregao(folder, "silver", "--until", "end")
    lake = folder / "data/lake"
    before = {(reader, table): summary(reader, lake / table)
              for table in TABLES if (lake / table).exists() for reader in READERS}
    files = list(lake.rglob("part-*.parquet"))
    pregao(folder, "optimize")
    for path in lake.rglob("part-*.parquet"):  # a month goes by
        os.utime(path, (time.time() - MONTH, time.time() - MONTH))
    pregao(folder, "vacuum")
    return folder, before, len(files)


def test_small_files_became_fewer_and_the_old_ones_went(maintained):
    folder, _, before = maintained
    after = len(list((folder / "data/lake").rglob("part-*.parquet")))
    assert after <= before - 6, (before, after)


@pytest.mark.parametrize("reader", READERS)
def test_every_reader_finds_the_rows_that_were_there(maintained, reader):
    folder, before, _ = maintained
    tables = [table for name, table in before if name == reader]
    assert "silver/quotes" in tables
    for table in tables:
        assert summary(reader, folder / "data/lake" / table) == before[reader, table], table


def test_the_history_tells_the_operation(maintained):
    import deltalake

    history = deltalake.DeltaTable(str(maintained[0] / "data/lake/bronze/quotes")).history()
    assert "OPTIMIZE" in [entry["operation"] for entry in history]


def test_the_audit_is_clean(maintained):
    assert "clean" in pregao(maintained[0], "audit")
