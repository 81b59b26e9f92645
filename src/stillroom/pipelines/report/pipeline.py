"""Report: everything that was measured in; the page, and a table on the terminal, out."""

from kedro.pipeline import Pipeline, node, pipeline

from stillroom.pipelines.report.nodes import print_summary, render_report


# fmt: off
def create_pipeline(**_: object) -> Pipeline:
    """Return the stage: the page, then the table that ends a run."""
    return pipeline([
        node(render_report,
             ["data_report", "metrics", "statistics", "cost", "parity", "reliability", "confusion",
              "slices", "dark_knowledge", "disagreements", "lineage", "licence", "continuations",
              "family", "teacher_curves", "student_curves", "soft_labels", "encoder",
              "parameters"],
             "report", name="render_report"),
        node(print_summary,
             ["metrics", "statistics", "cost", "report"],
             None, name="print_summary"),
    ])
# fmt: on
