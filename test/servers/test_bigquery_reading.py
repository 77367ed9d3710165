"""`pregao read --in bigquery`, what the doctor says of BigQuery, and whether `silver --to bigquery` is ready."""
import csv
import io
import json
import signal
import time

import pytest
from bigquery_testing import BROKER, PATIENCE, REST, TO_GOOGLE, Emulator, Pregao, free_port, produce_plain, refused_key

pytestmark = pytest.mark.skipif(not (BROKER and REST), reason="needs setup/services/{kafka,bigquery}.sh: make test-servers")


@pytest.fixture
def pregao(tmp_path):
    (tmp_path / "carteira.txt").write_text("PETR4.SA\n")
    return Pregao(tmp_path, Emulator())


def test_the_newest_rows_are_those_that_a_lake_shows(pregao):
    produce_plain(pregao.name, 2_000)
    pregao("silver", "--until", "end", "--engine.group", pregao.name + "-lake")
    pregao.to_end("--bigquery.bronze", "true")
    for what in (("silver",), ("silver", "--tail", "40", "--ticker", "T7"), ("silver", "--since", "2026-09-21T14:13:38"),
                 ("silver", "--since", "2026-09-21T14:13:35", "--tail", "3"), ("quarantine", "--tail", "15"),
                 ("quarantine", "--ticker", "T0"), ("bronze", "--tail", "25"),
                 ("silver", "--columns", "offset, price,date,event_time,received_at")):
        for form in ("table", "json", "csv"):
            lake, dataset = pregao("read", *what, "--format", form), pregao("read", *what, "--format", form, "--in", "bigquery")
            assert dataset == lake, what
            assert len(dataset.splitlines()) > 2
    rows = json.loads(pregao("--json", "read", "silver", "--in", "bigquery"))
    assert [row["day_volume"] for row in rows] == list(range(1_990, 2_000))
    everything = pregao("read", "silver", "--since", "2026-01-01", "--in", "bigquery", "--format", "csv")
    assert len(list(csv.DictReader(io.StringIO(everything)))) == 2_000


@pytest.mark.parametrize("what, code, words", [
    (("bars",), 2, ("BigQuery has no bars", "pregao gold")),
    (("portfolio",), 2, ("BigQuery has no portfolio",)),
    (("topic",), 2, ("topic is no table",)),
    (("silver", "--follow"), 2, ("--follow", "pregao read topic --follow")),
    (("silver", "--columns", "pryce"), 2, ("pryce", "did you mean 'price'?")),
    (("silver",), 1, ("silver_quotes", "pregao silver --to bigquery")),
    (("bronze",), 1, ("bronze_quotes", "bigquery.bronze")),
])
def test_what_is_not_there_is_said_with_what_to_do(pregao, what, code, words):
    done = pregao.run("read", *what, "--in", "bigquery")
    assert done.returncode == code and all(word in done.stderr for word in words), done.stderr


def checks(pregao, env=None):
    answer = json.loads(pregao.run("--json", "doctor", "--offline", env=env).stdout)
    return {c["check"]: (c["state"], c["detail"], c["fix"]) for c in answer["checks"]}


