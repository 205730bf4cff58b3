"""fnet-studio presets"""

import argparse

import msgspec

from fnet_studio.core import presets


def add_to(commands: argparse._SubParsersAction) -> None:
    it = commands.add_parser("presets", help="the presets on this machine")
    it.add_argument("--json", action="store_true", help="JSON")
    it.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    cards = presets.list_presets()
    if options.json:
        print(msgspec.json.encode(cards).decode())
        return 0
    if not cards:
        print("There are no presets.")
        return 0
    print(f"{'name':<20} {'layers':>6} {'hidden':>6} {'vocab':>7} {'length':>6} {'parameters':>12} {'MB':>6}  head")
    for card in cards:
        print(
            f"{card.name:<20} {card.num_layers:>6} {card.hidden_dim:>6} {card.vocabulary_size:>7,} "
            f"{card.sequence_length:>6} {card.parameters:>12,} {card.size_bytes / 1e6:>6.1f}  {card.head}"
        )
        if card.problem:
            print(f"  cannot be used: {card.problem}")
    return 0
