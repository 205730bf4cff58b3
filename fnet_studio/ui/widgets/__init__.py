"""Parts that panels are made of: plain values in, signals out. Nothing here knows of the worker."""
