"""Mystery Path, in all its variants."""
