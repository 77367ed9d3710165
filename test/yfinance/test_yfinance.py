"""The unmodified yfinance client reads the simulator. PREGAO names the binary, else build/release/pregao."""
import os
import signal
import subprocess
import threading
from pathlib import Path

import pytest

yf = pytest.importorskip("yfinance")

ROOT = Path(__file__).resolve().parents[2]
BINARY = os.environ.get("PREGAO", str(ROOT / "build/release/pregao"))
TIMEOUT = 120  # seconds: far beyond what it takes


class Enough(Exception):
    """Ends yfinance's endless loop from inside its handler."""


@pytest.fixture
def simulator(tmp_path):
    """Starts `pregao simulate` with the arguments given; returns the address that it prints."""
    children = []

    def start(*args):
        child = subprocess.Popen([BINARY, "simulate", "--port", "0", "--sim.tick", "20ms", *args], cwd=tmp_path,
                                 stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
        children.append(child)
        watchdog = threading.Timer(TIMEOUT, child.kill)
        watchdog.daemon = True
        watchdog.start()
        url = child.stdout.readline().strip()
        assert url.startswith("ws://127.0.0.1:"), url
        return url

    yield start
    for child in children:
        child.send_signal(signal.SIGINT)
        assert child.wait(timeout=TIMEOUT) == 0


def listen(url, symbols, done):
    """Listens with yfinance until `done(messages)`."""
    messages = []

    def handle(message):
        messages.append(message)
        if done(messages):
            raise Enough

    yf.config.debug.hide_exceptions = False  # else yfinance swallows what the handler raises
    client = yf.WebSocket(url=url, verbose=False)
    try:
        client.subscribe(symbols)
        with pytest.raises(Enough):
            client.listen(handle)
    finally:
        client.close()
    return messages


def test_every_symbol_speaks_in_yahoos_fields(simulator):
    symbols = ["AAPL", "PETR4.SA", "BTC-USD", "BRL=X", "^BVSP"]
    messages = listen(simulator(), symbols, lambda got: {m.get("id") for m in got} == set(symbols) and len(got) > 50)
    types = {"AAPL": 8, "PETR4.SA": 8, "BTC-USD": 41, "BRL=X": 14, "^BVSP": 9}
    for message in messages:
        assert message["quote_type"] == types[message["id"]]
        assert message["market_hours"] == 1
        assert message["price"] > 0
        assert int(message["time"]) % 1000 == 0 and int(message["time"]) > 1_500_000_000_000
    coin = next(m for m in messages if m["id"] == "BTC-USD")
    assert coin["currency"] == "USD" and coin["from_currency"] == "BTC" and coin["vol_24hr"] == coin["day_volume"]


def test_the_last_known_price_comes_first_and_then_time_moves_on(simulator):
    messages = listen(simulator(), "MSFT", lambda got: len(got) > 10)
    times = [int(m["time"]) for m in messages]
    assert times == sorted(set(times))
    assert all(b - a >= 1000 for a, b in zip(times, times[1:]))


def test_an_unsubscribed_symbol_falls_silent(simulator):
    client = yf.WebSocket(url=simulator(), verbose=False)
    yf.config.debug.hide_exceptions = False
    client.subscribe(["AAPL", "MSFT"])
    seen = []

    def handle(message):
        seen.append(message["id"])
        if len(seen) == 20:
            client.unsubscribe("AAPL")
        # What was under way when it left may still come; after that, one only.
        if len(seen) > 60 and set(seen[-20:]) == {"MSFT"}:
            raise Enough

    with pytest.raises(Enough):
        client.listen(handle)
    client.close()
    assert "AAPL" in seen[:20]


def test_the_same_seed_is_the_same_market(simulator):
    def prices(seed):
        symbols = ["AAPL", "MSFT", "PETR4.SA"]  # the first quotes, of a market that began at one time
        got = listen(simulator("--sim.seed", seed, "--start", "2026-11-24T15:00:00Z"), symbols,
                     lambda messages: {m["id"] for m in messages} == set(symbols))
        return {m["id"]: m["price"] for m in reversed(got)}

    assert prices("7") == prices("7")
    assert prices("7") != prices("8")
