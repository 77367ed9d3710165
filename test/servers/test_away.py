"""A broker that is away when pregao is started: what works for ever waits for it, what has an end says so at once."""
import json
import os
import re
import signal
import subprocess
import time
import urllib.error
import urllib.request

import pytest
from test_kafka import BINARY, TIMEOUT, Pregao, stop, wait_for
from torture import Process, free_ports

pytestmark = pytest.mark.skipif(not os.environ.get("PREGAO_TEST_KAFKA"), reason="needs setup/services/kafka.sh: make test-servers")


class Away(Pregao):
    """The program with a broker of its own that is not running yet, and a simulated market."""

    def __init__(self, folder):
        super().__init__(folder)
        ports = free_ports(5)
        self.broker = Process(folder, "broker", [os.environ["PREGAO_TEST_KAFKA_RUN"], str(folder / "kafka"), *ports[:4]],
                              dict(os.environ), "Kafka Server started")
        self.set_topic(f"kafka://127.0.0.1:{ports[0]}/quotes")
        self.port = int(ports[4])
        self.env["PREGAO_WEB_LISTEN"] = f"127.0.0.1:{self.port}"
        folder.joinpath("carteira.txt").write_text("AAPL\nBTC-USD\nPETR4.SA\n")

    def set_topic(self, topic):
        self.topic = self.env["PREGAO_TOPIC"] = topic

    def market(self):
        child = self.start("simulate", "--sim.tick", "50ms", "--web.listen", "")
        return wait_for(lambda: re.findall(r"ws://\S+", text(child))[:1], "the simulator's address")[0]

    def run_all(self):
        return self.start("run", "--source", "yahoo", "--yahoo.stream-url", self.market())

    def ready(self):
        """(ready, the checks by name); None while nobody answers."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/readyz", timeout=TIMEOUT) as answer:
                report = json.load(answer)
        except urllib.error.HTTPError as refused:
            report = json.load(refused)
        except OSError:
            return None
        return report["ready"], {check["check"]: check for check in report["checks"]}

    def metric(self, name):
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/metrics", timeout=TIMEOUT) as answer:
            return float(re.search(rf"^{name} (\S+)$", answer.read().decode(), re.MULTILINE)[1])


def text(child):
    with open(child.log) as log:
        return log.read()


@pytest.fixture
def away(tmp_path):
    program = Away(tmp_path)
    yield program
    for child in program.children:
        if child.poll() is None:
            child.kill()
        child.wait()
    program.broker.kill()


def test_run_hears_and_keeps_while_the_broker_is_away_and_fills_the_tables_when_it_comes(away):
    child = away.run_all()
    wait_for(lambda: away.ready() or child.poll() is not None, "the program's health")
    wait_for(lambda: away.metric("pregao_listener_spool_records") > 100, "records in the spool")
    wait_for(lambda: "it waits for the topic" in text(child), "a line that says why")
    ready, checks = away.ready()
    assert not ready and not checks["topic"]["ok"] and not checks["engine"]["ok"]
    assert checks["engine"]["detail"] == "it waits for the topic" and checks["listener"]["ok"]
    assert away.topic.split("/")[2] in checks["topic"]["detail"]
    away.broker.start()
    wait_for(lambda: away.ready()[0], f"all well: {away.ready()}")
    wait_for(lambda: away.metric("pregao_listener_spool_records") == 0, "an empty spool")
    stop(child)
    assert "waits for the topic" in text(child) and "topic quotes is there" in text(child)
    away("silver", "--until", "end")
    assert away.audit()["partitions"]


def test_silver_waits_for_its_broker_and_until_the_end_it_does_not(away):
    began = time.monotonic()
    done = away.run("silver", "--until", "end")
    assert done.returncode == 1 and "no answer from" in done.stderr and time.monotonic() - began < 60
    child = away.start("silver")
    wait_for(lambda: "it waits for the topic" in text(child), "a line that says why")
    away.broker.start()
    away("simulate", "--messages", "1000")
    wait_for(lambda: away.silver_rows() > 0, "rows")
    stop(child)


def test_a_stop_ends_the_waiting_at_once(away):
    for command in (["run", "--source", "yahoo", "--yahoo.stream-url", away.market()], ["silver"],
                    ["silver", "--until", "end"]):
        child = away.start(*command)
        time.sleep(3)  # it is in the midst of its first attempt
        began = time.monotonic()
        child.send_signal(signal.SIGINT)
        assert child.wait(timeout=TIMEOUT) in (0, 130), text(child)
        assert time.monotonic() - began < 5


@pytest.mark.parametrize("brokers", ["no-such-host.invalid:9092", "no-such-host.invalid:9092,neither.invalid:9092"])
def test_a_host_that_nobody_knows_is_named_at_once_and_in_the_status(away, brokers):
    away.set_topic(f"kafka://{brokers}/quotes")
    began = time.monotonic()
    done = away.run("silver", "--until", "end")
    assert done.returncode == 1 and "no-such-host.invalid" in done.stderr and "no such host" in done.stderr
    assert time.monotonic() - began < 5, "it did not wait for the host to be born"
    child = away.run_all()
    wait_for(lambda: "no such host" in str(away.ready()), "the reason in the status")
    wait_for(lambda: away.metric("pregao_listener_spool_records") > 20, "records in the spool")
    stop(child)
    assert "the next start sends them" in text(child)


def test_one_good_address_among_wrong_ones_will_do(away):
    away.set_topic(f"kafka://no-such-host.invalid:9092,{away.topic.split('/')[2]}/quotes")
    away.broker.start()
    away("simulate", "--messages", "1000")
    assert away.json("silver", "--until", "end")["consumed"] == 1000


def test_credentials_that_are_refused_are_an_error_at_once_and_named_in_the_status(away):
    away.set_topic(f"kafka://{os.environ['PREGAO_TEST_KAFKA_SASL']}/quotes")
    away.env |= {"PREGAO_KAFKA_SECURITY_PROTOCOL": "SASL_SSL", "PREGAO_KAFKA_SASL_MECHANISM": "PLAIN",
                 "PREGAO_KAFKA_SSL_CA_LOCATION": os.environ["PREGAO_TEST_KAFKA_KEYS"] + "/ca.pem",
                 "PREGAO_KAFKA_SASL_USERNAME": "pregao", "PREGAO_KAFKA_SASL_PASSWORD": "hunter2-hunter2"}
    began = time.monotonic()
    done = away.run("silver", "--until", "end")
    assert done.returncode == 1 and "sasl.password" in done.stderr and time.monotonic() - began < 10
    child = away.run_all()
    wait_for(lambda: "sasl.password" in str(away.ready()), "the reason in the status")
    wait_for(lambda: away.metric("pregao_listener_spool_records") > 20, "records in the spool")
    assert not away.ready()[0]
    stop(child)
    assert "hunter2" not in text(child)


def test_a_wrong_property_is_an_error_at_once_for_all(away):
    for wrong, words in (({"PREGAO_KAFKA_LINGER_MSS": "5"}, "linger.mss"),
                         ({"PREGAO_KAFKA_SECURITY_PROTOCOL": "SSL", "PREGAO_KAFKA_SSL_CA_LOCATION": "none.pem"}, "none.pem")):
        for command in (["run", "--source", "simulator"], ["silver"], ["silver", "--until", "end"]):
            done = subprocess.run([BINARY, *command], cwd=away.folder, env=away.env | wrong, capture_output=True, text=True,
                                  timeout=TIMEOUT)
            assert done.returncode == 2 and words in done.stderr, (command, done.stderr)
