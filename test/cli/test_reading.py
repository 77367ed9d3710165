"""pregao sql and pregao read over a topic and a lake made of the recorded frames."""
import csv
import io
import json
import os
import pty
import select
import subprocess
import time
from pathlib import Path

import pytest

from conftest import BINARY, ROOT, TIMEOUT, interrupt

FRAMES = len((ROOT / "test/data/frames.txt").read_text().splitlines())


def test_sql_in_three_formats(lake):
    assert json.loads(lake("sql", "--json", "select count(*) as n from silver")) == [{"n": FRAMES}]
    assert lake("sql", "--format", "csv", "select count(*) as n from silver") == f"n\r\n{FRAMES}\r\n"
    assert lake("sql", "select 1 as n") == "n\n─\n1\n(1 row)\n"


def test_who_may_only_read_reads_the_topic_and_audits(lake):
    """Without any capability, so that root too is held to the modes."""
    alone = ["setpriv", "--inh-caps=-all", "--bounding-set=-all", "--ambient-caps=-all", BINARY]
    if os.geteuid() != 0:
        alone = [BINARY]
    folders = [lake.folder / "data", *(path for path in (lake.folder / "data").rglob("*"))]
    for path in folders:
        path.chmod(0o555 if path.is_dir() else 0o444)
    try:
        for args in (["read", "topic", "--tail", "3"], ["audit"], ["sql", "select count(*) from silver"]):
            done = subprocess.run([*alone, *args], cwd=lake.folder, env=lake.env, capture_output=True, timeout=TIMEOUT)
            assert done.returncode == 0, done.stderr.decode()
            assert done.stdout
    finally:
        for path in folders:
            path.chmod(0o755 if path.is_dir() else 0o644)


def test_sql_without_a_statement_says_so(lake):
    for text in ("", " \n", "-- nothing\n"):
        assert "there is no statement" in lake("sql", stdin=text, code=2)
        assert "there is no statement" in lake("sql", text or "-", code=2)


def test_sql_from_standard_input_runs_every_statement(lake):
    text = lake("sql", "--format", "csv", stdin="create table t as select 7 as x;\nselect x from t;\n")
    assert text.endswith("x\r\n7\r\n")


def test_sql_errors_show_the_place_and_exit_1(lake):
    error = lake("sql", "select tikcer from silver", code=1)
    assert "LINE 1" in error and "ticker" in error
    assert "LINE 1" in lake("sql", "selec 1", code=1)


def wait_for_work(pid, seconds=0.5):
    """Until the program has used so much CPU time from now on: then it runs its statement."""
    def used():
        fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    start, deadline = used(), time.monotonic() + TIMEOUT
    while used() < start + seconds:
        assert time.monotonic() < deadline, "it does no work"
        select.select([], [], [], 0.02)


def test_ctrl_c_in_a_running_statement_exits_130(lake):
    child = lake.start("sql", "select sum(hash(range)) from range(1000000000000)")
    wait_for_work(child.pid)
    assert interrupt(child) == (130, "", "")


def test_sql_without_a_lake_says_what_makes_it(pregao):
    assert "pregao run" in pregao("sql", "select 1 from silver", code=1)
    (pregao.folder / "data/lake").mkdir(parents=True)
    assert "there is no silver table yet" in pregao("sql", "select 1 from silver", code=1)
    assert not list((pregao.folder / "data/lake").iterdir()), "reading made something"


def test_read_silver_shows_the_newest_last(lake):
    rows = json.loads(lake("read", "silver", "--json", "--tail", "3"))
    times = [row["event_time"] for row in rows]
    assert len(rows) == 3 and times == sorted(times)
    newest = json.loads(lake("sql", "--json", "select max(event_time) as t from silver"))[0]["t"]
    assert times[-1] == newest


def test_read_filters_by_ticker_and_time(lake):
    ticker = json.loads(lake("sql", "--json", "select ticker from silver limit 1"))[0]["ticker"]
    for what, column in (("silver", "ticker"), ("bronze", "key"), ("topic", "key")):
        rows = json.loads(lake("read", what, "--json", "--ticker", ticker, "--tail", "1000"))
        assert rows and {row[column] for row in rows} == {ticker}, what
    every = json.loads(lake("read", "silver", "--json", "--since", "2000-01-01"))
    assert len(every) == FRAMES
    late = max(row["event_time"] for row in every)
    rows = json.loads(lake("read", "silver", "--json", "--since", late))
    assert rows and all(row["event_time"] >= late for row in rows)


def test_topic_and_bronze_hold_the_same_bytes(lake):
    def by_place(rows):
        return {(row["partition"], row["offset"]): (row["key"], row["value"], row["timestamp"]) for row in rows}
    topic = json.loads(lake("read", "topic", "--json", "--tail", "1000"))
    bronze = json.loads(lake("read", "bronze", "--json", "--tail", "1000"))
    assert len(topic) == FRAMES and by_place(topic) == by_place(bronze)
    assert all(json.loads(row["value"])["ticker"] == row["key"] for row in topic)


