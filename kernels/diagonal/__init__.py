"""Diagonal GRU and LSTM."""
