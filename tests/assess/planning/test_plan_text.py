"""A plan in words: the parameters that it names compose to the configuration that it measured."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from omegaconf import OmegaConf
from support.licences_and_lineage import own_licence

from stillroom.assess.planning.captured_positions import CapturedPositions
from stillroom.assess.planning.plan_text import (
    choice_in_words,
    document_of,
    heading,
    params_of,
)
from stillroom.assess.planning.planning import Project, ProjectPlan
from stillroom.config.compose import compose
from stillroom.config.schema import Objective, SoftLabels, Student
from stillroom.io.files.disk_copies import Copies
from stillroom.io.tables import TableFile
from stillroom.models.pretrained.model_directory import EXACT
from stillroom.softlabels.plan.fidelity import Fidelity, MissingMass
from stillroom.softlabels.plan.plan import Option, Plan, Population
from stillroom.softlabels.sparsify.kinds.full import Full
from stillroom.softlabels.sparsify.kinds.sample import Sample
from stillroom.softlabels.sparsify.kinds.threshold import ThresholdRequest
from stillroom.softlabels.sparsify.kinds.threshold_fixed import FixedThreshold
from stillroom.softlabels.sparsify.kinds.topk import TopK
from stillroom.softlabels.sparsify.sparsifier_request import SparsifierRequest
from stillroom.teachers.softlabels_config import sparsifier_of

ROOT = Path(__file__).resolve().parents[3]
GIVEN = {"softlabels": {"combine": "capture", "sparsifier": "topk"}, "student": {"seed": 7}}
TEMPERATURES = (1.0, 2.0, 4.0, 8.0, 20.0)


def option(sparsifier: SparsifierRequest, missing_mass: MissingMass = "unbiased") -> Option:
    return Option(
        sparsifier=sparsifier,
        missing_mass=missing_mass,
        entries=3.0,
        bytes_per_row=50.0,
        bytes_total=750_000,
        fidelity=Fidelity(
            retained_mass=0.9,
            weight_sum=0.9,
            weight_sum_deviation=0.1,
            squared_error=0.1,
            gradient_cosine=0.5,
            gradient_norm_ratio=1.25,
            gradient_error=0.2,
        ),
    )


def project(**given: Any) -> Project:
    parameters = compose(ROOT, given)
    return Project(
        root=Path(),
        examples=TableFile(Path("examples")),
        encoder={},
        teachers=Path("teachers"),
        licence=own_licence(1),
        inference=EXACT,
        softlabels=SoftLabels(**parameters["softlabels"]),
        student=Student(**parameters["student"]),
        objective=Objective(**parameters["objective"]),
    )


def planned(*options: Option) -> ProjectPlan:
    whole = Population(rows=5000, rows_per_shard=8192, copies=3)
    plan = Plan(
        options=options,
        positions=1024,
        sampled=1024,
        members=3,
        draws=4,
        temperature=4.0,
        whole=whole,
    )
    copies = Copies(("the store .stillroom/store", "data/04_soft_labels", "cache"), 3, False)
    return ProjectPlan(plan=plan, copies=copies, inputs=5000, seconds_per_input=0.002)


@pytest.mark.parametrize(
    ("sparsifier", "missing_mass"),
    [
        (Full(), "unbiased"),
        (TopK(k=3, temperatures=TEMPERATURES), "tail_bucket"),
        (TopK(k=5, temperatures=TEMPERATURES), "renormalise"),
        (ThresholdRequest(3.0, 4.0), "unbiased"),
        (FixedThreshold(k=8, temperature=4.0), "unbiased"),
        (Sample(samples=12, temperature=4.0), "unbiased"),
    ],
)
def test_the_params_compose_to_what_was_measured(
    sparsifier: SparsifierRequest, missing_mass: MissingMass
) -> None:
    given = params_of(option(sparsifier, missing_mass), project(), GIVEN)
    composed = compose(ROOT, OmegaConf.to_container(OmegaConf.from_dotlist(given.split(","))))
    assert sparsifier_of(SoftLabels(**composed["softlabels"])) == sparsifier
    assert composed["softlabels"]["combine"] == "capture"
    assert composed["student"]["seed"] == 7
    if missing_mass != "unbiased":
        assert composed["objective"]["missing_mass"] == missing_mass


def test_a_tau_and_a_temperature_that_stand_in_the_way_are_named() -> None:
    of = project(softlabels={"tau": 0.1}, objective={"temperature": 2.0})
    given = params_of(option(ThresholdRequest(3.0, 2.0)), of, {"objective": {"temperature": 2.0}})
    composed = compose(ROOT, OmegaConf.to_container(OmegaConf.from_dotlist(given.split(","))))
    assert sparsifier_of(SoftLabels(**composed["softlabels"])) == ThresholdRequest(3.0, 2.0)
    assert "softlabels.tau=null" in given


def test_the_choice_says_what_it_is_worth_and_how_to_have_it() -> None:
    one = option(FixedThreshold(k=3, temperature=4.0))
    text = choice_in_words(one, planned(one), project(), {}, "800kB")
    assert " ".join(text.split()) == (
        "Within 800kB, this option has the least gradient error: threshold_fixed, 3 entries of "
        "each distribution (unbiased). Its gradient is 60.00° off that of the full labels and "
        "1.250 times as long. It takes 750 kB for 3 full copies. To store it: "
        "kedro run --params groups.softlabels=threshold_fixed,softlabels.k=3"
    )
    assert max(map(len, text.splitlines())) < 80


def test_a_temperature_without_log_z_is_reported() -> None:
    one = option(TopK(k=3, temperatures=(*TEMPERATURES, 3.0)), "tail_bucket")
    of = project(objective={"temperature": 3.0})
    assert "after you add 3 to softlabels.temperatures" in choice_in_words(
        one, planned(one), of, {}, "1MB"
    )


def test_the_heading_says_what_was_measured_and_where_the_bytes_will_lie() -> None:
    lines = heading(planned()).splitlines()
    assert (
        lines[0] == "Sample    1,024 of 5,000 rows, temperature 4; 4 draws for each unbiased option"
    )
    assert lines[1] == "Teachers  2 ms per input, 10 s for 5,000, 3 teachers, stored separately"
    assert lines[2] == "Copies    3 full copies in 3 places (without reflinks):"
    assert lines[3].strip() == "the store .stillroom/store"


def test_the_document_names_the_choice() -> None:
    first, second = option(Full()), option(FixedThreshold(k=3, temperature=4.0))
    document = document_of(planned(first, second), second, project(), {})
    assert document["choice"]["option"] == 1
    assert document["choice"]["params"] == "groups.softlabels=threshold_fixed,softlabels.k=3"
    assert document["teacher"]["hours"] == pytest.approx(10 / 3600)
    assert "choice" not in document_of(planned(first), None, project(), {})


def test_of_sequences_it_says_how_many_positions_are_captured() -> None:
    plan = planned(option(Full()))
    assert "Positions" not in heading(plan)
    of_chat = replace(plan, positions=CapturedPositions(captured=12_345, tokens=40_000))
    assert "\nPositions 12,345 of 40,000 tokens are captured (31%)\n" in heading(of_chat)
    document = document_of(of_chat, None, project(), {})
    assert document["captured_positions"] == {"captured": 12_345, "tokens": 40_000}
