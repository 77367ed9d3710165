"""The whole pipe as processes: real frames, other people's readers, kills, rivals, two listeners, planted faults."""
import json
import random
import subprocess
import sys
import time

import pytest

from conftest import ROOT, TIMEOUT, interrupt

sys.path.insert(0, str(ROOT / "test/foreign"))
import read_table  # noqa: E402

QUOTES = "select * exclude (topic, partition, \"offset\", source, received_at, date) from silver order by ticker, event_time, day_volume"


def rows(pregao, sql, *flags):
    return json.loads(pregao("sql", "--json", sql, *flags))


def audit(pregao, *flags):
    report = json.loads(pregao("audit", "--json", *flags))
    assert report["clean"] and report["from_bronze"] and report["from_topic"]
    return report


def wait_for(condition, child=None):
    deadline = time.monotonic() + TIMEOUT
    while not (value := condition()):
        assert child is None or child.poll() is None, child.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.1)
    return value


def test_silver_equals_what_yfinance_reads_in_the_same_frames(lake):
    """Field by field. yfinance leaves zeros out, writes int64 as text, and enums as numbers."""
    names = {"quote_type": {8: "EQUITY", 14: "CURRENCY", 20: "ETF", 41: "CRYPTOCURRENCY"},
             "market_hours": {0: "PRE_MARKET", 1: "REGULAR_MARKET", 2: "POST_MARKET", 4: "OVERNIGHT"}}
    integers = {"day_volume", "last_size", "price_hint", "vol_24hr", "vol_all_currencies"}
    expected = []
    for line in (ROOT / "test/data/frames.yfinance.jsonl").read_text().splitlines():
        frame = {"market_hours": 0, "change": 0.0, "change_percent": 0.0} | json.loads(line)
        quote = {"ticker": frame.pop("id"), "event_time": int(frame.pop("time"))}
        for key, value in frame.items():
            quote[key] = names[key].get(value, str(value)) if key in names else int(value) if key in integers else value
        quote.setdefault("previous_close", quote["price"] - quote["change"])
        expected.append(quote)
    got = rows(lake, QUOTES.replace("exclude (", "exclude (event_time, ").replace(
        "from silver", ", epoch_ms(event_time) as event_time from silver"))
    got = [{key: value for key, value in row.items() if value is not None} for row in got]
    order = lambda quote: (quote["ticker"], quote["event_time"], quote.get("day_volume", 0))  # noqa: E731
    assert sorted(got, key=order) == sorted(expected, key=order)
    instants = [(quote["ticker"], quote["event_time"]) for quote in got]
    assert len(set(instants)) == len(instants) - 1, "two of the frames share ticker and time, and both are kept"


def test_the_same_frames_again_are_duplicates_even_after_a_restart(lake):
    before = rows(lake, QUOTES)
    lake("replay", str(ROOT / "test/data/frames.txt"))
    summary = json.loads(lake("silver", "--until", "end", "--json"))
    assert summary["rows"] == 0 and summary["duplicates"] == len(before)
    assert rows(lake, QUOTES) == before
    assert sum(p["duplicates"] for p in audit(lake)["partitions"]) == len(before)


def rounded(summary):
    """Sums of doubles depend on the order in which a reader adds."""
    for column in summary["columns"].values():
        if isinstance(column.get("sum"), float):
            column["sum"] = float(f"{column['sum']:.9g}")
    return summary


@pytest.mark.parametrize("partition_by", ["date", "ticker", "date,ticker"])
def test_other_readers_agree_after_checkpoints(pregao, partition_by):
    by = "[" + ", ".join(f'"{name}"' for name in partition_by.split(",")) + "]"
    pregao.write("pregao.toml", f"[engine]\npartition-by = {by}\n[table]\ncheckpoint-every = 2\n")
    pregao("simulate", "--messages", "3000", "--rejects", "0.05")
    pregao("replay", str(ROOT / "test/data/frames.txt"))
    pregao("silver", "--until", "end", "--engine.max-rows", "400")
    audit(pregao)
    for view, root in [("silver", "silver/quotes"), ("bronze", "bronze/quotes"), ("quarantine", "silver/quarantine")]:
        table = pregao.folder / "data/lake" / root
        assert list(table.glob("_delta_log/*.checkpoint.parquet"))
        [mine] = rows(pregao, f"select count(*) as n, sum(\"offset\") as offsets, min(topic) as topic from {view}")
        summaries = [rounded(read_table.summarise(read(str(table)))) for read in read_table.READERS.values()]
        assert summaries[0] == summaries[1] == summaries[2]
        assert summaries[0]["rows"] == mine["n"] > 0
        assert summaries[0]["columns"]["offset"]["sum"] == mine["offsets"]


