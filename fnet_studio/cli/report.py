"""fnet-studio report RUN"""

import argparse
from pathlib import Path

from fnet_studio.core import files, run_report


def add_to(commands: argparse._SubParsersAction) -> None:
    it = commands.add_parser("report", help="a run as one HTML file: figures, curves, results, how to repeat it")
    it.add_argument("run_id", metavar="RUN", help="a run's id, as `fnet-studio runs` lists it")
    it.add_argument("-o", "--output", type=Path, metavar="FILE", help="(RUN.html)")
    it.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    target = files.target_of(options.output, f"{options.run_id}.html")
    files.write_atomically(target, run_report.write(options.run_id).encode())
    print(target)
    return 0
