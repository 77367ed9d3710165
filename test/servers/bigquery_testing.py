"""What the tests of BigQuery share: an emulator of one's own, to kill and start; queries; the program."""
import contextlib
import http.server
import json
import os
import random
import signal
import socket
import subprocess
import threading
import time
import urllib.error
import urllib.request
import uuid
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BINARY = os.environ.get("PREGAO", str(ROOT / "build/release/pregao"))
BROKER = os.environ.get("PREGAO_TEST_KAFKA")
REST, GRPC = os.environ.get("PREGAO_TEST_BIGQUERY"), os.environ.get("PREGAO_TEST_BIGQUERY_GRPC")
PATIENCE = 120  # seconds, of any one wait: far beyond what it takes
# Without the emulator's freedom from credentials, and with nobody who could give any.
TO_GOOGLE = {"BIGQUERY_EMULATOR_HOST": "", "PREGAO_BIGQUERY_ENDPOINT": "127.0.0.1:9", "GCE_METADATA_HOST": "127.0.0.1:9"}


def free_port():
    """Below those that the system gives to clients: nobody takes it while its server is dead."""
    while True:
        port = random.randrange(15_000, 32_000)
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) != 0:
                return port


class Emulator:
    def __init__(self, rest=REST, grpc=GRPC):
        self.rest, self.grpc, self.child = rest, grpc, None

    @classmethod
    def own(cls, folder):
        emulator = cls(f"127.0.0.1:{free_port()}", f"127.0.0.1:{free_port()}")
        emulator.folder = folder
        folder.mkdir()
        emulator.start()
        return emulator

    def start(self):
        ports = [address.rsplit(":", 1)[1] for address in (self.rest, self.grpc)]
        with open(self.folder / "log", "a") as log:
            self.child = subprocess.Popen([os.environ["PREGAO_TEST_BIGQUERY_RUN"], str(self.folder), *ports],
                                          stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)

    def kill(self):
        if self.child:
            os.killpg(self.child.pid, signal.SIGKILL)
            self.child.wait()

    def await_answer(self):
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                return self.call("GET", "/datasets")
            except OSError:
                assert time.monotonic() < deadline, (self.folder / "log").read_text()[-2000:]
                assert self.child.poll() is None, (self.folder / "log").read_text()[-2000:]
                time.sleep(0.2)

    def call(self, method, path, body=None):
        """A request's answer; an error is urllib's HTTPError."""
        request = urllib.request.Request(f"http://{self.rest}/bigquery/v2/projects/test{path}", method=method,
                                         data=None if body is None else json.dumps(body).encode(),
                                         headers={"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
            text = answer.read()
        return json.loads(text) if text else None

    def query(self, sql):
        """All rows, each a list of texts and Nones."""
        answer = self.call("POST", "/queries", {"query": sql, "useLegacySql": False, "useQueryCache": False,
                                                "maxResults": 20_000})
        rows = []
        while True:
            assert answer["jobComplete"] and not answer.get("errors"), answer.get("errors")
            rows += [[cell["v"] for cell in row["f"]] for row in answer.get("rows", [])]
            if not answer.get("pageToken"):
                return rows
            job = answer["jobReference"]["jobId"]
            answer = self.call("GET", f"/queries/{job}?maxResults=20000&pageToken={answer['pageToken']}")

    def number(self, sql):
        return int(self.query(sql)[0][0])


class Pregao:
    """The program with a topic and a dataset of its own."""

    def __init__(self, folder, emulator):
        self.folder, self.emulator, self.name = folder, emulator, f"quotes_{uuid.uuid4().hex}"
        self.topic = f"kafka://{BROKER}/{self.name}"
        self.env = {"PATH": os.environ["PATH"], "HOME": str(folder), "PREGAO_TOPIC": self.topic, "PROJECT_ID": "test",
                    "PREGAO_ENGINE_GROUP": self.name, "BIGQUERY_EMULATOR_HOST": emulator.rest,
                    "PREGAO_BIGQUERY_ENDPOINT": emulator.grpc, "PREGAO_BIGQUERY_DATASET": self.name}
        self.silver, self.quarantine, self.bronze = (f"`test.{self.name}.{table}`" for table in (
            "silver_quotes", "silver_quarantine", "bronze_quotes"))

    def run(self, *args, env=None):
        return subprocess.run([BINARY, *args], cwd=self.folder, env=self.env | (env or {}), capture_output=True, text=True,
                              timeout=600)

    def __call__(self, *args, env=None):
        done = self.run(*args, env=env)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def start(self, *args):
        with open(self.folder / "pregao.log", "a") as log:
            return subprocess.Popen([BINARY, *args], cwd=self.folder, env=self.env, stdin=subprocess.DEVNULL, stdout=log,
                                    stderr=log)

    def await_rows(self, count):
        """Until Silver has so many."""
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                if self.emulator.number(f"SELECT COUNT(*) FROM {self.silver}") == count:
                    return
            except (OSError, AssertionError):
                pass  # no table yet
            assert time.monotonic() < deadline, (self.folder / "pregao.log").read_text()[-3000:]
            time.sleep(0.2)

    def to_end(self, *args):
        return json.loads(self("--json", "silver", "--to", "bigquery", "--until", "end", *args))


class Refusing(http.server.BaseHTTPRequestHandler):
    """A token server that knows nobody."""

    def do_POST(self):
        body = json.dumps({"error": "invalid_grant", "error_description": "Invalid JWT Signature."}).encode()
        self.send_response(400)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


@contextlib.contextmanager
def refused_key(file):
    """A service account's key, whose token server is there and refuses it."""
    key = subprocess.run(["openssl", "genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"], check=True,
                         capture_output=True, text=True).stdout
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Refusing) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        file.write_text(json.dumps({"type": "service_account", "client_email": "writer@p.example", "private_key": key,
                                    "token_uri": f"http://127.0.0.1:{server.server_port}/token"}))
        yield
        server.shutdown()


def produce_plain(topic, count, partitions=4, first=0, old=()):
    """`count` quotes, each 20th of them sent twice and each 100th beside one that is no JSON; those of `old` are of 2001."""
    from confluent_kafka import Producer
    from confluent_kafka.admin import AdminClient, NewTopic

    if first == 0:
        admin = AdminClient({"bootstrap.servers": BROKER})
        admin.create_topics([NewTopic(topic, partitions)])[topic].result()
    producer = Producer({"bootstrap.servers": BROKER, "linger.ms": 20, "queue.buffering.max.messages": 1_000_000})
    for n in range(first, first + count):
        time_ms = (1_000_000_000_000 if n in old else 1_790_000_000_000) + n * 10
        value = json.dumps({"ticker": f"T{n % 50}", "price": 10 + n % 977 / 100, "time": time_ms, "exchange": "SAO",
                            "change_percent": 0.5, "change": -0.25, "day_volume": n, "received_at": time_ms + 40})
        for _ in range(2 if n % 20 == 0 else 1):
            producer.produce(topic, value, key=f"T{n % 50}", timestamp=time_ms)
        if n % 100 == 0:
            producer.produce(topic, "no json", key=f"T{n % 50}", timestamp=time_ms)
        producer.poll(0)
    assert producer.flush(60) == 0
