"""`pregao silver --to bigquery` against a real emulator: the same rows as in a lake, each once, and what is said when
it cannot be."""
import base64
import http.client
import json
import os
import random
import signal
import time

import pyarrow as pa
import pytest
from bigquery_testing import BROKER, PATIENCE, REST, TO_GOOGLE, Emulator, Pregao, produce_plain, refused_key
from corpus import produce
from deltalake import DeltaTable
from parity import only_in, silver_differences

ROWS = int(os.environ.get("PREGAO_TEST_BIGQUERY_ROWS", "100000"))
KILLS = int(os.environ.get("PREGAO_TEST_BIGQUERY_KILLS", "8"))

pytestmark = pytest.mark.skipif(not (BROKER and REST), reason="needs setup/services/{kafka,bigquery}.sh: make test-servers")


@pytest.fixture
def pregao(tmp_path):
    return Pregao(tmp_path, Emulator())


def lake_rows(pregao, table, columns):
    """Rows of the lake as BigQuery's answers have them, sorted."""
    def text(value):
        if value is None:
            return None
        if isinstance(value, bytes):
            return base64.b64encode(value).decode()
        if hasattr(value, "timestamp"):
            return str(round(value.timestamp() * 1e6))
        return value if isinstance(value, float) else str(value)
    rows = DeltaTable(str(pregao.folder / "data/lake" / table)).to_pyarrow_table(columns=columns).to_pylist()
    return sorted(([text(row[c]) for c in columns] for row in rows), key=repr)


def dataset_rows(pregao, table, schema):
    names = ", ".join(f"UNIX_MICROS(`{c}`)" if kind == "timestamp[us, tz=UTC]" else f"`{c}`" for c, kind in schema)
    floats = [i for i, (_, kind) in enumerate(schema) if kind == "double"]
    rows = pregao.emulator.query(f"SELECT {names} FROM {table}")
    for row in rows:
        for i in floats:
            row[i] = None if row[i] is None else float(row[i])
    return sorted(rows, key=repr)


def test_the_same_rows_as_in_a_lake(pregao):
    produce(BROKER, pregao.name, 10_000, seed=7)
    pregao("silver", "--until", "end")
    stats = pregao.to_end("--bigquery.bronze", "true", "--engine.group", pregao.name + "-2", "--engine.max-rows", "700")
    tables = {}
    for root, table in (("bronze/quotes", pregao.bronze), ("silver/quarantine", pregao.quarantine), ("silver/quotes", pregao.silver)):
        lake = DeltaTable(str(pregao.folder / "data/lake" / root)).to_pyarrow_dataset().schema
        schema = [(field.name, str(field.type)) for field in lake]
        columns = pa.schema([(name, pa.float64() if kind == "double" else pa.string()) for name, kind in schema])
        tables[root] = [pa.Table.from_pylist([dict(zip(columns.names, row)) for row in rows], columns)
                        for rows in (lake_rows(pregao, root, columns.names), dataset_rows(pregao, table, schema))]
        assert tables[root][1].num_rows > 0
        if root != "silver/quotes":
            assert only_in(*tables[root], columns.names) == [[], []], root
    assert silver_differences(*tables["silver/quotes"], tables["bronze/quotes"][0]) == []
    assert stats["rows"] == pregao.emulator.number(f"SELECT COUNT(*) FROM {pregao.silver}")
    assert stats["bytes"] > 100 * stats["rows"]  # of the rows as they travelled
    again = pregao.to_end("--bigquery.bronze", "true", "--engine.group", pregao.name + "-3")
    assert again["rows"] == 0 and again["bytes"] == 0 and again["commits"] <= 1
    assert pregao.emulator.number(f"SELECT COUNT(*) FROM {pregao.quarantine}") == stats["quarantined"]


def test_tables_are_partitioned_by_date_and_clustered_by_ticker(pregao):
    produce_plain(pregao.name, 10)
    pregao.to_end()
    table = pregao.emulator.call("GET", f"/datasets/{pregao.name}/tables/silver_quotes")
    assert table["timePartitioning"] == {"type": "DAY", "field": "date"}
    assert table["clustering"] == {"fields": ["ticker"]}
    columns = {field["name"]: (field["type"], field["mode"]) for field in table["schema"]["fields"]}
    assert columns["price"] == ("FLOAT64", "REQUIRED") and columns["currency"] == ("STRING", "NULLABLE")


