"""Charts of numbers over time and of plans, in the look of londata's other figures.

Each helper takes numbers and gives a matplotlib figure without a title: the page writes title, unit and source. All
are readable on a telephone, in black and white and with any colour vision: lines carry their names, what is chosen is
thicker and named in bold, nothing is said by colour alone. None of them speaks: :func:`londata.reports.blocks.figure`
adds the text alternative, the summary and the table behind the chart (``data=``).

>>> from londata.charts import bars, calendar, columns, heat, lines, multiples, timeline
"""

from londata.charts.bars import bars, columns
from londata.charts.days import calendar, heat
from londata.charts.lines import lines, multiples
from londata.charts.timeline import Span, timeline

__all__ = ["Span", "bars", "calendar", "columns", "heat", "lines", "multiples", "timeline"]
