"""Sigmoid and tanh in float32 that Numba compiles into loops which a vector unit can run.

For x in float32, with k the whole number nearest to x log2(e) and f = x log2(e) - k:

    e^x = 2^k 2^f,     2^f = 1 + f q(f),     q(f) = sum over j = 0 .. 6 of ln(2)^{j+1} f^j / (j+1)!       (1)
    e^x - 1 = 2^k f q(f) + (2^k - 1)         exact near 0                                                  (2)
    sigmoid(x) = 1 / (1 + e^{-x}),           tanh(x) = (e^{2x} - 1) / (e^{2x} + 1)                         (3)

The series (1) is cut at 5e-9 of 2^f; 2^k is made of k as bits.
"""

from math import factorial, log

import numpy as np
from llvmlite import ir
from numba import njit, types
from numba.extending import intrinsic

FUSED = {"contract"}
"""Numba may fuse a product and a sum of floats into one operation, and nothing else."""

ONE = np.float32(1)
"""1 in float32, for loops: beside a whole number Numba would go on in float64."""

_LOG2E = np.float32(1 / log(2))
_TWO = np.float32(2)
_Q0, _Q1, _Q2, _Q3, _Q4, _Q5, _Q6 = (np.float32(log(2) ** j / factorial(j)) for j in range(1, 8))
_BIAS = np.float32(127)
_ROUND = np.float32(127.5)
_MIN_EXPONENT = np.float32(-126)
_MAX_EXPONENT = np.float32(126)
_MANTISSA = np.int32(23)


@intrinsic
def _float_of_bits(context, bits):  # type: ignore[no-untyped-def]
    """Return the float32 that has these bits, int32."""

    def make(context, builder, signature, arguments):  # type: ignore[no-untyped-def]
        return builder.bitcast(arguments[0], ir.FloatType())

    return types.float32(types.int32), make


@njit(fastmath=FUSED, error_model="numpy")
def _expm1(x):  # type: ignore[no-untyped-def]
    """Return e^x - 1, equation (2)."""
    y = x * _LOG2E
    y = _MAX_EXPONENT if y > _MAX_EXPONENT else y
    y = _MIN_EXPONENT if y < _MIN_EXPONENT else y
    k = np.int32(y + _ROUND)  # of a positive number, so that it is rounded down
    f = y - (np.float32(k) - _BIAS)
    power = _float_of_bits(np.int32(k << _MANTISSA))
    q = _Q0 + f * (_Q1 + f * (_Q2 + f * (_Q3 + f * (_Q4 + f * (_Q5 + f * _Q6)))))
    return power * (f * q) + (power - ONE)


@njit(fastmath=FUSED, error_model="numpy")
def sigmoid(x):  # type: ignore[no-untyped-def]
    """Return the sigmoid of x, equation (3)."""
    return ONE / (_TWO + _expm1(-x))


@njit(fastmath=FUSED, error_model="numpy")
def tanh(x):  # type: ignore[no-untyped-def]
    """Return the hyperbolic tangent of x, equation (3)."""
    e = _expm1(_TWO * x)
    return e / (e + _TWO)
