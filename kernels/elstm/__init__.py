"""The element-wise LSTM."""
