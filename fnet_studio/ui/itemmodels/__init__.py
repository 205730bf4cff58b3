"""Tables over core objects."""
