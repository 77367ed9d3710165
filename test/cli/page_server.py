"""A pregao whose page is asked over real HTTP."""
import http.client
import json
import re
import socket
import time

import pytest

from conftest import Pregao

PATIENCE = 60  # seconds
WATCHLIST = "# mine\nPETR4.SA  100  32.10  # bought in May\nBTC-USD\n\nAAPL\n"


class Server:
    """A child that serves; its log is read until it says where."""

    def __init__(self, child):
        self.child, self.log = child, ""
        deadline = time.monotonic() + PATIENCE
        while not (found := re.search(r"http://[^ ]*?:(\d+)", self.log)):
            assert time.monotonic() < deadline and child.poll() is None, self.log
            self.log += child.stderr.readline()
        self.port = int(found.group(1))

    def ask(self, method, path, body=None, **headers):
        """Status, headers, body. The path goes out as it is."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        headers = {name.replace("_", "-"): value for name, value in headers.items()}
        if body is not None:
            headers.setdefault("Content-Type", "application/json")
        connection.request(method, path, body, headers)
        answer = connection.getresponse()
        out = answer.status, dict(answer.getheaders()), answer.read().decode()
        connection.close()
        return out

    def status(self, method, path, body=None, **headers):
        return self.ask(method, path, body, **headers)[0]

    def get(self, path, **headers):
        status, _, body = self.ask("GET", path, **headers)
        assert status == 200, body
        return json.loads(body)

    def post(self, path, value):
        """Status and the answer."""
        status, _, body = self.ask("POST", path, json.dumps(value))
        return status, json.loads(body)

    def sql(self, text):
        return self.post("/api/sql", {"sql": text})

    def until(self, path, good):
        deadline = time.monotonic() + PATIENCE
        while not good(answer := self.get(path)):
            assert time.monotonic() < deadline, answer
            time.sleep(0.1)
        return answer

    def stream(self, window=None):
        """A socket that has asked for the stream; `window` bounds what its kernel takes unread."""
        reader = socket.socket()
        if window:
            reader.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, window)
        reader.settimeout(PATIENCE)
        reader.connect(("127.0.0.1", self.port))
        reader.sendall(b"GET /api/stream HTTP/1.1\r\nHost: localhost\r\n\r\n")
        return reader

    def events(self):
        """The stream's events, as they come, for as long as they are asked for."""
        with self.stream() as reader, reader.makefile(encoding="utf-8") as lines:
            for line in lines:
                if line.startswith("data: "):
                    yield json.loads(line[6:])


def serve(pregao, *args):
    return Server(pregao.start(args[0], "--web.listen", "127.0.0.1:0", *args[1:]))


@pytest.fixture(scope="session")
def shared(tmp_path_factory):
    program = Pregao(tmp_path_factory.mktemp("page"))
    program.write("carteira.txt", WATCHLIST)
    yield program
    for child in program.children:
        child.kill()
        child.communicate()


@pytest.fixture(scope="session")
def run(shared):
    """`pregao run` on the simulator, once Gold has bars. One for all tests, which leave it as it was."""
    server = serve(shared, "run", "--source", "simulator", "--gold.interval", "1s")
    server.until("/api/bars?ticker=BTC-USD&interval=1m", lambda answer: answer["bars"])
    server.until("/api/quotes", lambda answer: all("price" in quote for quote in answer["quotes"]))
    return server
