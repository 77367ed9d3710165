"""Yahoo (the simulator) is killed in a session: a row of `gaps`, and then its minutes out of the chart API."""
import datetime
import json
import struct
import urllib.parse
import urllib.request

import pytest

from conftest import interrupt
from test_pipeline import rows, wait_for

TICK = "10ms"  # a hundred seconds of the market in one
OUTAGE = 7 * 60  # seconds of the market, at least
TICKERS = ("BTC-USD", "AAPL", "PETR4.SA")


class Market:
    """`pregao simulate` on a Saturday, when B3 is closed. It can be killed; it comes back at the same address, and its
    market has gone on meanwhile."""

    def __init__(self, pregao):
        self.pregao = pregao
        today = datetime.datetime.now(datetime.timezone.utc).replace(hour=12, minute=0, second=0, microsecond=0)
        self.start_at = today - datetime.timedelta(days=(today.weekday() - 5) % 7 or 7)
        self.port, self.skipped, self.faults = "0", 0, ()
        self.open()

    def open(self):
        self.child = self.pregao.start("simulate", "--json", "--port", self.port, "--start", self.start_at.isoformat()[:19],
                                       "--skip", str(self.skipped), "--sim.tick", TICK, *self.faults)
        urls = json.loads(self.child.stdout.readline())
        self.url, self.chart_url = urls["url"], urls["chart_url"]
        self.port = self.chart_url.rsplit(":", 1)[1]

    def chart(self, ticker, begin, end):
        """What the market says itself: {minute: (open, high, low, close, volume)}."""
        url = f"{self.chart_url}/v8/finance/chart/{urllib.parse.quote(ticker)}?interval=1m&period1={begin}&period2={end}"
        with urllib.request.urlopen(url, timeout=30) as answer:
            result = json.load(answer)["chart"]["result"][0]
        quote = result["indicators"]["quote"][0]
        columns = [quote.get(name, []) for name in ("open", "high", "low", "close", "volume")]
        self.now = result["meta"]["regularMarketTime"]
        return {time: bar for time, *bar in zip(result.get("timestamp", []), *columns) if bar[0] is not None}

    def time(self):
        """The newest quote's."""
        self.chart("BTC-USD", int(self.start_at.timestamp()), int(self.start_at.timestamp()) + 60)
        return self.now

    def kill(self):
        now = self.time()
        self.child.kill()
        self.child.communicate()
        self.skipped = now - int(self.start_at.timestamp()) + OUTAGE
        return now

    def settings(self, **more):
        lines = ['calendars = "calendars.txt"', "[yahoo]", f'stream-url = "{self.url}"', f'chart-url = "{self.chart_url}"',
                 "chart-requests-per-minute = 600", "[gold]", 'interval = "100ms"',
                 *(f"{key.replace('_', '-')} = {value}" for key, value in more.items()), "[web]", 'listen = ""',
                 "[upkeep]", "enabled = false"]
        self.pregao.write("pregao.toml", "\n".join(lines) + "\n")


@pytest.fixture
def market(pregao):
    pregao.write("carteira.txt", "\n".join(TICKERS) + "\n")
    pregao.write("calendars.txt", "ticker AAPL ALWAYS\n")
    return Market(pregao)


def float32(bar):
    return tuple(struct.pack("f", price) for price in bar[:4]) + tuple(bar[4:])


def gaps(pregao, since):
    return rows(pregao, "select ticker, epoch(gap_start)::bigint as begin, epoch(gap_end)::bigint as \"end\", minutes, filled, "
                f"feed_silent, calendar from gaps where epoch(gap_start) >= {since} and minutes >= 5 order by ticker")


def newest(pregao):
    """The newest minute in gold, of every ticker."""
    if not list((pregao.folder / "data/lake/gold/bars/_delta_log").glob("*1.json")):
        return 0
    return rows(pregao, "select coalesce(min(t), 0) as t from (select max(epoch(bar_start))::bigint as t from bar_revisions "
                f"where source = 'stream' group by ticker having count(*) >= 2) having count(*) = {len(TICKERS)}" )[0:1]


def speak_until(pregao, run, minute):
    def there():
        found = newest(pregao)
        return found and found[0]["t"] >= minute
    wait_for(there, run)


def with_an_outage(pregao, market):
    """`run` hears a few minutes, then the market is killed and comes back. Returns the process and the gap's limits."""
    begin = int(market.start_at.timestamp())
    run = pregao.start("run", "--source", "yahoo", "--json")
    speak_until(pregao, run, begin + 3 * 60)
    down = market.kill()
    market.open()
    up = begin + market.skipped
    speak_until(pregao, run, up + 2 * 60)
    return run, down, up


