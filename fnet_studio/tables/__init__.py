"""Tables and texts as they lie on a disk, read into columns of text: what both the window and the worker need."""
