"""Bars as processes build them: against a recompute in SQL by somebody else, a kill, and other people's readers."""
import json
import struct
import sys
import urllib.parse
import urllib.request

import pytest

from conftest import ROOT, interrupt
from test_pipeline import rows, wait_for

sys.path.insert(0, str(ROOT / "test/foreign"))
import read_table  # noqa: E402

# The rules of docs/gold.md once more, written by way of windows over the whole table.
RECOMPUTE = """
with ticks as (
  select ticker, epoch_us(event_time) as t, price, partition, "offset",
    case when day_volume >= 0 and quote_type is distinct from 'CRYPTOCURRENCY' then day_volume else -1 end as v,
    epoch_us(event_time) // 60000000 as minute
  from silver
), ordered as (
  select *, row_number() over (partition by ticker order by t, v, "offset", partition, price) as n from ticks
), known as (
  select *, lag(v) over w as v0, lag(t) over w as t0 from ordered where v >= 0 window w as (partition by ticker order by n)
), increases as (
  select ticker, n, case
    when v0 is null or t - t0 > 7 * 86400000000 then null
    when t - t0 >= 8 * 3600000000 then v
    when v >= v0 then v - v0
    when t - t0 >= 1800000000 then v
    else 0 end as shares
  from known
), newest as (
  select ticker, max(minute) as newest from ordered group by all
)
select ticker, '1m' as "interval", make_timestamptz(minute * 60000000) as bar_start, arg_min(price, n) as open,
  max(price) as high, min(price) as low, arg_max(price, n) as close, sum(shares)::bigint as volume,
  sum(price * shares) / nullif(sum(shares), 0) as vwap_estimate, count(*) as ticks, 'stream' as source,
  any_value(newest) >= minute + 3 as is_final, (make_timestamp(minute * 60000000))::date as date
from ordered left join increases using (ticker, n) join newest using (ticker)
group by ticker, minute order by ticker, bar_start
"""


def last_bars(folder):
    """delta-rs reads the table, DuckDB picks the last revisions."""
    connection = read_table.duckdb_connection()
    connection.register("revisions", read_table.read_deltalake(str(folder / "data/lake/gold/bars")))
    return connection.execute("""
        select * exclude (revision) from revisions
        qualify row_number() over (partition by ticker, "interval", source, bar_start order by revision desc) = 1
        order by ticker, bar_start""").to_arrow_table().to_pylist()


def recomputed(folder):
    connection = read_table.duckdb_connection()
    connection.register("silver", read_table.read_deltalake(str(folder / "data/lake/silver/quotes")))
    return connection.execute(RECOMPUTE).to_arrow_table().to_pylist()


def assert_same(got, expected):
    assert len(got) == len(expected) > 0
    for mine, theirs in zip(got, expected):
        estimate, other = mine.pop("vwap_estimate"), theirs.pop("vwap_estimate")
        assert mine == theirs
        # Sums of doubles depend on the order in which a reader adds.
        assert (estimate is None) == (other is None) and (estimate is None or estimate == pytest.approx(other, rel=1e-12))


def truth(chart_url, ticker, begin, end):
    """What the simulated market says of its own minutes: {minute: (open, high, low, close, volume)}."""
    url = f"{chart_url}/v8/finance/chart/{urllib.parse.quote(ticker)}?interval=1m&period1={begin}&period2={end}"
    with urllib.request.urlopen(url, timeout=60) as answer:
        result = json.load(answer)["chart"]["result"][0]
    quote = result["indicators"]["quote"][0]
    columns = [quote[name] for name in ("open", "high", "low", "close", "volume")]
    return {time: bar for time, *bar in zip(result["timestamp"], *columns) if bar[0] is not None}


def as_float(price):
    return struct.unpack("f", struct.pack("f", price))[0]


def test_the_bars_of_a_simulated_day_are_the_markets_own(pregao):
    pregao("simulate", "--messages", "1000000", "--duplicates", "0.01")  # seven hours of fifty tickers
    pregao("silver", "--until", "end")
    pregao("gold", "--until", "end")
    bars = last_bars(pregao.folder)
    begin, end = (int(edge(bar["bar_start"] for bar in bars).timestamp()) for edge in (min, max))
    # The same market, once that day has passed; its first second is that of `simulate --messages`.
    market = pregao.start("simulate", "--json", "--start", "2025-10-09T08:53:20", "--skip", str(end + 120 - 1_760_000_000))
    chart_url = json.loads(market.stdout.readline())["chart_url"]
    compared = 0
    for ticker in sorted({bar["ticker"] for bar in bars}):
        minutes = truth(chart_url, ticker, begin + 60, end)
        mine = {int(bar["bar_start"].timestamp()): bar for bar in bars if bar["ticker"] == ticker}
        # The market begins and the messages end within a minute: those two are not whole.
        assert set(mine) - {begin, end} == set(minutes) - {begin, end}, ticker
        for time in set(minutes) - {begin, end}:
            bar, (*prices, volume) = mine[time], minutes[time]
            assert [as_float(bar[name]) for name in ("open", "high", "low", "close")] == prices, (ticker, time)
            assert bar["volume"] in (volume, None), (ticker, time)
            compared += 1
        if not any(mark in ticker for mark in ("^", "=", "-")):
            assert all(mine[time]["volume"] is not None for time in minutes if time > begin + 60), ticker
    assert compared > 15_000


def test_the_bars_of_a_simulated_day_agree_with_sql(pregao):
    pregao("simulate", "--messages", "400000", "--rejects", "0.01")
    pregao("silver", "--until", "end", "--engine.max-rows", "20000")
    summary = json.loads(pregao("gold", "--until", "end", "--json"))
    assert summary["rebuilds"] == 1 and summary["revisions"] == 0
    got = last_bars(pregao.folder)
    assert summary["bars"] == len(got)
    assert any(bar["volume"] is None for bar in got) and any((bar["volume"] or 0) > 0 for bar in got)
    assert_same(got, recomputed(pregao.folder))


