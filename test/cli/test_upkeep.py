"""optimize, vacuum, and what silver and run do by themselves."""
import json
import os
import time

import pytest
from conftest import ROOT, interrupt
from test_operations import wait_for

MONTH = 30 * 86_400  # seconds


@pytest.fixture
def small_files(pregao):
    """A lake of as many commits as there are frames, with nothing packed."""
    pregao.env["PREGAO_UPKEEP_ENABLED"] = "false"
    for frame in (ROOT / "test/data/frames.txt").read_text().split():
        pregao.write("frame.txt", frame + "\n")
        pregao("replay", "frame.txt")
        pregao("silver", "--until", "end")
    return pregao


def data_files(program):
    return sorted((program.folder / "data/lake").rglob("part-*.parquet"))


def test_optimize_dry_run_tells_and_changes_nothing(small_files):
    before = data_files(small_files)
    report = json.loads(small_files("optimize", "--dry-run", "--json"))
    assert report["dry_run"] and not report["stopped"]
    assert {table["table"] for table in report["tables"]} >= {"bronze", "silver"}
    assert all(table["files_before"] >= table["files_after"] for table in report["tables"])
    assert data_files(small_files) == before
    assert "would become" in small_files("optimize", "--dry-run")


def test_optimize_keeps_rows_and_the_audit_is_clean(small_files):
    rows = small_files("sql", "--json", "select * exclude (date) from silver order by partition, \"offset\"")
    packed = json.loads(small_files("optimize", "silver", "--json"))["tables"]
    assert [table["table"] for table in packed] == ["silver"]
    assert packed[0]["files_before"] > packed[0]["files_after"] > 0
    assert small_files("sql", "--json", "select * exclude (date) from silver order by partition, \"offset\"") == rows
    assert json.loads(small_files("audit", "--json"))["clean"]
    assert json.loads(small_files("optimize", "silver", "--json"))["tables"][0]["bins"] == 0


def test_vacuum_lists_then_deletes_what_is_old(small_files):
    small_files("optimize")
    assert json.loads(small_files("vacuum", "--json"))["tables"][0]["deleted_files"] == 0
    for path in data_files(small_files):
        os.utime(path, (time.time() - MONTH, time.time() - MONTH))
    listed = json.loads(small_files("vacuum", "--dry-run", "--json"))["tables"]
    names = [f"{file['path']}" for table in listed for file in table["files"]]
    assert len(names) > 5
    before = data_files(small_files)
    text = small_files("vacuum", "--dry-run")
    assert all(name in text for name in names)
    assert data_files(small_files) == before
    small_files("vacuum")
    assert len(data_files(small_files)) == len(before) - len(names)
    assert json.loads(small_files("audit", "--json"))["clean"]


def test_an_unsafe_retention_needs_force(small_files):
    assert "--force" in small_files("vacuum", "--retention", "1h", code=2)
    small_files("vacuum", "--retention", "1h", "--force")
    assert "upkeep.retention" in small_files("vacuum", "--upkeep.retention", "1h", code=2)


def test_unknown_and_absent_tables_are_refused(pregao, small_files):
    assert "TABLE" in small_files("optimize", "gold", code=2)
    assert "no lake" in pregao("optimize", "--lake", "elsewhere", code=1)


def test_silver_until_end_packs_what_piled_up(small_files):
    before = len(data_files(small_files))
    del small_files.env["PREGAO_UPKEEP_ENABLED"]
    small_files("silver", "--until", "end", "--upkeep.small-files", "2")
    assert "OPTIMIZE" in "".join(p.read_text() for p in (small_files.folder / "data/lake").rglob("*.json"))
    assert len(data_files(small_files)) > before, "the small ones stay for the retention"


@pytest.mark.parametrize("command", [["silver"], ["run", "--source", "simulator", "--sim.tick", "100ms"]])
def test_silver_and_run_pack_beside_their_work(pregao, command):
    pregao.write("carteira.txt", "AAPL\nBTC-USD\nPETR4.SA\n")
    pregao("simulate", "--messages", "5000")
    child = pregao.start(*command, "--upkeep.small-files", "2", "--engine.max-rows", "500", "--engine.commit-interval", "100ms",
                         "--web.listen", "")
    logs = pregao.folder / ("data/lake" if command == ["silver"] else "data/demo/lake")
    wait_for(lambda: "OPTIMIZE" in "".join(p.read_text() for p in logs.rglob("*.json")), child)
    assert interrupt(child)[0] == 0


def test_silver_stops_quickly_with_its_upkeep(lake):
    child = lake.start("silver")
    time.sleep(0.5)
    started = time.monotonic()
    code, _, _ = interrupt(child)
    assert code == 0
    assert time.monotonic() - started < 60, "it does not wait for the next look"
