"""The drawing of games: shapes and sprites, the figure, pictures and their ground truth, and a window."""
