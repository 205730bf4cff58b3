"""What this machine has, and how its GPU is put to use."""
