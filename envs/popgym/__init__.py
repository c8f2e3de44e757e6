"""The tasks of POPGym, natively batched."""
