#!/usr/bin/env python3
"""What open pages cost `pregao serve`, and how long a quote takes from its frame to a page.

  bench/page.py [--pages 0,1,50,200] [--seconds 20] [--tickers 50] [--rate 100]

A simulated market feeds `pregao run`'s parts, each a process of its own: listen, silver, gold, serve. This process stands
for the pages, over two real connections each: it reads their event streams, and asks what they ask, of different tickers.
Beside them is a page that reads nothing of its stream, and must be cut off. A quote's delay runs from the listener's
receipt of the frame (received_at) until its event has been read by this process, on one clock, so that what this process
is late counts too. Columns: CPU of one core and memory of `serve`; the delay's p50 and p99; answers a second, and the p99
of the time that one takes; after how long the page that reads nothing was cut off.
"""
import argparse
import heapq
import json
import os
import random
import re
import selectors
import signal
import socket
import subprocess
import tempfile
import time
import urllib.request
from pathlib import Path

PREGAO = Path(__file__).resolve().parent.parent / "build/release/pregao"
START = 30  # seconds, until a process says that it is there
CUT = 300  # seconds, until a page that reads nothing is cut off


class Process:
    """A pregao whose log is read."""

    def __init__(self, folder, *args):
        self.log = Path(folder, args[0] + ".log")
        with self.log.open("w") as log:
            self.child = subprocess.Popen([PREGAO, *args], cwd=folder, stdout=subprocess.DEVNULL, stderr=log)

    def said(self, pattern):
        for _ in range(START * 10):
            if found := re.search(pattern, self.log.read_text()):
                return found.group(1)
            assert self.child.poll() is None, self.log.read_text()
            time.sleep(0.1)
        raise SystemExit(f"page: nothing like {pattern} in:\n{self.log.read_text()}")

    def cpu(self):
        """Seconds of processor time so far."""
        fields = Path(f"/proc/{self.child.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def memory(self):
        """MiB resident."""
        return int(re.search(r"VmRSS:\s+(\d+)", Path(f"/proc/{self.child.pid}/status").read_text()).group(1)) / 1024

    def end(self):
        self.child.send_signal(signal.SIGINT)
        try:
            self.child.wait(20)
        except subprocess.TimeoutExpired:
            self.child.kill()


class Stream:
    """A page's events. What is in an event is read once, for it is the same text for all."""

    received = {}  # event: when each of its quotes was received
    request = b"GET /api/stream HTTP/1.1\r\nHost: localhost\r\n\r\n"

    def __init__(self):
        self.buffer, self.delays, self.events = bytearray(), [], 0

    def take(self, data, now):
        self.buffer += data
        while (at := self.buffer.find(b"\n\n")) >= 0:
            event = bytes(self.buffer[:at])
            del self.buffer[:at + 2]
            if b"data: " not in event:
                continue
            if event not in self.received:
                if len(self.received) > 1000:
                    self.received.clear()
                quotes = json.loads(event[event.index(b"data: ") + 6:])["quotes"]
                self.received[event] = [quote["received_at"] for quote in quotes]
            self.events += 1
            self.delays += [now * 1000 - received for received in self.received[event]]
        return None


class Questions:
    """What a page asks now and then, one after the other on a connection that is kept."""

    EVERY = {"/api/quotes": 5, "/api/portfolio": 2, "/api/health": 3, "/api/bars": 10, "/api/gaps": 15, "/api/history": 60,
             "/api/watchlist": 60}  # seconds, as src/web/app has them

    def __init__(self, ticker, now):
        self.ticker = ticker
        self.due = [(now + random.uniform(0, every), path) for path, every in self.EVERY.items()]
        self.buffer, self.sent, self.waits = bytearray(), None, []

    def take(self, data, now):
        """@return the next question, when the answer to the last is whole."""
        self.buffer += data
        head, _, body = self.buffer.partition(b"\r\n\r\n")
        length = re.search(rb"Content-Length: (\d+)", head)
        if length and len(body) >= int(length.group(1)):
            assert head.startswith(b"HTTP/1.1 200"), head
            self.waits.append((now - self.sent) * 1000)
            self.sent, self.buffer = None, bytearray()
        return self.ask(now)

    def ask(self, now):
        if self.sent is not None or self.due[0][0] > now:
            return None
        due, path = heapq.heappop(self.due)
        heapq.heappush(self.due, (due + self.EVERY[path], path))
        self.sent = now
        path += f"?ticker={self.ticker}&interval=1m" if path == "/api/bars" else ""
        return f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()


class Pages:
    """So many pages on one thread: the stream of each, and its questions."""

    def __init__(self, port, count, tickers):
        self.selector, self.pages = selectors.DefaultSelector(), []
        for number in range(count):
            for page in (Stream(), Questions(f"T{number % tickers}.SA", time.time() + 1)):
                connection = socket.create_connection(("127.0.0.1", port), timeout=30)
                if isinstance(page, Stream):
                    connection.sendall(page.request)
                else:
                    heapq.heapify(page.due)
                connection.setblocking(False)
                self.selector.register(connection, selectors.EVENT_READ, page)
                self.pages.append((connection, page))

    def read(self, seconds):
        end = time.time() + seconds
        while (now := time.time()) < end:
            for connection, page in self.pages:
                if isinstance(page, Questions) and (question := page.ask(now)):
                    connection.sendall(question)
            for key, _ in self.selector.select(0.02) if self.pages else time.sleep(0.02) or ():
                data = key.fileobj.recv(1 << 20)
                assert data, "a page was dropped"
                if question := key.data.take(data, time.time()):
                    key.fileobj.sendall(question)

    def forget(self):
        """What was before the measurement."""
        for _, page in self.pages:
            (page.delays if isinstance(page, Stream) else page.waits).clear()

    def all(self, kind, of):
        return sorted(value for _, page in self.pages if isinstance(page, kind) for value in getattr(page, of))

    def close(self):
        self.selector.close()
        for connection, _ in self.pages:
            connection.close()


def at(values, part):
    return f"{values[min(int(len(values) * part), len(values) - 1)]:.0f} ms" if values else ""


def health(port):
    return json.load(urllib.request.urlopen(f"http://127.0.0.1:{port}/api/health", timeout=30))


class Stalled:
    """A page that asks for the stream and reads nothing of it."""

    def __init__(self, port):
        self.connection, self.began = socket.socket(), time.monotonic()
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        self.connection.connect(("127.0.0.1", port))
        self.connection.sendall(Stream.request)

    def cut_off_after(self, port, pages, count):
        """Seconds; the other pages are read meanwhile."""
        while health(port)["pages"] > count:
            if time.monotonic() - self.began > CUT:
                raise SystemExit(f"page: a page that reads nothing was not cut off in {CUT} s")
            pages.read(0.5)
        return time.monotonic() - self.began


def measure(serve, port, count, options):
    seconds = options.seconds
    pages = Pages(port, count, options.tickers)
    stalled = Stalled(port) if count else None
    try:
        pages.read(3)
        pages.forget()
        cpu, began = serve.cpu(), time.monotonic()
        pages.read(seconds)
        used = (serve.cpu() - cpu) / (time.monotonic() - began) * 100
        delays, waits, memory = pages.all(Stream, "delays"), pages.all(Questions, "waits"), serve.memory()
        cut = f"{stalled.cut_off_after(port, pages, count):.0f} s" if stalled else ""
    finally:
        pages.close()
    print(f"{count:>6} {used:>7.1f} % {memory:>6.0f} MiB {at(delays, 0.5):>8} {at(delays, 0.99):>8}"
          f" {len(waits) / seconds:>10.0f} {at(waits, 0.99):>8} {cut:>8}", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pages", default="0,1,50,200", help="how many pages, one run each")
    parser.add_argument("--seconds", type=int, default=20, help="of each run")
    parser.add_argument("--tickers", type=int, default=50)
    parser.add_argument("--rate", type=int, default=100, help="about so many quotes a second in all")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="pregao-page-") as folder:
        # A simulated share speaks in a good half of its market's seconds.
        tick = max(1, 580 * options.tickers // options.rate)
        Path(folder, "carteira.txt").write_text("".join(f"T{n}.SA\n" for n in range(options.tickers)))
        market = Process(folder, "simulate", "--sim.tick", f"{tick}ms")
        processes = [market]
        try:
            url = market.said(r"(ws://\S+?)[ ;]")
            processes.append(Process(folder, "listen", "--yahoo.stream-url", url))
            processes[-1].said(r"(connection 1: open)")
            processes += [Process(folder, "silver"), Process(folder, "gold")]
            serve = Process(folder, "serve", "--web.listen", "127.0.0.1:0")
            processes.append(serve)
            port = int(serve.said(r"the page is at http://[^ ]*?:(\d+)"))
            time.sleep(15)  # until there are bars
            print(f"{options.tickers} tickers, {health(port)['messages_per_second']:.0f} quotes/s\n"
                  f"{'pages':>6} {'CPU':>9} {'memory':>10} {'p50':>8} {'p99':>8} {'answers/s':>10} {'p99':>8} {'cut off':>8}")
            for count in options.pages.split(","):
                measure(serve, port, int(count), options)
        finally:
            for process in reversed(processes):
                process.end()


main()