def test_another_table_of_that_name_is_refused_with_the_difference(pregao):
    produce_plain(pregao.name, 10)
    pregao.emulator.call("POST", "/datasets", {"datasetReference": {"projectId": "test", "datasetId": pregao.name}})
    table = {"tableReference": {"projectId": "test", "datasetId": pregao.name, "tableId": "silver_quotes"},
             "schema": {"fields": [{"name": "ticker", "type": "STRING"}, {"name": "price", "type": "NUMERIC"}]}}
    pregao.emulator.call("POST", f"/datasets/{pregao.name}/tables", table)
    done = pregao.run("silver", "--to", "bigquery", "--until", "end")
    assert done.returncode == 1
    assert "silver_quotes" in done.stderr and "column price is NUMERIC, not FLOAT64" in done.stderr
    assert "column event_time TIMESTAMP is not there" in done.stderr


def test_columns_that_pregao_lacks_are_left_alone(pregao):
    produce_plain(pregao.name, 200)
    pregao.to_end()
    path = f"/datasets/{pregao.name}/tables"
    table = pregao.emulator.call("GET", f"{path}/silver_quotes")
    pregao.emulator.call("DELETE", f"{path}/silver_quotes")
    fields = [{"name": "desk", "type": "STRING"}, *table["schema"]["fields"]]
    pregao.emulator.call("POST", path, {"tableReference": table["tableReference"], "schema": {"fields": fields}})
    assert pregao.to_end()["rows"] == 200
    assert pregao.emulator.query(f"SELECT COUNT(*), COUNT(desk) FROM {pregao.silver}") == [["200", "0"]]


def test_a_table_that_was_dropped_is_filled_anew(pregao):
    produce_plain(pregao.name, 200)
    pregao.to_end()
    pregao.emulator.call("DELETE", f"/datasets/{pregao.name}/tables/silver_quotes")
    assert pregao.to_end()["rows"] == 200
    each_once(pregao, 200)


def test_a_duplicate_that_comes_late_is_looked_up_in_the_table(pregao):
    produce_plain(pregao.name, 3_000)
    pregao.to_end()
    produce_plain(pregao.name, 500, first=1)  # again
    produce_plain(pregao.name, 100, first=3_000)
    # A memory of a hundred rows: the rest is asked for.
    stats = pregao.to_end("--engine.dedupe-keys", "1000")
    assert (stats["rows"], stats["duplicates"]) == (100, 525 + 5)
    each_once(pregao, 3_100, rejects=False)


