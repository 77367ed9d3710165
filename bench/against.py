#!/usr/bin/env python3
"""This tree's engine against another commit's: both built, both on one local topic, run in turns.

  make bench-against                       # the commit before
  make bench-against BENCH='v0.1.0 --runs 9'

Ratios are of the best runs; the exit code is 1 when this tree takes more than --worse times the CPU or the memory.
"""
import argparse
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


def run(program, folder):
    lake = folder / "lake"
    shutil.rmtree(lake, ignore_errors=True)
    start = time.monotonic()
    child = subprocess.Popen([program, "silver", "--until", "end", "--topic", f"local:{folder}/topic.db", "--lake", lake,
                              "--log.level", "error"], cwd=folder, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(child.pid, 0)
    if status != 0:
        sys.exit(f"bench: {program} failed")
    return {"seconds": time.monotonic() - start, "CPU-s": usage.ru_utime + usage.ru_stime, "MiB": usage.ru_maxrss / 1024}


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
                figures[name].append(run(program, folder))
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    best = {name: {key: min(f[key] for f in runs) for key in runs[0]} for name, runs in figures.items()}
    ratio = {key: best["this"][key] / value for key, value in best[commit[:12]].items()}
    for name, values in (*best.items(), ("ratio", ratio)):
        print(f"{name:<14}" + "".join(f"{value:>10.2f} {key if name != 'ratio' else '×':<8}" for key, value in values.items()))
    sys.exit(any(ratio[key] > options.worse for key in ("CPU-s", "MiB")))


main()
