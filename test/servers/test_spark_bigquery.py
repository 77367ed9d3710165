"""`pregao silver --engine spark --to bigquery`: with no connector on the server, which is what there is here; and with a
stand-in for it (spark_bigquery/), what reaches BigQuery and what becomes of it when Spark dies."""
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pyarrow as pa
import pytest
from bigquery_testing import BROKER, REST, Emulator, Pregao, free_port
from corpus import produce
from parity import only_in, silver_differences

SPARK, RUN = os.environ.get("PREGAO_TEST_SPARK"), os.environ.get("PREGAO_TEST_SPARK_RUN")
PATIENCE = 300  # seconds, of any one wait: far beyond what it takes
TABLES = ("bronze_quotes", "silver_quarantine", "silver_quotes")

pytestmark = pytest.mark.skipif(not (BROKER and REST and SPARK),
                                reason="needs setup/services/{kafka,spark,bigquery}.sh: make test-servers")


class Server:
    """A Spark server of one's own, with the stand-in."""

    def __init__(self, folder):
        self.folder, self.port, self.child = folder, free_port(), None
        self.url = f"sc://127.0.0.1:{self.port}"
        self.start()

    def start(self):
        env = os.environ | {"STAND_IN_FOLDER": str(self.folder), "PYSPARK_PYTHON": sys.executable, "TZ": "UTC",
                            "PYTHONPATH": str(Path(__file__).parent / "spark_bigquery")}
        with open(self.folder / "log", "a") as log:
            self.child = subprocess.Popen([RUN, str(self.folder), str(self.port)], env=env, stdin=subprocess.DEVNULL, stdout=log,
                                          stderr=log, start_new_session=True)
        (self.folder / "pid").write_text(str(self.child.pid))

    def kill(self):
        if self.child.poll() is None:
            os.killpg(self.child.pid, signal.SIGKILL)
        self.child.wait()

    def batches(self):
        return [json.loads(line) for line in (self.folder / "options").read_text().splitlines()]


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    server = Server(tmp_path_factory.mktemp("spark"))
    yield server
    server.kill()


class Dataset(Pregao):
    """A topic of its own, and a dataset that Spark fills."""

    def __init__(self, folder, url):
        super().__init__(folder, Emulator())
        self.env |= {"PREGAO_SPARK_URL": url, "PREGAO_SPARK_CHECKPOINTS": f"file://{folder}/checkpoints",
                     "PREGAO_BIGQUERY_BRONZE": "true", "PREGAO_BIGQUERY_TEMPORARY_BUCKET": "files"}

    def spark(self, *args, run=None):
        return (run or self.run)("silver", "--engine", "spark", "--to", "bigquery", *args)

    def table(self, name, dataset=None):
        dataset = dataset or self.name
        fields = self.emulator.call("GET", f"/datasets/{dataset}/tables/{name}")["schema"]["fields"]
        columns = [(field["name"], field["type"]) for field in fields]
        names = ", ".join(f"UNIX_MICROS(`{name}`)" if kind == "TIMESTAMP" else f"`{name}`" for name, kind in columns)
        # The negative zero is equal to zero: of two such rows either may stay.
        return fields, [{name: float(value) + 0.0 if value is not None and kind == "FLOAT64" else value
                         for (name, kind), value in zip(columns, row)}
                        for row in self.emulator.query(f"SELECT {names} FROM `test.{dataset}.{name}`")]


def await_answer(pregao):
    deadline = time.monotonic() + PATIENCE
    while (done := pregao.spark("status")).returncode != 0:
        assert time.monotonic() < deadline, done.stderr
        time.sleep(1)


def test_a_server_without_the_connector_is_told_what_to_add(tmp_path):
    pregao = Dataset(tmp_path, SPARK)
    pregao("simulate", "--messages", "20")
    done = pregao.spark("--until", "end")
    assert done.returncode == 1, done.stderr
    for words in ("has no spark-bigquery-connector", "com.google.cloud.spark:spark-4.1-bigquery:", "DATA_SOURCE_NOT_FOUND"):
        assert words in done.stderr, done.stderr
    assert "no query runs" in pregao.spark("status", run=pregao)
    assert "0 queries stopped" in pregao.spark("stop", run=pregao)


def test_it_needs_a_folder_for_checkpoints_that_it_can_read(tmp_path):
    pregao = Dataset(tmp_path, SPARK)
    pregao("simulate", "--messages", "20")
    for checkpoints, words in (("", "spark.checkpoints is not set"), ("hdfs://host/_spark", "'hdfs://host/_spark'")):
        done = pregao.spark("--until", "end", "--spark.checkpoints", checkpoints)
        assert done.returncode == 1 and words in done.stderr and "gs://" in done.stderr, done.stderr


