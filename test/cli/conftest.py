"""The program under test: PREGAO names the binary, else build/release/pregao."""
import os
import re
import signal
import subprocess
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
BINARY = os.environ.get("PREGAO", str(ROOT / "build/release/pregao"))
TIMEOUT = 120  # seconds, of any one run: far beyond what it takes


class Pregao:
    """Runs the program in a folder of its own, with an environment that holds nothing of ours."""

    def __init__(self, folder):
        self.folder = folder
        self.env = {"PATH": os.environ["PATH"], "HOME": str(folder), "TERM": "xterm", "LANG": "C.UTF-8"}
        self.children = []

    def __call__(self, *args, stdin="", env=None, code=0):
        done = subprocess.run([BINARY, *args], cwd=self.folder, env=self.env | (env or {}), input=stdin.encode(),
                              capture_output=True, timeout=TIMEOUT)
        out, err = done.stdout.decode(), done.stderr.decode()
        assert code is None or done.returncode == code, f"exit {done.returncode}\n{out}\n{err}"
        return out + err if code is None else out if code == 0 else err

    def start(self, *args, **popen):
        child = subprocess.Popen([BINARY, *args], cwd=self.folder, env=self.env, stdin=subprocess.DEVNULL,
                                 stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **popen)
        self.children.append(child)
        return child

    def write(self, name, text):
        (self.folder / name).write_text(text)


def heeds_signals(child):
    """Whether it has come so far that it waits for signals: before that one would kill it, as any program."""
    blocked = re.search(r"^SigBlk:\s*(\w+)", Path(f"/proc/{child.pid}/status").read_text(), re.M)
    return blocked and int(blocked[1], 16) & 1 << (signal.SIGINT - 1)


def interrupt(child):
    """Ctrl-C. Returns the exit code and what was still to be read."""
    deadline = time.monotonic() + TIMEOUT
    while child.poll() is None and not heeds_signals(child) and time.monotonic() < deadline:
        time.sleep(0.01)
    child.send_signal(signal.SIGINT)
    out, err = child.communicate(timeout=TIMEOUT)
    return child.returncode, out, err


@pytest.fixture
def pregao(tmp_path):
    program = Pregao(tmp_path)
    yield program
    for child in program.children:
        if child.poll() is None:
            child.kill()
        child.communicate()


@pytest.fixture
def lake(pregao):
    """The recorded frames in the topic and in the tables, whose logs have no checkpoint yet."""
    pregao("replay", str(ROOT / "test/data/frames.txt"))
    pregao("silver", "--until", "end", "--upkeep.enabled", "false")
    return pregao
