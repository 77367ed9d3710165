"""The program on Kafka, as processes: simulate, listen, replay, silver in a group, read, audit, doctor."""
import json
import os
import random
import re
import signal
import subprocess
import time
import uuid
from pathlib import Path

import pytest
from confluent_kafka import Producer

ROOT = Path(__file__).resolve().parents[2]
BINARY = os.environ.get("PREGAO", str(ROOT / "build/release/pregao"))
BROKER = os.environ.get("PREGAO_TEST_KAFKA")
TIMEOUT = 120  # seconds, of any one run: far beyond what it takes

pytestmark = pytest.mark.skipif(not BROKER, reason="needs setup/services/kafka.sh: make test-servers")


class Pregao:
    """Runs the program in a folder of its own, on a topic of its own."""

    def __init__(self, folder):
        self.folder = folder
        self.topic = f"kafka://{BROKER}/quotes-{uuid.uuid4().hex}"
        self.env = {"PATH": os.environ["PATH"], "HOME": str(folder), "PREGAO_TOPIC": self.topic,
                    "PREGAO_ENGINE_GROUP": self.topic.rsplit("/", 1)[1], "PREGAO_KAFKA_SESSION_TIMEOUT_MS": "6000"}
        self.children = []

    def run(self, *args, env=None):
        return subprocess.run([BINARY, *args], cwd=self.folder, env=self.env | (env or {}), capture_output=True,
                              text=True, timeout=TIMEOUT)

    def __call__(self, *args, env=None):
        done = self.run(*args, env=env)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def json(self, *args):
        return json.loads(self(*args, "--json"))

    def start(self, *args):
        log = open(self.folder / f"{args[0]}-{len(self.children)}.log", "w")
        child = subprocess.Popen([BINARY, *args], cwd=self.folder, env=self.env, stdin=subprocess.DEVNULL, stdout=log,
                                 stderr=log)
        child.log = log.name
        self.children.append(child)
        return child

    def audit(self):
        report = self.json("audit")
        assert report["clean"] and report["from_bronze"] and report["from_topic"], report
        return report

    def silver_rows(self):
        done = self.run("sql", "--json", "select count(*) as n from silver")
        return json.loads(done.stdout)[0]["n"] if done.returncode == 0 else 0


@pytest.fixture
def pregao(tmp_path):
    program = Pregao(tmp_path)
    yield program
    for child in program.children:
        if child.poll() is None:
            child.kill()
        child.wait()


def stop(child):
    child.send_signal(signal.SIGINT)
    assert child.wait(timeout=TIMEOUT) == 0, Path(child.log).read_text()


def wait_for(condition, what):
    deadline = time.monotonic() + TIMEOUT
    while not (value := condition()):
        assert time.monotonic() < deadline, what
        time.sleep(0.2)
    return value


def test_a_topic_is_filled_read_audited_and_shown(pregao):
    filled = pregao.json("simulate", "--messages", "20000", "--rejects", "0.01", "--duplicates", "0.01")
    summary = pregao.json("silver", "--until", "end")
    assert summary["consumed"] == 20000
    assert summary["rows"] + summary["quarantined"] + summary["duplicates"] == 20000
    assert summary["quarantined"] == filled["rejects"]
    report = pregao.audit()
    assert sum(p["limit"] for p in report["partitions"]) == 20000 and len(report["partitions"]) == 4
    tail = json.loads(pregao("read", "topic", "--tail", "5", "--format", "json"))
    assert len(tail) == 5 and len({(row["partition"], row["offset"]) for row in tail}) == 5
    again = pregao.json("silver", "--until", "end")
    assert again["consumed"] == 0


def test_recorded_frames_are_replayed_into_kafka(pregao):
    pregao("replay", str(ROOT / "test/data/frames.txt"))
    first = pregao.json("silver", "--until", "end")
    assert first["rows"] > 0
    pregao("replay", str(ROOT / "test/data/frames.txt"))
    second = pregao.json("silver", "--until", "end")
    assert second["rows"] == 0 and second["duplicates"] == second["consumed"] - second["quarantined"] > 0
    pregao.audit()


def again(pregao, *args):
    report = pregao.json("replay", *args)
    return report["sent"], report["already"]


def test_dead_letters_and_rejected_records_are_sent_again_once(pregao):
    pregao("simulate", "--messages", "2000", "--rejects", "0.2", "--duplicates", "0")
    pregao("silver", "--until", "end")

    # Frames that an older decoder could not read: the present one can.
    frames = list(dict.fromkeys((ROOT / "test/data/frames.txt").read_text().split()))[:5]
    now = int(time.time() * 1000)
    producer = Producer({"bootstrap.servers": BROKER, "partitioner": "murmur2_random"})
    for frame in [*frames, "not base64 !!"]:
        producer.produce(pregao.topic.rsplit("/", 1)[1] + ".dead-letter", frame, timestamp=now,
                         headers={"reason": "an old decoder's", "time": str(now)})
    assert producer.flush(TIMEOUT) == 0
    assert again(pregao, "--dead-letter") == (5, 0)
    assert again(pregao, "--dead-letter") == (0, 5), "they are in the topic, and no rows yet"
    done = pregao.json("silver", "--until", "end")
    assert (done["consumed"], done["rows"]) == (5, 5)
    assert again(pregao, "--dead-letter") == (0, 5), "they are rows"

    wanted = pregao.json("sql", "select count(*) as n from quarantine where reason = 'bad_price'")[0]["n"]
    repair = ["--quarantine", "--reason", "bad_price", "--set", "price=3"]
    assert again(pregao, *repair) == (wanted, 0) and wanted > 0
    assert again(pregao, *repair) == (0, wanted)
    done = pregao.json("silver", "--until", "end")
    assert (done["consumed"], done["quarantined"]) == (wanted, 0)
    assert again(pregao, *repair) == (0, wanted)
    assert pregao.json("silver", "--until", "end")["consumed"] == 0
    pregao.audit()


