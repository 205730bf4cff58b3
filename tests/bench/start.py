"""How long the window takes to appear: from the start of the process to its first paint.

    python tests/bench/start.py [times]

Each time is a fresh process of the real command. The first is not counted: it reads the files from the disk.
"""

import os
import statistics
import subprocess
import sys
import tempfile
import time


def once(home: str) -> float:
    """Milliseconds from just before the process is made until its first paint."""
    environment = {**os.environ, "FNET_STUDIO_TRACE_START": "1", "FNET_STUDIO_HOME": home}
    environment.setdefault("QT_QPA_PLATFORM", "offscreen")
    began = time.time()
    window = subprocess.Popen(
        [sys.executable, "-m", "fnet_studio", "window", "--engine", "scripted"],
        env=environment,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert window.stderr is not None
    try:
        for line in window.stderr:
            if line.startswith("first paint at "):
                return (float(line.split()[-1]) - began) * 1000
    finally:
        window.kill()
        window.wait()
        window.stderr.close()
    raise SystemExit("The window never painted.")


def main(times: int) -> None:
    with tempfile.TemporaryDirectory() as home:
        once(home)
        taken = sorted(once(home) for _ in range(times))
    print(f"first paint: median {statistics.median(taken):.0f} ms of {times} ({taken[0]:.0f} to {taken[-1]:.0f} ms)")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 9)
