"""The command line as its users meet it: help, settings, mistakes, exit codes."""
import json
import os
import re

import pytest

from conftest import ROOT, interrupt

COMMANDS = ["listen", "read", "sql", "replay", "simulate", "doctor"]


def test_version(pregao):
    assert pregao("--version") == "pregao 0.1.0\n"


def test_help_lists_every_command_and_the_exit_codes(pregao):
    text = pregao("--help")
    assert all(command in text for command in COMMANDS)
    assert "Exit codes: 0 done; 1 failed" in text


@pytest.mark.parametrize("command", COMMANDS)
def test_a_commands_help_has_settings_and_examples(pregao, command):
    text = pregao(command, "--help")
    assert "Examples:\n  pregao " + command in text
    assert "--log.level" in text


def test_no_command_is_wrong_usage(pregao):
    assert "a command is needed" in pregao(code=2)


@pytest.mark.parametrize("args, hint", [
    (["sqll", "select 1"], "unknown command 'sqll'; did you mean 'sql'?"),
    (["frobnicate"], "unknown command 'frobnicate'; see `pregao --help`"),
    (["sql", "--formt", "csv", "select 1"], "unknown flag '--formt'; did you mean '--format'?"),
    (["sql", "--formt=csv", "select 1"], "unknown flag '--formt'; did you mean '--format'?"),
    (["optimize", "silvr"], "'silvr' is none of bronze, silver, quarantine, bar_revisions, corporate_actions; did you mean 'silver'?"),
    (["read", "topik"], "WHAT: 'topik' is none of topic, "),
    (["run", "--source", "moon"], "--source: 'moon' is none of auto, yahoo, simulator"),
    (["listen", "--yahoo.stream-ulr", "x"], "did you mean '--yahoo.stream-url'?"),
    (["--lakee", "x", "sql", "select 1"], "did you mean '--lake'?"),
    (["read", "silver", "more"], "'more' is one argument too many for `pregao read`"),
    (["read", "gold"], "WHAT"),
    (["sql", "--format", "xml", "select 1"], "--format"),
    (["read", "topic", "--since", "yesterday"], "'yesterday' is no point in time"),
    (["listen", "--engine.max-rows", "0"], "--engine.max-rows: engine.max-rows = \"0\": expected a whole number, 1 to"),
])
def test_mistakes_name_the_nearest_right_thing_and_exit_2(pregao, args, hint):
    assert hint in pregao(*args, code=2)


def test_settings_file_errors_name_file_line_and_nearest_key(pregao):
    pregao.write("pregao.toml", 'topic = "local:t.db"\n[engine]\ncommit-intervall = "1s"\n')
    assert pregao("doctor", "--offline", code=2) == (
        "pregao: pregao.toml:3: unknown key 'engine.commit-intervall'; did you mean 'engine.commit-interval'?\n")


def test_config_flag_and_variable_name_another_file(pregao):
    pregao.write("other.toml", 'lake = "from-other"\n')
    assert settings(pregao, "--config", "other.toml")["lake"] == ('"from-other"', "other.toml:1")
    assert settings(pregao, env={"PREGAO_CONFIG": "other.toml"})["lake"][0] == '"from-other"'
    assert "no such file" in pregao("doctor", "--config", "absent.toml", code=2)
    assert "no such file" in pregao("doctor", env={"PREGAO_CONFIG": "absent.toml"}, code=2)


def settings(pregao, *args, env=None):
    pregao.write("carteira.txt", "PETR4.SA\n")
    report = json.loads(pregao("doctor", "--offline", "--json", *args, env=env))
    return {line["key"]: (line["value"], line["from"]) for line in report["settings"]}


def test_flag_beats_environment_beats_env_file_beats_file(pregao):
    assert settings(pregao)["lake"] == ('"data/lake"', "default")
    pregao.write("pregao.toml", 'lake = "a"\n')
    assert settings(pregao)["lake"] == ('"a"', "pregao.toml:1")
    pregao.write(".env", "PREGAO_LAKE=b\nBUCKET_NAME=bucket\n")
    assert settings(pregao)["lake"] == ('"b"', ".env:1")
    assert settings(pregao, env={"PREGAO_LAKE": "c"})["lake"] == ('"c"', "environment PREGAO_LAKE")
    found = settings(pregao, "--lake", "d", env={"PREGAO_LAKE": "c"})
    assert found["lake"] == ('"d"', "--lake")
    assert found["BUCKET_NAME"] == ("bucket", ".env:2")


def test_an_empty_flag_value_is_a_value(pregao):
    assert settings(pregao, "--local.retention-age", "")["local.retention-age"] == ('""', "--local.retention-age")


def test_the_last_of_a_repeated_flag_counts(pregao):
    assert settings(pregao, "--lake", "a", "--lake", "b")["lake"][0] == '"b"'


def test_secrets_of_kafka_are_not_shown(pregao):
    pregao.write("pregao.toml", '[kafka]\n"sasl.password" = "hunter2"\n"group.id" = "g"\n')
    found = settings(pregao)
    assert found["kafka.sasl.password"][0] == "(hidden)"
    assert found["kafka.group.id"][0] == "g"


def test_secrets_of_a_spark_url_are_not_shown(pregao):
    found = settings(pregao, "--spark.url", "sc://h:443/;use_ssl=true;token=hunter2;x-key=hunter3;user_id=ana")
    assert found["spark.url"][0] == '"sc://h:443/;use_ssl=true;token=(hidden);x-key=(hidden);user_id=ana"'


def test_unknown_variable_is_a_warning_with_the_nearest(pregao):
    pregao.env["PREGAO_TOPIK"] = "x"
    child = pregao.start("doctor", "--offline", "--log.format", "json")
    _, err = child.communicate(timeout=60)
    line = json.loads(err)
    assert line["level"] == "warning" and "did you mean PREGAO_TOPIC?" in line["message"]


