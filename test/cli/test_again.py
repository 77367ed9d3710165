"""Sent again, and mended: rejected records and dead letters through the topic once more, lost rows put back."""
import json
import random
import signal
import subprocess
import time

import pytest

from conftest import BINARY, TIMEOUT, interrupt

REPAIR = ["--set", "price=5", "--set", "time=1700000000000", "--set", "ticker=REPAIRED"]
# Of a rejected message that is JSON: a quote of its own, by its place.
FILTER = r"""sed -E 's/^\{"partition":([0-9]+),"offset":([0-9]+),.*/{"ticker":"R\1","price":\2.5,"time":1700000000000}/'"""


def rows(pregao, sql):
    return json.loads(pregao("sql", "--json", sql))


def count(pregao, sql):
    [row] = rows(pregao, sql)
    return next(iter(row.values()))


def topic_records(pregao):
    return sum(p["offset"] + 1 for p in rows(pregao, "select partition, max(\"offset\") as \"offset\" from bronze group by 1"))


def replay(pregao, *args, code=0):
    out = pregao("replay", "--quarantine", "--json", *args, code=code)
    return json.loads(out) if code == 0 else out


@pytest.fixture
def rejects(pregao):
    """A lake with many rejected records, read to the end."""
    pregao("simulate", "--messages", "3000", "--rejects", "0.5", "--duplicates", "0")
    pregao("silver", "--until", "end")
    return pregao


def test_a_dry_run_shows_verdicts_and_changes_nothing(rejects):
    before = topic_records(rejects)
    report = replay(rejects, "--dry-run", "--reason", "bad_price", "--set", "price=3")
    assert report["dry_run"] and report["sent"] == report["selected"] == count(
        rejects, "select count(*) from quarantine where reason = 'bad_price'") > 0
    assert {r["fate"] for r in report["records"]} == {"sent"}
    assert all(json.loads(r["message"])["price"] == 3 for r in report["records"])
    rejects("silver", "--until", "end")
    assert topic_records(rejects) == before
    text = rejects("replay", "--quarantine", "--dry-run", "--reason", "bad_time")
    assert "would be rejected again" in text and "bad_time: time: -5 is out of range" in text


def test_repaired_records_are_rows_and_are_sent_once(rejects):
    wanted = count(rejects, "select count(*) from quarantine where reason = 'bad_price'")
    first = replay(rejects, "--reason", "bad_price", "--set", "price=3")
    assert first["sent"] == wanted
    again = replay(rejects, "--reason", "bad_price", "--set", "price=4")  # in the topic, and no row yet
    assert (again["sent"], again["already"]) == (0, wanted)
    done = json.loads(rejects("silver", "--until", "end", "--json"))
    assert done["rows"] + done["duplicates"] == wanted
    last = replay(rejects, "--reason", "bad_price", "--set", "price=4")  # a row
    assert (last["sent"], last["already"]) == (0, wanted)
    assert json.loads(rejects("audit", "--json"))["clean"]


def test_selection_by_time_ticker_and_limit(rejects):
    [most] = rows(rejects, "select decode(key) as ticker, count(*) as n from quarantine where reason = 'bad_price'"
                           " group by 1 order by 2 desc limit 1")
    name, n = most["ticker"], most["n"]
    pick = ["--reason", "bad_price", "--ticker", name, "--set", "price=3", "--dry-run"]
    assert replay(rejects, *pick)["selected"] == n > 1
    assert replay(rejects, *pick, "--limit", "1")["sent"] == 1
    middle = count(rejects, f"select epoch_ms(median(epoch_ms(\"timestamp\"))::bigint)::varchar from quarantine where"
                            f" reason = 'bad_price' and key = '{name}'::blob").replace(" ", "T")[:19]
    halves = [replay(rejects, *pick, flag, middle)["selected"] for flag in ("--since", "--until")]
    assert sum(halves) == n and min(halves) > 0


def test_a_filter_repairs_what_it_likes_and_leaves_the_rest(rejects):
    report = replay(rejects, "--through", FILTER + " | sed '1s/.*//'")
    assert report["skipped"] >= 1
    assert report["sent"] == report["selected"] - report["skipped"]
    rejects("silver", "--until", "end")
    assert count(rejects, "select count(*) from silver where ticker like 'R_'") == report["sent"]
    message = json.loads(rejects("replay", "--quarantine", "--dry-run", "--json", "--anyway"))
    assert message["already"] == report["sent"]


