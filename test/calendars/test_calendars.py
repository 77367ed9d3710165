"""The calendars that are compiled in are those of the pinned exchange_calendars."""
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("exchange_calendars")
SCRIPT = Path(__file__).resolve().parents[2] / "setup/calendars.py"


def test_the_main_calendars_are_those_of_the_package():
    done = subprocess.run([sys.executable, SCRIPT, "--check", "--only", "BVMF", "XNYS", "XLON", "XETR", "XPAR", "XTKS",
                           "XHKG", "XTSE", "XASX", "CMES", "FX"], text=True, capture_output=True, timeout=280)
    assert done.returncode == 0, done.stdout + done.stderr
