"""fnet-studio runs"""

import argparse
import sys
import time

import msgspec

from fnet_studio.core import run_store


def add_to(commands: argparse._SubParsersAction) -> None:
    it = commands.add_parser("runs", help="the runs on this machine, newest first")
    it.add_argument("--json", action="store_true", help="JSON")
    it.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    records, problems = run_store.list_runs()
    for problem in problems:
        print(f"fnet-studio: {problem}", file=sys.stderr)
    if options.json:
        print(msgspec.json.encode(records).decode())
        return 0
    if not records:
        print("There are no runs yet. Start one with: fnet-studio train sample-quick")
        return 0
    print(f"{'run':<44} {'status':<11} {'validation':>10} {'test':>7} {'steps':>7} {'seconds':>8}  began")
    for record in records:
        began = time.strftime("%Y-%m-%d %H:%M", time.localtime(record.began))
        print(
            f"{record.id:<44} {record.status:<11} {_share(record.validation_accuracy):>10} "
            f"{_share(record.test_accuracy):>7} {record.steps:>7,} {record.duration_s:>8,.0f}  {began}"
        )
    return 0


def _share(value: float | None) -> str:
    return "" if value is None else f"{value:.2%}"
