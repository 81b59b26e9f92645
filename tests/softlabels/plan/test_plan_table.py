"""The plan's table: 80 columns without line breaks, marks on biased options, and JSON."""

import io
import json
from typing import Any

import pytest
from rich.console import Console

from stillroom.softlabels.plan.fidelity import Fidelity
from stillroom.softlabels.plan.plan import Option, Plan, Population
from stillroom.softlabels.plan.plan_table import document, legend, option_text, table
from stillroom.softlabels.sparsify.kinds.full import Full
from stillroom.softlabels.sparsify.kinds.sample import Sample
from stillroom.softlabels.sparsify.kinds.threshold import ThresholdRequest
from stillroom.softlabels.sparsify.kinds.threshold_fixed import FixedThreshold
from stillroom.softlabels.sparsify.kinds.topk import TopK
from stillroom.softlabels.sparsify.sparsifier_request import SparsifierRequest

TOP = TopK(k=256, temperatures=(1.0,))


def option(
    sparsifier: SparsifierRequest, missing_mass: Any = "unbiased", is_apart: bool = False
) -> Option:
    fidelity = Fidelity(
        retained_mass=0.98765,
        weight_sum=1.0,
        weight_sum_deviation=0.123,
        squared_error=0.00123,
        gradient_cosine=-0.5,
        gradient_norm_ratio=1.2345,
        gradient_error=0.1,
    )
    return Option(
        sparsifier=sparsifier,
        missing_mass=missing_mass,
        entries=256.04,
        bytes_per_row=12345.6,
        bytes_total=999_400_000,
        fidelity=None if is_apart else fidelity,
    )


def a_plan(*options: Option) -> Plan:
    whole = Population(rows=5000, rows_per_shard=8192, copies=3)
    return Plan(
        options=options, positions=9, sampled=9, members=1, draws=4, temperature=4.0, whole=whole
    )


def printed(plan: Plan) -> list[str]:
    console = Console(file=io.StringIO(), width=80)
    console.print(table(plan))
    return console.file.getvalue().splitlines()  # type: ignore[attr-defined]


WIDEST = a_plan(
    option(Full()),
    option(TOP, "tail_bucket"),
    option(TOP, "renormalise"),
    option(ThresholdRequest(256.0, 4.0)),
    option(FixedThreshold(k=256, temperature=4.0)),
    option(Sample(samples=4096, temperature=4.0)),
)


def test_the_widest_table_fits_80_columns_unbroken() -> None:
    lines = printed(WIDEST)
    assert len(lines) == 2 + len(WIDEST.options)
    assert not any("…" in line for line in lines)
    fixed = next(line for line in lines if "threshold_fixed" in line).split()
    assert fixed == [
        *("threshold_fixed", "256", "256.0", "12,346", "999", "MB"),
        *("0.988", "1.00±.12", "1.2e-3", "120.00°", "1.234"),
    ]


def test_only_top_k_is_marked_and_its_second_treatment_repeats_no_bytes() -> None:
    marked = [line for line in printed(WIDEST) if "*" in line]
    assert len(marked) == 2
    assert marked[0].startswith("topk 256 *")
    assert marked[1].startswith("  renormalised *")
    assert "12,346" not in marked[1]
    assert "*      biased" in legend(WIDEST)


def test_an_option_that_several_teachers_cannot_have_is_marked_and_explained() -> None:
    plan = a_plan(option(TOP, "tail_bucket", is_apart=True))
    assert printed(plan)[-1].split()[-5:] == ["-"] * 5
    assert "softlabels.combine=capture" in legend(plan)
    assert "several teachers" not in legend(WIDEST)


@pytest.mark.parametrize(
    ("chosen", "words"),
    [
        (WIDEST.options[0], "full, every class"),
        (WIDEST.options[2], "topk, the 256 largest of each distribution, renormalised (biased)"),
        (WIDEST.options[3], "threshold, 256 entries on average (unbiased)"),
        (WIDEST.options[5], "sample, 4096 samples of each distribution (unbiased)"),
    ],
)
def test_a_choice_is_described_in_words(chosen: Option, words: str) -> None:
    assert option_text(chosen) == words


def test_the_document_holds_every_number_and_names_every_kind() -> None:
    plain = json.loads(json.dumps(document(WIDEST), allow_nan=False))
    kinds = [one["sparsifier"]["kind"] for one in plain["options"]]
    assert kinds == ["full", "topk", "topk", "threshold", "threshold_fixed", "sample"]
    assert [one["is_biased"] for one in plain["options"]] == [False, True, True] + [False] * 3
    assert plain["options"][1]["fidelity"]["gradient_norm_ratio"] == 1.2345
    assert plain["whole"]["copies"] == 3
