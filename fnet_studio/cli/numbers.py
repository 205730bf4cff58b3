"""Whole numbers of the command line, refused where they are given when they cannot be meant."""

import argparse
from collections.abc import Callable


def at_least(least: int) -> Callable[[str], int]:
    """For argparse's `type`."""

    def number(words: str) -> int:
        try:
            if (value := int(words)) >= least:
                return value
        except ValueError:
            pass
        raise argparse.ArgumentTypeError(f"{words} is not a whole number of {least} or more")

    return number
