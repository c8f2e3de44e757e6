"""Parts of the kernels in Triton."""
