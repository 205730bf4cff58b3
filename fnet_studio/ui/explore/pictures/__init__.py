"""Pictures from inside the model: what they show, how they are drawn, compared and exported."""