def test_the_doctor_looks_at_the_dataset_and_its_tables(pregao):
    produce_plain(pregao.name, 200)
    found = checks(pregao)
    assert found["bigquery"][0] == "warn" and "no such dataset" in found["bigquery"][1]
    assert "pregao silver --to bigquery" in found["bigquery"][2] and "silver_quotes" not in found
    pregao.to_end()
    produce_plain(pregao.name, 7, first=201)
    found = checks(pregao)
    assert found["google"][0] == "ok" and "BIGQUERY_EMULATOR_HOST" in found["google"][1]
    assert found["bigquery"][0] == "ok" and found["silver_quarantine"][:2] == (
        "ok", "its columns fit; 2 rows, the newest of 2026-09-21 14:13:21 UTC")
    state, detail, fix = found["silver_quotes"]
    assert (state, fix) == ("ok", "") and "200 rows, the newest of 2026-09-21 14:13:21 UTC" in detail
    assert "; position 0: " in detail and "7 records behind the last row" in detail
    assert "bronze_quotes" not in found
    pregao.emulator.call("DELETE", f"/datasets/{pregao.name}/tables/silver_quotes")
    assert checks(pregao)["silver_quotes"][0] == "warn"
    pregao.emulator.call("POST", f"/datasets/{pregao.name}/tables", {
        "tableReference": {"projectId": "test", "datasetId": pregao.name, "tableId": "silver_quotes"},
        "schema": {"fields": [{"name": "ticker", "type": "STRING"}, {"name": "price", "type": "NUMERIC"}]}})
    state, detail, fix = checks(pregao)["silver_quotes"]
    assert state == "fail" and "column price is NUMERIC, not FLOAT64" in detail and "alter the table" in fix


def test_the_doctor_says_what_is_wrong_with_credentials_and_addresses(pregao):
    found = checks(pregao, TO_GOOGLE | {"GOOGLE_APPLICATION_CREDENTIALS": "absent.json"})
    assert found["google"][0] == found["bigquery"][0] == "fail" and "absent.json" in found["google"][1]
    assert "gcloud auth application-default login" in found["google"][2]
    with refused_key(pregao.folder / "old.json"):
        found = checks(pregao, TO_GOOGLE | {"GOOGLE_APPLICATION_CREDENTIALS": "old.json"})
    assert found["google"][0] == "fail" and "writer@p.example" in found["google"][1]
    found = checks(pregao, {"BIGQUERY_EMULATOR_HOST": "127.0.0.1:9"})
    assert found["bigquery"][0] == "fail" and "network" in found["bigquery"][2]
    found = checks(pregao, {"PREGAO_BIGQUERY_DATASET": "a-b"})
    assert found["bigquery"][0] == "fail" and "bigquery.dataset" in found["bigquery"][1]
    unused = {"BIGQUERY_EMULATOR_HOST": "", "PREGAO_BIGQUERY_DATASET": "", "PREGAO_BIGQUERY_ENDPOINT": ""}
    pregao.env = {key: value for key, value in pregao.env.items() if key not in unused}
    assert not {"bigquery", "google"} & checks(pregao).keys()


def ask(pregao, port):
    return json.loads(pregao.run("doctor", "--ask", "readyz", "--web.listen", f"127.0.0.1:{port}").stdout or "{}")


def await_ready(pregao, port, ready):
    deadline = time.monotonic() + PATIENCE
    while True:
        answer = ask(pregao, port)
        if answer.get("ready") == ready:
            return {c["check"]: c for c in answer["checks"]}
        assert time.monotonic() < deadline, str(answer) + (pregao.folder / "pregao.log").read_text()[-3000:]
        time.sleep(0.2)


def test_it_is_ready_while_the_tables_can_be_reached(tmp_path):
    emulator = Emulator.own(tmp_path / "emulator")
    pregao = Pregao(tmp_path, emulator)
    port = free_port()
    try:
        emulator.await_answer()
        produce_plain(pregao.name, 200)
        engine = pregao.start("silver", "--to", "bigquery", "--web.listen", f"127.0.0.1:{port}")
        try:
            pregao.await_rows(200)
            found = await_ready(pregao, port, True)
            assert found["bigquery"]["ok"] and "lake" not in found
            emulator.kill()  # nothing is appended: the look at the tables alone finds out
            found = await_ready(pregao, port, False)
            assert not found["bigquery"]["ok"] and found["topic"]["ok"]
            emulator.start()
            emulator.await_answer()
            await_ready(pregao, port, True)
            produce_plain(pregao.name, 50, first=200)
            pregao.await_rows(250)
        finally:
            engine.send_signal(signal.SIGINT)
            assert engine.wait(PATIENCE) in (0, 130)
    finally:
        emulator.kill()