def test_a_filter_that_fails_sends_nothing(rejects):
    before = topic_records(rejects)
    assert "failed (exit code 3)" in replay(rejects, "--through", "exit 3", code=1)
    assert "wrote 0 lines" in replay(rejects, "--through", "cat > /dev/null", code=1)
    rejects("silver", "--until", "end")
    assert topic_records(rejects) == before


def test_killed_in_the_middle_and_run_again_each_is_sent_once(rejects):
    random.seed(5)
    before, wanted = topic_records(rejects), count(rejects, "select count(*) from quarantine")
    for _ in range(6):
        child = rejects.start("replay", "--quarantine", "--through", FILTER)
        time.sleep(random.uniform(0.05, 0.4))
        child.kill()
        child.communicate()
    assert replay(rejects, "--through", FILTER)["rejected"] == 0
    rejects("silver", "--until", "end")
    assert topic_records(rejects) == before + wanted
    assert count(rejects, "select count(*) from silver where ticker like 'R_'") == wanted
    assert json.loads(rejects("audit", "--json"))["clean"]


def test_of_two_at_once_one_waits_for_its_turn(rejects):
    slow = "sleep 1; " + FILTER
    first = rejects.start("replay", "--quarantine", "--json", "--through", slow)
    deadline = time.monotonic() + TIMEOUT
    while not list((rejects.folder / "data/lake").glob("_pregao/replay/*")):
        assert time.monotonic() < deadline and first.poll() is None
        time.sleep(0.02)
    assert "is at it already" in replay(rejects, "--through", FILTER, code=1)
    out, err = first.communicate(timeout=TIMEOUT)
    assert first.returncode == 0, err
    assert replay(rejects, "--through", FILTER)["already"] == json.loads(out)["sent"]


def test_ctrl_c_between_two_batches_is_gone_on_from(rejects):
    before, wanted = topic_records(rejects), count(rejects, "select count(*) from quarantine")
    child = rejects.start("replay", "--quarantine", "--through", "sleep 1; " + FILTER)
    time.sleep(0.5)
    code, out, _ = interrupt(child)
    assert code == 130 and out == ""
    replay(rejects, "--through", FILTER)
    rejects("silver", "--until", "end")
    assert topic_records(rejects) == before + wanted


def test_without_bronze_the_topic_is_asked(pregao):
    pregao.write("pregao.toml", "[engine]\nbronze = false\n")
    pregao("simulate", "--messages", "300", "--rejects", "0.3", "--duplicates", "0")
    pregao("silver", "--until", "end")
    first = replay(pregao, *REPAIR, "--reason", "bad_price")
    pregao("silver", "--until", "end")
    again = replay(pregao, *REPAIR, "--reason", "bad_price")
    assert (again["sent"], again["already"]) == (0, first["sent"])


def test_a_dead_letter_that_still_says_nothing_stays(pregao):
    pregao.write("bad.txt", "not base64 !!\n")
    pregao("replay", "bad.txt")
    report = json.loads(pregao("replay", "--dead-letter", "--json"))
    assert (report["selected"], report["sent"], report["skipped"]) == (1, 0, 1)
    assert "not base64" in report["records"][0]["detail"]
    assert json.loads(pregao("replay", "--dead-letter", "--json", "--reason", "another"))["selected"] == 0


@pytest.mark.parametrize("args, said", [
    (["--quarantine", "--reason", "nope"], "bad_price"),
    (["--quarantine", "--set", "price"], "KEY=VALUE"),
    (["--quarantine", "--since", "yesterday"], "no point in time"),
    (["--quarantine", "--dead-letter"], "one at a time"),
    (["--dead-letter", "--through", "cat"], "--quarantine"),
    (["frames.txt", "--quarantine"], "FILE"),
    ([], "FILE")])
def test_wrong_flags_exit_2_and_say_what_is_right(pregao, args, said):
    assert said in pregao("replay", *args, code=2)


# --- audit --repair --------------------------------------------------------------------------------------------------

def lose(pregao, root, number):
    """Takes the files of one commit out of a table's log, as if they had never been named."""
    folder = pregao.folder / "data/lake" / root / "_delta_log"
    assert not list(folder.glob("*.checkpoint*")), "a checkpoint would bring them back"
    log = sorted(folder.glob("*.json"))[number]
    lines = log.read_text().splitlines()
    kept = [line for line in lines if '"add"' not in line]
    assert len(kept) < len(lines)
    log.write_text("\n".join(kept) + "\n")


@pytest.fixture
def losing(pregao):
    pregao.write("pregao.toml", "[upkeep]\nenabled = false\n")  # or it would pack the files and write checkpoints
    pregao("simulate", "--messages", "3000", "--rejects", "0.1", "--duplicates", "0.1")
    pregao("silver", "--until", "end", "--engine.max-rows", "300")
    return pregao


