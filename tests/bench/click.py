"""How long a click on a word takes to be answered by the bundled preset, through the real worker.

    python tests/bench/click.py [--count 50]

Prints the time from sending the command to having the answer (median and 95th percentile), the part of it that the
model took, and the time from starting the process to the first answer.
"""

import argparse
import os
import statistics
import tempfile
import time

from fnet_studio.core import measurements, protocol
from fnet_studio.link.blocking import Worker

PRESET = "fnet_mini_en"
TEXT = "She opened the door and looked out of the window, where the rain had begun to fall."


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--count", type=int, default=50)
    count = options.parse_args().count
    began = time.perf_counter()
    with Worker() as worker:
        tokens = worker.call(protocol.Tokenize(PRESET, TEXT))[0].tokens
        words = [index for index, token in enumerate(tokens) if not token.special]
        worker.call(protocol.FillMask(PRESET, TEXT, (words[0],)))
        first = time.perf_counter() - began
        clicks, models, maps = [], [], []
        for number in range(count):
            position = words[number % len(words)]
            began = time.perf_counter()
            filled, _ = worker.call(protocol.FillMask(PRESET, TEXT, (position,)))
            clicks.append((time.perf_counter() - began) * 1000)
            models.append(filled.took_ms)
            began = time.perf_counter()
            worker.call(protocol.Measure(PRESET, TEXT, measurements.MixingMaps(), (position,)))
            maps.append((time.perf_counter() - began) * 1000)
    print(f"process start to first answer   {first:8.2f} s")
    model = statistics.median(models)
    print(f"click to answer, median         {statistics.median(clicks):8.1f} ms   (model {model:.1f} ms)")
    print(f"click to answer, 95th percentile{statistics.quantiles(clicks, n=20)[-1]:8.1f} ms")
    print(f"mixing maps of all layers       {statistics.median(maps[1:]):8.1f} ms")


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as home:
        os.environ.setdefault("FNET_STUDIO_HOME", home)
        main()
