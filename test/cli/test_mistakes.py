"""What people get wrong: each is refused by name or does what was asked; nothing is ignored without a word."""
import json
import subprocess

import pytest

from conftest import BINARY, ROOT, TIMEOUT

FRAMES = str(ROOT / "test/data/frames.txt")


def run(pregao, *args):
    """The exit code, standard output and standard error."""
    done = subprocess.run([BINARY, *args], cwd=pregao.folder, env=pregao.env, stdin=subprocess.DEVNULL,
                          capture_output=True, text=True, timeout=TIMEOUT)
    return done.returncode, done.stdout, done.stderr


def test_the_key_of_a_partitioning_is_named_as_it_is_set(lake):
    assert "set engine.partition-by to that" in lake("silver", "--until", "end", "--engine.partition-by", "ticker", code=1)


def test_a_log_line_has_one_severity(pregao):
    pregao.write("carteira.txt", "AAPL\nVALE3.SA many\n")
    child = pregao.start("listen", "--yahoo.stream-url", "ws://127.0.0.1:1/")
    for line in child.stderr:
        if "carteira.txt:2" in line:
            break
    assert " warning carteira.txt:2: " in line and "error" not in line
