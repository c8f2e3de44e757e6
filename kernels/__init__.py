"""Computational cores of the memories: a folder each, with a reference, its backends, and one public function."""

from .attention.attention import window_attention
from .attention.reference import window_weights
from .attention.step import window_append, window_step
from .common.backend import is_transformed
from .common.precision import without_autocast
from .common.resets import previous_states, steps_since_start
from .diagonal.cells import diagonal_derivatives
from .diagonal.diagonal import diagonal_loop
from .elementwise.elementwise import elementwise_loop
from .elstm.elstm import elstm_loop
from .gru.gru import gru_loop
from .hippo.cell import hippo_cell_loop
from .hippo.hippo import hippo_loop
from .hippo.legs import SCHEMES as HIPPO_SCHEMES
from .hippo.measures import MEASURES as HIPPO_MEASURES
from .hippo.measures import discretise as hippo_discretise
from .hippo.measures import functions as hippo_functions
from .hippo.measures import matrices as hippo_matrices
from .lstm.layer import lstm_layer
from .lstm.lstm import lstm_loop
from .rtrl.boundary_gradient import attach_boundary_gradient
from .rtrl.one_step_gradient import attach_one_step_gradient
from .rtrl.products import reverse_jacobian_products, weigh_by_reverse_products
from .rtrl.sensitivities import update_sensitivities
from .scan.reverse import reverse_scan
from .scan.scan import diag_scan

__all__ = [
    "HIPPO_MEASURES",
    "HIPPO_SCHEMES",
    "attach_boundary_gradient",
    "attach_one_step_gradient",
    "diag_scan",
    "diagonal_derivatives",
    "diagonal_loop",
    "elementwise_loop",
    "elstm_loop",
    "gru_loop",
    "hippo_cell_loop",
    "hippo_discretise",
    "hippo_functions",
    "hippo_loop",
    "hippo_matrices",
    "is_transformed",
    "lstm_layer",
    "lstm_loop",
    "previous_states",
    "reverse_jacobian_products",
    "reverse_scan",
    "steps_since_start",
    "update_sensitivities",
    "weigh_by_reverse_products",
    "window_append",
    "window_attention",
    "window_step",
    "window_weights",
    "without_autocast",
]
