"""`pregao backfill` that is killed or stopped on its way: run again, each bar stands once."""
import datetime
import json
import signal

import pytest

from conftest import TIMEOUT, interrupt
from test_pipeline import rows, wait_for

TODAY = datetime.datetime.now(datetime.timezone.utc).date()
BEGIN, END = (str(TODAY - datetime.timedelta(days=days)) for days in (24, 2))
BARS = "select * exclude (revision) from bar_revisions order by ticker, bar_start"


@pytest.fixture
def command(pregao):
    """The arguments of a backfill of 22 days of minutes: a dozen requests, of which four leave each second. Of markets
    without holidays: a day on which an exchange is closed is asked for only where it lies among others."""
    simulator = pregao.start("simulate", "--json", "--port", "0")
    url = json.loads(simulator.stdout.readline())["chart_url"]
    return ("backfill", "--ticker", "BTC-USD,ETH-USD,SOL-USD", "--interval", "1m", "--from", BEGIN, "--to", END, "--json",
            "--yahoo.chart-url", url, "--yahoo.chart-requests-per-minute", "240")


def commits(pregao):
    return len(list((pregao.folder / "data/lake/gold/bars/_delta_log").glob("*[0-9].json")))


def assert_each_bar_once(pregao, command):
    [counts] = rows(pregao, "select count(*) as n, count(distinct (ticker, bar_start)) as bars, max(revision) as revision from "
                    "bar_revisions")
    assert counts == {"n": 3 * 22 * 1440, "bars": 3 * 22 * 1440, "revision": 1}
    unbroken = json.loads(pregao(*command, "--lake", "unbroken"))
    assert unbroken["bars_written"] == counts["n"]
    assert rows(pregao, f"select md5(string_agg(b::varchar, '|' order by ticker, bar_start)) as sum from ({BARS}) as b") == \
        rows(pregao, f"select md5(string_agg(b::varchar, '|' order by ticker, bar_start)) as sum from ({BARS}) as b",
             "--lake", "unbroken")
    assert json.loads(pregao(*command))["requests"] == 0, "all is covered"


@pytest.mark.parametrize("how, code", [(signal.SIGKILL, -signal.SIGKILL), (signal.SIGINT, 130)])
def test_broken_off_and_run_again_each_bar_is_there_once(pregao, command, how, code):
    broken = 0
    while True:
        before = commits(pregao)
        run = pregao.start(*command)
        wait_for(lambda: run.poll() is not None or commits(pregao) > max(before, 1))  # version 0 makes the table
        run.send_signal(how)
        run.communicate(timeout=TIMEOUT)
        assert run.returncode in (code, 0)
        if run.returncode == 0:
            break
        broken += 1
    assert broken >= 2, "it was broken off on its way"
    assert_each_bar_once(pregao, command)


def test_killed_before_its_first_commit_it_begins_anew(pregao, command):
    run = pregao.start(*command)
    wait_for(lambda: commits(pregao) >= 1, run)
    run.kill()
    run.communicate()
    json.loads(pregao(*command))
    assert_each_bar_once(pregao, command)


@pytest.mark.parametrize("command", [["backfill", "--ticker", "AAPL"], ["reconcile"], ["gold"], ["listen"]])
def test_what_is_no_address_is_refused_at_once(pregao, command):
    err = pregao(*command, "--yahoo.chart-url", "nonsense", code=2)
    assert "--yahoo.chart-url" in err and '"nonsense"' in err and "https://query1.finance.yahoo.com" in err
    (pregao.folder / "pregao.toml").write_text('[yahoo]\nchart-url = "nonsense"\n')
    err = pregao(*command, code=2)
    assert "pregao.toml" in err and '"nonsense"' in err


@pytest.mark.parametrize("command", ["backfill", "reconcile"])
@pytest.mark.parametrize("tickers", ["", ",", "AAPL,", "A B", "AAPL#x"])
def test_what_is_no_ticker_is_refused(pregao, command, tickers):
    error = pregao(command, "--ticker", "MSFT", "--ticker", tickers, "--json", code=2)
    assert f"--ticker '{tickers}'" in error and "PETR4.SA,AAPL" in error
    assert not (pregao.folder / "data").exists()


@pytest.mark.parametrize("command", ["backfill", "reconcile"])
def test_yahoo_out_of_reach_is_told_at_once_and_for_each_ticker(lake, command):
    lake("gold", "--until", "end")
    child = lake.start(command, "--ticker", "AAPL,MSFT", "--json", "--from", "7d", "--yahoo.chart-url", "http://127.0.0.1:1")
    told = next(line for line in child.stderr if "cannot reach" in line)
    assert "http://127.0.0.1:1" in told and "trying again in" in told
    code, out, err = interrupt(child)
    assert code == 130 and "cannot reach" not in err, "it is said once"
    tickers = json.loads(out)["tickers"]
    assert [ticker["ticker"] for ticker in tickers] == ["AAPL", "MSFT"]
    for ticker in tickers:
        assert "cannot reach" in ticker["problem"] and "Failed to connect" in ticker["problem"]