def test_read_topic_tail_is_the_newest_of_what_each_partition_got_last(lake):
    last = {}
    for row in sorted(json.loads(lake("read", "topic", "--json", "--tail", "1000")), key=lambda row: row["offset"]):
        last.setdefault(row["partition"], []).append(row["timestamp"])
    tail = json.loads(lake("read", "topic", "--json", "--tail", "4"))
    assert [row["timestamp"] for row in tail] == sorted(sum((times[-4:] for times in last.values()), []))[-4:]


def test_csv_reads_back(lake):
    rows = list(csv.DictReader(io.StringIO(lake("read", "bronze", "--format", "csv", "--tail", "1000"), newline="")))
    assert len(rows) == FRAMES and all(json.loads(row["value"]) for row in rows)


def test_a_reader_that_leaves_ends_it_quietly(lake):
    lake("simulate", "--messages", "20000")
    done = subprocess.run(["sh", "-c", f"'{BINARY}' read topic --format csv --since 2000-01-01 | head -1"],
                          cwd=lake.folder, env=lake.env, capture_output=True, text=True, timeout=TIMEOUT)
    assert done.returncode == 0 and done.stderr == "" and done.stdout.startswith("partition,")


@pytest.mark.parametrize("what", ["topic", "silver"])
def test_follow_shows_what_comes_until_ctrl_c(lake, what):
    child = lake.start("read", what, "--follow", "--json", "--tail", "1")
    json.loads(child.stdout.readline())  # the newest that was there
    lake("simulate", "--messages", "5", "--duplicates", "0")
    lake("silver", "--until", "end")
    seen = [json.loads(child.stdout.readline()) for _ in range(5)]
    assert len({(row["partition"], row["offset"]) for row in seen}) == 5
    code, rest, err = interrupt(child)
    assert (code, rest, err) == (0, "", "")


def test_follow_waits_for_a_table_that_is_not_there_yet(pregao):
    (pregao.folder / "data/lake").mkdir(parents=True)
    child = pregao.start("read", "silver", "--follow", "--json")
    pregao("simulate", "--messages", "3", "--duplicates", "0")
    pregao("silver", "--until", "end")
    assert json.loads(child.stdout.readline())["ticker"]
    assert interrupt(child)[0] == 0


def test_reading_moves_no_position(pregao):
    pregao("simulate", "--messages", "50", "--duplicates", "0")
    pregao("read", "topic", "--tail", "50")
    pregao("silver", "--until", "end")
    assert json.loads(pregao("sql", "--json", "select count(*) as n from silver")) == [{"n": 50}]


class Terminal:
    """The prompt on a pseudo-terminal."""

    def __init__(self, pregao, *args):
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.chdir(pregao.folder)
            os.execve(BINARY, [BINARY, *args], pregao.env)
        self.text = ""

    def send(self, text):
        os.write(self.fd, text.encode())

    def expect(self, text):
        """Reads on until `text` comes."""
        deadline = time.monotonic() + TIMEOUT
        while text not in self.text:
            ready, _, _ = select.select([self.fd], [], [], deadline - time.monotonic())
            assert ready, f"no {text!r} in {self.text!r}"
            try:
                self.text += os.read(self.fd, 65536).decode(errors="replace")
            except OSError as gone:
                raise AssertionError(f"ended before {text!r}: {self.text!r}") from gone
        self.text = self.text.split(text, 1)[1]

    def wait(self):
        try:
            while os.read(self.fd, 65536):
                pass
        except OSError:
            pass
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])


def test_prompt_takes_many_lines_dot_commands_and_ctrl_c(lake):
    t = Terminal(lake, "sql")
    t.expect("pregao> ")
    t.send("select 40 +\n")
    t.expect("...> ")
    t.send("2 as answer;\n")
    t.expect("42")
    t.expect("pregao> ")
    t.send(".tables\n")
    t.expect("silver")
    t.expect("pregao> ")
    t.send("select nothing from silver;\n")
    t.expect("LINE 1")
    t.expect("pregao> ")
    t.send("select 1 +\n")
    t.expect("...> ")
    t.send("\x03")  # drops the statement
    t.expect("pregao> ")
    t.send("select 'after' || 'wards' as x;\n")
    t.expect("afterwards")
    t.expect("pregao> ")
    t.send("select sum(hash(range)) from range(1000000000000);\n")
    t.expect(");")
    wait_for_work(t.pid)
    t.send("\x03")
    t.expect("interrupted")
    t.expect("pregao> ")
    t.send("select 'still' || ' here' as x;\n")
    t.expect("still here")
    t.expect("pregao> ")
    t.send(".quit\n")
    assert t.wait() == 0
    assert "afterwards" not in (lake.folder / ".local/state/pregao/history").read_text()
    assert "wards" in (lake.folder / ".local/state/pregao/history").read_text()
