"""What docs/readers.md says of Superset, done by Superset itself: `make test-superset`."""
import json
import os
import re
import signal
import subprocess
import time
from datetime import datetime, timedelta, timezone

import pytest

from documented import BINARY, EXAMPLES, TEXT, pregao, prepare
from superset_server import PATIENCE, Superset

VENV = os.environ.get("PREGAO_TEST_SUPERSET")
pytestmark = pytest.mark.skipif(not VENV, reason="needs Superset: make test-superset")
URI = re.search(r"`(duckdb:///)/folder(/quotes\.duckdb\?[^`]+)`", TEXT)
LAST = """(SELECT * FROM bar_revisions
    QUALIFY row_number() OVER (PARTITION BY ticker, "interval", source, bar_start ORDER BY revision DESC) = 1)"""


@pytest.fixture(scope="module")
def superset(tmp_path_factory):
    folder = tmp_path_factory.mktemp("superset")
    prepare(folder)
    superset = Superset(VENV, folder)
    make_views(superset)
    superset.start()
    yield superset
    superset.stop()


@pytest.fixture(scope="module")
def database(superset):
    asked = {"database_name": "quotes", "sqlalchemy_uri": f"{URI[1]}{superset.folder}{URI[2]}"}
    assert superset.post("database/test_connection/", asked) == {"message": "OK"}
    return superset.post("database/", asked)["id"]


@pytest.fixture(scope="module")
def bars(superset, database):
    return superset.post("dataset/", {"database": database, "schema": "main", "table_name": "bars"})["id"]


def make_views(superset):
    superset.run("python", "-c", dict(EXAMPLES)["Superset"])


def truth(superset, sql):
    return [tuple(row.values()) for row in json.loads(pregao(superset.folder, "--json", "sql", sql))]


def test_the_views_are_offered(superset, database):
    status, answer = superset.ask("GET", f"database/{database}/tables/?q=(schema_name:main)")
    assert status == 200
    assert [(view["value"], view["type"]) for view in answer["result"]] == [("bars", "view"), ("quotes", "view")]


def test_sql_lab_has_the_rows_of_the_lake(superset, database):
    counts = "SELECT ticker, count(*) FROM {} GROUP BY ticker ORDER BY ticker"
    expected = truth(superset, counts.format(LAST))
    assert superset.rows(database, counts.format("bars")) == expected and len(expected) > 1
    assert superset.rows(database, counts.format("quotes")) == truth(superset, counts.format("silver"))


def test_times_are_utc(superset, database):
    [(first, day)] = superset.rows(database, "SELECT min(event_time), date_trunc('day', min(event_time)) FROM quotes")
    [(microseconds,)] = truth(superset, "SELECT epoch_us(min(event_time)) FROM silver")
    expected = datetime(1970, 1, 1, tzinfo=timezone.utc) + timedelta(microseconds=microseconds)
    assert (first, day[:19]) == (expected.isoformat(), expected.strftime("%Y-%m-%dT00:00:00"))


def test_a_chart_has_the_bars_of_its_time_range(superset, bars):
    [(ticker, hour, high, count)] = truth(superset, f"""SELECT ticker, epoch_ms(date_trunc('hour', bar_start)) AS hour,
        max(high), count(*) FROM {LAST} GROUP BY 1, 2 ORDER BY count(*) DESC, ticker, hour LIMIT 1""")
    begin = datetime.fromtimestamp(hour / 1000, timezone.utc).replace(tzinfo=None)
    query = {
        "granularity": "bar_start",
        "time_range": f"{begin.isoformat()} : {(begin + timedelta(hours=1)).isoformat()}",
        "filters": [{"col": "ticker", "op": "==", "val": ticker}],
        "columns": [{"columnType": "BASE_AXIS", "expressionType": "SQL", "sqlExpression": "bar_start",
                     "label": "bar_start", "timeGrain": "PT1H"}],
        "metrics": [{"expressionType": "SIMPLE", "aggregate": "MAX", "column": {"column_name": "high"}, "label": "high"},
                    "count"],
    }
    answer = superset.post("chart/data", {"datasource": {"id": bars, "type": "table"}, "queries": [query]})
    assert answer["result"][0]["data"] == [{"bar_start": hour, "high": high, "count": count}]


def test_nothing_is_written(superset, database):
    write = "CREATE TABLE mine AS SELECT 1 AS one"
    status, answer = superset.query(database, write)
    assert status != 200 and "does not allow for DDL/DML" in answer["errors"][0]["message"]
    assert superset.ask("PUT", f"database/{database}", {"allow_dml": True})[0] == 200
    status, answer = superset.query(database, write)
    assert status != 200 and "attached in read-only mode" in answer["errors"][0]["message"]


@pytest.fixture
def writer(superset):
    """`pregao run` on a simulated market, in the lake that Superset reads."""
    (superset.folder / "carteira.txt").write_text("PETR4.SA\nAAPL\n")
    quiet = {"cwd": superset.folder, "env": superset.env, "stdin": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    market = subprocess.Popen([BINARY, "simulate"], stdout=subprocess.PIPE, text=True, **quiet)
    writer = subprocess.Popen([BINARY, "run", "--source", "yahoo", "--web.listen", "", "--yahoo.stream-url",
                               market.stdout.readline().strip()], stdout=subprocess.DEVNULL, **quiet)
    yield writer
    for child in (writer, market):
        child.send_signal(signal.SIGINT)
        child.wait(PATIENCE)


def test_each_query_sees_what_pregao_has_written_by_then(superset, database, writer):
    def until_more_than(rows):
        deadline = time.monotonic() + PATIENCE
        while (now := superset.rows(database, "SELECT count(*) FROM quotes")[0][0]) <= rows:
            assert time.monotonic() < deadline and writer.poll() is None, f"still {now} rows"
        return now

    more = until_more_than(truth(superset, "SELECT count(*) FROM silver")[0][0])
    make_views(superset)  # Superset has the file open only while it asks
    until_more_than(more)
