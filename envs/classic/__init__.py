"""Classic control tasks of Gymnasium whose velocities are hidden, natively batched."""
