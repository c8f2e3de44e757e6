"""The element-wise recurrence."""
