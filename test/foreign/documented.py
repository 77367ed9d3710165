"""What tests of docs/readers.md share: its examples, and a lake for them that pregao has made."""
import importlib.resources
import os
import re
import shutil
import subprocess
from pathlib import Path

import duckdb

ROOT = Path(__file__).resolve().parents[2]
BINARY = os.environ.get("PREGAO", str(ROOT / "build/release/pregao"))
TEXT = (ROOT / "docs/readers.md").read_text()
EXAMPLES = re.findall(r"^## ([^\n,]+).*?^```python\n(.*?)^```", TEXT, re.M | re.S)


def pregao(folder, *args):
    done = subprocess.run([BINARY, *args], cwd=folder, env={"PATH": os.environ["PATH"], "HOME": str(folder)},
                          capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def prepare(folder):
    """The recorded quotes in the folder's data/lake, and DuckDB's extension in its .duckdb."""
    for command in (["replay", str(ROOT / "test/data/frames.txt")], ["silver", "--until", "end"], ["gold", "--until", "end"]):
        pregao(folder, *command)
    # INSTALL finds the extension where it would have put it: the tests fetch it from its package.
    package = importlib.resources.files("duckdb_extension_delta")
    source = next(path for path in package.rglob("*.duckdb_extension"))
    platform = duckdb.sql("PRAGMA platform").fetchone()[0]
    target = folder / f".duckdb/extensions/v{duckdb.__version__}/{platform}"
    target.mkdir(parents=True)
    shutil.copy(source, target)
