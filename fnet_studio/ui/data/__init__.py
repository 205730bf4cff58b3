"""The Data page: the texts that models learn from and are tested on."""
