"""What several memories share, and no user names."""
