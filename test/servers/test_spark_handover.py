"""Tables go from the embedded engine to Spark and back, and Spark dies: nothing is lost, nothing stands twice."""
import json
import os
import signal
import socket
import subprocess
import threading
import time

import pytest
from confluent_kafka import Producer
from test_spark import BINARY, BROKER, SPARK, TIMEOUT, Pregao

pytestmark = pytest.mark.skipif(not (BROKER and SPARK), reason="needs setup/services/{kafka,spark}.sh: make test-servers")


class Engines(Pregao):
    """One topic and one lake that two engines share, with a count of what was sent."""

    def __init__(self, folder):
        super().__init__(folder)
        self.sent = self.seed = 0

    def send(self, messages):
        self.seed += 1
        self("simulate", "--messages", str(messages), "--rejects", "0.05", "--duplicates", "0.1", "--sim.seed", str(self.seed))
        self.sent += messages

    def audit(self, *args):
        done = self.run("audit", "--json", *args)
        return json.loads(done.stdout)

    def prove(self):
        """Every message that was sent is accounted for, whoever has written it."""
        report = self.audit()
        assert report["clean"] and report["from_bronze"] and report["from_topic"], report
        assert sum(p["limit"] for p in report["partitions"]) == self.sent, report
        assert sum(p["bronze"] for p in report["partitions"]) == self.sent, report
        return report

    def owner(self):
        return {self.properties(table)["pregao.owner"] for table in ("bronze/quotes", "silver/quotes", "silver/quarantine")}

    def properties(self, table):
        from deltalake import DeltaTable
        return DeltaTable(str(self.folder / "data/lake" / table)).metadata().configuration

    def start(self, *args):
        log = open(self.folder / f"{args[0]}.log", "a")
        return subprocess.Popen([BINARY, *args], cwd=self.folder, env=self.env, stdin=subprocess.DEVNULL, stdout=log, stderr=log)


@pytest.fixture
def pregao(tmp_path):
    program = Engines(tmp_path)
    yield program
    program.run("silver", "--engine", "spark", "stop")


def until(what, why, seconds=TIMEOUT):
    deadline = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < deadline, why()
        time.sleep(0.5)


def test_a_lake_goes_to_spark_and_back_and_to_spark_again(pregao):
    pregao.send(3000)
    pregao("silver", "--until", "end")
    for turn in range(2):
        pregao.send(1000)
        pregao.spark("--until", "end", "--take-over")  # the second time it must not go on from where it once stopped
        assert pregao.owner() == {"spark"}
        if turn == 0:
            pregao.send(500)
            pregao.spark("--until", "end")
        pregao.prove()
        refused = pregao.run("silver", "--until", "end")
        assert refused.returncode == 1 and "belongs to 'spark'" in refused.stderr and "--take-over" in refused.stderr
        pregao.send(1000)
        pregao("silver", "--until", "end", "--take-over")
        assert pregao.owner() == {"embedded"}
        pregao.prove()
    pregao("silver", "--until", "end", "--take-over")  # there is nothing to take


def test_engines_take_over_while_messages_flow(pregao):
    pregao.send(500)
    stop = threading.Event()

    def flow():
        while not stop.is_set():
            pregao.send(300)
    sender = threading.Thread(target=flow)
    sender.start()
    try:
        embedded = pregao.start("silver")
        until(lambda: (pregao.folder / "data/lake/silver/quotes/_delta_log").exists(), lambda: "no table")
        time.sleep(3)  # not to wait for anything: so that there is work in the pipe
        spark = pregao.start("silver", "--engine", "spark", "--take-over")
        assert embedded.wait(TIMEOUT) == 1, "it lost the tables"
        assert "belongs to 'spark'" in (pregao.folder / "silver.log").read_text()
        names = {f"pregao {pregao.name} {table}" for table in ("bronze", "quarantine", "silver")}
        running = lambda: {q["name"] for q in json.loads(pregao.spark("status", "--json")) if q["progress"]}
        until(lambda: running() == names, lambda: (pregao.folder / "silver.log").read_text())
        assert pregao.audit()["clean"], "beside running queries too"
        embedded = pregao.start("silver", "--take-over")
        until(lambda: pregao.owner() == {"embedded"}, lambda: (pregao.folder / "silver.log").read_text())
        assert spark.wait(TIMEOUT) != 130
        assert json.loads(pregao.spark("status", "--json")) == []
    finally:
        stop.set()
        sender.join()
    embedded.send_signal(signal.SIGINT)
    assert embedded.wait(TIMEOUT) == 0
    pregao("silver", "--until", "end")
    pregao.prove()


