"""The Explore page: a sentence, its predictions and its mixing maps."""
