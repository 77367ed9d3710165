"""Metrics, health, logs and signals of a pregao that runs, judged by Prometheus's own parser."""
import json
import signal
import socket
import time
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor

import pytest
from prometheus_client.parser import text_string_to_metric_families

from conftest import BINARY, ROOT, TIMEOUT, interrupt


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for(condition, child):
    deadline = time.monotonic() + TIMEOUT
    while not (value := condition()):
        assert child.poll() is None, child.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.1)
    return value


class Served:
    """A command with web.listen."""

    def __init__(self, pregao, *args):
        self.pregao, self.port = pregao, free_port()
        pregao.write("carteira.txt", "AAPL\nBTC-USD\nPETR4.SA\n")
        self.child = pregao.start(*args, "--web.listen", f"127.0.0.1:{self.port}")
        wait_for(lambda: self.get("/healthz")[0] == 200, self.child)

    def get(self, path, **headers):
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}{path}", headers=headers)
        try:
            with urllib.request.urlopen(request, timeout=TIMEOUT) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as refused:
            return refused.code, refused.read().decode()
        except OSError:
            return 0, ""

    def metrics(self):
        code, text = self.get("/metrics")
        assert code == 200
        values = {}
        for family in text_string_to_metric_families(text):
            assert family.documentation and family.type != "unknown", family.name
            for sample in family.samples:
                values[sample.name + "".join(f"{{{k}={v}}}" for k, v in sorted(sample.labels.items()))] = sample.value
        return values

    def ready(self):
        code, text = self.get("/readyz")
        report = json.loads(text)
        assert (code == 200) == report["ready"]
        return report["ready"], {check["check"]: check for check in report["checks"]}

    def await_ready(self, wanted):
        return wait_for(lambda: (seen := self.ready())[0] == wanted and seen, self.child)[1]


def count(pregao, sql):
    [row] = json.loads(pregao("sql", "--json", f"select count(*) as n from {sql}"))
    return row["n"]


def test_metrics_rise_and_are_what_sql_counts(pregao):
    pregao("simulate", "--messages", "4000", "--rejects", "0.05", "--duplicates", "0.05")
    engine = Served(pregao, "silver", "--engine.commit-interval", "50ms", "--engine.max-rows", "500")
    seen = [engine.metrics()]
    last = wait_for(lambda: (m := engine.metrics())["pregao_engine_records_total"] == 4000 and
                    sum(v for k, v in m.items() if k.startswith("pregao_engine_lag_records")) == 0 and m, engine.child)
    pregao("simulate", "--messages", "1000", "--rejects", "0.05", "--sim.seed", "7")
    seen += [last, wait_for(lambda: (m := engine.metrics())["pregao_engine_records_total"] == 5000 and
                            sum(v for k, v in m.items() if k.startswith("pregao_engine_lag_records")) == 0 and m, engine.child)]
    for before, after in zip(seen, seen[1:]):
        assert all(after[name] >= value for name, value in before.items() if "_total" in name or "_bucket" in name)
    m = seen[-1]
    rejects = sum(value for name, value in m.items() if name.startswith("pregao_engine_rejects_total"))
    assert m["pregao_engine_rows_total"] == count(pregao, "silver") > 0
    assert m["pregao_engine_quarantined_total"] == rejects == count(pregao, "quarantine") > 0
    assert m["pregao_engine_rows_total"] + rejects + m["pregao_engine_duplicates_total"] == 5000
    for reason in ("bad_price", "malformed"):
        assert m[f"pregao_engine_rejects_total{{reason={reason}}}"] == count(pregao, f"quarantine where reason = '{reason}'")
    assert m["pregao_engine_commit_duration_seconds_count"] == m["pregao_engine_commits_total"] > 1
    assert m["pregao_engine_lag_seconds"] == 0
    for p in range(4):
        assert m[f"pregao_engine_position{{partition={p}}}"] == count(pregao, f"bronze where partition = {p}")
    size = sum(f.stat().st_size for f in (pregao.folder / "data/lake").rglob("*.parquet") if "_delta_log" not in f.parts)
    assert m["pregao_engine_written_bytes_total"] == size
    assert 0 < m["process_resident_memory_bytes"] < 4 << 30 and m["process_start_time_seconds"] < time.time()
    assert interrupt(engine.child)[0] == 0


def test_golds_metrics_are_what_sql_counts(pregao):
    pregao("simulate", "--messages", "2000")
    pregao("silver", "--until", "end")
    gold = Served(pregao, "gold", "--gold.interval", "100ms")
    m = wait_for(lambda: (m := gold.metrics())["pregao_gold_commits_total"] > 0 and m["pregao_gold_lag_versions"] == 0 and m, gold.child)
    assert m["pregao_gold_bars_total"] + m["pregao_gold_revisions_total"] == count(pregao, "bar_revisions") > 0
    assert m["pregao_gold_quotes_total"] == count(pregao, "silver")
    assert abs(m["pregao_gold_last_commit_timestamp_seconds"] - time.time()) < TIMEOUT
    size = sum(f.stat().st_size for f in (pregao.folder / "data/lake/gold/bars").rglob("*.parquet") if "_delta_log" not in f.parts)
    assert m["pregao_gold_written_bytes_total"] == size
    assert interrupt(gold.child)[0] == 0


