"""A full disk: a small tmpfs, which only root can mount."""
import json
import os
import re
import subprocess
import time

import pytest

from conftest import BINARY, interrupt
from test_operations import count, free_port, wait_for

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="needs root to mount a small tmpfs")


MONTH_S = 30 * 86_400


class Disk:
    """A file system of its own size, mounted on a folder."""

    def __init__(self, folder):
        self.folder = folder
        folder.mkdir(parents=True)

    def __enter__(self):
        done = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1536k", "tmpfs", self.folder], capture_output=True)
        if done.returncode:
            pytest.skip(f"no tmpfs here: {done.stderr.decode()}")
        return self

    def grow(self):
        subprocess.run(["mount", "-o", "remount,size=256m", self.folder], check=True)

    def __exit__(self, *_):
        subprocess.run(["umount", "-l", self.folder], check=True)


class Logged:
    """A command whose log goes to a file, so that a full pipe holds nothing up."""

    def __init__(self, pregao, *args):
        self.file = pregao.folder / f"{args[0]}.log"
        with open(self.file, "wb") as log:
            self.child = subprocess.Popen([BINARY, *args], cwd=pregao.folder, env=pregao.env, stdin=subprocess.DEVNULL,
                                          stdout=log, stderr=log)
        pregao.children.append(self.child)

    def await_line(self, words):
        wait_for(lambda: words in self.file.read_text(), self.child)
        return next(line for line in self.file.read_text().splitlines() if words in line)


def ready(pregao, port):
    return '"ready":true' in pregao("doctor", "--ask", "readyz", "--web.listen", f"127.0.0.1:{port}", code=None)


def test_a_lake_on_a_full_disk_names_file_and_remedy_and_goes_on_when_there_is_room(pregao):
    pregao("simulate", "--messages", "40000", "--rejects", "0.01")
    with Disk(pregao.folder / "data/lake") as disk:
        port = free_port()
        engine = Logged(pregao, "silver", "--engine.max-rows", "1000", "--web.listen", f"127.0.0.1:{port}")
        line = engine.await_line("No space left on device")
        assert f"{disk.folder}/" in line and "free some space, or move the lake to another disk" in line
        assert not ready(pregao, port)
        disk.grow()
        wait_for(lambda: ready(pregao, port) and count(pregao, "bronze") == 40000, engine.child)
        assert interrupt(engine.child)[0] == 0
        assert not list((disk.folder / ".pregao-tmp").iterdir()), "nothing half-written is left"
        pregao("silver", "--until", "end")
        assert '"clean":true' in pregao("audit", "--json")


def test_a_topic_on_a_full_disk_names_file_and_remedy_and_goes_on_when_there_is_room(pregao):
    pregao.write("carteira.txt", "".join(f"SYM{i:03}\n" for i in range(60)))
    market = pregao.start("simulate", "--sim.tick", "20ms")
    url = market.stdout.readline().strip()
    with Disk(pregao.folder / "topic") as disk:
        listener = Logged(pregao, "listen", "--yahoo.stream-url", url, "--topic", f"local:{disk.folder}/t.db")
        line = listener.await_line("refuses")
        assert f"{disk.folder}/t.db" in line and "space" in line
        disk.grow()
        before = size(disk)
        wait_for(lambda: size(disk) > before + (1 << 20), listener.child)
        assert interrupt(listener.child)[0] == 0
        assert "a frame is lost" not in listener.file.read_text()
        pregao("silver", "--until", "end", "--topic", f"local:{disk.folder}/t.db")
        assert '"clean":true' in pregao("audit", "--json", "--topic", f"local:{disk.folder}/t.db")


def test_a_spool_on_a_full_disk_names_file_and_remedy_and_goes_on_when_there_is_room(pregao):
    """The topic is away (its folder cannot be made), so all goes to the spool, whose disk is full soon."""
    pregao.write("carteira.txt", "".join(f"SYM{i:03}\n" for i in range(60)))
    pregao.write("away", "a file where the topic's folder should be\n")
    market = pregao.start("simulate", "--sim.tick", "20ms")
    url = market.stdout.readline().strip()
    topic = ["--topic", "local:away/topic.db"]
    with Disk(pregao.folder / "spool") as disk:
        listener = Logged(pregao, "listen", "--yahoo.stream-url", url, *topic, "--listen.spool", f"{disk.folder}/spool.db")
        line = listener.await_line("refuses")
        assert f"{disk.folder}/spool.db" in line and "space" in line and "is away" in line
        disk.grow()
        before = size(disk)
        wait_for(lambda: size(disk) > before + (1 << 20), listener.child)
        (pregao.folder / "away").unlink()
        listener.await_line("topic quotes is back")
        assert interrupt(listener.child)[0] == 0
        assert "a frame is lost" not in listener.file.read_text()
        said = re.search(r"([\d,]+) messages written", listener.file.read_text().splitlines()[-1])[1].replace(",", "")
        silver = json.loads(pregao("silver", "--until", "end", "--json", *topic))
        assert silver["consumed"] == int(said) > 2000, "each that was acknowledged, and no other"
        assert '"clean":true' in pregao("audit", "--json", *topic)


def test_vacuum_makes_room_on_a_full_disk(pregao):
    with Disk(pregao.folder / "data/lake") as disk:
        disk.grow()
        for seed in range(4):
            pregao("simulate", "--messages", "300", "--sim.seed", str(seed))
            pregao("silver", "--until", "end", "--upkeep.enabled", "false")
        pregao("optimize")
        for path in (disk.folder / "silver").rglob("*.parquet"):  # of bronze, which comes first, nothing may go
            os.utime(path, (time.time() - MONTH_S, time.time() - MONTH_S))
        subprocess.run(["dd", "if=/dev/zero", f"of={disk.folder}/_rest", "bs=1M"], capture_output=True)
        assert os.statvfs(disk.folder).f_bavail == 0
        deleted = {table["table"]: table["deleted_files"] for table in json.loads(pregao("vacuum", "--json"))["tables"]}
        assert deleted["bronze"] == 0 and deleted["silver"] > 0
        (disk.folder / "_rest").unlink()
        pregao("silver", "--until", "end")
        assert '"clean":true' in pregao("audit", "--json")


def size(disk):
    return sum(file.stat().st_size for file in disk.folder.iterdir())
