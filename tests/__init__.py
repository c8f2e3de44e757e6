"""The tests: laws, oracles, and a folder for each folder of the source."""