def test_run_is_ready_and_names_its_symbols(pregao):
    pregao.write("carteira.txt", "AAPL\nBTC-USD\nPETR4.SA\n")
    run = Served(pregao, "run", "--source", "simulator", "--sim.tick", "100ms")
    checks = run.await_ready(True)
    assert set(checks) == {"listener", "topic", "lake", "engine"}
    m = wait_for(lambda: (m := run.metrics()).get("pregao_listener_silent_symbols") == 0 and m, run.child)
    assert m["pregao_listener_watchlist_symbols"] == 3 and m["pregao_ready"] == 1
    assert abs(m["pregao_listener_last_heard_timestamp_seconds{ticker=AAPL}"] - time.time()) < TIMEOUT
    assert json.loads(pregao("doctor", "--ask", "readyz", "--web.listen", f"127.0.0.1:{run.port}"))["ready"]
    assert interrupt(run.child)[0] == 0
    assert "does not answer" in pregao("doctor", "--ask", "healthz", "--web.listen", f"127.0.0.1:{run.port}", code=1)


def test_ready_says_when_the_source_is_gone_and_when_it_is_back(pregao):
    port = free_port()
    market = pregao.start("simulate", "--port", str(port))
    url = market.stdout.readline().strip()
    listener = Served(pregao, "listen", "--yahoo.stream-url", url)
    listener.await_ready(True)
    interrupt(market)
    gone = listener.await_ready(False)
    assert "0 of 1 connections are open" in gone["listener"]["detail"] and gone["topic"]["ok"]
    assert listener.get("/healthz")[0] == 200, "the process lives all the same"
    market = pregao.start("simulate", "--port", str(port))
    market.stdout.readline()
    listener.await_ready(True)
    assert listener.metrics()["pregao_listener_reconnects_total"] > 0


def test_ready_says_when_the_lake_is_gone_and_when_it_is_back(pregao):
    pregao("simulate", "--messages", "100")
    engine = Served(pregao, "silver")
    engine.await_ready(True)
    lake, away = pregao.folder / "data/lake", pregao.folder / "data/away"
    lake.rename(away)
    gone = engine.await_ready(False)  # though no record comes
    assert f"the lake's folder {lake} has gone" in gone["lake"]["detail"]
    pregao("simulate", "--messages", "50", "--sim.seed", "5")
    wait_for(lambda: not engine.ready()[1]["engine"]["ok"], engine.child)
    assert not lake.exists(), "no second truth in its place"
    assert engine.metrics()["pregao_ready"] == 0
    away.rename(lake)
    engine.await_ready(True)
    wait_for(lambda: engine.metrics()["pregao_engine_records_total"] >= 150, engine.child)
    assert sum(value for name, value in engine.metrics().items() if name.endswith("{outcome=failed}")) > 0
    interrupt(engine.child)
    assert json.loads(pregao("audit", "--json"))["clean"]


def test_another_host_and_other_methods_are_refused(pregao):
    engine = Served(pregao, "silver", "--web.hosts", "Metrics.example")
    assert engine.get("/metrics", Host="evil.example")[0] == 403
    assert engine.get("/metrics", Host="metrics.example:80")[0] == 200
    assert engine.get("/etc/passwd")[0] == 404


def test_slow_clients_hold_neither_the_pipeline_nor_a_scraper_up(pregao):
    run = Served(pregao, "run", "--source", "simulator", "--sim.tick", "50ms")
    clients = [socket.create_connection(("127.0.0.1", run.port)) for _ in range(50)]
    for client in clients:
        client.sendall(b"GET /metrics HT")  # and no more
    greedy = socket.create_connection(("127.0.0.1", run.port))
    for _ in range(200):
        greedy.sendall(b"GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n")  # and reads nothing
    before = run.metrics()
    wait_for(lambda: run.metrics()["pregao_engine_commits_total"] > before["pregao_engine_commits_total"] + 1, run.child)
    with ThreadPoolExecutor(8) as pool:
        assert all(code == 200 for code, _ in pool.map(lambda _: run.get("/metrics"), range(64)))
    began = time.monotonic()
    assert interrupt(run.child)[0] == 0
    assert time.monotonic() - began < 30, "open connections do not delay the end"
    for client in [*clients, greedy]:
        client.close()


def test_a_port_that_is_taken_is_an_error_in_the_log_and_no_more(pregao):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        pregao("simulate", "--messages", "100", "--duplicates", "0")
        child = pregao.start("silver", "--until", "end", "--web.listen", f"127.0.0.1:{port}")
        out, err = child.communicate(timeout=TIMEOUT)
        assert child.returncode == 0 and "100 rows" in out
        assert f"cannot listen at 127.0.0.1:{port}" in err and "choose another port with web.listen" in err
        pregao.write("carteira.txt", "AAPL\n")
        found = {c["check"]: c for c in json.loads(pregao("doctor", "--offline", "--json", "--web.listen",
                                                          f"127.0.0.1:{port}"))["checks"]}
        assert found["web"]["state"] == "warn" and "another program" in found["web"]["detail"]


