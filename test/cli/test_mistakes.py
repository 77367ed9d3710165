"""What people get wrong: each is refused by name or does what was asked; nothing is ignored without a word."""
import json
import re
import subprocess

import pytest

from conftest import BINARY, ROOT, TIMEOUT

FRAMES = str(ROOT / "test/data/frames.txt")


def run(pregao, *args):
    """The exit code, standard output and standard error."""
    done = subprocess.run([BINARY, *args], cwd=pregao.folder, env=pregao.env, stdin=subprocess.DEVNULL,
                          capture_output=True, text=True, timeout=TIMEOUT)
    return done.returncode, done.stdout, done.stderr


# replay

def test_a_dry_run_of_a_recording_counts_and_sends_nothing(pregao):
    tried = json.loads(pregao("replay", FRAMES, "--dry-run", "--json"))
    assert tried["dry_run"] and tried["messages"] > 0
    assert not (pregao.folder / "data").exists()
    assert "nothing was sent" in pregao("replay", FRAMES, "--dry-run")
    sent = json.loads(pregao("replay", FRAMES, "--json"))
    assert sent == tried | {"dry_run": False}


@pytest.mark.parametrize("flags", [["--limit", "5"], ["--reason", "bad_price"], ["--ticker", "AAPL"], ["--set", "price=1"],
                                   ["--since", "1d", "--until", "1h"], ["--anyway", "--take-over"]])
def test_a_recording_takes_no_flags_of_the_quarantine(pregao, flags):
    error = pregao("replay", FRAMES, *flags, code=2)
    assert all(flag in error for flag in flags if flag.startswith("--"))
    assert not (pregao.folder / "data").exists()


def test_the_quarantine_takes_no_flags_of_a_recording(lake):
    assert "--speed, --source" in lake("replay", "--quarantine", "--speed", "2", "--source", "x", code=2)


def test_a_recording_that_is_not_there_leaves_no_topic_behind(pregao):
    assert "nofile" in pregao("replay", "nofile", code=1)
    assert not (pregao.folder / "data").exists()


# the lake's name

@pytest.mark.parametrize("slip", ["gs:/bucket/lake", "gs//bucket/lake", "gs:bucket", "s3://bucket/lake", "gs://B", "gs://"])
def test_what_looks_like_a_bucket_is_never_taken_for_a_folder(pregao, slip):
    error = pregao("silver", "--until", "end", "--lake", slip, code=2)
    assert "--lake" in error and slip in error and "gs://bucket/prefix" in error
    said = pregao("doctor", "--offline", "--lake", slip, code=None)
    assert re.search(r"fail +lake +.*" + re.escape(slip), said)
    assert not list(pregao.folder.iterdir())


def test_a_folder_may_be_called_as_one_likes(pregao):
    pregao("replay", FRAMES)
    pregao("silver", "--until", "end", "--lake", "./gs:/lake")
    assert (pregao.folder / "gs:/lake/silver/quotes").is_dir()


# Kafka's properties

@pytest.mark.parametrize("name, value, hint", [
    ("SECURITY_PROTOCOL", "SASL_SSL", "[kafka] security.protocol = \"SASL_SSL\" needs sasl.mechanism: PLAIN"),
    ("COMPRESION_TYPE", "lz4", "[kafka] compresion.type: librdkafka has no such property; did you mean 'compression.type'?"),
    ("GROUP_ID", "mine", "[kafka] group.id cannot be set: set engine.group"),
])
def test_a_wrong_property_is_named_by_where_it_stands(pregao, name, value, hint):
    topic = ["--topic", "kafka://localhost:9/quotes"]
    variable = f"PREGAO_KAFKA_{name}"
    assert f"{variable}: {hint}" in pregao("silver", *topic, env={variable: value}, code=2)
    key = name.lower().replace("_", ".")
    pregao.write("pregao.toml", f'[kafka]\n"{key}" = "{value}"\n')
    error = pregao("silver", *topic, code=2)
    assert "pregao.toml:2" in error and hint in error


# audit

def test_an_audit_of_another_topic_is_not_clean(lake):
    lake("simulate", "--messages", "10", "--topic", "local:t4.db")
    lake("simulate", "--messages", "10", "--topic", "local:t4.db#other")
    for topic in ("local:t4.db", "local:t4.db#other"):
        error = lake("audit", "--topic", topic, code=1)
        assert "the tables are of topic 'quotes'" in error and "--topic" in error
    assert "clean: every record of bronze is accounted for" in lake("audit", "--bronze-only", "--topic", "local:t4.db")


def test_an_audit_of_a_topic_that_is_not_there_is_an_error_where_somebody_named_it(lake):
    error = lake("audit", "--topic", "local:typo2.db", code=1)
    assert "typo2.db" in error and "does not exist" in error and "--bronze-only" in error
    assert not (lake.folder / "typo2.db").exists()
    for left in (lake.folder / "data").glob("topic.db*"):
        left.unlink()
    code, out, err = run(lake, "audit")
    assert code == 0 and "clean: every record of bronze is accounted for" in out
    assert "local:data/topic.db was not found, and not checked" in err


def test_an_audit_tells_what_is_not_read_yet(lake):
    assert json.loads(lake("audit", "--json"))["unread"] == 0
    assert "not read yet" not in lake("audit")
    lake("simulate", "--messages", "300")
    assert "none twice; 300 offsets not read yet" in lake("audit")
    report = json.loads(lake("audit", "--json"))
    assert report["clean"] and report["unread"] == 300
    assert json.loads(lake("audit", "--json", "--bronze-only"))["unread"] is None


