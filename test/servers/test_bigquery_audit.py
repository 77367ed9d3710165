"""`pregao audit --in bigquery` against a real emulator: what is broken there by SQL is found, and mended once."""
import base64
import json
import signal

import pytest
from bigquery_testing import BROKER, PATIENCE, REST, Emulator, Pregao, produce_plain

pytestmark = pytest.mark.skipif(not (BROKER and REST), reason="needs setup/services/{kafka,bigquery}.sh: make test-servers")
COUNT = 3_000


@pytest.fixture
def pregao(tmp_path):
    return Pregao(tmp_path, Emulator())


def audit(pregao, *args, code=0):
    done = pregao.run("--json", "audit", "--in", "bigquery", *args)
    assert done.returncode == code, done.stdout + done.stderr
    report = json.loads(done.stdout)
    assert report["clean"] == (code == 0)
    return report


def total(report, key):
    return sum(p[key] for p in report["partitions"])


def kinds(report):
    return sorted({f["kind"] for f in report["findings"]})


def row_of(pregao, n):
    """The place of a quote's row."""
    [(partition, offset)] = pregao.emulator.query(
        f"SELECT `partition`, `offset` FROM {pregao.silver} WHERE day_volume = {n}")
    return int(partition), int(offset)


def at(place):
    return f"`partition` = {place[0]} AND `offset` = {place[1]}"


def test_it_is_clean_and_says_what_a_lakes_says(pregao):
    produce_plain(pregao.name, COUNT)
    pregao.to_end()
    report = audit(pregao)
    assert (report["from_bronze"], report["from_topic"], report["found"]) == (False, True, 0)
    assert (total(report, "silver"), total(report, "quarantine")) == (COUNT, COUNT // 100)
    assert total(report, "duplicates") == COUNT // 20
    pregao("silver", "--until", "end", "--engine.group", pregao.name + "-lake")
    lake = json.loads(pregao("--json", "audit"))
    assert lake.keys() == report.keys() and lake["partitions"][0].keys() == report["partitions"][0].keys()
    for key in ("silver", "quarantine", "duplicates"):
        assert total(lake, key) == total(report, key)
    assert {(p["topic"], p["generation"]) for p in lake["partitions"]} == {
        (p["topic"], p["generation"]) for p in report["partitions"]}
    assert "clean: every record of the topic is accounted for, none twice" in pregao("audit", "--in", "bigquery")


def test_what_was_deleted_or_doubled_by_hand_is_found(pregao):
    produce_plain(pregao.name, COUNT)
    pregao.to_end()
    gone, twice = row_of(pregao, 20), row_of(pregao, 777)  # 20 came twice: its repetition is nowhere either
    pregao.emulator.query(f"DELETE FROM {pregao.silver} WHERE {at(gone)}")
    report = audit(pregao, code=1)
    assert kinds(report) == ["missing"] and report["found"] == 2
    assert gone in {(f["partition"], f["offset"]) for f in report["findings"]}
    pregao.emulator.query(f"INSERT INTO {pregao.silver} SELECT * FROM {pregao.silver} WHERE {at(twice)}")
    report = audit(pregao, code=1)
    assert kinds(report) == ["doubled_offset", "doubled_row", "missing"] and report["found"] == 4
    assert [(f["partition"], f["offset"]) for f in report["findings"] if f["kind"] == "doubled_offset"] == [twice]
    rejected = pregao.emulator.query(f"SELECT `partition`, MIN(`offset`) FROM {pregao.quarantine} GROUP BY 1 LIMIT 1")[0]
    pregao.emulator.query(f"DELETE FROM {pregao.quarantine} WHERE {at(rejected)}")
    report = audit(pregao, code=1)
    assert report["found"] == 5 and any("belongs in quarantine (malformed" in f["detail"] for f in report["findings"])


@pytest.mark.parametrize("bronze", [False, True])
def test_a_repair_appends_what_is_missing_once(pregao, bronze):
    options = ("--bigquery.bronze", str(bronze).lower())
    produce_plain(pregao.name, COUNT)
    pregao.to_end(*options)
    clean = audit(pregao, *options)
    assert clean["from_bronze"] == bronze
    query = pregao.emulator.query
    query(f"DELETE FROM {pregao.silver} WHERE day_volume BETWEEN 100 AND 199")
    query(f"DELETE FROM {pregao.quarantine} WHERE `offset` < 300")
    if bronze:
        query(f"DELETE FROM {pregao.bronze} WHERE `offset` BETWEEN 50 AND 59")
    before = audit(pregao, *options, code=1)
    assert kinds(before) == (["missing", "not_in_bronze", "unexpected"] if bronze else ["missing"])
    tried = audit(pregao, *options, "--repair", "--dry-run", code=1)["repair"]
    assert tried["silver"] == 100 and tried["repeats"] == 5 and tried["quarantine"] > 0
    assert (tried["bronze"] > 0) == bronze
    after = audit(pregao, *options, "--repair")
    assert after["repair"] == tried | {"dry_run": False}
    assert after["partitions"] == clean["partitions"]
    assert "repair" not in audit(pregao, *options, "--repair")
    again = pregao.to_end(*options, "--engine.group", pregao.name + "-2")
    assert again["rows"] == 0 and again["quarantined"] == 0


def test_a_repair_beside_a_running_engine_ends_its_streams_and_it_goes_on(pregao):
    produce_plain(pregao.name, COUNT)
    engine = pregao.start("silver", "--to", "bigquery", "--engine.commit-interval", "50ms")
    try:
        pregao.await_rows(COUNT)
        pregao.emulator.query(f"DELETE FROM {pregao.silver} WHERE day_volume BETWEEN 100 AND 199")
        assert audit(pregao, "--repair")["repair"]["silver"] == 100
        produce_plain(pregao.name, 500, first=COUNT)
        pregao.await_rows(COUNT + 500)
    finally:
        engine.send_signal(signal.SIGINT)
        assert engine.wait(PATIENCE) in (0, 130)
    assert total(audit(pregao), "silver") == COUNT + 500


def test_rows_that_bigquery_refused_and_what_repeats_them_are_accounted_for(pregao):
    produce_plain(pregao.name, 1_000, old={7, 40, 41, 777, 999})  # 40 comes twice
    pregao.to_end()
    report = audit(pregao)
    assert total(report, "silver") == 995
    both = [(int(p), int(o)) for p, o, value in pregao.emulator.query(
        f"SELECT `partition`, `offset`, value FROM {pregao.quarantine} WHERE reason = 'refused' ORDER BY 2")
            if json.loads(base64.b64decode(value))["day_volume"] == 40]
    if len(both) == 2:  # else the second one was dropped as the first one's duplicate
        pregao.emulator.query(f"DELETE FROM {pregao.quarantine} WHERE {at(both[1])}")
        audit(pregao)
    pregao.emulator.query(f"DELETE FROM {pregao.quarantine} WHERE {at(both[0])}")
    assert audit(pregao, code=1)["found"] == 2


def test_tables_that_are_not_there_or_of_another_topic_are_named(pregao):
    produce_plain(pregao.name, 10)
    done = pregao.run("audit", "--in", "bigquery")
    assert done.returncode == 1 and "silver_quotes" in done.stderr and "pregao silver --to bigquery" in done.stderr
    pregao.to_end()
    other = Pregao(pregao.folder, pregao.emulator)
    produce_plain(other.name, 10)
    done = pregao.run("audit", "--in", "bigquery", "--topic", other.topic)
    assert done.returncode == 1 and pregao.name in done.stderr and other.name in done.stderr and "--topic" in done.stderr
