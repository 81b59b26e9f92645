"""Report: all measurements in; the page, and a table on the terminal, out."""

from kedro.pipeline import Pipeline, node, pipeline

from stillroom.pipelines.report.nodes import print_summary, render_report
from stillroom.reporting.section_registry import every_input


# fmt: off
def create_pipeline(**_: object) -> Pipeline:
    """Return the stage: the page, then the table at the end of a run."""
    documents = {name: name for name in every_input()}
    return pipeline([
        node(render_report,
             {"listed": "params:report", "alarms": "alarms", **documents},
             "report", name="render_report"),
        node(print_summary,
             ["metrics", "statistics", "cost", "alarms", "report"],
             None, name="print_summary"),
    ])
# fmt: on