def audit(pregao, *args, code=0):
    done = subprocess.run([BINARY, "audit", "--json", *args], cwd=pregao.folder, env=pregao.env, capture_output=True,
                          timeout=TIMEOUT)
    assert done.returncode == code, done.stderr
    return json.loads(done.stdout)


@pytest.mark.parametrize("root", ["silver/quotes", "silver/quarantine", "bronze/quotes"])
def test_rows_that_a_table_lost_are_put_back(losing, root):
    view = {"silver/quotes": "silver", "silver/quarantine": "quarantine", "bronze/quotes": "bronze"}[root]
    before = rows(losing, f"select * from {view} order by partition, \"offset\"")
    lose(losing, root, 3)
    kinds = {f["kind"] for f in audit(losing, code=1)["findings"]}
    assert "missing" in kinds or "not_in_bronze" in kinds
    dry = audit(losing, "--repair", "--dry-run", code=1)
    assert dry["repair"]["dry_run"] and dry["repair"][view] > 0 and not dry["clean"]
    assert len(rows(losing, f"select 1 from {view}")) < len(before)
    done = audit(losing, "--repair")
    assert done["clean"] and done["repair"] == dry["repair"] | {"dry_run": False}
    after = rows(losing, f"select * from {view} order by partition, \"offset\"")
    if view == "silver":  # of two records of one quote either may be its row
        assert len(after) == len(before)
    else:
        assert after == before
    assert "repair" not in audit(losing, "--repair"), "nothing is left to mend"


def test_losses_are_mended_from_bronze_where_the_topic_is_gone(losing):
    lose(losing, "silver/quotes", 2)
    lose(losing, "silver/quarantine", 2)
    for file in (losing.folder / "data").glob("topic.db*"):
        file.unlink()
    assert audit(losing, "--repair")["clean"]


def test_losses_are_mended_from_the_topic_where_there_is_no_bronze(pregao):
    pregao.write("pregao.toml", "[engine]\nbronze = false\n[upkeep]\nenabled = false\n")
    pregao("simulate", "--messages", "2000", "--rejects", "0.1")
    pregao("silver", "--until", "end", "--engine.max-rows", "300")
    lose(pregao, "silver/quotes", 2)
    lose(pregao, "silver/quarantine", 2)
    assert audit(pregao, "--repair")["clean"]


def test_two_repairs_at_once_put_back_each_row_once(losing):
    for root in ("silver/quotes", "silver/quarantine", "bronze/quotes"):
        lose(losing, root, 3)
    repairs = [losing.start("audit", "--repair", "--json") for _ in range(2)]
    for child in repairs:
        child.communicate(timeout=TIMEOUT)
    assert audit(losing)["clean"]


def test_a_repair_beside_a_running_engine(losing):
    lose(losing, "silver/quotes", 3)
    lose(losing, "silver/quarantine", 3)
    engine = losing.start("silver", "--engine.commit-interval", "20ms", "--engine.max-rows", "50")
    losing("simulate", "--messages", "3000", "--duplicates", "0.3")
    audit(losing, "--repair")
    code, _, err = interrupt(engine)
    assert code == 0, err
    losing("silver", "--until", "end")
    assert audit(losing)["clean"]


def test_killed_repairs_are_gone_on_from(losing):
    random.seed(3)
    for number in (1, 3, 5):
        lose(losing, "silver/quotes", number)
        lose(losing, "bronze/quotes", number)
    for _ in range(6):
        child = losing.start("audit", "--repair")
        time.sleep(random.uniform(0.1, 0.5))
        child.send_signal(signal.SIGKILL)
        child.communicate()
    assert audit(losing, "--repair")["clean"]


def test_what_stands_twice_is_listed_and_not_deleted(losing):
    import deltalake

    folder = str(losing.folder / "data/lake/silver/quotes")
    deltalake.write_deltalake(folder, deltalake.DeltaTable(folder).to_pyarrow_table().slice(0, 1), mode="append")
    n = count(losing, "select count(*) from silver")
    text = losing("audit", code=1) + subprocess.run([BINARY, "audit", "--repair"], cwd=losing.folder, env=losing.env,
                                                    capture_output=True, text=True, timeout=TIMEOUT).stdout
    assert "doubled_offset" in text and "never deleted" in text
    assert count(losing, "select count(*) from silver") == n


def test_dry_run_without_repair_is_a_mistake(losing):
    assert "--repair" in losing("audit", "--dry-run", code=2)
