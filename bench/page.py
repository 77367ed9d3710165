#!/usr/bin/env python3
"""What open pages cost `pregao serve`, and how long a quote takes from its frame to a page.

  bench/page.py [--streams 0,1,50,200] [--seconds 20] [--tickers 50] [--rate 100]

A simulated market feeds `pregao listen`, whose local topic `pregao serve` follows; each is a process of its own. This
process reads the event streams. A quote's delay runs from the listener's receipt of the frame (received_at) until its
event has arrived at a page, on one clock.
"""
import argparse
import json
import os
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


class Pages:
    """So many readers of the stream on one thread. The delay of every event at every page counts; what is in an event
    is read once, for it is the same text for all."""

    def __init__(self, port, count):
        self.selector, self.delays, self.received, self.events = selectors.DefaultSelector(), [], {}, 0
        self.sockets = [socket.create_connection(("127.0.0.1", port), timeout=30) for _ in range(count)]
        for page in self.sockets:
            page.sendall(b"GET /api/stream HTTP/1.1\r\nHost: localhost\r\n\r\n")
            page.setblocking(False)
            self.selector.register(page, selectors.EVENT_READ, bytearray())

    def read(self, seconds, count):
        """@return whether every page is still there."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            for key, _ in self.selector.select(left) if self.sockets else time.sleep(left) or ():
                data = key.fileobj.recv(1 << 20)
                if not data:
                    return False
                key.data.extend(data)
                self.take(key.data, time.time() * 1000, count)
        return True

    def take(self, buffer, now, count):
        while (at := buffer.find(b"\n\n")) >= 0:
            event = bytes(buffer[:at])
            del buffer[:at + 2]
            if not (count and b"data: " in event):
                continue
            if event not in self.received:
                if len(self.received) > 1000:
                    self.received.clear()
                quotes = json.loads(event[event.index(b"data: ") + 6:])["quotes"]
                self.received[event] = [quote["received_at"] for quote in quotes]
            self.events += 1
            self.delays += [now - received for received in self.received[event]]

    def close(self):
        self.selector.close()
        for page in self.sockets:
            page.close()


def measure(serve, port, streams, seconds):
    pages = Pages(port, streams)
    try:
        assert pages.read(3, count=False), "a page was dropped"  # what was there before is no delay
        cpu, began = serve.cpu(), time.monotonic()
        assert pages.read(seconds, count=True), "a page was dropped"
        used = (serve.cpu() - cpu) / (time.monotonic() - began) * 100
    finally:
        pages.close()
    delays = sorted(pages.delays)
    told = ("{:>8.0f} ms {:>8.0f} ms".format(delays[len(delays) // 2], delays[len(delays) * 99 // 100]) if delays
            else "{:>11} {:>11}".format("", ""))
    print(f"{streams:>8} {used:>8.1f} % {serve.memory():>8.0f} MiB {told} {pages.events / seconds:>9.0f}", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--streams", default="0,1,50,200", help="how many pages, one run each")
    parser.add_argument("--seconds", type=int, default=20, help="of each run")
    parser.add_argument("--tickers", type=int, default=50)
    parser.add_argument("--rate", type=int, default=100, help="about so many quotes a second in all")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="pregao-page-") as folder:
        # A simulated share speaks in a good quarter of its market's seconds.
        tick = max(1, 285 * options.tickers // options.rate)
        Path(folder, "carteira.txt").write_text("".join(f"T{n}.SA\n" for n in range(options.tickers)))
        market = Process(folder, "simulate", "--sim.tick", f"{tick}ms")
        processes = [market]
        try:
            url = market.said(r"(ws://\S+?)[ ;]")
            processes.append(Process(folder, "listen", "--yahoo.stream-url", url))
            processes[-1].said(r"(connection 1: open)")
            serve = Process(folder, "serve", "--web.listen", "127.0.0.1:0")
            processes.append(serve)
            port = int(serve.said(r"the page is at http://[^ ]*?:(\d+)"))
            time.sleep(5)
            asked = json.load(urllib.request.urlopen(f"http://127.0.0.1:{port}/api/health", timeout=30))
            print(f"{options.tickers} tickers, {asked['messages_per_second']:.0f} quotes/s\n"
                  f"{'streams':>8} {'CPU':>10} {'memory':>12} {'p50':>11} {'p99':>11} {'events/s':>9}")
            for streams in options.streams.split(","):
                measure(serve, port, int(streams), options.seconds)
        finally:
            for process in reversed(processes):
                process.end()


main()
