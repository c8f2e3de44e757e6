"""Parts that the cores share: operators, choice of a backend, packing, resets, heads and checks."""
