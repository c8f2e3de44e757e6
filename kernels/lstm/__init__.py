"""The long short-term memory."""
