"""LoRA over full training: half of the layers of Gemma 3 270M, 512 tokens a step.

WikiText-2 ──ingest with Gemma's tokenizer──> a few sequences
half of the layers ──all weights | LoRA, each in a process of its own──> peak, checkpoint, model
merged model, and adapter on its base ──the same tokens, float64──> difference of the logits
"""

from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import TypeAdapter

from benchmarks.language.text import texts
from benchmarks.project import Figure, clean_project, kedro
from benchmarks.resident import peak
from benchmarks.softlabels.gemma import unpacked

if TYPE_CHECKING:
    from stillroom.config.schema import Student
    from stillroom.training.job import Fit

SHARE_BOUND, PEAK_BOUND, CHECKPOINT_BOUND, LOGITS_BOUND = 0.02, 0.6, 0.03, 1e-4
CHARACTERS = 24_000  # of the text: a dozen sequences of 512 tokens
TOKENS = 128  # whose logits are compared
SET: dict[str, Any] = {
    "data": {"path": "texts.txt", "text": {"tokenizer": "models/half", "length": 512}},
    "student": {
        "path": "models/half",
        "licence": "gemma",
        "epochs": 1,
        "batch_size": 1,
        "lr": 2e-4,
    },
    "trainer": {"checkpoint_steps": 1},
}


def measure_adapters(data: Path) -> list[Figure]:
    """Train half of Gemma whole and with LoRA, and compare.

    Raises:
        MissingError: the model or the text is not there.
    """
    text, teacher = texts(data)[0].read_text(encoding="utf-8")[:CHARACTERS], unpacked().resolve()
    with clean_project() as project:
        (project / "texts.txt").write_text(text, encoding="utf-8")
        half = project / "models" / "half"
        _alone(_write_half, teacher, half)
        settings = f"groups.experiment=causal_lm,data.path=texts.txt,data.text.tokenizer={half}"
        kedro(project, "run", "--pipeline=ingest", f"--params={settings},data.text.length=512")
        whole, lora = (_alone(_trained, project, adapter) for adapter in ("none", "lora"))
        merged = _alone(_differences, half, project / "fits" / "lora" / "best", text)
    return [
        _ratio("trained parameters, LoRA over all", lora["trained"], lora["of"], SHARE_BOUND),
        _ratio("peak memory, LoRA over all weights", lora["peak"], whole["peak"], PEAK_BOUND),
        _ratio("checkpoint bytes, LoRA over all", lora["bytes"], whole["bytes"], CHECKPOINT_BOUND),
        Figure(
            "largest difference of a logit, merged model and adapter on its base, in float32",
            f"{merged['float32']:.1e} (in float64 {merged['float64']:.1e})",
            f"<= {LOGITS_BOUND:g}",
            merged["float32"] <= LOGITS_BOUND,
            merged,
        ),
    ]


def _alone(run: Any, *arguments: Any) -> Any:
    """Run a function in a new process, whose peak of memory is its own."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as process:
        return process.submit(run, *arguments).result()


def _write_half(teacher: Path, target: Path) -> None:
    from stillroom.models.layer_init import student_of_layers
    from stillroom.models.pretrained.model_directory import read_encoder, save_model

    encoder = read_encoder(teacher)
    target.parent.mkdir()
    save_model(student_of_layers(teacher, {"layers": "half"}, encoder), encoder, target)


def _trained(project: Path, adapter: str) -> dict[str, int]:
    """Train for one epoch; return the peak, the checkpoint's bytes and the trained parameters."""
    from stillroom.config.compose import compose
    from stillroom.config.schema import Student, Trainer
    from stillroom.data.encoders import read_encoder
    from stillroom.io.tables import TableFile
    from stillroom.models.adapters.adapter_folder import read_adapter
    from stillroom.training.build_loss import build_loss
    from stillroom.training.data.dataset_factory import DatasetFactory
    from stillroom.training.fit.fit_model import FitInputs, fit_model
    from stillroom.training.resume_state import ResumeState
    from stillroom.training.signals import StopRequest

    parameters = compose(
        project, {"groups": {"experiment": "causal_lm", "adapter": adapter}, **SET}
    )
    student = TypeAdapter(Student).validate_python(parameters["student"])
    trainer = TypeAdapter(Trainer).validate_python(parameters["trainer"])
    fit = _fit(student, project)
    encoder = read_encoder(project / "data/02_examples/encoder")
    examples = TableFile(project / "data/02_examples/examples")
    factory = DatasetFactory(examples=examples, encoder=encoder, labels=None, memory=1e9)
    inputs = FitInputs(
        train=factory.dataset_of(fit),
        validation=factory.validation(),
        loss=build_loss(fit, None),
        encoder=encoder,
    )
    state, stop = ResumeState(project / "fits" / adapter, {}), StopRequest()
    fit_model(fit, inputs, trainer=trainer, state=state, stop=stop, tick=lambda rows, label: None)
    numbers = {"peak": peak(), "bytes": state.checkpoint.stat().st_size}
    summary = read_adapter(state.best)
    return numbers | ({"trained": summary.trained, "of": summary.parameters} if summary else {})


def _fit(student: Student, project: Path) -> Fit:
    from stillroom.training.job import Fit, Start

    return Fit(
        name="control",
        output="control",
        architecture=student.architecture,
        optimisation=student.as_optimisation(),
        rows="all",
        objective=None,
        seed=0,
        shift=0,
        label_smoothing=0.0,
        start=Start(path=str(project / "models" / "half"), weights="", architecture=""),
        adapter=student.adapter,
    )


def _differences(base: Path, merged: Path, text: str) -> dict[str, float]:
    """Return the largest differences of the logits of some tokens, in both precisions."""
    from peft import PeftModel
    from transformers import AutoModelForCausalLM, AutoTokenizer

    ids = AutoTokenizer.from_pretrained(base)(text, return_tensors="pt").input_ids[:, :TOKENS]
    one = AutoModelForCausalLM.from_pretrained(merged)
    other = PeftModel.from_pretrained(
        AutoModelForCausalLM.from_pretrained(base), merged / "adapter"
    )
    differences = {}
    for name in ("float32", "float64"):
        ours, theirs = (_logits(model, ids, name) for model in (one, other))
        differences[name] = float((ours - theirs).abs().max())
    return differences | {"largest logit": float(ours.abs().max())}


def _logits(model: Any, ids: Any, dtype: str) -> Any:
    import torch

    with torch.no_grad():
        return model.to(getattr(torch, dtype)).eval()(ids).logits.double()


def _ratio(name: str, part: int, whole: int, bound: float) -> Figure:
    ratio = part / whole
    measured = f"{ratio:.2%} ({part:,} of {whole:,})"
    return Figure(f"{name}, rank 8", measured, f"<= {bound:.0%}", ratio <= bound)
