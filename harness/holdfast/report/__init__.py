"""Results and evidence in, documents out: pure functions that know no target, no clock and no pytest."""

from holdfast.report.junit import junit
from holdfast.report.markdown import markdown
from holdfast.report.page import html

__all__ = ["html", "junit", "markdown"]
