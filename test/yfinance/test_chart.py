"""The unmodified yfinance client reads the simulator's chart API; backfill and the stream agree with what it reads."""
import datetime
import json
import os
import signal
import subprocess
import threading
from pathlib import Path

import pytest

yf = pytest.importorskip("yfinance")

ROOT = Path(__file__).resolve().parents[2]
BINARY = os.environ.get("PREGAO", str(ROOT / "build/release/pregao"))
TIMEOUT = 120  # seconds: far beyond what it takes


@pytest.fixture
def simulator(tmp_path):
    """Starts `pregao simulate` with the arguments given; returns the address of its chart API."""
    children = []

    def start(*args):
        child = subprocess.Popen([BINARY, "simulate", "--json", "--port", "0", *args], cwd=tmp_path,
                                 stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
        children.append(child)
        watchdog = threading.Timer(TIMEOUT, child.kill)
        watchdog.daemon = True
        watchdog.start()
        return json.loads(child.stdout.readline())["chart_url"]

    yield start
    for child in children:
        child.send_signal(signal.SIGINT)
        assert child.wait(timeout=TIMEOUT) == 0


@pytest.fixture
def history(simulator, monkeypatch, tmp_path):
    """yfinance's history() from a simulator with the arguments given. No request leaves the machine."""
    monkeypatch.setenv("https_proxy", "http://127.0.0.1:9")
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    yf.set_tz_cache_location(str(tmp_path / "tz"))

    def ask(ticker, *args, **kwargs):
        import yfinance.base
        import yfinance.scrapers.history
        url = simulator(*args)
        for module in (yfinance.base, yfinance.scrapers.history):
            monkeypatch.setattr(module, "_BASE_URL_", url)
        return yf.Ticker(ticker).history(**kwargs, raise_errors=True), url

    return ask


def pregao(tmp_path, *args):
    done = subprocess.run([BINARY, *args, "--lake", str(tmp_path / "lake"), "--json"], cwd=tmp_path, text=True,
                          capture_output=True, timeout=TIMEOUT)
    return done.returncode, json.loads(done.stdout) if done.stdout else None, done.stderr


def test_days_of_a_year_have_yfinances_columns_and_dividends(history):
    frame, _ = history("PETR4.SA", start="2025-01-01", end="2026-01-01", interval="1d", auto_adjust=False)
    assert len(frame) == 365
    assert (frame["High"] >= frame[["Open", "Close"]].max(axis=1)).all()
    assert (frame["Low"] <= frame[["Open", "Close"]].min(axis=1)).all()
    assert list(frame.index[frame["Dividends"] > 0].strftime("%m-%d")) == ["03-15", "06-15", "09-15", "12-15"]


def test_a_split_is_there_for_yfinance(history):
    frame, _ = history("AAPL", start="2022-06-01", end="2022-06-10", interval="1d", auto_adjust=False)
    assert list(frame["Stock Splits"][frame["Stock Splits"] > 0]) == [2.0]


def test_backfill_stores_what_yfinance_reads_and_once(history, tmp_path):
    frame, url = history("AAPL", start="2025-03-01", end="2025-04-01", interval="1d", auto_adjust=False)
    command = ("backfill", "--ticker", "AAPL", "--from", "2025-03-01", "--to", "2025-04-01", "--yahoo.chart-url", url)
    code, report, err = pregao(tmp_path, *command)
    assert code == 0, err
    assert (report["bars_written"], report["actions_written"]) == (31, 1)
    _, rows, _ = pregao(tmp_path, "sql", "SELECT epoch(bar_start) AS s, open, high, low, close, volume, source, interval "
                        "FROM bar_revisions ORDER BY s")
    assert [r["s"] for r in rows] == [t.timestamp() for t in frame.index]
    for name in ("open", "high", "low", "close"):
        assert [r[name] for r in rows] == pytest.approx(list(frame[name.capitalize()]))
    assert [r["volume"] for r in rows] == list(frame["Volume"])
    assert {(r["source"], r["interval"]) for r in rows} == {("chart", "1d")}
    code, again, err = pregao(tmp_path, *command)
    assert code == 0, err
    assert (again["planned_requests"], again["bars_written"], again["actions_written"]) == (0, 0, 0)
    code, forced, err = pregao(tmp_path, *command, "--again")
    assert code == 0, err
    assert (forced["bars_written"], forced["unchanged"], forced["actions_written"]) == (0, 31, 0)


def test_bars_adjusted_are_what_yfinance_adjusts_itself(history, tmp_path):
    """auto_adjust takes the chart's own adjusted closes; bars_adjusted works them out from dividends and closes."""
    # The simulator's days are UTC days, as those of London nearly are.
    today = datetime.date.today()
    start, end = today - datetime.timedelta(days=200), today - datetime.timedelta(days=1)  # two dividends at least
    frame, url = history("BP.L", start=start, interval="1d", auto_adjust=True)
    frame = frame[frame.index < str(end)]  # the rest may go on while both ask
    code, _, err = pregao(tmp_path, "backfill", "--ticker", "BP.L", "--from", str(start), "--yahoo.chart-url", url)
    assert code == 0, err
    _, rows, _ = pregao(tmp_path, "sql", "SELECT epoch(bar_start) AS s, open, high, low, close, volume, dividend_factor "
                        f"FROM bars_adjusted WHERE bar_start < '{end}' ORDER BY s")
    assert [r["s"] for r in rows] == [t.timestamp() for t in frame.index]
    assert rows[0]["dividend_factor"] < rows[-1]["dividend_factor"] <= 1
    for name in ("open", "high", "low", "close"):
        assert [r[name] for r in rows] == pytest.approx(list(frame[name.capitalize()]), rel=1e-6)
    assert [r["volume"] for r in rows] == list(frame["Volume"])


def test_a_dry_run_asks_nothing_and_makes_no_lake(history, tmp_path):
    _, url = history("AAPL", "--throttle", "0", start="2025-03-01", end="2025-03-04", interval="1d")
    code, report, err = pregao(tmp_path, "backfill", "--ticker", "AAPL,MSFT", "--interval", "1m", "--from", "3d",
                               "--dry-run", "--yahoo.chart-url", url)
    assert code == 0, err
    assert report["dry_run"] and report["planned_requests"] >= 2 and report["requests"] == 0
    assert not (tmp_path / "lake").exists()


def test_backfill_gets_through_429_and_broken_answers(simulator, tmp_path):
    url = simulator("--throttle", "0.4", "--retry-after", "1", "--broken", "0.2")
    code, report, err = pregao(tmp_path, "backfill", "--ticker", "AAPL,BTC-USD", "--from", "2025-03-01", "--to",
                               "2025-03-11", "--yahoo.chart-url", url, "--yahoo.chart-requests-per-minute", "600")
    assert code == 0, err  # the simulator's faults come from its seed
    assert report["bars_written"] == 20
    assert report["throttled"] > 0 and report["requests"] == report["planned_requests"] + report["retries"]


def test_an_unknown_ticker_is_a_problem_and_the_others_are_stored(simulator, tmp_path):
    code, report, _ = pregao(tmp_path, "backfill", "--ticker", "UNKNOWN1,AAPL", "--from", "2025-03-01", "--to",
                             "2025-03-02", "--yahoo.chart-url", simulator())
    assert code == 1
    assert report["bars_written"] == 1
    problems = {t["ticker"]: t["problem"] for t in report["tickers"]}
    assert problems["AAPL"] is None and "delisted" in problems["UNKNOWN1"]
