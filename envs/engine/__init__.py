"""The batched core: compiled loops, random streams, options, episodes and snapshots."""