# simulate

@pytest.mark.parametrize("flags", [["--start", "2026-02-30"], ["--skip", "5"], ["--port", "1"], ["--drop", "0.5", "--host", "::1"]])
def test_messages_take_no_flags_of_the_server(pregao, flags):
    error = pregao("simulate", "--messages", "5", *flags, code=2)
    assert all(flag in error for flag in flags if flag.startswith("--"))
    assert not (pregao.folder / "data").exists()


def test_the_server_takes_no_flags_of_messages(pregao):
    assert "--rejects" in pregao("simulate", "--rejects", "0.5", code=2)
    assert "--start: '2026-02-30' is no point in time" in pregao("simulate", "--start", "2026-02-30", code=2)


def test_invented_quotes_in_the_topic_of_real_ones_are_warned_of(pregao):
    code, _, err = run(pregao, "simulate", "--messages", "5")
    assert code == 0 and "warning" in err and "local:data/topic.db" in err and "--topic local:data/demo/topic.db" in err
    assert run(pregao, "simulate", "--messages", "5", "--topic", "local:bench.db")[2] == ""


# The words of the command line

def test_print_config_needs_no_settings_that_load(pregao):
    pregao.write("pregao.toml", '[engin]\ncommit-interval = "1s"\n')
    assert "unknown key 'engin'; did you mean 'engine'?" in pregao("audit", code=2)
    assert pregao("doctor", "--print-config") == (ROOT / "pregao.toml.example").read_text()


@pytest.mark.parametrize("args, hint", [
    (["reed", "silver"], "unknown command 'reed'; did you mean 'read'?"),
    (["read", "silver", "reed"], "'reed' is one argument too many for `pregao read`"),
    (["help", "sqll"], "unknown command 'sqll'; did you mean 'sql'?"),
    (["silver", "--once"], "unknown flag '--once'; see `pregao --help`"),
    (["silver", "--forse"], "unknown flag '--forse'; see `pregao --help`"),
    (["read", "silver", "--lake="], "--lake: 1 required"),
    (["read", "silver", "--lake"], "--lake: 1 required"),
])
def test_slips_of_the_finger(pregao, args, hint):
    assert hint in pregao(*args, code=2)


def test_help_is_a_word_too(pregao):
    assert pregao("help", "sql") == pregao("sql", "--help")
    assert pregao("help") == pregao("--help")
    assert "--engine.max-rows" not in pregao("--help")


# Settings

@pytest.mark.parametrize("args, hint", [
    (["silver", "--topic", "http://x/y"], "--topic: topic 'http://x/y': use local:PATH"),
    (["read", "topic", "--topic", "kafka://localhost:99999/quotes"], "'localhost:99999' is no broker"),
    (["read", "topic", "--topic", "kafka://localhost:0/quotes"], "1 to 65535"),
    (["sql", "select 1", "--lake", "s3://bucket/x"], "--lake: lake 's3://bucket/x'"),
    (["silver", "--web.listen", "foo"], "web.listen: \"foo\" is no address"),
    (["listen", "--yahoo.stream-url", "http://x"], "--yahoo.stream-url"),
    (["backfill", "--interval", "3m"], "--interval"),
    (["backfill", "--from", "2026-02-30"], "--from: '2026-02-30' is no point in time"),
    (["backfill", "--from", "1d", "--to", "2d"], "--from is not before --to"),
    (["reconcile", "--from", "2026-02-30"], "--from: '2026-02-30' is no point in time"),
    (["silver", "stop"], "stop is of --engine spark"),
    (["silver", "--to", "parquet"], "--engine spark"),
    (["silver", "--spark", "sc://host:15002"], "--spark goes with --engine spark"),
    (["silver", "--force"], "--force goes with --take-over"),
])
def test_wrong_settings_and_flags_end_with_2(pregao, args, hint):
    assert hint in pregao(*args, code=2)
    assert not (pregao.folder / "data").exists()


def test_an_unknown_property_of_kafka_ends_with_2(pregao):
    pregao.write("pregao.toml", 'topic = "kafka://localhost:9092/quotes"\n[kafka]\nfoo.bar = 1\n')
    assert "[kafka] foo.bar" in pregao("silver", "--until", "end", code=2)
    assert "lake" in pregao("sql", "select * from silver", code=1), "whoever reads no topic does not mind"


def test_the_end_of_a_topic_that_is_not_there(pregao):
    error = pregao("silver", "--topic", "local:typo.db", "--until", "end", code=1)
    assert "typo.db" in error and "does not exist" in error
    assert not list(pregao.folder.iterdir())
    assert "0 rows" in pregao("silver", "--until", "end"), "nobody has named it: that is a beginning"


def test_a_taking_over_of_nothing_says_so(lake):
    code, _, err = run(lake, "silver", "--take-over", "--until", "end")
    assert code == 0 and "nothing to take over" in err


def test_the_key_of_a_partitioning_is_named_as_it_is_set(lake):
    assert "set engine.partition-by to that" in lake("silver", "--until", "end", "--engine.partition-by", "ticker", code=1)


def test_a_log_line_has_one_severity(pregao):
    pregao.write("carteira.txt", "AAPL\nVALE3.SA many\n")
    child = pregao.start("listen", "--yahoo.stream-url", "ws://127.0.0.1:1/")
    for line in child.stderr:
        if "carteira.txt:2" in line:
            break
    assert " warning carteira.txt:2: " in line and "error" not in line
