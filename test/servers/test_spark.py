"""Spark Structured Streaming as the engine, by Spark Connect: the same topic, the same tables as the embedded engine's."""
import json
import os
import signal
import subprocess
import time
import uuid
from pathlib import Path

import duckdb
import pytest
from corpus import produce
from deltalake import DeltaTable
from parity import only_in, silver_differences

ROOT = Path(__file__).resolve().parents[2]
BINARY = os.environ.get("PREGAO", str(ROOT / "build/release/pregao"))
BROKER, SPARK = os.environ.get("PREGAO_TEST_KAFKA"), os.environ.get("PREGAO_TEST_SPARK")
MESSAGES = int(os.environ.get("PREGAO_PARITY_MESSAGES", "200000"))
TABLES = ("bronze/quotes", "silver/quarantine", "silver/quotes")
TIMEOUT = 600  # seconds, of any one run: far beyond what it takes

pytestmark = pytest.mark.skipif(not (BROKER and SPARK), reason="needs setup/services/{kafka,spark}.sh: make test-servers")


class Pregao:
    def __init__(self, folder):
        self.folder, self.name = folder, f"quotes-{uuid.uuid4().hex}"
        self.env = {"PATH": os.environ["PATH"], "HOME": str(folder), "PREGAO_TOPIC": f"kafka://{BROKER}/{self.name}",
                    "PREGAO_ENGINE_GROUP": self.name, "PREGAO_SPARK_URL": SPARK}

    def run(self, *args):
        return subprocess.run([BINARY, *args], cwd=self.folder, env=self.env, capture_output=True, text=True, timeout=TIMEOUT)

    def __call__(self, *args):
        done = self.run(*args)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def spark(self, *args):
        return self("silver", "--engine", "spark", *args)

    def table(self, name, lake="data/lake"):
        return DeltaTable(str(self.folder / lake / name)).to_pyarrow_table()


@pytest.fixture
def pregao(tmp_path):
    program = Pregao(tmp_path)
    yield program
    program.run("silver", "--engine", "spark", "stop")


def assert_same_tables(embedded, other):
    """Two engines' tables, by name: type by type, row by row, lineage included."""
    for name, apart in (("bronze/quotes", ()), ("silver/quarantine", ("detail",)), ("silver/quotes", ())):
        assert embedded[name].num_rows == other[name].num_rows > 0, name
        if name == "silver/quotes":
            assert silver_differences(embedded[name], other[name], embedded["bronze/quotes"]) == []
        else:
            columns = [c for c in embedded[name].column_names if c not in apart]
            assert only_in(embedded[name], other[name], columns) == [[], []], name


def test_both_engines_come_to_the_same_tables(pregao):
    produce(BROKER, pregao.name, MESSAGES, seed=2026)
    pregao("silver", "--until", "end", "--lake", "embedded")
    pregao.spark("--until", "end", "--lake", "spark")
    embedded, spark = ({name: pregao.table(name, lake) for name in TABLES} for lake in ("embedded", "spark"))
    assert {name: table.schema for name, table in embedded.items()} == {name: table.schema for name, table in spark.items()}
    assert_same_tables(embedded, spark)
    reasons = set(spark["silver/quarantine"]["reason"].to_pylist())
    assert reasons == {"malformed", "missing_field", "wrong_type", "bad_price", "bad_time", "too_large", "tombstone"}


def test_what_comes_again_later_is_still_one_row(pregao):
    for _ in range(2):
        pregao("simulate", "--messages", "2000")
        # So short that the stream has forgotten the first time: the table itself must tell.
        pregao.spark("--until", "end", "--spark.watermark", "1s")
    table = pregao.table("silver/quotes")
    identity = [c for c in table.column_names if c not in ("received_at", "source", "topic", "partition", "offset", "date")]
    assert table.num_rows == table.group_by(identity).aggregate([]).num_rows
    assert pregao.table("bronze/quotes").num_rows == 4000


def test_parquet_files_hold_what_the_delta_tables_do(pregao):
    produce(BROKER, pregao.name, 5000, seed=7)
    pregao("silver", "--until", "end", "--lake", "embedded")
    for _ in range(2):  # the second time there is nothing to do
        pregao.spark("--until", "end", "--to", "parquet")
    with duckdb.connect() as db:
        db.execute("SET TimeZone = 'UTC'")
        files = {name: db.read_parquet(f"{pregao.folder}/data/lake/parquet/{name}/**/*.parquet", hive_partitioning=True).to_arrow_table()
                 for name in TABLES}
    assert_same_tables({name: pregao.table(name, "embedded") for name in TABLES}, files)
    assert not (pregao.folder / "data/lake/silver").exists(), "no Delta table was asked for"


