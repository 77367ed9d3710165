"""`make run-spark`: what setup/run_spark.sh starts, shows, and leaves behind."""
import os
import signal
import subprocess
import time
from pathlib import Path

import pytest
from deltalake import DeltaTable
from test_spark import BINARY, BROKER, ROOT, SPARK, TIMEOUT

pytestmark = pytest.mark.skipif(not (BROKER and SPARK), reason="needs setup/services/{kafka,spark}.sh: make test-servers")


def processes_in(folder):
    """Whose working folder this is, as far as we may see it."""
    found = {}
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if Path(os.readlink(process / "cwd")) == folder:
                found[int(process.name)] = (process / "cmdline").read_bytes().replace(b"\0", b" ").decode()
        except OSError:
            pass  # it ended meanwhile, or is another user's
    return found


def test_it_fills_silver_until_ctrl_c_and_leaves_no_process(tmp_path):
    log = tmp_path / "log"
    (tmp_path / "carteira.txt").write_text("PETR4.SA\nBTC-USD\n")
    env = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "PREGAO_TEST_KAFKA": BROKER, "PREGAO_TEST_SPARK": SPARK}
    with open(log, "w") as out:
        child = subprocess.Popen([ROOT / "setup/run_spark.sh", str(Path(BINARY).resolve())], cwd=tmp_path, env=env,
                                 stdin=subprocess.DEVNULL, stdout=out, stderr=out, start_new_session=True)
    try:
        def rows():
            tables = list(tmp_path.glob("data/spark/*/lake/silver/quotes"))
            return DeltaTable(str(tables[0])).to_pyarrow_table().num_rows if tables and (tables[0] / "_delta_log").exists() else 0
        deadline = time.monotonic() + TIMEOUT
        while rows() == 0 or "tickers" not in log.read_text():  # what it shows of Silver
            assert time.monotonic() < deadline and child.poll() is None, log.read_text()
            time.sleep(0.5)
        assert len(processes_in(tmp_path)) > 2
        os.killpg(child.pid, signal.SIGINT)  # a terminal sends it to all that run in front
        assert child.wait(TIMEOUT) == 0, log.read_text()
        assert "3 queries stopped" in log.read_text()
        assert processes_in(tmp_path) == {}
    finally:
        for process in processes_in(tmp_path):
            os.kill(process, signal.SIGKILL)
