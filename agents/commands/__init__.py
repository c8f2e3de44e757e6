"""The commands `memorl-train`, `memorl-evaluate`, `memorl-export` and `memorl-compare`, which the root's scripts call.

They lie above everything else: they may import from every folder, and only the scripts import from them.
"""
