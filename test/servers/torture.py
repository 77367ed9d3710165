"""Kills listener, engines and broker (-9) at random while a topic grows, then asks three judges: the program's own
audit, and Silver and quarantine, as delta-rs reads them, against an oracle that reads the topic itself.

    make torture ROUNDS=100 SEED=7
"""
import argparse
import json
import os
import random
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from deltalake import DeltaTable

import oracle

ROOT = Path(__file__).resolve().parents[2]
BINARY = os.environ.get("PREGAO", str(ROOT / "build/release/pregao"))
PATIENCE = 120  # seconds, of any one wait: far beyond what it takes
TICKERS = 40


def wait_for(condition, what):
    deadline = time.monotonic() + PATIENCE
    while not (value := condition()):
        assert time.monotonic() < deadline, f"waited {PATIENCE} s for {what}"
        time.sleep(0.1)
    return value


def free_ports(count):
    """Below those that the system gives to clients: nobody takes one while its broker is dead."""
    ports = []
    while len(ports) < count:
        with socket.socket() as probe:
            port = random.randrange(15_000, 32_000)
            if port not in ports and probe.connect_ex(("127.0.0.1", port)) != 0:
                ports.append(port)
    return [str(port) for port in ports]


class Process:
    """One that is started again and again, each time with a log of its own."""

    def __init__(self, folder, name, command, env, ready=None):
        self.folder, self.name, self.command, self.env, self.ready = folder, name, command, env, ready
        self.child, self.starts, self.gave_up = None, 0, []

    @property
    def log(self):
        return (self.folder / f"{self.name}-{self.starts}.log").read_text(errors="replace")

    def start(self):
        self.starts += 1
        with open(self.folder / f"{self.name}-{self.starts}.log", "w") as log:
            self.child = subprocess.Popen(self.command, cwd=self.folder, env=self.env, stdin=subprocess.DEVNULL,
                                          stdout=log, stderr=log, start_new_session=True)
        if self.ready:
            wait_for(lambda: re.search(self.ready, self.log), f"{self.name}: {self.ready}")

    def kill(self):
        if self.child and self.child.poll() is None:
            os.killpg(self.child.pid, signal.SIGKILL)
        if self.child:
            self.child.wait()

    def revive(self):
        """What a supervisor does for one that gave up by itself; its last words are kept."""
        if self.child.poll() is not None:
            self.gave_up.append(self.log.strip().splitlines()[-1:])
            self.start()

    def stop(self):
        self.revive()
        self.child.send_signal(signal.SIGINT)
        code = self.child.wait(timeout=PATIENCE)
        assert code in (0, 130), f"{self.name} ended with {code}: {self.log[-2000:]}"