@pytest.mark.parametrize("address, state, words", [("", "ok", "off"), ("localhost:1:2", "fail", "is no address"),
                                                   ("192.0.2.1:8686", "warn", "no such address"),
                                                   ("0.0.0.0:0", "warn", "the page is not served")])
def test_doctor_shows_the_web_address(pregao, address, state, words):
    pregao.write("carteira.txt", "AAPL\n")
    report = pregao("doctor", "--offline", "--json", "--web.listen", address) if state != "fail" else None
    if report is None:
        child = pregao.start("doctor", "--offline", "--json", "--web.listen", address)
        report = child.communicate(timeout=TIMEOUT)[0]
        assert child.returncode == 1
    found = {c["check"]: c for c in json.loads(report)["checks"]}["web"]
    assert found["state"] == state and words in found["detail"]


def test_a_wrong_address_stops_the_start(pregao):
    assert 'web.listen: "8686" is no address to listen at' in pregao("silver", "--until", "end", "--web.listen", "8686", code=2)


@pytest.mark.parametrize("command", ["listen", "silver"])
def test_listen_and_silver_serve_nothing_unless_told_to(pregao, command):
    pregao.write("carteira.txt", "AAPL\n")
    child = pregao.start(command, "--yahoo.stream-url", "ws://127.0.0.1:1/")
    wait_for(lambda: (pregao.folder / "data/topic.db").exists(), child)
    code, _, err = interrupt(child)
    assert code == 0 and "/metrics" not in err


SECRET = "hunter2-is-no-password"


def test_every_log_line_is_json_and_no_secret_is_in_any(pregao):
    pregao.write("carteira.txt", 'AAPL\nODD"\\NAME\nÇÃO.SA\nBAD TICKER MANY\n')
    pregao.write("pregao.toml", f'[kafka]\n"sasl.password" = "{SECRET}"\n"ssl.key.password" = "{SECRET}"\n')
    pregao.write(".env", f"PREGAO_UNKNOWN_KEY={SECRET}\nGOOGLE_APPLICATION_CREDENTIALS=/nowhere.json\n")
    child = pregao.start("run", "--log.format", "json", "--log.level", "debug", "--web.listen", "127.0.0.1:0",
                         "--yahoo.stream-url", "ws://127.0.0.1:1/")
    wait_for(lambda: (pregao.folder / "data/lake/silver/quotes/_delta_log").exists(), child)
    (pregao.folder / "carteira.txt").write_bytes(b"AAPL\nBROKEN\xff\xfe\n")
    time.sleep(2.5)  # the watchlist is looked at once a second
    code, out, err = interrupt(child)
    lines = [json.loads(line) for line in err.splitlines()]
    assert len(lines) > 4 and {"info", "warning"} <= {line["level"] for line in lines}
    for line in lines:
        assert set(line) >= {"time", "level", "message"} and line["message"]
        assert line["level"] in ("trace", "debug", "info", "warning", "error", "critical")
        time.strptime(line["time"][:19], "%Y-%m-%dT%H:%M:%S")
        assert line["time"].endswith("Z")
    url = f"ws://user:{SECRET}@127.0.0.1:1/"
    for text in (out, err, pregao("doctor", "--yahoo.stream-url", url, code=None), pregao("doctor", "--json", code=None),
                 pregao("listen", "--yahoo.stream-url", url, code=2)):
        assert SECRET not in text


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_stop_commits_what_was_read(pregao, number):
    pregao("simulate", "--messages", "300", "--duplicates", "0")
    engine = Served(pregao, "silver", "--engine.commit-interval", "1h")
    wait_for(lambda: engine.metrics()["pregao_engine_records_total"] == 300, engine.child)
    assert engine.metrics()["pregao_engine_rows_total"] == 0
    engine.child.send_signal(number)
    out, err = engine.child.communicate(timeout=TIMEOUT)
    assert engine.child.returncode == 0 and "300 rows written" in out, err
    assert count(pregao, "silver") == 300


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_stop_of_run_commits_what_the_listener_has(pregao, number):
    run = Served(pregao, "run", "--source", "simulator", "--sim.tick", "20ms", "--engine.commit-interval", "1h")
    wait_for(lambda: run.metrics()["pregao_engine_records_total"] > 100, run.child)
    run.child.send_signal(number)
    out, err = run.child.communicate(timeout=TIMEOUT)
    assert run.child.returncode == 0, err
    assert json.loads(pregao("audit", "--json"))["clean"]
    topic = len(json.loads(pregao("read", "topic", "--format", "json", "--tail", "100000")))
    assert count(pregao, "bronze") == topic > 100, "everything that the topic has is in the tables"