def test_recorded_frames_and_late_ones_agree_with_sql(lake):
    lake("gold", "--until", "end")
    lake("simulate", "--messages", "20000", "--sim.seed", "7")
    lake("silver", "--until", "end", "--upkeep.enabled", "false")
    summary = json.loads(lake("gold", "--until", "end", "--json"))
    assert summary["rebuilds"] == 0 and summary["ticks"] > 0
    assert_same(last_bars(lake.folder), recomputed(lake.folder))
    assert json.loads(lake("gold", "--rebuild", "--until", "end", "--json"))["bars"] == 0, "nothing to mend"


def test_a_kill_neither_loses_nor_doubles(pregao):
    pregao.write("pregao.toml", "[engine]\nmax-rows = 500\n[gold]\ninterval = \"100ms\"\n[upkeep]\nenabled = false\n")
    gold = None
    for seed in range(1, 5):
        pregao("simulate", "--messages", "4000", "--sim.seed", str(seed))
        pregao("silver", "--until", "end")
        gold = pregao.start("gold")
        wait_for(lambda: (pregao.folder / "data/lake/gold/bars/_delta_log").exists(), gold)
        gold.kill()
        gold.communicate()
    gold = pregao.start("gold")
    newest = json.loads(pregao("gold", "--until", "end", "--json"))
    assert newest["lake"] == "data/lake"
    code, out, _ = interrupt(gold)
    assert code == 0 and "new bars" in out
    pregao("gold", "--until", "end")
    assert_same(last_bars(pregao.folder), recomputed(pregao.folder))
    [twice] = rows(pregao, "select count(*) as n from (select 1 from bar_revisions group by ticker, bar_start, revision having count(*) > 1)")
    assert twice["n"] == 0


def test_other_readers_find_the_columns_of_the_contract(lake):
    lake("gold", "--until", "end", "--table.checkpoint-every", "1")
    folder = str(lake.folder / "data/lake/gold/bars")
    table = read_table.read_deltalake(folder)
    assert {field.name: str(field.type) for field in table.schema} == {
        "ticker": "string", "interval": "string", "bar_start": "timestamp[us, tz=UTC]", "open": "double", "high": "double",
        "low": "double", "close": "double", "volume": "int64", "vwap_estimate": "double", "ticks": "int64",
        "source": "string", "revision": "int64", "is_final": "bool", "date": "date32[day]"}
    summaries = [read_table.summarise(read(folder)) for read in read_table.READERS.values()]
    assert summaries[0]["rows"] == summaries[1]["rows"] == summaries[2]["rows"] > 0


def test_bars_are_read_and_asked_for(lake):
    assert "no bar_revisions table yet" in lake("read", "bars", code=1)
    assert "no bar_revisions table yet" in lake("sql", "select * from bars_1d", code=1)
    lake("gold", "--until", "end")
    shown = json.loads(lake("read", "bars", "--tail", "3", "--format", "json"))
    assert len(shown) == 3 and "vwap_estimate" in shown[0]
    [latest] = rows(lake, "select count(*) as n, count(distinct ticker) as tickers from latest")
    [silver] = rows(lake, "select count(distinct ticker) as tickers from silver")
    assert latest["n"] == latest["tickers"] == silver["tickers"]
    for view in ("bars_5m", "bars_1h", "bars_1d"):
        [sums] = rows(lake, f"select sum(ticks) as ticks from {view}")
        assert sums["ticks"] == rows(lake, "select count(*) as n from silver")[0]["n"]


def test_following_shows_bars_as_they_come(pregao):
    pregao("simulate", "--messages", "1000")
    pregao("silver", "--until", "end")
    pregao("gold", "--until", "end")
    reader = pregao.start("read", "bars", "--follow", "--tail", "1", "--format", "json")
    assert json.loads(reader.stdout.readline())["source"] == "stream"
    pregao("simulate", "--messages", "1000", "--sim.seed", "9")
    pregao("silver", "--until", "end")
    pregao("gold", "--until", "end")
    assert json.loads(reader.stdout.readline())["revision"] >= 1
    assert interrupt(reader)[0] == 0


def test_without_a_silver_it_says_what_makes_one(pregao):
    (pregao.folder / "data/lake").mkdir(parents=True)
    assert "pregao silver" in pregao("gold", "--until", "end", code=1)


def test_run_builds_bars_too(pregao):
    pregao.write("pregao.toml", "[gold]\ninterval = \"200ms\"\n[sim]\ntick = \"50ms\"\n[web]\nlisten = \"\"\n")
    pregao.write("carteira.txt", "PETR4.SA\nBTC-USD\n")
    run = pregao.start("run", "--source", "simulator", "--json")
    wait_for(lambda: (pregao.folder / "data/demo/lake/gold/bars/_delta_log/00000000000000000002.json").exists(), run)
    code, out, _ = interrupt(run)
    assert code == 0 and json.loads(out)["bars"] > 0
    connection = read_table.duckdb_connection()
    demo = pregao.folder / "data/demo/lake"
    connection.register("silver", read_table.read_deltalake(str(demo / "silver/quotes")))
    connection.register("bars", read_table.read_deltalake(str(demo / "gold/bars")))
    ticks = connection.execute("""select sum(ticks) from (from bars where source = 'stream' qualify
        row_number() over (partition by ticker, bar_start order by revision desc) = 1)""").fetchone()[0]
    assert ticks == connection.execute("select count(*) from silver").fetchone()[0], "what came last is built too"
