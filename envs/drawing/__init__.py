"""What games are drawn with: shapes and sprites, the figure, pictures of the ground truth, and a window."""