class Torture:
    def __init__(self, folder, seed):
        self.folder, self.dice = folder, random.Random(seed)
        ports = free_ports(4)
        self.address = f"127.0.0.1:{ports[0]}"
        self.env = {"PATH": os.environ["PATH"], "HOME": str(folder), "PREGAO_TOPIC": f"kafka://{self.address}/quotes",
                    "PREGAO_KAFKA_SESSION_TIMEOUT_MS": "6000", "PREGAO_ENGINE_COMMIT_INTERVAL": "200ms",
                    "PREGAO_UPKEEP_SMALL_FILES": "8", "PREGAO_ENGINE_DEDUPE_KEYS": "20000"}
        folder.joinpath("carteira.txt").write_text("".join(f"SIM{i}\n" for i in range(TICKERS)))
        self.broker = Process(folder, "broker", [os.environ["PREGAO_TEST_KAFKA_RUN"], str(folder / "kafka"), *ports],
                              dict(os.environ), "Kafka Server started")
        self.market = Process(folder, "market", [BINARY, "simulate", "--sim.tick", "50ms", "--duplicate", "0.05",
                                                 "--out-of-order", "0.02", "--damaged", "0.005"], self.env, r"ws://\S+")
        self.engines = [Process(folder, f"engine{i}", [BINARY, "silver"], self.env) for i in (1, 2)]
        self.listener = None
        self.everything = [self.broker, self.market, *self.engines]

    def pregao(self, *args, check=True):
        done = subprocess.run([BINARY, *args], cwd=self.folder, env=self.env, capture_output=True, text=True,
                              timeout=10 * PATIENCE)
        assert not check or done.returncode == 0, f"{args}: {done.stdout[-3000:]} {done.stderr[-3000:]}"
        return done.stdout

    def start(self):
        self.broker.start()
        self.market.start()
        url = re.search(r"ws://\S+", self.market.log)[0]
        self.listener = Process(self.folder, "listener", [BINARY, "listen", "--yahoo.stream-url", url], self.env)
        self.everything.append(self.listener)
        self.listener.start()
        self.burst()
        for engine in self.engines:
            engine.start()

    def burst(self):
        """Many records at once, with rejects; three markets take turns, so that old messages come again."""
        self.pregao("simulate", "--messages", "3000", "--rejects", "0.05", "--duplicates", "0.05", "--sim.seed",
                    str(self.dice.randint(1, 3)), check=False)  # the broker may be dead

    def round(self):
        """Kills some of them in the midst of their work; what was killed stays away for a while."""
        time.sleep(self.dice.uniform(0.2, 2.5))
        if self.dice.random() < 0.3:
            self.burst()
        victims = [p for p, chance in ((self.listener, 0.4), (self.engines[0], 0.5), (self.engines[1], 0.5),
                                       (self.broker, 0.25)) if self.dice.random() < chance]
        victims = victims or [self.dice.choice(self.engines)]
        for process in victims:
            process.kill()
            time.sleep(self.dice.choice((0, 0, self.dice.uniform(0, 1))))
        time.sleep(self.dice.uniform(0, 1.5))
        self.dice.shuffle(victims)
        for process in victims:
            process.start()
        for process in (self.listener, *self.engines):
            process.revive()
        return [process.name for process in victims]

    def settle(self):
        """Lets all come to rest: nothing waits in the spool, and what is in the topic is in the tables."""
        self.burst()
        self.listener.stop()
        for engine in self.engines:
            engine.stop()
        self.pregao("silver", "--until", "end")

    def judge(self):
        report = json.loads(self.pregao("audit", "--json"))
        assert report["clean"] and report["from_bronze"] and report["from_topic"], report
        records = oracle.read_topic(self.address, "quotes")
        tables = [DeltaTable(str(self.folder / "data/lake/silver" / name)).to_pyarrow_table()
                  for name in ("quotes", "quarantine")]
        found = oracle.differences(records, *tables)
        assert not found, "\n".join(found)
        return {"records": len(records), "silver": len(tables[0]), "quarantine": len(tables[1]),
                "duplicates": sum(p["duplicates"] for p in report["partitions"])}

    def end(self):
        for process in self.everything:
            process.kill()


def torture(folder, rounds, seed, say):
    """Runs `rounds`; returns what the judges counted. Asserts that all is right."""
    play = Torture(folder, seed)
    began = time.monotonic()
    try:
        play.start()
        for number in range(1, rounds + 1):
            killed = play.round()
            line = f"round {number} of {rounds}, {time.monotonic() - began:.0f} s: killed {', '.join(killed)}"
            if number % 10 == 0:
                clean = json.loads(play.pregao("audit", "--json"))["clean"]
                assert clean, "audit in the midst of it"
                line += "; audit clean"
            say(line)
        play.settle()
        counted = play.judge()
        counted["gave_up"] = {p.name: p.gave_up for p in play.everything if p.gave_up}
        return counted
    finally:
        play.end()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=100)
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 30))
    args = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="pregao-torture-"))
    print(f"torture: {args.rounds} rounds, seed {args.seed}, in {folder}", flush=True)
    try:
        counted = torture(folder, args.rounds, args.seed, lambda line: print(line, flush=True))
    except BaseException:
        print(f"torture: seed {args.seed}; logs and tables are left in {folder}", file=sys.stderr)
        raise
    shutil.rmtree(folder)
    print(f"torture: all is right: {json.dumps(counted)}")


if __name__ == "__main__":
    main()
