"""Tasks of POBAX, natively batched."""