def test_queries_outlive_the_program_that_started_them(pregao):
    pregao("simulate", "--messages", "500")
    child = subprocess.Popen([BINARY, "silver", "--engine", "spark"], cwd=pregao.folder, env=pregao.env,
                             stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    names = {f"pregao {pregao.name} {table}" for table in ("bronze", "quarantine", "silver")}
    deadline = time.monotonic() + TIMEOUT
    while {query["name"] for query in json.loads(pregao.spark("status", "--json"))} != names:
        assert time.monotonic() < deadline and child.poll() is None, child.communicate()
        time.sleep(0.5)
    child.send_signal(signal.SIGINT)
    out, err = child.communicate(timeout=TIMEOUT)
    assert child.returncode == 0 and "go on in Spark" in err and "silver" in out, out + err
    pregao("simulate", "--messages", "300", "--sim.seed", "2")
    while pregao.table("bronze/quotes").num_rows < 800:
        assert time.monotonic() < deadline, pregao.spark("status")
        time.sleep(0.5)
    assert "3 queries stopped" in pregao.spark("stop")
    assert "no query runs" in pregao.spark("status")


def test_a_table_has_one_engine(pregao):
    pregao("simulate", "--messages", "100")
    pregao("silver", "--until", "end")
    done = pregao.run("silver", "--engine", "spark", "--until", "end")
    assert done.returncode == 1 and "belongs to 'embedded'" in done.stderr and "--take-over" in done.stderr
    pregao("simulate", "--messages", "100", "--sim.seed", "2")
    pregao.spark("--until", "end", "--take-over")
    assert pregao.table("bronze/quotes").num_rows == 200, "Spark began where the embedded engine had come to"
    done = pregao.run("silver", "--until", "end")
    assert done.returncode == 1 and "belongs to 'spark'" in done.stderr


def test_a_table_of_a_running_engine_is_refused(pregao):
    pregao("simulate", "--messages", "100")
    with open(pregao.folder / "embedded.log", "w") as log:
        embedded = subprocess.Popen([BINARY, "silver"], cwd=pregao.folder, env=pregao.env, stdin=subprocess.DEVNULL, stdout=log,
                                    stderr=log)
    try:
        def await_rows(count):
            deadline = time.monotonic() + TIMEOUT
            there = pregao.folder / "data/lake/bronze/quotes/_delta_log"
            while not there.exists() or pregao.table("bronze/quotes").num_rows < count:
                assert time.monotonic() < deadline and embedded.poll() is None, (pregao.folder / "embedded.log").read_text()
                time.sleep(0.2)
        await_rows(100)
        done = pregao.run("silver", "--engine", "spark")
        assert done.returncode == 1 and "belongs to 'embedded'" in done.stderr and "--take-over" in done.stderr, done.stderr
        assert "no query runs" in pregao.spark("status")
        pregao("simulate", "--messages", "100", "--sim.seed", "2")
        await_rows(200)  # it goes on as if nothing had been asked
    finally:
        embedded.send_signal(signal.SIGINT)
        assert embedded.wait(TIMEOUT) == 0
    assert json.loads(pregao("audit", "--json"))["clean"]


def test_where_the_two_parsers_differ(pregao):
    """What docs/spark.md says of it, and no more: beside it the two agree."""
    from confluent_kafka import Producer
    pregao("simulate", "--messages", "1")  # makes the topic
    nested = '{"ticker":"A","price":1,"time":1760000000000,"more":{"a":1,"a":2}}'
    outer, known = nested.replace('"more":{"a":1,"a":2}', '"more":1,"more":2'), nested.replace('"more"', '"bid"')
    producer = Producer({"bootstrap.servers": BROKER})
    for value in (nested, outer, known):
        producer.produce(pregao.name, value, key="A")
    assert producer.flush(60) == 0
    pregao("silver", "--until", "end", "--lake", "embedded")
    pregao.spark("--until", "end", "--lake", "spark")

    def reasons(lake):
        table = pregao.table("silver/quarantine", lake)
        return {value.decode(): reason for value, reason in zip(table["value"].to_pylist(), table["reason"].to_pylist())}
    assert reasons("embedded") == {outer: "malformed", known: "wrong_type"}
    assert reasons("spark") == {nested: "malformed", outer: "malformed", known: "malformed"}
    assert "A" in pregao.table("silver/quotes", "embedded")["ticker"].to_pylist()


def test_mistakes_are_named(pregao):
    pregao("simulate", "--messages", "10")
    for flags, code, words in ((["--spark", "sc://127.0.0.1:1"], 1, ["127.0.0.1:1", "does not answer"]),
                               (["--spark", "spark://host"], 1, ["sc://host:15002"]),
                               (["--topic", "local:t.db"], 2, ["Spark reads Kafka alone"])):
        done = pregao.run("silver", "--engine", "spark", "--until", "end", *flags)
        assert done.returncode == code and all(word in done.stderr for word in words), done.stderr
    for flags in (["stop"], ["--to", "parquet"]):
        done = pregao.run("silver", *flags)
        assert done.returncode == 2 and "--engine spark" in done.stderr


def test_spark_reads_kafka_with_tls_and_a_password(pregao):
    pregao("simulate", "--messages", "500")
    keys = Path(os.environ["PREGAO_TEST_KAFKA_KEYS"])
    pregao.env |= {"PREGAO_TOPIC": f"kafka://{os.environ['PREGAO_TEST_KAFKA_SASL']}/{pregao.name}",
                   "PREGAO_KAFKA_SECURITY_PROTOCOL": "sasl_ssl", "PREGAO_KAFKA_SASL_MECHANISM": "SCRAM-SHA-256",
                   "PREGAO_KAFKA_SASL_USERNAME": "pregao", "PREGAO_KAFKA_SASL_PASSWORD": (keys / "password").read_text().strip(),
                   "PREGAO_KAFKA_SSL_CA_LOCATION": str(keys / "ca.pem")}
    pregao.spark("--until", "end")
    assert pregao.table("bronze/quotes").num_rows == 500