def test_where_the_log_is_json_so_is_its_last_line(pregao):
    lines = [json.loads(line) for line in pregao("audit", "--log.format", "json", "--lake", "nope", code=1).splitlines()]
    assert lines[-1]["level"] == "error" and "nope" in lines[-1]["message"]
    [line] = pregao("listen", "--log.format", "json", "--yahoo.stream-url", "x", code=2).splitlines()
    assert "--yahoo.stream-url" in json.loads(line)["message"]


def test_doctor_reads_the_calendars_and_the_streams_address(pregao):
    pregao.write("carteira.txt", "AAPL\n")
    pregao.write("cal.txt", "rubbish here\n")
    for flags, check in ((["--calendars", "cal.txt"], "calendars"), (["--calendars", "nope.txt"], "calendars"),
                         (["--yahoo.stream-url", "http://x"], "stream")):
        report = pregao("doctor", "--offline", *flags, code=None)
        assert re.search(rf"^fail +{check} .*{flags[1]}", report, re.M), report


def test_print_config_is_the_sample_in_the_repository_and_loads(pregao):
    text = pregao("doctor", "--print-config")
    assert text == (ROOT / "pregao.toml.example").read_text()
    pregao.write("pregao.toml", text)
    assert settings(pregao)["lake"][1] == "default"


def test_doctor_fails_where_there_is_no_watchlist_and_says_the_fix(pregao):
    assert pregao("doctor", "--offline", code=1) == ""  # findings are data, on standard output
    report = pregao.start("doctor", "--offline", "--json")
    out, _ = report.communicate(timeout=60)
    found = {check["check"]: check for check in json.loads(out)["checks"]}
    assert found["watchlist"]["state"] == "fail" and "one ticker a line" in found["watchlist"]["fix"]
    assert found["topic"]["state"] == "warn"


def test_doctor_names_bad_watchlist_lines(pregao):
    pregao.write("carteira.txt", "PETR4.SA\nVALE3.SA many\n")
    report = pregao.start("doctor", "--offline", "--json")
    out, _ = report.communicate(timeout=60)
    assert any("carteira.txt:2" in check["detail"] for check in json.loads(out)["checks"])


def test_doctor_leaves_no_probe_behind(lake):
    lake.write("carteira.txt", "PETR4.SA\n")
    lake("doctor", "--offline")
    assert not [p for p in (lake.folder / "data/lake").iterdir() if "doctor" in p.name]


def test_doctor_shows_tables_and_lag(lake):
    lake.write("carteira.txt", "PETR4.SA\n")
    checks = {c["check"]: c for c in json.loads(lake("doctor", "--offline", "--json"))["checks"]}
    assert checks["silver"]["state"] == "ok" and "; 0 offsets behind the topic" in checks["silver"]["detail"]
    assert checks["topic"]["state"] == "ok"


def test_doctor_does_not_call_quarantine_behind_where_nothing_was_rejected(pregao):
    pregao.write("carteira.txt", "PETR4.SA\n")
    pregao("simulate", "--messages", "300", "--rejects", "0.1")
    pregao("silver", "--until", "end")
    pregao("simulate", "--messages", "300", "--rejects", "0")
    pregao("silver", "--until", "end")
    checks = {c["check"]: c for c in json.loads(pregao("doctor", "--offline", "--json"))["checks"]}
    for table in ("bronze", "silver", "quarantine"):
        assert "; 0 offsets behind the topic" in checks[table]["detail"], table


@pytest.mark.parametrize("how, reason", [("delete", "is missing"), ("cut", "cannot be read"), ("spoil", "")])
def test_a_broken_data_file_is_named_with_what_to_do(lake, how, reason):
    lake.write("carteira.txt", "PETR4.SA\n")
    folder = lake.folder / "data/lake/silver/quotes"
    file = next(folder.glob("date=*/*.parquet"))
    if how == "delete":
        file.unlink()
    elif how == "cut":
        os.truncate(file, file.stat().st_size // 2)
    else:
        file.write_bytes(bytes(file.stat().st_size))
    checks = {c["check"]: c for c in json.loads(doctor(lake))["checks"]}
    assert checks["silver"]["state"] == "fail" and checks["bronze"]["state"] == "ok"
    assert str(file) in checks["silver"]["detail"] and reason in checks["silver"]["detail"]
    for text in (lake("sql", "select count(*) from silver", code=1), lake("audit", code=1), lake("read", "silver", code=1),
                 checks["silver"]["fix"]):
        assert "UNION" not in text and "LINE" not in text
        assert "copy of the lake" in text and "pregao silver" in text and str(folder) in text
    assert f"table silver: the file {file} {reason}" in lake("sql", "select count(*) from silver", code=1)
    # What it says to do makes the table whole again.
    folder.rename(lake.folder / "away")
    lake("silver", "--until", "end")
    lake("audit")


def doctor(pregao):
    """Its report, which a failing one writes too."""
    return pregao.start("doctor", "--offline", "--json").communicate(timeout=60)[0]


def test_ctrl_c_ends_the_simulator_with_success(pregao):
    child = pregao.start("simulate")
    assert child.stdout.readline().startswith("ws://127.0.0.1:")
    code, _, err = interrupt(child)
    assert code == 0, err


def test_replay_counts_and_missing_file(pregao):
    counts = json.loads(pregao("replay", "--json", str(ROOT / "test/data/frames.txt")))
    assert counts["messages"] == counts["frames"] > 0 and counts["dead_letters"] == 0
    assert "absent.txt" in pregao("replay", "absent.txt", code=1)