def test_what_came_later_than_the_watermark_is_repaired(pregao):
    def late(number):  # as a listener's spool sends after an outage: the broker's time is long past
        producer = Producer({"bootstrap.servers": BROKER})
        quote = {"ticker": "LATE", "price": 1 + number, "time": 1_600_000_000_000}
        producer.produce(pregao.name, json.dumps(quote), key="LATE", timestamp=1_600_000_000_000)
        assert producer.flush(60) == 0
        pregao.sent += 1

    def found():
        return pregao.table("silver/quotes")["ticker"].to_pylist().count("LATE")
    pregao.send(2000)
    pregao.spark("--until", "end")
    late(0)
    late(1)
    pregao.spark("--until", "end")
    assert found() == 0
    report = pregao.audit()
    assert not report["clean"] and [f["kind"] for f in report["findings"]] == ["missing", "missing"], report
    assert pregao.audit("--repair")["repair"]["silver"] == 2
    assert found() == 2
    pregao.prove()
    late(2)
    pregao.spark("--until", "end")
    assert found() == 2
    pregao("silver", "--take-over", "--until", "end")  # brings what Spark had dropped
    assert found() == 3
    pregao.prove()


class Server:
    """A Spark Connect server of the test's own."""

    TOKEN = "s3cret"

    def __init__(self, folder):
        self.folder, self.process = folder, None
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.url = f"sc://127.0.0.1:{self.port}/;token={self.TOKEN}"

    def start(self):
        log = open(self.folder / "spark.log", "a")
        self.process = subprocess.Popen([os.environ["PREGAO_TEST_SPARK_RUN"], str(self.folder / "spark"), str(self.port)],
                                        env=os.environ | {"SPARK_CONNECT_AUTHENTICATE_TOKEN": self.TOKEN},
                                        stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)
        until(self.answers, lambda: (self.folder / "spark.log").read_text()[-2000:])

    def answers(self):
        with socket.socket() as s:
            return s.connect_ex(("127.0.0.1", self.port)) == 0

    def kill(self):
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


@pytest.fixture
def server(tmp_path):
    one = Server(tmp_path)
    try:
        one.start()
        yield one
    finally:
        one.kill()


def test_spark_is_killed_and_found_again_and_killed_for_good(pregao, server):
    pregao.env["PREGAO_SPARK_URL"] = server.url
    pregao.send(500)
    stranger = pregao.run("silver", "--engine", "spark", "--spark", server.url.replace(server.TOKEN, "guessed"))
    assert stranger.returncode == 1 and "refuses the token" in stranger.stderr, stranger.stderr
    watching = pregao.start("silver", "--engine", "spark")
    log = lambda: (pregao.folder / "silver.log").read_text()
    there = lambda: (pregao.folder / "data/lake/bronze/quotes/_delta_log").exists()
    written = lambda: pregao.table("bronze/quotes").num_rows if there() else 0
    until(lambda: written() == pregao.sent, log)
    pregao.send(5000)
    until(lambda: written() > 500, log)
    server.kill()  # Bronze is the first to be done: Silver is in the middle of its batch
    until(lambda: "does not answer" in log(), log)
    assert watching.poll() is None, log()
    pregao.send(500)
    server.start()
    until(lambda: written() == pregao.sent, log)
    assert pregao.audit()["clean"]

    before = pregao.sent
    pregao.send(3000)
    until(lambda: written() > before, log)
    server.kill()  # whatever its three queries have reached
    watching.send_signal(signal.SIGINT)
    assert watching.wait(TIMEOUT) == 0, log()
    refused = pregao.run("silver", "--take-over", "--until", "end")
    assert refused.returncode == 1 and "does not answer" in refused.stderr and "--force" in refused.stderr, refused.stderr
    assert pregao.owner() == {"spark"}
    pregao("silver", "--take-over", "--force", "--until", "end")
    pregao.prove()
