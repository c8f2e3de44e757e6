"""Compare several runs.

from memorl.agents import compare
comparison = compare("runs/mortar_mayhem")
"""

from .comparison import Comparison, Group, compare, score_run
from .curves import GroupCurve
from .published import PublishedCurve, find_published
from .recorded import Evaluation, RecordedRun
from .tables import make_averages, make_improvements, make_scores
from .write import write_comparison

__all__ = [
    "Comparison",
    "Evaluation",
    "Group",
    "GroupCurve",
    "PublishedCurve",
    "RecordedRun",
    "compare",
    "find_published",
    "make_averages",
    "make_improvements",
    "make_scores",
    "score_run",
    "write_comparison",
]
