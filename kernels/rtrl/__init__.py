"""Products of Jacobians for real-time recurrent learning."""
