"""What a loss is, and all losses that there are."""
