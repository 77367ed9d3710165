"""Store and forward: a listener whose topic is away. A folder that cannot be made stands in for a broker."""
import json
import re
import subprocess
import time

import pytest

from conftest import BINARY, TIMEOUT, interrupt

SPOOL = ["--listen.spool", "spool/spool.db"]
TOPIC = ["--topic", "local:away/topic.db"]


def wait_for(condition, child=None):
    deadline = time.monotonic() + TIMEOUT
    while not (value := condition()):
        assert child is None or child.poll() is None, child.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.05)
    return value


@pytest.fixture
def market(pregao):
    pregao.write("carteira.txt", "AAPL\nBTC-USD\nPETR4.SA\n")
    child = pregao.start("simulate", "--sim.tick", "50ms")
    pregao.url = child.stdout.readline().strip()
    return pregao


def spooled(pregao):
    """Records in the spool's file, by the local topic that it is."""
    done = subprocess.run([BINARY, "read", "topic", "--json", "--tail", "100000", "--topic",
                           "local:spool/spool.db#local_away_topic.db"], cwd=pregao.folder, env=pregao.env,
                          capture_output=True, timeout=TIMEOUT)
    return json.loads(done.stdout) if done.returncode == 0 else []


def listen(pregao, *args):
    return pregao.start("listen", "--yahoo.stream-url", pregao.url, *TOPIC, *SPOOL, *args)


def records(pregao):
    done = subprocess.run([BINARY, "read", "topic", "--json", "--tail", "100000", *TOPIC], cwd=pregao.folder,
                          env=pregao.env, capture_output=True, timeout=TIMEOUT)
    return json.loads(done.stdout) if done.returncode == 0 else []


def in_order(rows):
    """Each ticker's messages by the times that they were received."""
    last = {}
    for row in sorted(rows, key=lambda row: (row["partition"], row["offset"])):
        received = json.loads(row["value"])["received_at"]
        assert received >= last.get(row["key"], 0), "an older message came behind a newer one"
        last[row["key"]] = received
    return last


def test_a_topic_that_is_away_at_the_start_gets_everything_when_it_is_back(market):
    market.write("away", "a file where the topic's folder should be\n")
    child = listen(market)
    wait_for(lambda: len(spooled(market)) > 50, child)
    (market.folder / "away").unlink()
    wait_for(lambda: len(records(market)) > 100, child)
    code, _, log = interrupt(child)
    assert code == 0, log
    assert "topic quotes is away" in log and "topic quotes is back" in log
    rows = records(market)
    assert set(in_order(rows)) == {"AAPL", "BTC-USD", "PETR4.SA"}
    assert len({row["value"] for row in rows}) >= len(rows) - 1, "nothing came twice for being spooled"


def test_what_a_killed_listener_left_goes_first(market):
    market.write("away", "no folder\n")
    child = listen(market)
    wait_for(lambda: len(spooled(market)) > 50, child)
    child.kill()
    child.communicate()
    left = [row["value"] for row in spooled(market)]
    (market.folder / "away").unlink()
    child = listen(market)
    wait_for(lambda: len(records(market)) > len(left), child)
    code, _, log = interrupt(child)
    assert code == 0 and "an earlier run left" in log
    rows = records(market)
    in_order(rows)
    assert set(left) <= {row["value"] for row in rows}


def test_a_listener_that_ends_while_the_topic_is_away_says_what_waits(market):
    market.write("away", "no folder\n")
    child = listen(market)
    wait_for(lambda: len(spooled(market)) > 5, child)
    code, _, log = interrupt(child)
    assert code == 0
    assert "spooled" in log and "the next start sends them" in log


def doctor(pregao, *args):
    """The doctor's findings about the spool."""
    report = json.loads(pregao("doctor", "--json", "--offline", *args, code=None).split("\n")[0])
    return [check for check in report["checks"] if check["check"] == "spool"]


def test_the_doctor_looks_at_what_waits(pregao):
    pregao.write("carteira.txt", "".join(f"SYM{i:03}\n" for i in range(60)))
    pregao.url = pregao.start("simulate", "--sim.tick", "20ms").stdout.readline().strip()
    pregao.write("away", "no folder\n")
    [check] = doctor(pregao, *TOPIC, *SPOOL)
    assert check["state"] == "ok" and "nothing waits" in check["detail"] and "1GiB" in check["detail"]
    child = listen(pregao)

    def percent(check):
        return int(re.search(r"(\d+) % of", check["detail"])[1]) if "% of" in check["detail"] else 0

    wait_for(lambda: percent(doctor(pregao, *TOPIC, *SPOOL, "--listen.spool-bytes", "1MiB")[0]) > 100, child)
    child.kill()
    child.communicate()
    [check] = doctor(pregao, *TOPIC, *SPOOL)
    assert check["state"] == "warn" and "spool/spool.db" in check["detail"] and "the oldest for " in check["detail"]
    assert "wait for topic quotes" in check["detail"]
    assert int(re.search(r"([\d,]+) records", check["detail"])[1].replace(",", "")) > 1000
    assert "broker back" in check["fix"] and "spool-bytes" not in check["fix"]
    [check] = doctor(pregao, *TOPIC, *SPOOL, "--listen.spool-bytes", "1MiB")
    assert check["state"] == "fail" and "it is full" in check["detail"] and "listen.spool-bytes" in check["fix"]
    [check] = doctor(pregao, *TOPIC, *SPOOL, "--listen.spool-bytes", f"{percent(check) * (1 << 20) // 90}")
    assert check["state"] == "warn" and "nearly full" in check["detail"] and "listen.spool-bytes" in check["fix"]
    [others, own] = doctor(pregao, "--topic", "kafka://127.0.0.1:1/quotes", *SPOOL)
    assert "for another topic (local_away_topic.db)" in others["detail"] and "nothing waits" in own["detail"]
    assert doctor(pregao) == [], "a local topic needs none"
    (pregao.folder / "away").unlink()
    child = listen(pregao)
    wait_for(lambda: doctor(pregao, *TOPIC, *SPOOL)[0]["state"] == "ok", child)
    assert interrupt(child)[0] == 0


def test_one_listener_a_spool(market):
    market.write("away", "no folder\n")
    child = listen(market)
    wait_for(lambda: spooled(market), child)
    assert "listen.spool" in market("listen", "--yahoo.stream-url", market.url, *TOPIC, *SPOOL, code=1)


def test_a_local_topic_has_no_spool_unless_it_is_asked_for(market):
    child = market.start("listen", "--yahoo.stream-url", market.url, "--log.level", "debug")
    wait_for(lambda: (market.folder / "data/topic.db").exists(), child)
    code, _, log = interrupt(child)
    assert code == 0 and "no spool: the topic is a local file" in log
    assert not list((market.folder / "data").glob("spool*"))
