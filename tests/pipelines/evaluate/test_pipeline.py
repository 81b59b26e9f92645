import subprocess
import sys

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
    }
    plots = {"reliability", "confusion", "similarity", "family"}
    looked_at = {"slices", "dark_knowledge", "disagreements"}
    measured = {"metrics", "statistics", "cost", "continuations", "lineage"}
    assert stage.all_outputs() - {"predictions"} == plots | looked_at | measured
    assert [node.name for node in stage.nodes if node.name == "predict"] == ["predict"]


def test_wiring_costs_neither_torch_nor_matplotlib() -> None:
    code = (
        "import sys, stillroom.pipelines.evaluate as e, stillroom.pipelines.report as r\n"
        "e.create_pipeline(); r.create_pipeline()\n"
        "print({'torch', 'matplotlib', 'transformers', 'lightning'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