def assert_equal_to_the_market(pregao, market, gap):
    """The gap's minutes and the one on each side, which the stream has in part."""
    span = gap["begin"] - 60, gap["end"] + 60
    told = market.chart(gap["ticker"], *span)
    bars = rows(pregao, "select epoch(bar_start)::bigint as t, open, high, low, close, volume, source, is_final from bars where "
                f"ticker = '{gap['ticker']}' and bar_start >= to_timestamp({span[0]}) and bar_start < to_timestamp({span[1]})")
    assert {bar["source"] for bar in bars} == {"chart"}
    assert all(bar["is_final"] for bar in bars)
    got = {bar["t"]: (bar["open"], bar["high"], bar["low"], bar["close"], bar["volume"]) for bar in bars}
    assert {time: float32(bar) for time, bar in got.items()} == {time: float32(bar) for time, bar in told.items()}
    assert gap["filled"] == sum(gap["begin"] <= time < gap["end"] for time in told) > 0


def test_an_outage_in_a_session_is_a_gap_and_is_filled_with_the_markets_own_truth(pregao, market):
    market.settings()
    run, down, up = with_an_outage(pregao, market)

    def filled():
        found = gaps(pregao, down - 120)
        return found if len(found) == 2 and all(gap["filled"] for gap in found) else None

    found = wait_for(filled, run)
    code, out, err = interrupt(run)
    assert code == 0, err
    assert json.loads(out)["bars_filled"] > 0
    # B3 is closed on Saturdays: its silence is none, though the simulated market quotes it all the time.
    assert [(gap["ticker"], gap["calendar"]) for gap in found] == [("AAPL", "ALWAYS"), ("BTC-USD", "ALWAYS")]
    for gap in found:
        assert down - 120 <= gap["begin"] <= down + 120 and up - 120 <= gap["end"]
        assert gap["minutes"] >= 5 and gap["feed_silent"]
        assert_equal_to_the_market(pregao, market, gap)
    [doubled] = rows(pregao, "select count(*) - count(distinct (ticker, source, bar_start, revision)) as n from bar_revisions")
    assert doubled["n"] == 0
    # Another process does not ask again for what was asked for.
    before = rows(pregao, "select count(*) as n from bar_revisions where source = 'chart'")
    gold = pregao.start("gold", "--log.level", "debug")
    wait_for(lambda: "looked for gaps" in gold.stderr.readline(), gold)
    assert interrupt(gold)[0] == 0
    assert rows(pregao, "select count(*) as n from bar_revisions where source = 'chart'") == before


def test_where_it_is_switched_off_the_gap_stays_until_gold_fills_it(pregao, market):
    market.settings(fill_gaps="false")
    run, down, _ = with_an_outage(pregao, market)
    wait_for(lambda: len(gaps(pregao, down - 120)) == 2, run)
    code, _, err = interrupt(run)
    assert code == 0, err
    assert rows(pregao, "select count(*) as n from bar_revisions where source = 'chart'") == [{"n": 0}]
    assert [gap["filled"] for gap in gaps(pregao, down - 120)] == [0, 0]
    market.settings()
    gold = pregao.start("gold")
    wait_for(lambda: all(gap["filled"] for gap in gaps(pregao, down - 120)), gold)
    assert interrupt(gold)[0] == 0
    for gap in gaps(pregao, down - 120):
        assert_equal_to_the_market(pregao, market, gap)


def test_a_simulated_lake_is_not_filled_out_of_yahoos_history(pregao, market):
    market.settings(fill_gaps="false")
    run, _, _ = with_an_outage(pregao, market)
    assert interrupt(run)[0] == 0
    # What would be asked goes nowhere: a proxy that does not answer.
    pregao.env |= {"https_proxy": "http://127.0.0.1:9", "HTTPS_PROXY": "http://127.0.0.1:9"}
    gold = pregao.start("gold", "--gold.fill-gaps", "true", "--yahoo.chart-url", "https://query1.finance.yahoo.com",
                        "--log.level", "debug")
    lines = []

    def said(text):
        lines.append(gold.stderr.readline())
        return text in lines[-1]
    wait_for(lambda: said("the tickers have quotes of the simulator"), gold)
    wait_for(lambda: said("looked for gaps: 0 requests are due"), gold)
    assert interrupt(gold)[0] == 0
    assert not any("gaps are not filled" in line for line in lines)


def test_a_storm_of_429_keeps_the_gaps_waiting_and_the_stream_goes_on(pregao, market):
    market.faults = ("--throttle", "1", "--retry-after", "600")  # of the market that comes back
    market.settings()
    run, down, up = with_an_outage(pregao, market)
    speak_until(pregao, run, up + 4 * 60)
    code, out, err = interrupt(run)
    assert code == 0, err
    assert json.loads(out)["bars_filled"] == 0
    assert [gap["filled"] for gap in gaps(pregao, down - 120)] == [0, 0]