def test_kills_at_random_lose_and_double_nothing(pregao):
    random.seed(11)
    pregao("simulate", "--messages", "60000", "--rejects", "0.01", "--duplicates", "0.05")
    for _ in range(8):
        child = pregao.start("silver", "--engine.max-rows", "2000", "--engine.commit-interval", "50ms")
        time.sleep(random.uniform(0.05, 0.5))
        child.kill()
        child.communicate()
    pregao("silver", "--until", "end")
    report = audit(pregao)
    assert sum(p["silver"] + p["quarantine"] + p["duplicates"] for p in report["partitions"]) == 60000


def test_two_engines_on_one_table_lose_and_double_nothing(pregao):
    pregao("simulate", "--messages", "40000", "--rejects", "0.01", "--duplicates", "0.05")
    rivals = [pregao.start("silver", "--engine.max-rows", "1000", "--engine.commit-interval", "50ms") for _ in range(2)]
    wait_for(lambda: sum(child.poll() is None for child in rivals) < 2 or
             (pregao.folder / "data/lake/silver/quotes/_delta_log/00000000000000000012.json").exists())
    for child in rivals:
        if child.poll() is None:
            interrupt(child)
    pregao("silver", "--until", "end")
    report = audit(pregao)
    assert sum(p["silver"] + p["quarantine"] + p["duplicates"] for p in report["partitions"]) == 40000


def test_two_listeners_for_safety_give_each_quote_once(pregao):
    pregao.write("carteira.txt", "AAPL\nBTC-USD\nPETR4.SA\n")
    market = pregao.start("simulate", "--sim.tick", "100ms")
    url = market.stdout.readline().strip()
    listeners = [pregao.start("listen", "--yahoo.stream-url", url) for _ in range(2)]
    engine = pregao.start("silver", "--json", "--engine.commit-interval", "200ms")
    wait_for(lambda: (pregao.folder / "data/lake/silver/quotes/_delta_log/00000000000000000010.json").exists(), engine)
    for child in listeners:
        assert interrupt(child)[0] == 0
    interrupt(engine)
    pregao("silver", "--until", "end")
    report = audit(pregao)
    assert sum(p["duplicates"] for p in report["partitions"]) > 0
    [same] = rows(pregao, "select count(*) - count(distinct (ticker, event_time, price, day_volume)) as n from silver")
    assert same["n"] == 0


def test_250_symbols_all_speak_through_dropped_connections_and_damaged_frames(pregao):
    symbols = [f"SYM{i:03}" for i in range(250)]
    pregao.write("carteira.txt", "\n".join(symbols) + "\n")
    market = pregao.start("simulate", "--sim.tick", "200ms", "--drop", "0.01", "--abort", "0.01", "--damaged", "0.01")
    url = market.stdout.readline().strip()
    listener = pregao.start("listen", "--yahoo.stream-url", url)
    engine = pregao.start("silver")
    count = lambda: rows(pregao, "select count(distinct ticker) as n, count(*) as rows from silver")[0]  # noqa: E731
    wait_for(lambda: (pregao.folder / "data/lake/silver/quotes/_delta_log/00000000000000000001.json").exists(), engine)
    wait_for(lambda: (seen := count())["n"] == 250 and seen["rows"] > 5000, engine)
    code, _, log = interrupt(listener)
    assert code == 0 and "reconnects" in log
    interrupt(engine)
    pregao("silver", "--until", "end")
    audit(pregao)
    dead = [line for line in pregao("read", "dead-letter", "--format", "json").splitlines() if line.strip()]
    assert dead, "damaged frames are kept"


