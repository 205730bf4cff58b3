"""Ctrl+K: anything that the window can do or open, found by typing a part of its name."""
