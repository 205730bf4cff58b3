"""The Train page: the recipe, the live run and what came of it."""
