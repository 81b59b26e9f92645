"""The command that makes the student again, without the folders of this machine."""

import pytest

from stillroom.assess.rerun_command import rerun_command


@pytest.mark.parametrize(
    ("words", "command"),
    [
        (["kedro", "run", "--pipeline=distill"], "kedro run --pipeline=distill"),
        (["pytest", "-q"], "kedro run --pipeline=distill"),
        (
            ["kedro", "run", "--pipeline=evaluate", "--params", "student.epochs=3"],
            "kedro run --pipeline=distill --params=student.epochs=3",
        ),
        (
            ["kedro", "run", "--params=groups.student=tiny,data.path=/home/me/texts"],
            "kedro run --pipeline=distill --params='groups.student=tiny,data.path=…/texts'",
        ),
        (
            ["kedro", "run", "--params", "a=two words", "--params=b=1"],
            "kedro run --pipeline=distill --params='a=two words,b=1'",
        ),
        (
            ["kedro", "run", "--params=data.path=../../home/me/texts,a=~/b,c=file:///home/me/d"],
            "kedro run --pipeline=distill --params='data.path=…/texts,a=…/b,c=…/d'",
        ),
        (
            ["kedro", "run", "--params=data.columns.features=[a,/home/me/b],c='/x y/z'"],
            "kedro run --pipeline=distill "
            """--params='data.columns.features=[a,…/b],c='"'"'…/z'"'"''""",
        ),
        (
            ["kedro", "run", "--params=teachers=[{source:given,path:/home/me/a},{path: ~/m/b}]"],
            "kedro run --pipeline=distill "
            "--params='teachers=[{source:given,path:…/a},{path: …/b}]'",
        ),
        (["kedro", "run", "--params"], "kedro run --pipeline=distill"),
        (
            ["kedro", "run", "-e", "gpu", "--params=a=1"],
            "kedro run --pipeline=distill --env=gpu --params=a=1",
        ),
        (["kedro", "run", "--env=gpu"], "kedro run --pipeline=distill --env=gpu"),
    ],
)
def test_the_command_is_this_one_for_the_whole_without_the_folders_of_this_machine(
    words: list[str], command: str
) -> None:
    assert rerun_command(words, {}) == command


def test_under_dvc_it_is_dvcs_own() -> None:
    assert rerun_command(["kedro", "run", "--params=a=b"], {"DVC_STAGE": "evaluate"}) == "dvc repro"
