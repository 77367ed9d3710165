"""`pregao reconcile`: bars of the stream against the chart API of the same simulated market."""
import datetime
import json

import pytest

from conftest import interrupt
from test_gaps import Market, speak_until, with_an_outage
from test_pipeline import rows


@pytest.fixture
def market(pregao):
    pregao.write("carteira.txt", "BTC-USD\nAAPL\nPETR4.SA\n")
    pregao.write("calendars.txt", "ticker AAPL ALWAYS\n")
    return Market(pregao)


def at(second):
    return datetime.datetime.fromtimestamp(second, datetime.timezone.utc).isoformat()[:19]


def reconcile(pregao, *args, code):
    """The report; on failure too it stands on standard output."""
    out = pregao("reconcile", "--json", *args, code=None)
    report = json.loads(out[:out.rindex("}") + 1][out.index("{"):])
    assert report["clean"] == (code == 0)
    pregao("reconcile", *args, code=code)
    return report


def test_what_the_stream_heard_is_what_the_chart_says(pregao, market):
    market.settings(fill_gaps="false")
    begin = int(market.start_at.timestamp())
    run = pregao.start("run", "--source", "yahoo", "--json")
    speak_until(pregao, run, begin + 8 * 60)
    [first] = rows(pregao, f"select max(t) as t from (select min(epoch(bar_start))::bigint as t from bar_revisions where "
                   f"epoch(bar_start) >= {begin} group by ticker)")
    span = ("--from", at(first["t"] + 60), "--to", at(first["t"] + 5 * 60))
    assert interrupt(run)[0] == 0
    report = reconcile(pregao, *span, "--tolerance", "0", code=0)
    assert report["compared"] >= 8 and report["differing"] == report["only_stream"] == report["only_chart"] == 0
    assert {ticker["problem"] for ticker in report["tickers"]} == {None}
    # A bar that somebody spoils is found, with its values.
    [bar] = rows(pregao, f"select epoch(bar_start)::bigint as t, high from bars where ticker = 'BTC-USD' and "
                 f"epoch(bar_start) = {first['t'] + 120}")
    spoil(pregao, "BTC-USD", bar["t"])
    report = reconcile(pregao, *span, "--tolerance", "4.9", code=1)
    [found] = report["differences"]
    assert (found["ticker"], found["what"], found["bar_start"]) == ("BTC-USD", "high", at(bar["t"])[:16] + "Z")
    assert found["stream"] == pytest.approx(bar["high"] * 1.05) and found["percent"] == pytest.approx(5, rel=1e-3)
    assert reconcile(pregao, *span, "--tolerance", "5.1", code=0)["compared"] == report["compared"]
    assert "BTC-USD" not in str(reconcile(pregao, *span, "--ticker", "AAPL", "--tolerance", "0", code=0))


def spoil(pregao, ticker, second):
    """A next revision of the bar, whose high is 5 % higher, by another writer of the table."""
    import deltalake
    import pyarrow as pa
    folder = str(pregao.folder / "data/lake/gold/bars")
    table = deltalake.DeltaTable(folder).to_pyarrow_table()
    mine = [row for row in table.to_pylist() if row["ticker"] == ticker and row["source"] == "stream"
            and row["bar_start"].timestamp() == second]
    row = max(mine, key=lambda bar: bar["revision"])
    row |= {"high": row["high"] * 1.05, "revision": row["revision"] + 1}
    deltalake.write_deltalake(folder, pa.Table.from_pylist([row], schema=table.schema), mode="append")


def test_an_outage_shows_as_minutes_that_only_the_chart_has(pregao, market):
    market.settings(fill_gaps="false")
    run, down, up = with_an_outage(pregao, market)
    assert interrupt(run)[0] == 0
    report = reconcile(pregao, "--from", at(down + 60), "--to", at(up - 60), "--ticker", "BTC-USD,PETR4.SA", "--tolerance", "0",
                       code=1)
    by_ticker = {ticker["ticker"]: ticker for ticker in report["tickers"]}
    assert by_ticker["BTC-USD"]["only_chart"] >= 4
    assert by_ticker["PETR4.SA"]["only_chart"] == 0, "B3 is closed"
    text = pregao("reconcile", "--from", at(down + 60), "--to", at(up - 60), "--ticker", "BTC-USD", code=None)
    assert "only in the chart" in text and "none" in text


def test_an_unknown_ticker_and_an_empty_range_are_told(pregao, market):
    market.settings(fill_gaps="false")
    assert "no lake" in pregao("reconcile", code=1)
    (pregao.folder / "data/lake").mkdir(parents=True)
    assert "last hour" in pregao("reconcile", "--from", "30m", code=2)
    assert "no bar_revisions table yet" in pregao("reconcile", code=1)
