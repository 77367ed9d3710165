"""The queries that docs/readers.md has for Grafana's Infinity data source, asked of a real `run`.

What Infinity does with an answer is done here by its own documentation: jq makes the rows, and a column's type says what
its value must be: a number of seconds or of milliseconds since the epoch, a number, a string; null is no value."""
import json
import re
import time
from urllib.parse import urlsplit

import jq
import pytest
import yaml

from conftest import ROOT
from page_server import run, shared  # noqa: F401

GRAFANA = (ROOT / "docs/readers.md").read_text().partition("\n## Grafana\n")[2].partition("\n## ")[0]
QUERIES = yaml.safe_load(re.search(r"^```yaml\n(.*?)^```", GRAFANA, re.M | re.S)[1])
BY_NAME = {query["Visualization"]: query for query in QUERIES}
NUMBERS = {"Number": 1, "Time (UNIX ms)": 1000, "Time (UNIX s)": 1}
HOUR = 3600


def ask(server, query, begin, end):
    """The answer to the query, with Grafana's variables as milliseconds since the epoch."""
    url = urlsplit(query["URL"])
    body = query.get("Body", "").replace("${__from}", str(begin)).replace("${__to}", str(end))
    headers = {"Content-Type": query["Content type"]} if body else {}
    status, _, text = server.ask(query.get("Method", "GET"), f"{url.path}?{url.query}", body or None, **headers)
    assert status == 200, text
    return text


def cell(kind, value):
    """The value as that type of column has it; times in seconds."""
    if value is None:
        return None
    if kind == "String":
        assert isinstance(value, str), value
        return value
    assert isinstance(value, (int, float)) and not isinstance(value, bool), value
    if kind.startswith("Time"):
        assert isinstance(value, int), value
    return value / NUMBERS[kind]


def rows_of(name, answer):
    """The rows that Grafana has of the answer to that query."""
    query = BY_NAME[name]
    rows = jq.compile(query["Rows/Root"]).input_text(answer).all()
    assert all(isinstance(row, dict) for row in rows), rows
    return [{column: cell(kind, row.get(column)) for column, kind in query["Columns"].items()} for row in rows]


def frame(server, name, begin=0, end=2**42):
    """The answer, and its rows."""
    answer = ask(server, BY_NAME[name], begin, end)
    return json.loads(answer), rows_of(name, answer)


def test_the_table_has_each_tickers_price_and_its_time(run):
    answer, rows = frame(run, "Table")
    assert [row["ticker"] for row in rows] == ["PETR4.SA", "BTC-USD", "AAPL"]
    for quote, row in zip(answer["quotes"], rows):
        assert row == {name: quote.get(name) for name in row} | {"time": quote["time"] / 1000}
        assert row["price"] > 0 and abs(row["time"] - time.time()) < HOUR


def test_the_candles_are_the_bars(run):
    run.until("/api/bars?ticker=AAPL&interval=1m", lambda answer: answer["bars"])
    answer, rows = frame(run, "Candlestick")
    names = ("time", "open", "high", "low", "close", "volume")
    assert rows == [dict(zip(names, bar)) for bar in answer["bars"]]
    # The first minute's four prices may be one.
    assert rows_of("Candlestick", json.dumps({"bars": [[0, 1, 2, 3, 4, 5]]})) == [dict(zip(names, range(6)))]
    assert all(row["time"] % 60 == 0 for row in rows) and abs(rows[-1]["time"] - time.time()) < HOUR
    assert all(row["low"] <= min(row["open"], row["close"]) <= row["high"] for row in rows)


def test_the_time_series_is_that_of_the_range(run):
    first = int(run.sql("SELECT epoch_ms(min(bar_start)) FROM bars")[1]["rows"][0][0])
    answer, rows = frame(run, "Time series", first, first + 60_000)
    assert rows == [{"time": start / 1000, "ticker": ticker, "close": close} for start, ticker, close in answer["rows"]]
    assert {row["time"] for row in rows} == {first / 1000}
    assert frame(run, "Time series", 0, first)[1] == []


@pytest.mark.parametrize("query", QUERIES, ids=[query["Visualization"] for query in QUERIES])
def test_each_query_says_all_that_it_needs(query):
    assert query["URL"].startswith("http://127.0.0.1:8686/api/") and set(query["Columns"].values()) <= {*NUMBERS, "String"}
    if "Body" in query:
        assert (query["Method"], query["Body type"], query["Content type"]) == ("POST", "Raw", "application/json")
        json.loads(query["Body"])
