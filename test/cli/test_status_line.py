"""The status line as a person sees it, on a terminal that pyte emulates."""
import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import termios
import time

import pyte
import pytest

from conftest import BINARY, TIMEOUT

ROWS = 50


class Screen:
    """A program on a pseudo-terminal, and what stands on its screen."""

    def __init__(self, pregao, columns, *args, term="xterm"):
        self.screen = pyte.HistoryScreen(columns, ROWS, history=10_000)
        self.stream = pyte.ByteStream(self.screen)
        self.raw = b""
        self.fd, terminal = pty.openpty()
        fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, columns, 0, 0))

        def own_terminal():
            os.setsid()
            fcntl.ioctl(0, termios.TIOCSCTTY, 0)

        self.child = subprocess.Popen([BINARY, *args], cwd=pregao.folder, env=pregao.env | {"TERM": term}, stdin=terminal,
                                      stdout=terminal, stderr=terminal, preexec_fn=own_terminal)
        pregao.children.append(self.child)
        os.close(terminal)

    def feed(self, until):
        """Reads on until the condition holds, looking at the screen after each piece; at the end of the program stops."""
        deadline = time.monotonic() + TIMEOUT
        while not until():
            assert select.select([self.fd], [], [], max(0, deadline - time.monotonic()))[0], self.text()
            try:
                piece = os.read(self.fd, 65536)
            except OSError:
                return
            self.raw += piece
            self.stream.feed(piece)
            assert len(self.status_rows()) <= 1, self.text()

    def lines(self):
        above = ["".join(line[x].data for x in range(self.screen.columns)) for line in self.screen.history.top]
        return [line.rstrip() for line in above + self.screen.display]

    def text(self):
        return "\n".join(self.lines()).rstrip()

    def status_rows(self):
        return [line for line in self.lines() if re.search(r"\d messages/s", line)]


def status_updates(raw):
    return len(re.findall(rb"messages/s", raw))


@pytest.mark.parametrize("columns", [80, 40])
def test_the_status_line_stays_on_one_line_and_is_gone_after_ctrl_c(pregao, columns):
    names = [f"NOBODY-KNOWS-{i}" for i in range(30)]  # a status text that is far longer than the line
    pregao.write("carteira.txt", "\n".join(["AAPL", "BTC-USD", *names]) + "\n")
    run = Screen(pregao, columns, "run", "--source", "simulator", "--web.listen", "", "--sim.tick", "100ms")
    run.feed(lambda: status_updates(run.raw) >= 5)
    seen = re.findall(r"(?:^|\r)([^\r\x1b]*messages/s[^\r\x1b]*)\x1b\[K", run.raw.decode())
    assert len(seen) >= 4 and all(len(text) < columns for text in seen), seen
    os.write(run.fd, b"\x03")  # the terminal sends SIGINT
    run.feed(lambda: False)
    assert run.child.wait(timeout=TIMEOUT) == 0
    assert run.status_rows() == [], run.text()
    assert re.search(r"[\d,]+ rows written to", run.text().replace("\n", "")), run.text()
    assert "^C" not in run.text()


def test_a_log_line_wipes_the_status_line_that_it_is_written_over(pregao):
    pregao.write("carteira.txt", "AAPL\n")
    run = Screen(pregao, 80, "run", "--source", "simulator", "--web.listen", "", "--sim.tick", "100ms")
    run.feed(lambda: status_updates(run.raw) >= 2)
    pregao.write("carteira.txt", "AAPL\nMSFT\n")  # "watchlist carteira.txt: 2 tickers", shorter than the status
    run.feed(lambda: b"2 tickers" in run.raw and status_updates(run.raw) >= 6)
    assert [line for line in run.lines() if line.endswith("watchlist carteira.txt: 2 tickers")], run.text()
    run.child.send_signal(signal.SIGTERM)
    run.feed(lambda: False)
    assert run.child.wait(timeout=TIMEOUT) == 0


def test_a_dumb_terminal_gets_no_escapes(pregao):
    pregao.write("carteira.txt", "AAPL\n")
    run = Screen(pregao, 80, "run", "--source", "simulator", "--web.listen", "", term="dumb")
    run.feed(lambda: b"open" in run.raw)
    os.write(run.fd, b"\x03")
    run.feed(lambda: False)
    assert run.child.wait(timeout=TIMEOUT) == 0 and b"\x1b" not in run.raw
