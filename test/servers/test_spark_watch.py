"""What pregao tells of Spark's queries while it watches them: their figures, and that one was stopped."""
import json
import socket
import subprocess
import time
import urllib.error
import urllib.request

import pyarrow.compute as pc
import pytest
from test_spark import BINARY, BROKER, SPARK, TIMEOUT, Pregao

pytestmark = pytest.mark.skipif(not (BROKER and SPARK), reason="needs setup/services/{kafka,spark}.sh: make test-servers")


class Watched(Pregao):
    """The queries, and a program that watches them and serves its figures."""

    def __init__(self, folder):
        super().__init__(folder)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.web = f"127.0.0.1:{free.getsockname()[1]}"
        self.child, self.sent = None, 0

    def send(self, messages):
        self("simulate", "--messages", str(messages), "--sim.seed", str(self.sent + 1))
        self.sent += messages

    def watch(self):
        with open(self.folder / "silver.log", "w") as log:
            self.child = subprocess.Popen([BINARY, "silver", "--engine", "spark"], cwd=self.folder, stdout=log, stderr=log,
                                          stdin=subprocess.DEVNULL, env=self.env | {"PREGAO_WEB_LISTEN": self.web})

    def log(self):
        return (self.folder / "silver.log").read_text()

    def until(self, what):
        deadline = time.monotonic() + TIMEOUT
        while not (found := what()):
            assert time.monotonic() < deadline and self.child.poll() is None, self.log() + self.spark("status")
            time.sleep(0.2)
        return found

    def metrics(self):
        """`pregao_spark_…` by name and query."""
        try:
            with urllib.request.urlopen(f"http://{self.web}/metrics", timeout=TIMEOUT) as answer:
                lines = answer.read().decode().splitlines()
        except (urllib.error.URLError, ConnectionError):
            return {}
        spark = (line.removeprefix("pregao_spark_") for line in lines if line.startswith("pregao_spark_"))
        return {tuple(name.rstrip('"}').split('{query="')): float(value) for name, value in (line.rsplit(" ", 1) for line in spark)}

    def progress(self, table):
        """As `status --json` has it; None before the first."""
        return {q["name"].rsplit(" ", 1)[1]: q["progress"] for q in json.loads(self.spark("status", "--json"))}.get(table)


@pytest.fixture
def pregao(tmp_path):
    program = Watched(tmp_path)
    yield program
    program.run("silver", "--engine", "spark", "stop")
    if program.child:
        program.child.kill()
        program.child.wait()


def test_the_figures_are_sparks(pregao):
    pregao.send(500)
    pregao.watch()
    tables = ("bronze", "quarantine", "silver")
    pregao.until(lambda: all(pregao.metrics().get(("query_active", table)) == 1 for table in tables))

    # Of Bronze, since Silver's last batch is often one without rows, by which Spark moves the watermark on. Spark gives
    # rates of a batch with rows alone, and none of what came in for the first one.
    names, seen = {"batch", "batch_rows", "input_rows_per_second", "processed_rows_per_second"}, set()

    def busy():
        if len(seen) < len(names) and pregao.table("bronze/quotes").num_rows == pregao.sent:
            pregao.send(100)
        now = pregao.metrics()
        seen.update(name for name in names if now[name, "bronze"] > 0)
        return seen == names
    pregao.until(busy)

    def offsets(progress):
        end = progress["sources"][0]["endOffset"]
        return sum(json.loads(end)[pregao.name].values())
    settled = pregao.until(lambda: (p := pregao.progress("silver")) and offsets(p) == pregao.sent and not p["sources"][0]["numInputRows"] and p)
    rows, newest = (pregao.table("silver/quotes").num_rows, pc.max(pregao.table("bronze/quotes")["timestamp"]).as_py())
    assert 0 < rows <= pregao.sent and settled["stateOperators"][0]["numRowsTotal"] == rows
    pregao.until(lambda: pregao.metrics()["state_rows", "silver"] == rows)
    assert pregao.metrics()["late_rows", "silver"] == 0
    assert ("state_rows", "bronze") not in pregao.metrics() or pregao.metrics()["state_rows", "bronze"] == 0

    # The last message's time less `spark.watermark`, ten minutes; Spark has milliseconds.
    mark = settled["eventTime"]["watermark"]
    assert mark.endswith("Z") and abs((newest - pc.strptime([mark[:19]], "%Y-%m-%dT%H:%M:%S", "us")[0].as_py().replace(
        tzinfo=newest.tzinfo)).total_seconds() - 600) < 1
    line = next(line for line in pregao.spark("status").splitlines() if line.startswith(f"pregao {pregao.name} silver"))
    assert ": runs · batch " in line and " rows/s in · " in line and f"watermark {mark}" in line and "rows remembered" in line
    assert f'{{"{pregao.name}":{{' in line


def test_queries_that_someone_else_stops_end_the_watching_with_an_error(pregao):
    pregao.send(100)
    pregao.watch()
    pregao.until(lambda: pregao.progress("silver"))
    assert "3 queries stopped" in pregao.spark("stop")  # from another terminal; Spark asks nobody who watches
    assert pregao.child.wait(TIMEOUT) == 1, pregao.log()
    assert f"query 'pregao {pregao.name} " in pregao.log() and "was stopped in Spark by someone else" in pregao.log()
    assert "`pregao silver --engine spark` starts it again" in pregao.log()
