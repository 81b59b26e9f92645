import inspect
import subprocess
import sys

import pytest

from stillroom.pipelines.evaluate import create_pipeline


def test_the_stage_reads_and_writes_what_the_design_says() -> None:
    stage = create_pipeline()
    assert stage.inputs() == {
        "examples",
        "encoder",
        "soft_labels",
        "teachers",
        "params:teacher.dtype",
        "params:teacher.device_map",
        "students",
        "params:evaluate",
        "parameters",
        "licence",
        "every_student",
        "student_curves",
        "params:student",
        "params:teacher.mode",
        "data_report",
        "data_alarms",
        "teacher_alarms",
    }
    assert stage.all_outputs() == {
        "predictions",
        "metrics",
        "statistics",
        "reliability",
        "confusion",
        "similarity",
        "slices",
        "dark_knowledge",
        "disagreements",
        "cost",
        "family",
        "continuations",
        "turns",
        "answers",
        "lineage",
        "alarms",
    }


def test_quality_is_measured_on_the_predictions_and_not_on_the_models() -> None:
    nodes = {node.name: node for node in create_pipeline().nodes}
    assert {name for name, node in nodes.items() if "predictions" in node.inputs} == {
        "measure_quality",
        "check_student",
        "draw_plots",
        "measure_slices",
        "measure_turns",
        "measure_dark_knowledge",
        "find_disagreements",
    }
    assert {name for name, node in nodes.items() if "students" in node.inputs} == {
        "predict",
        "measure_cost",
        "compare_students",
        "continue_texts",
        "check_answers",
        "trace_lineage",
    }


@pytest.mark.parametrize(
    "name",
    [
        "predict",
        "measure_quality",
        "check_student",
        "draw_plots",
        "measure_slices",
        "measure_turns",
        "measure_dark_knowledge",
        "find_disagreements",
        "measure_cost",
        "compare_students",
        "continue_texts",
        "check_answers",
        "trace_lineage",
    ],
)
def test_each_argument_is_given_the_entry_of_its_name(name: str) -> None:
    # Kedro matches inputs by position, so two swapped inputs would be taken for each other.
    (node,) = [one for one in create_pipeline().nodes if one.name == name]
    entries = [entry.removeprefix("params:").rpartition(".")[2] for entry in node.inputs]
    assert entries == list(inspect.signature(node.func).parameters)


def test_wiring_costs_neither_torch_nor_matplotlib() -> None:
    code = (
        "import sys, stillroom.pipelines.evaluate as e, stillroom.pipelines.report as r\n"
        "e.create_pipeline(); r.create_pipeline()\n"
        "print({'torch', 'matplotlib', 'transformers', 'lightning'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
