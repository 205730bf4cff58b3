"""The man page, written from the command line's own parsers, so that it says what the program does."""

import argparse
import re

from fnet_studio import __version__
from fnet_studio.cli.main import parser
from fnet_studio.core.offline import SWITCH

PLACES = (
    ("~/.local/share/fnet-studio", "runs, presets and saved recipes; the package never touches them"),
    ("~/.config/fnet-studio", "settings"),
    ("~/.cache/fnet-studio", "compiled programs and read data sets; may be deleted at any time"),
    ("/opt/fnet-studio/licenses", "the licence of every bundled library"),
)
VARIABLES = (
    ("FNET_STUDIO_HOME", "a folder that takes the place of all of the user's folders below"),
    (SWITCH, "1: never use the network"),
    ("JAX_PLATFORMS", "the device that JAX uses, such as cpu"),
)


def page(date: str) -> str:
    """date: as it stands in the foot, such as 2026-11-21."""
    top = parser()
    lines = [f'.TH FNET\\-STUDIO 1 "{date}" "FNet Studio {__version__}" "User Commands"', ".ad l"]
    lines += [".SH NAME", "fnet\\-studio \\- explore, fine\\-tune and teach FNet language models"]
    lines += [".SH SYNOPSIS", ".B fnet\\-studio", '.RI [ COMMAND ] " [" OPTIONS ]', ".br"]
    lines += [".B fnet\\-studio window", '.RI [ "RUN.fnetrun" | "PRESET" ...]']
    lines += [".SH DESCRIPTION", _text(top.description or "")]
    lines += [".SH COMMANDS"]
    for name, help_text, one in _commands(top):
        lines += [f".SS {_text(name)}", _text(help_text[:1].upper() + help_text[1:] + ".")]
        lines += _options(one)
    lines += [
        ".SS window",
        "Open the window. Runs, and folders or zip archives of presets, that are named are imported.",
    ]
    lines += [".SS tour", "Drive the real window through its pages and save a picture of each."]
    lines += [".SS worker", "Speak the protocol on standard input and output; started by the window, or over ssh."]
    for title, rows in (("ENVIRONMENT", VARIABLES), ("FILES", PLACES)):
        lines.append(f".SH {title}")
        for name, words in rows:
            lines += [".TP", f".B {_text(name)}", _text(words)]
    lines += [".SH EXIT STATUS", "0 when it was done, 1 when it failed, 2 for a wrong command line, 130 when stopped,"]
    lines += ["143 when paused."]
    return "\n".join(lines) + "\n"


def _commands(top: argparse.ArgumentParser) -> list[tuple[str, str, argparse.ArgumentParser]]:
    """(name, help, parser) of each command, and of what stands below it."""
    found = []
    for action in top._actions:
        if isinstance(action, argparse._SubParsersAction):
            helps = {choice.dest: choice.help or "" for choice in action._choices_actions}
            for name, one in action.choices.items():
                found.append((one.prog.removeprefix("fnet-studio "), helps.get(name, ""), one))
                found += _commands(one)
    return found


def _options(one: argparse.ArgumentParser) -> list[str]:
    lines = []
    for action in one._actions:
        if isinstance(action, argparse._SubParsersAction | argparse._HelpAction) or action.help == argparse.SUPPRESS:
            continue
        name = ", ".join(action.option_strings) or str(action.metavar or action.dest)
        if action.option_strings and action.nargs != 0:
            value = action.metavar if isinstance(action.metavar, str) else action.dest.upper()
            name += f" {value}"
        words = (action.help or "").replace("%(default)s", str(action.default)).replace("%%", "%")
        lines += [".TP", f".B {_text(name)}", _text(words) or "\\&"]
    return lines


def _text(words: str) -> str:
    """Escaped for roff; a line must not begin with a dot or an apostrophe."""
    words = words.replace("\\", "\\\\").replace("-", "\\-")
    return re.sub(r"^([.'])", r"\\&\1", words.strip(), flags=re.MULTILINE)
