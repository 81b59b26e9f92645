"""Evaluate: students, teachers' soft labels and the test split in, metrics and plots out."""

from kedro.pipeline import Pipeline, node, pipeline

from stillroom.pipelines.evaluate.nodes import (
    check_answers,
    check_student,
    compare_students,
    continue_texts,
    draw_plots,
    find_disagreements,
    measure_cost,
    measure_dark_knowledge,
    measure_quality,
    measure_slices,
    measure_turns,
    predict,
    trace_lineage,
)


# fmt: off
def create_pipeline(**_: object) -> Pipeline:
    """Return the stage: the answers of the models, their quality and their cost."""
    return pipeline([
        node(predict,
             ["examples", "encoder", "soft_labels", "teachers", "params:teacher.dtype",
              "params:teacher.device_map", "students"],
             "predictions", name="predict"),
        node(measure_quality,
             ["predictions", "encoder", "params:evaluate"],
             ["metrics", "statistics"], name="measure_quality"),
        node(check_student,
             ["predictions", "examples", "encoder", "data_alarms", "teacher_alarms"],
             "alarms", name="check_student"),
        node(draw_plots,
             ["predictions", "encoder", "params:evaluate"],
             ["reliability", "confusion", "similarity"], name="draw_plots"),
        node(measure_slices,
             ["predictions", "examples", "encoder", "params:evaluate"],
             "slices", name="measure_slices"),
        node(measure_turns,
             ["predictions", "encoder", "params:evaluate"],
             "turns", name="measure_turns"),
        node(measure_dark_knowledge,
             ["predictions", "examples", "encoder"],
             "dark_knowledge", name="measure_dark_knowledge"),
        node(find_disagreements,
             ["predictions", "examples", "encoder"],
             "disagreements", name="find_disagreements"),
        node(measure_cost,
             ["examples", "encoder", "soft_labels", "teachers", "params:teacher.dtype",
              "params:teacher.device_map", "students", "every_student", "student_curves",
              "params:student", "params:teacher.mode", "params:evaluate"],
             "cost", name="measure_cost"),
        node(compare_students,
             ["examples", "encoder", "soft_labels", "students", "every_student", "statistics",
              "cost"],
             "family", name="compare_students"),
        node(continue_texts,
             ["examples", "encoder", "teachers", "params:teacher.dtype",
              "params:teacher.device_map", "students"],
             "continuations", name="continue_texts"),
        node(check_answers,
             ["examples", "encoder", "teachers", "params:teacher.dtype",
              "params:teacher.device_map", "students", "params:evaluate"],
             "answers", name="check_answers"),
        node(trace_lineage,
             ["students", "soft_labels", "teachers", "licence", "examples", "encoder",
              "data_report", "parameters"],
             "lineage", name="trace_lineage"),
    ])
# fmt: on
