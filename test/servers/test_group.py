"""Engines of one group that die, freeze and come back: partitions move, and nothing is lost or doubled."""
import random
import re
import signal
import time

import pytest
from test_kafka import BROKER, pregao, stop, wait_for  # noqa: F401 (pregao is a fixture)

pytestmark = pytest.mark.skipif(not BROKER, reason="needs setup/services/kafka.sh: make test-servers")


def text(child):
    with open(child.log) as log:
        return log.read()


class Live:
    """A topic that grows by some 500 messages a second, duplicates and damaged frames among them."""

    def __init__(self, program):
        self.program = program
        program.folder.joinpath("carteira.txt").write_text("".join(f"SIM{i}\n" for i in range(40)))
        program.env["PREGAO_ENGINE_COMMIT_INTERVAL"] = "500ms"
        self.market = program.start("simulate", "--sim.tick", "50ms", "--duplicate", "0.05", "--damaged", "0.01")
        [url] = wait_for(lambda: re.findall(r"ws://\S+", text(self.market))[:1], "the simulator's address")
        self.listener = program.start("listen", "--yahoo.stream-url", url)
        wait_for(lambda: program.run("read", "topic", "--tail", "1").stdout.strip(), "the first message")

    def grow(self, rows, what):
        before = self.program.silver_rows()
        wait_for(lambda: self.program.silver_rows() > before + rows, what)

    def finish(self, engines):
        for child in [self.listener, *engines, self.market]:
            stop(child)
        self.program("silver", "--until", "end")
        report = self.program.audit()
        assert sum(p["duplicates"] for p in report["partitions"]) > 0
        return report


def test_two_then_three_engines_are_killed_and_started_again_through_rebalances(pregao):  # noqa: F811
    live, dice = Live(pregao), random.Random(11)
    engines = [pregao.start("silver"), pregao.start("silver")]
    for members, rounds in ((2, 3), (3, 4)):
        while len(engines) < members:
            engines.append(pregao.start("silver"))
        for number in range(rounds):
            live.grow(300, f"rows of {members} engines, round {number}")
            victim = engines.pop(dice.randrange(members))
            if number % 2:
                stop(victim)  # leaves the group by itself
            else:
                victim.kill()  # is missed when its session has run out
                victim.wait()
            time.sleep(dice.uniform(0, 3))
            engines.append(pregao.start("silver"))
    live.grow(300, "rows after the last kill")
    for engine in engines:
        assert engine.poll() is None, text(engine)
    report = live.finish(engines)
    assert sum(p["silver"] for p in report["partitions"]) > 2000


def test_an_engine_that_was_frozen_is_fenced_when_it_wakes_and_says_so(pregao):  # noqa: F811
    live = Live(pregao)
    frozen = pregao.start("silver")
    live.grow(300, "rows of the first")
    other = pregao.start("silver")
    wait_for(lambda: "rows" in text(other), "a status line of the second")
    # Frozen at any moment it nearly always holds a batch; a few attempts make it sure.
    for _ in range(5):
        frozen.send_signal(signal.SIGSTOP)
        time.sleep(7)  # its session runs out after six, and the other takes its partitions
        live.grow(1500, "rows of the second alone")
        frozen.send_signal(signal.SIGCONT)
        deadline = time.monotonic() + 10
        while "another process committed this batch's offsets first" not in text(frozen) and time.monotonic() < deadline:
            time.sleep(0.2)
        if "another process committed" in text(frozen):
            break
        live.grow(300, "rows of both")
    assert "going on from the tables' positions" in text(frozen)
    live.grow(300, "rows of both")
    assert frozen.poll() is None and other.poll() is None
    live.finish([frozen, other])
