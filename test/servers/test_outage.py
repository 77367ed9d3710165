"""A bucket that is away while the broker is full of messages, for longer than max.poll.interval.ms: memory stays flat,
the engine's partitions go to the group and come back, and then the tables catch up."""
import os
import re
import socket
import threading
import time
import urllib.request

import pytest
from test_kafka import BROKER, TIMEOUT, pregao, stop, wait_for  # noqa: F401 (pregao is a fixture)

EMULATOR, BUCKET = os.environ.get("PREGAO_TEST_GCS"), os.environ.get("PREGAO_TEST_GCS_BUCKET")
MESSAGES = 600_000  # some 110 MB as they lie in the topic, several times that when they are decoded
MAY_GROW = 48 << 20  # bytes, over what it has taken when the outage has lasted some seconds
OUTAGE_S = 25
MAX_POLL_S = 10  # nobody polls for longer than this while nothing can be written

pytestmark = pytest.mark.skipif(not (BROKER and EMULATOR), reason="needs kafka.sh and gcs.sh: make test-servers")


class Door:
    """A way to a server on this machine that can be shut: connections are cut, and new ones refused."""

    def __init__(self, address):
        host, port = address.split("//")[1].split(":")
        self.target, self.open, self.pairs = (host, int(port)), True, []
        self.server = socket.create_server(("127.0.0.1", 0))
        self.port = self.server.getsockname()[1]
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            try:
                client, _ = self.server.accept()
            except OSError:
                return
            if not self.open:
                client.close()
                continue
            pair = (client, socket.create_connection(self.target))
            self.pairs.append(pair)
            for source, sink in (pair, pair[::-1]):
                threading.Thread(target=self.pump, args=(source, sink), daemon=True).start()

    @staticmethod
    def pump(source, sink):
        try:
            while data := source.recv(1 << 16):
                sink.sendall(data)
        except OSError:
            pass
        for end in (source, sink):
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def shut(self):
        self.open = False
        for pair in self.pairs:
            for end in pair:
                try:
                    end.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass


def test_memory_is_flat_while_the_bucket_is_away_and_the_tables_catch_up(pregao):  # noqa: F811
    pregao("simulate", "--messages", str(MESSAGES))
    door = Door(EMULATOR)
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    pregao.env |= {"STORAGE_EMULATOR_HOST": f"http://127.0.0.1:{door.port}", "PREGAO_LAKE": f"gs://{BUCKET}/{pregao.folder.name}",
                   "PREGAO_ENGINE_COMMIT_INTERVAL": "200ms", "PREGAO_ENGINE_MAX_ROWS": "10000",
                   "PREGAO_KAFKA_MAX_POLL_INTERVAL_MS": str(MAX_POLL_S * 1000)}

    def metric(name):
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=TIMEOUT) as answer:
            return float(re.search(rf"^{name} (\S+)$", answer.read().decode(), re.MULTILINE)[1])

    def ready():
        return pregao.run("doctor", "--ask", "readyz", "--web.listen", f"127.0.0.1:{port}").stdout

    engine = pregao.start("silver", "--web.listen", f"127.0.0.1:{port}")
    wait_for(lambda: "are served" in open(engine.log).read(), "the metrics")
    wait_for(lambda: metric("pregao_engine_commits_total") >= 3, "commits")
    door.shut()
    time.sleep(5)
    rows, before = metric("pregao_engine_rows_total"), metric("process_resident_memory_bytes")
    assert rows < MESSAGES / 2, "the outage came too late to tell anything"
    until, most = time.monotonic() + OUTAGE_S, before
    while time.monotonic() < until:
        most = max(most, metric("process_resident_memory_bytes"))
        time.sleep(0.2)
    assert most - before < MAY_GROW, f"{before / 2**20:.0f} MiB, then {most / 2**20:.0f} MiB"
    assert metric("pregao_engine_rows_total") == rows
    assert metric("pregao_engine_records_total") < MESSAGES / 2, "what cannot be written is not read"
    wait_for(lambda: '"ready":false' in ready(), "it says that it is not ready")
    assert "lake" in ready()
    door.open = True
    wait_for(lambda: lag(port) == 0, "all of it")
    assert "this reader gave its partitions up and joins the group again" in open(engine.log).read()
    print(f"\nresident: {before / 2**20:.0f} MiB at the outage's start, at most {most / 2**20:.0f} MiB in it, "
          f"{metric('process_resident_memory_bytes') / 2**20:.0f} MiB when all was caught up with")
    stop(engine)
    assert pregao.json("silver", "--until", "end")["consumed"] == 0
    pregao.audit()


def lag(port):
    """Records that the tables have not; more than none while it is not known."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=TIMEOUT) as answer:
        text = answer.read().decode()
    parts = [float(value) for value in re.findall(r"^pregao_engine_lag_records\{\S+ (\S+)$", text, re.MULTILINE)]
    return sum(parts) if parts else 1
