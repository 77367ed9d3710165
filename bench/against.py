#!/usr/bin/env python3
"""This tree's engine against another commit's: both built, both on one local topic, run in turns.

  make bench-against                       # the commit before
  make bench-against BENCH='v0.1.0 --runs 9'

Ratios are of the best runs; the exit code is 1 when this tree takes more than --worse times the CPU or the memory, or
the other is more than --worse times as fast. Rows/s are of the whole process, its start included.
"""
import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def build(commit):
    """The commit's program, in a work tree under build/ that stays for the next time."""
    tree = ROOT / "build/against"
    if not tree.exists():
        subprocess.run(["git", "-C", ROOT, "worktree", "prune"], check=True)
        subprocess.run(["git", "-C", ROOT, "worktree", "add", "--detach", tree, commit], check=True)
    subprocess.run(["git", "-C", tree, "checkout", "--quiet", "--detach", commit], check=True)
    subprocess.run(["make", "-C", tree, "build"], check=True, stdout=sys.stderr)
    return tree / "build/release/pregao"


def run(program, folder, messages):
    lake = folder / "lake"
    shutil.rmtree(lake, ignore_errors=True)
    start = time.monotonic()
    child = subprocess.Popen([program, "silver", "--until", "end", "--json", "--topic", f"local:{folder}/topic.db",
                              "--lake", lake, "--log.level", "error"], cwd=folder, stdout=subprocess.PIPE)
    _, status, usage = os.wait4(child.pid, 0)  # its summary is one line, which the pipe holds
    seconds = time.monotonic() - start
    with child.stdout:
        summary = child.stdout.read()
    if status != 0 or json.loads(summary)["consumed"] != messages:
        sys.exit(f"bench: {program} failed: {summary.decode()}")
    return {"rows/s": messages / seconds, "CPU-s": usage.ru_utime + usage.ru_stime, "MiB": usage.ru_maxrss / 1024}


def best(runs):
    return {key: (max if key == "rows/s" else min)(run[key] for run in runs) for key in runs[0]}


def worsening(this, other):
    """How many times worse each figure of `this` is; below 1 where it is better."""
    return {key: other[key] / this[key] if key == "rows/s" else this[key] / other[key] for key in this}


def show(name, values, unit=lambda key: key):
    print(f"{name:<14}" + "".join(f"{value:>12,.2f} {unit(key):<7}" for key, value in values.items()))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("commit", nargs="?", default="HEAD~1")
    parser.add_argument("--messages", type=int, default=1_000_000)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--worse", type=float, default=1.1)
    options = parser.parse_args()
    commit = subprocess.run(["git", "-C", ROOT, "rev-parse", options.commit], check=True, capture_output=True, text=True).stdout.strip()
    programs = {"this": ROOT / "build/release/pregao", commit[:12]: build(commit)}
    folder = Path(tempfile.mkdtemp(prefix="pregao-against-"))
    try:
        subprocess.run([programs["this"], "simulate", "--topic", f"local:{folder}/topic.db", "--messages",
                        str(options.messages)], check=True, stdout=subprocess.DEVNULL)
        figures = {name: [] for name in programs}
        for _ in range(options.runs):
            for name, program in programs.items():
                figures[name].append(run(program, folder, options.messages))
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    this, other = (best(figures[name]) for name in programs)
    worse = worsening(this, other)
    for name, values in zip(programs, (this, other)):
        show(name, values)
    show("worse by", worse, lambda key: "×")
    sys.exit(any(factor > options.worse for factor in worse.values()))


if __name__ == "__main__":
    main()
