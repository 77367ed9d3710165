"""bars_adjusted against Yahoo's own adjusted closes, in an answer that was recorded from it."""
import datetime
import json
import math
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from conftest import ROOT
from test_pipeline import rows

ANSWER = json.loads((ROOT / "test/data/chart/MSFT-2021-02-01-to-2022-01-31.json").read_text())["response"]["bodyJson"]


@pytest.fixture(scope="module")
def yahoo():
    """The address of a server that gives the recorded answer to whoever asks for a chart."""
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            body = json.dumps(ANSWER).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()


@pytest.fixture
def backfilled(pregao, yahoo):
    pregao("backfill", "--ticker", "MSFT", "--from", "2021-02-01", "--to", "2022-01-31", "--yahoo.chart-url", yahoo)
    return pregao


def kept(until="9999"):
    """What each dividend up to a day leaves of earlier prices, worked out from the recording."""
    [result] = ANSWER["chart"]["result"]
    closes = result["indicators"]["quote"][0]["close"]
    for dividend in sorted(result["events"]["dividends"].values(), key=lambda each: each["date"]):
        if datetime.datetime.fromtimestamp(dividend["date"], datetime.timezone.utc).date().isoformat() <= until:
            yield 1 - dividend["amount"] / closes[result["timestamp"].index(dividend["date"]) - 1]


def test_days_are_adjusted_as_yahoo_has_them(backfilled):
    [result] = ANSWER["chart"]["result"]
    closes, adjusted = result["indicators"]["quote"][0]["close"], result["indicators"]["adjclose"][0]["adjclose"]
    later = adjusted[-1] / closes[-1]  # of dividends after the recording's last day, which nobody has told us
    got = rows(backfilled, "select close, dividend_factor, split_factor from bars_adjusted order by bar_start")
    assert len(got) == len(closes) == 252
    assert got[0]["dividend_factor"] == pytest.approx(math.prod(kept()), rel=1e-7) and len(list(kept())) == 4
    # Yahoo's factors have about five digits.
    assert [row["close"] for row in got] == pytest.approx([close / later for close in adjusted], rel=2e-5)
    assert {row["split_factor"] for row in got} == {1}


def test_as_of_a_date_later_dividends_have_not_been_paid(backfilled):
    query = "select count(*) as n, min(dividend_factor) as least from bars_adjusted('{}')"
    assert rows(backfilled, query.format("2021-05-18")) == [
        {"n": 75, "least": pytest.approx(math.prod(kept("2021-05-18")), rel=1e-7)}]
    assert rows(backfilled, query.format("2021-02-16")) == [{"n": 11, "least": 1}]


def test_without_history_it_says_what_makes_it(pregao):
    (pregao.folder / "data/lake").mkdir(parents=True)
    assert "pregao backfill" in pregao("sql", "select * from bars_adjusted", code=1)
