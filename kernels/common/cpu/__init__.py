"""Parts of the backends for a CPU that Numba compiles."""