def each_once(pregao, count, rejects=True):
    silver = pregao.emulator.query(f"SELECT COUNT(*), COUNT(DISTINCT CONCAT(ticker, CAST(UNIX_MICROS(event_time) AS STRING))), "
                                   f"COUNT(DISTINCT `partition` * 10000000 + `offset`) FROM {pregao.silver}")
    assert silver == [[str(count)] * 3]
    if rejects:
        expected = str((count + 99) // 100)
        assert pregao.emulator.query(f"SELECT COUNT(*), COUNT(DISTINCT `partition` * 10000000 + `offset`) "
                                     f"FROM {pregao.quarantine}") == [[expected] * 2]


def test_rows_that_bigquery_refuses_go_to_quarantine_and_the_rest_is_written(pregao):
    old = {7, 40, 41, 777, 999}  # 40 comes twice
    produce_plain(pregao.name, 1_000, old=old)
    for options in ((), ("--engine.max-rows", "200", "--engine.group", pregao.name + "-2")):
        pregao.to_end(*options)
        each_once(pregao, 1_000 - len(old), rejects=False)
        refused = pregao.emulator.query(f"SELECT value, detail FROM {pregao.quarantine} WHERE reason = 'refused'")
        assert {json.loads(base64.b64decode(value))["day_volume"] for value, _ in refused} == old
        # The second 40 is refused too, or was dropped as the first one's duplicate.
        assert len(refused) in (len(old), len(old) + 1)
        assert {detail for _, detail in refused} == {"no partition for 2001-09-09"}
        assert pregao.emulator.query(f"SELECT COUNT(*), COUNT(DISTINCT `partition` * 10000000 + `offset`) "
                                     f"FROM {pregao.quarantine}") == [[str(len(refused) + 10)] * 2]


def test_who_lost_its_streams_to_another_owner_takes_them_back(pregao):
    produce_plain(pregao.name, 2_000)
    first = pregao.start("silver", "--to", "bigquery", "--engine.commit-interval", "50ms")
    try:
        pregao.await_rows(2_000)
        # Another group: both take themselves for the owner of every partition.
        assert pregao.to_end("--engine.group", pregao.name + "-2")["rows"] == 0
        produce_plain(pregao.name, 2_000, first=2_000)
        pregao.await_rows(4_000)
    finally:
        first.send_signal(signal.SIGINT)
        assert first.wait(PATIENCE) in (0, 130)
    assert "another process" in (pregao.folder / "pregao.log").read_text()
    each_once(pregao, 4_000)


def test_two_owners_that_fight_write_each_row_once(pregao):
    produce_plain(pregao.name, 20_000)
    fighters = [pregao.start("silver", "--to", "bigquery", "--until", "end", "--engine.max-rows", "1000",
                             "--engine.group", f"{pregao.name}-{i}") for i in range(2)]
    codes = [fighter.wait(2 * PATIENCE) for fighter in fighters]
    # One may have given up.
    assert set(codes) <= {0, 1}
    assert codes != [1, 1] or "another process writes the same partitions" in (pregao.folder / "pregao.log").read_text()
    pregao.to_end()
    each_once(pregao, 20_000)


def silver_count(pregao):
    """Rows of Silver; -1 when there is no such table yet, or nobody answers."""
    try:
        return pregao.emulator.number(f"SELECT COUNT(*) FROM {pregao.silver}")
    except (OSError, http.client.HTTPException, AssertionError):
        return -1


def test_each_row_once_when_pregao_and_the_emulator_are_killed(tmp_path):
    """The kills lie among the rows by chance: some come in full flow, some while the one before is being recovered from."""
    seed = int(os.environ.get("PREGAO_TEST_SEED") or time.time_ns() % 1_000_000)
    print("seed", seed)
    dice = random.Random(seed)
    victims = ["pregao"] * (KILLS - KILLS // 2) + ["emulator"] * (KILLS // 2)
    dice.shuffle(victims)
    emulator = Emulator.own(tmp_path / "emulator")
    pregao = Pregao(tmp_path, emulator)
    command = ("--json", "silver", "--to", "bigquery", "--until", "end", "--engine.max-rows", str(max(500, ROWS // 100)))
    # The partitions of one that was killed lie idle for so long.
    (tmp_path / "pregao.toml").write_text('[kafka]\n"session.timeout.ms" = "6000"\n')
    try:
        emulator.await_answer()
        produce_plain(pregao.name, ROWS)
        child = pregao.start(*command)
        began = time.monotonic()
        deadline = began + PATIENCE + 30 * KILLS + ROWS / 1000
        for rows, victim in zip(sorted(dice.randrange(ROWS) for _ in victims), victims):
            while (there := silver_count(pregao)) < rows or child.poll() is not None:
                assert time.monotonic() < deadline, (tmp_path / "pregao.log").read_text()[-3000:]
                if child.poll() is not None:
                    child = pregao.start(*command)
                time.sleep(0.3)
            time.sleep(dice.uniform(0, 3))
            print(f"{time.monotonic() - began:.0f} s, {there} rows: kill {victim}", flush=True)
            if victim == "emulator":
                emulator.kill()
                emulator.start()
            else:
                child.kill()
                child.wait()
        emulator.await_answer()
        child.wait(PATIENCE + ROWS / 1000)
        while pregao.run(*command).returncode != 0:
            assert time.monotonic() < deadline, (tmp_path / "pregao.log").read_text()[-3000:]
        each_once(pregao, ROWS)
        report = json.loads(pregao("--json", "audit", "--in", "bigquery"))
        assert report["clean"] and report["from_topic"] and sum(p["silver"] for p in report["partitions"]) == ROWS
        print(f"{ROWS} rows, {KILLS} kills, {time.monotonic() - began:.0f} s")
    finally:
        emulator.kill()


def test_a_wrong_credential_is_named_with_the_remedy(pregao):
    produce_plain(pregao.name, 10)
    command = ("silver", "--to", "bigquery", "--until", "end")
    done = pregao.run(*command, env=TO_GOOGLE | {"GOOGLE_APPLICATION_CREDENTIALS": "absent.json"})
    assert done.returncode == 1 and "absent.json" in done.stderr
    with refused_key(pregao.folder / "old.json"):
        done = pregao.run(*command, env=TO_GOOGLE | {"GOOGLE_APPLICATION_CREDENTIALS": "old.json"})
    assert done.returncode == 1
    for word in ("old.json", "writer@p.example", "Invalid JWT Signature", "GOOGLE_APPLICATION_CREDENTIALS"):
        assert word in done.stderr
    assert "PRIVATE KEY" not in done.stderr


@pytest.mark.parametrize("change, words", [
    ({"PROJECT_ID": ""}, ("bigquery.project", "PROJECT_ID")),
    ({"PREGAO_BIGQUERY_DATASET": "a-b"}, ("bigquery.dataset", "a-b")),
    ({"PREGAO_BIGQUERY_ENDPOINT": "bigquerystorage.googleapis.com:443"}, ("BIGQUERY_EMULATOR_HOST", "bigquery.endpoint")),
])
def test_settings_that_cannot_work_are_named(pregao, change, words):
    produce_plain(pregao.name, 1)
    done = pregao.run("silver", "--to", "bigquery", "--until", "end", env=change)
    assert done.returncode == 1
    assert all(word in done.stderr for word in words), done.stderr