def test_the_dataset_is_what_the_embedded_engine_makes_of_it(tmp_path, server):
    pregao = Dataset(tmp_path, server.url)
    await_answer(pregao)
    produce(BROKER, pregao.name, 2000, seed=7)
    embedded = pregao.name + "_embedded"
    pregao.to_end("--bigquery.dataset", embedded)
    for _ in range(2):  # the second time there is nothing to do
        done = pregao.spark("--until", "end")
        assert done.returncode == 0, done.stderr
    for name, apart in (("bronze_quotes", ()), ("silver_quarantine", ("detail",)), ("silver_quotes", ())):
        fields, rows = pregao.table(name)
        wanted_fields, wanted = pregao.table(name, embedded)
        assert fields == wanted_fields and rows
        columns = pa.schema([(f["name"], pa.float64() if f["type"] == "FLOAT64" else pa.string()) for f in fields])
        ours, theirs = pa.Table.from_pylist(rows, columns), pa.Table.from_pylist(wanted, columns)
        if name == "bronze_quotes":
            bronze = theirs
        if name == "silver_quotes":
            assert silver_differences(theirs, ours, bronze) == []
        else:
            assert only_in(theirs, ours, [c for c in columns.names if c not in apart]) == [[], []], name
    for batch in server.batches():
        assert batch["writemethod"] == "indirect" and batch["createdisposition"] == "CREATE_NEVER"
        assert batch["useavrologicaltypes"] == "true" and batch["temporarygcsbucket"] == "files"
        assert batch["parentproject"] == "test"
    types = {batch["path"].rsplit(".", 1)[1]: batch["types"] for batch in server.batches()}
    assert {types["silver_quotes"][c] for c in ("event_time", "received_at")} == {"timestamp"}
    assert types["silver_quotes"]["date"] == "date" and types["silver_quotes"]["price"] == "double"
    assert types["bronze_quotes"]["value"] == "binary" and "arrived" not in types["silver_quotes"]

    # One dataset, one engine.
    refused = pregao.run("silver", "--to", "bigquery", "--until", "end")
    assert refused.returncode == 1 and "belongs to 'spark'" in refused.stderr, refused.stderr
    refused = pregao.spark("--until", "end", "--bigquery.dataset", embedded)
    assert refused.returncode == 1 and "belongs to 'embedded'" in refused.stderr, refused.stderr
    # Where the checkpoints are gone, all would be written again.
    refused = pregao.spark("--until", "end", "--spark.checkpoints", f"file://{tmp_path}/others")
    assert refused.returncode == 1 and "would write them again" in refused.stderr, refused.stderr


def test_a_batch_that_spark_did_not_mark_as_written_is_there_once(tmp_path, server):
    table = "silver_quotes"
    pregao = Dataset(tmp_path, server.url)
    await_answer(pregao)
    pregao("simulate", "--messages", "1000", "--rejects", "0.1")
    assert pregao.spark("--until", "end").returncode == 0
    pregao("simulate", "--messages", "1000", "--rejects", "0.1", "--sim.seed", "2")
    (server.folder / "kill").write_text(table)
    child = pregao.start("silver", "--engine", "spark", "--to", "bigquery", "--until", "end")
    server.child.wait(timeout=PATIENCE)
    rows = len(pregao.table(table)[1])
    server.start()
    assert child.wait(timeout=PATIENCE) == 0, (tmp_path / "pregao.log").read_text()
    assert "they are taken out" in (tmp_path / "pregao.log").read_text()
    for name in TABLES:
        places = [(row["partition"], row["offset"]) for row in pregao.table(name)[1]]
        assert len(places) == len(set(places)), name
    assert len(pregao.table(table)[1]) == rows, "what was taken out was written again"
    assert len(pregao.table("bronze_quotes")[1]) == 2000


def test_queries_outlive_the_program_and_are_stopped_by_it(tmp_path, server):
    pregao = Dataset(tmp_path, server.url)
    await_answer(pregao)
    pregao("simulate", "--messages", "50")
    child = pregao.start("silver", "--engine", "spark", "--to", "bigquery")
    names = {f"pregao {pregao.name} {table}" for table in ("bronze", "quarantine", "silver")}
    deadline = time.monotonic() + PATIENCE
    while ({query["name"] for query in json.loads(pregao.spark("status", "--json", run=pregao))} != names
           or pregao.emulator.number(f"SELECT COUNT(*) FROM {pregao.bronze}") < 50):
        assert time.monotonic() < deadline and child.poll() is None, (tmp_path / "pregao.log").read_text()
        time.sleep(0.5)
    child.send_signal(signal.SIGINT)
    assert child.wait(timeout=PATIENCE) == 0 and "--to bigquery stop" in (tmp_path / "pregao.log").read_text()
    assert "3 queries stopped" in pregao.spark("stop", run=pregao)
    assert "no query runs" in pregao.spark("status", run=pregao)