def test_run_without_yahoo_says_so_and_sql_answers_while_it_runs(pregao):
    pregao.write("carteira.txt", "AAPL\nBTC-USD\n")
    # A name of Yahoo's that nobody has, so that the test says the same with a network and without.
    child = pregao.start("run", "--yahoo.stream-url", "wss://nobody-has-this-name.finance.yahoo.com/?version=2")
    wait_for(lambda: (pregao.folder / "data/demo/lake/silver/quotes/_delta_log/00000000000000000002.json").exists(), child)
    seen = rows(pregao, "select ticker, count(*) as n, min(source) as source from silver group by 1 order by 1")
    assert [row["ticker"] for row in seen] == ["AAPL", "BTC-USD"]
    assert {row["source"] for row in seen} == {"simulator"}
    code, out, err = interrupt(child)
    assert code == 0
    assert "Yahoo is out of reach" in err
    assert "rows written to data/demo/lake" in out
    assert not (pregao.folder / "data/lake").exists(), "real and simulated rows never meet"


def test_the_audit_finds_what_is_missing_and_what_stands_twice(lake):
    import deltalake

    folder = str(lake.folder / "data/lake/silver/quotes")
    table = deltalake.DeltaTable(folder)
    victim = table.to_pyarrow_table().slice(0, 1)
    place = {name: victim[name][0].as_py() for name in ("partition", "offset")}
    deltalake.write_deltalake(folder, victim, mode="append")
    kinds = {f["kind"] for f in json.loads(failing_audit(lake))["findings"]}
    assert kinds == {"doubled_offset", "doubled_row"}

    deltalake.DeltaTable(folder).delete(f"partition = {place['partition']} AND \"offset\" = {place['offset']}")
    report = json.loads(failing_audit(lake))
    assert [(f["kind"], f["partition"], f["offset"]) for f in report["findings"]] == [
        ("missing", place["partition"], place["offset"])] * report["found"]
    assert report["found"] > 0


@pytest.mark.parametrize("bronze", ["true", "false"])
def test_the_audit_tells_what_retention_took_before_it_was_read(pregao, bronze):
    silver = ["silver", "--until", "end", "--engine.bronze", bronze, "--json"]
    pregao("simulate", "--messages", "1000")
    assert json.loads(pregao(*silver))["lost"] == 0
    pregao("simulate", "--messages", "30000", "--sim.seed", "5", "--local.retention-bytes", "1MiB")
    pregao("simulate", "--messages", "1000", "--sim.seed", "7")
    lost = json.loads(pregao(*silver))["lost"]
    assert lost > 0
    report = json.loads(failing_audit(pregao))
    assert {f["kind"] for f in report["findings"]} == {"lost"}
    assert sum(p["lost"] for p in report["partitions"]) == lost
    assert "clean" not in pregao("audit", code=None)


def test_the_summary_tells_what_retention_took(pregao):
    pregao("simulate", "--messages", "1000")
    assert "lost" not in pregao("silver", "--until", "end")
    pregao("simulate", "--messages", "30000", "--sim.seed", "5", "--local.retention-bytes", "1MiB")
    pregao("simulate", "--messages", "1000", "--sim.seed", "7")
    assert "offsets lost)" in pregao("silver", "--until", "end")


def failing_audit(pregao):
    from conftest import BINARY

    done = subprocess.run([BINARY, "audit", "--json"], cwd=pregao.folder, env=pregao.env, capture_output=True,
                          timeout=TIMEOUT)
    assert done.returncode == 1, done.stderr
    return done.stdout


def test_a_damaged_table_is_named_and_left_alone(lake):
    log = lake.folder / "data/lake/silver/quotes/_delta_log/00000000000000000001.json"
    text = log.read_bytes()
    log.write_bytes(text[: len(text) // 2])
    assert "00000000000000000001.json" in lake("silver", "--until", "end", code=1)
    assert log.read_bytes() == text[: len(text) // 2]


def test_a_lake_of_a_newer_protocol_is_refused(lake):
    log = lake.folder / "data/lake/silver/quotes/_delta_log/00000000000000000002.json"
    log.write_text('{"protocol":{"minReaderVersion":9,"minWriterVersion":9}}\n')
    assert "minReaderVersion 9" in lake("silver", "--until", "end", code=1) or "reader version 9" in lake(
        "silver", "--until", "end", code=1)
