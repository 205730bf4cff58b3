"""Texts with labels, made into arrays of token ids. Knows nothing of models.

`dataset.load_dataset` is the way in; `batches` cuts the arrays into steps.
"""
