"""A process's figures, as every row of `make bench` has them."""
import os
import subprocess
import sys
import time


def measure(what, command, env=None):
    """Runs the command and returns its figures; exits when it fails."""
    start = time.monotonic()
    process = subprocess.Popen([str(part) for part in command], stdout=subprocess.DEVNULL, env=env)
    _, status, usage = os.wait4(process.pid, 0)
    if status != 0:
        sys.exit(f"bench: {what} failed: {' '.join(map(str, command))}")
    return {"what": what, "seconds": time.monotonic() - start, "cpu": usage.ru_utime + usage.ru_stime,
            "peak_mib": usage.ru_maxrss / 1024}