def test_two_engines_share_the_partitions_of_a_live_topic_and_one_is_killed_over_and_over(pregao):
    pregao.folder.joinpath("carteira.txt").write_text("".join(f"SIM{i}\n" for i in range(40)))
    market = pregao.start("simulate", "--sim.tick", "20ms", "--duplicate", "0.05", "--damaged", "0.01")
    [url] = wait_for(lambda: re.findall(r"ws://\S+", Path(market.log).read_text())[:1], "the simulator's address")
    listener = pregao.start("listen", "--yahoo.stream-url", url)
    wait_for(lambda: pregao.run("read", "topic", "--tail", "1").stdout.strip(), "the first message")
    steady = pregao.start("silver")
    dice = random.Random(7)
    for _ in range(4):
        victim = pregao.start("silver")
        before = pregao.silver_rows()
        wait_for(lambda: pregao.silver_rows() > before + 500, "rows")
        time.sleep(dice.uniform(0, 2))  # where in its work it dies is up to chance
        victim.kill()
        victim.wait()
    before = pregao.silver_rows()
    wait_for(lambda: pregao.silver_rows() > before + 500, "rows after the last kill")
    stop(listener)
    stop(steady)
    stop(market)
    pregao("silver", "--until", "end")
    report = pregao.audit()
    assert sum(p["silver"] for p in report["partitions"]) > 2000
    assert sum(p["duplicates"] for p in report["partitions"]) > 0, "frames sent twice are one row"
    dead = pregao("read", "dead-letter", "--format", "json")
    assert dead.strip(), "damaged frames are kept"


def test_a_topic_made_anew_is_refused_until_it_is_accepted(pregao):
    """A lake that was filled from a topic of this name on another broker knows it by its id."""
    pregao("simulate", "--messages", "1000")
    pregao("silver", "--until", "end", "--upkeep.enabled", "false")  # no checkpoint, that would keep the id
    log = pregao.folder / "data/lake"
    ids = {json.loads(line)["txn"]["appId"] for path in log.rglob("*.json") for line in path.read_text().splitlines()
           if '"txn"' in line}
    [generation] = {app.split(":")[2] for app in ids}
    for path in log.rglob("*.json"):
        path.write_text(path.read_text().replace(generation, "some-other-id-of-old-22"))
    done = pregao.run("silver", "--until", "end")
    assert done.returncode == 1
    assert "created anew" in done.stderr and "--accept-new-topic" in done.stderr and generation in done.stderr
    checks = {c["check"]: c for c in json.loads(pregao.run("doctor", "--offline", "--json").stdout)["checks"]}
    assert checks["silver"]["state"] == "warn" and "created anew" in checks["silver"]["detail"]
    assert "--accept-new-topic" in checks["silver"]["fix"]
    done = pregao.run("audit")
    assert done.returncode == 1 and "created anew" in done.stderr and "--bronze-only" in done.stderr


def test_the_end_of_a_topic_that_is_not_there_is_an_error_and_makes_none(pregao):
    for _ in range(2):
        done = pregao.run("silver", "--until", "end")
        assert done.returncode == 1 and "there is no topic" in done.stderr


def test_doctor_says_what_is_wrong_and_shows_no_secret(pregao):
    pregao.folder.joinpath("carteira.txt").write_text("AAPL\n")
    report = pregao.json("doctor", "--offline")
    [topic] = [c for c in report["checks"] if c["check"] == "topic"]
    assert topic["state"] == "warn" and "there is no topic" in topic["detail"]
    pregao("simulate", "--messages", "10")
    [topic] = [c for c in pregao.json("doctor", "--offline")["checks"] if c["check"] == "topic"]
    assert topic["state"] == "ok" and "10 offsets in 4 partitions" in topic["detail"]

    done = pregao.run("doctor", "--offline", "--json", env={"PREGAO_TOPIC": "kafka://127.0.0.1:1/quotes"})
    [topic] = [c for c in json.loads(done.stdout)["checks"] if c["check"] == "topic"]
    assert done.returncode == 1 and topic["state"] == "fail"
    assert "127.0.0.1:1" in topic["detail"] and "start the broker" in topic["fix"]

    secret = {"PREGAO_TOPIC": f"kafka://{os.environ['PREGAO_TEST_KAFKA_SASL']}/quotes", "PREGAO_LOG_LEVEL": "trace",
              "PREGAO_KAFKA_SECURITY_PROTOCOL": "SASL_SSL", "PREGAO_KAFKA_SASL_MECHANISM": "PLAIN",
              "PREGAO_KAFKA_SSL_CA_LOCATION": os.environ["PREGAO_TEST_KAFKA_KEYS"] + "/ca.pem",
              "PREGAO_KAFKA_SASL_USERNAME": "pregao", "PREGAO_KAFKA_SASL_PASSWORD": "hunter2-hunter2"}
    for command in (["doctor", "--offline"], ["doctor", "--offline", "--json"], ["silver", "--until", "end"]):
        done = pregao.run(*command, env=secret)
        assert done.returncode == 1 and "sasl.password" in done.stdout + done.stderr
        assert "hunter2" not in done.stdout + done.stderr


def test_a_misspelt_property_is_named(pregao):
    pregao.folder.joinpath("pregao.toml").write_text('[kafka]\nlinger.mss = 5\n')
    done = pregao.run("simulate", "--messages", "1")
    assert done.returncode == 2 and "[kafka] linger.mss" in done.stderr and "linger.ms" in done.stderr
