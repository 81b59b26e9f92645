"""Licences that were written for models: Llama, Gemma, the RAIL family, Qwen, DeepSeek, others."""

from stillroom.teachers.licences.terms import Terms

_COPY = "Give a copy of the agreement, and the Notice file that it words, with the student."
_LLAMA_LAYERS = (
    _COPY,
    'Show "Built with Llama" where users of the student see it.',
    "Follow its acceptable use policy.",
)


def _llama_forbids(version: str, date: str) -> Terms:
    return Terms(
        name=f"Llama {version} Community License",
        verdict="forbidden",
        says="answers may not be used to improve any large language model other than Llama "
        f"{version} and what is derived from it",
        source=f"{date}, section 1.b.v",
        link=f"https://www.llama.com/llama{version}/license/",
    )


def _llama_names(version: str, date: str) -> Terms:
    return Terms(
        name=f"Llama {version} Community License",
        verdict="conditions",
        says="answers may train a model; one that is given to others is named after Llama",
        source=f"{date}, section 1.b.i",
        conditions=('Begin the name of a student that you give to others with "Llama".',),
        layers=_LLAMA_LAYERS,
        link=f"https://www.llama.com/llama{version.replace('.', '_')}/license/",
    )


def _rail(name: str, source: str, student: str, link: str | None = None) -> Terms:
    return Terms(
        name=name,
        verdict="conditions",
        says="a model that was distilled from answers, to do like the first, is derived from it, "
        "and whoever gets it is bound by the same restrictions of use",
        source=source,
        conditions=(
            "Put the licence's restrictions of use into the terms under which you give the student "
            "to others, and give a copy of the licence with it.",
            "Keep to these restrictions yourself.",
        ),
        student=student,
        link=link,
    )


_RAIL = "its definition of derivatives, sections 4 and 5, and attachment A"
_QWEN_SHOWN = 'Show "Built with Qwen" or "Improved using Qwen" in the student\'s documentation.'

MODELS: dict[str, Terms] = {
    "llama2": _llama_forbids("2", "2023-07-18"),
    "llama3": _llama_forbids("3", "2024-04-18"),
    "llama3.1": _llama_names("3.1", "2024-07-23"),
    "llama3.2": _llama_names("3.2", "2024-09-25"),
    "llama3.3": _llama_names("3.3", "2024-12-06"),
    "llama4": _llama_names("4", "2025-04-05"),
    "gemma": Terms(
        name="Gemma Terms of Use",
        verdict="conditions",
        says="a model that was distilled from answers, to do like Gemma, is derived from it, and "
        "the terms go on to whoever gets it",
        source="2024-02-21, last changed 2026-04-01, sections 1.1(e), 3.1 and 3.2",
        conditions=(
            "Bind whoever gets the student to the terms' restrictions of use, and give a copy of "
            "the terms with it.",
            "Put the Notice file that section 3.1 words beside the student.",
            "Keep to the prohibited use policy.",
        ),
        student="gemma",
        link="https://ai.google.dev/gemma/terms",
    ),
    "openrail": _rail("OpenRAIL licence family", f"of each, {_RAIL}", "openrail"),
    "creativeml-openrail-m": _rail(
        "CreativeML Open RAIL-M", f"2022-08-22, {_RAIL}", "creativeml-openrail-m"
    ),
    "openrail++": _rail("CreativeML Open RAIL++-M", f"2023-07-26, {_RAIL}", "openrail++"),
    "bigscience-openrail-m": _rail("BigScience OpenRAIL-M", _RAIL, "bigscience-openrail-m"),
    "bigscience-bloom-rail-1.0": _rail(
        "BigScience BLOOM RAIL 1.0", f"2022-05-19, {_RAIL}", "bigscience-bloom-rail-1.0"
    ),
    "bigcode-openrail-m": _rail("BigCode OpenRAIL-M v1", _RAIL, "bigcode-openrail-m"),
    "deepseek": _rail(
        "DeepSeek License Agreement 1.0",
        f"2023-10-23, {_RAIL}",
        "deepseek",
        "https://github.com/deepseek-ai/DeepSeek-V3/blob/main/LICENSE-MODEL",
    ),
    "tongyi-qianwen": Terms(
        name="Tongyi Qianwen License Agreement",
        verdict="forbidden",
        says="answers may not be used to improve any large language model other than Tongyi "
        "Qianwen and what is derived from it",
        source="2023-08-03, section 5.b",
        link="https://github.com/QwenLM/Qwen/blob/main/Tongyi%20Qianwen%20LICENSE%20AGREEMENT",
    ),
    "qwen": Terms(
        name="Qwen License Agreement",
        verdict="conditions",
        says="answers may train a model; the documentation of one that is given to others says so",
        source="2024-09-19, section 5.b",
        conditions=(_QWEN_SHOWN,),
        layers=(_COPY,),
        link="https://huggingface.co/Qwen/Qwen2.5-72B-Instruct/blob/main/LICENSE",
    ),
    "qwen-research": Terms(
        name="Qwen Research License Agreement",
        verdict="conditions",
        says="the model may be used only for noncommercial purposes; the documentation of a model "
        "that was trained on its answers says so",
        source="2024-09-19, sections 2 and 4.b",
        conditions=("Run the teacher only for noncommercial purposes.", _QWEN_SHOWN),
        layers=(_COPY,),
        link="https://huggingface.co/Qwen/Qwen2.5-3B-Instruct/blob/main/LICENSE",
    ),
    "mrl": Terms(
        name="Mistral AI Research License 0.1",
        verdict="conditions",
        says="the model and its answers may be used only for research",
        source="version 0.1, section 3.2",
        conditions=("Use the teacher, its answers and so the student only for research.",),
        student="mrl",
        link="https://mistral.ai/licenses/MRL-0.1.md",
    ),
    "mnpl": Terms(
        name="Mistral AI Non-Production License 0.1",
        verdict="conditions",
        says="the model is for tests, research and evaluation outside of production; answers are "
        "not derived works",
        source="version 0.1, its definition of derivatives, sections 3.2 and 4.2",
        conditions=("Run the teacher for no commercial purpose and in no production.",),
        link="https://mistral.ai/licenses/MNPL-0.1.md",
    ),
    "grok2-community": Terms(
        name="xAI Community License (Grok 2)",
        verdict="forbidden",
        says="answers may not be used to train or improve any foundational, large language or "
        "general-purpose model",
        source="last changed 2025-11-04",
        link="https://huggingface.co/xai-org/grok-2/blob/main/LICENSE",
    ),
    "stabilityai-ai-community": Terms(
        name="Stability AI Community License",
        verdict="forbidden",
        says="answers may not be used to create or improve a foundational generative model other "
        "than Stability's and what is derived from them",
        source="2024-07-05, section IV(b)",
        link="https://stability.ai/community-license-agreement",
    ),
}
