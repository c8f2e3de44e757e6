"""Real-time recurrent learning: sensitivities over a chunk, and the gradients that they carry."""
