"""Configuration files: they hold plain values, name no other folder, and read no environment."""

import itertools
from pathlib import Path

import pytest
from omegaconf.errors import GrammarParseError
from omegaconf.grammar.gen.OmegaConfGrammarParser import OmegaConfGrammarParser
from omegaconf.grammar_parser import parse

from stillroom.config.checks.config_files import (
    check_hydra_files,
    check_kedro_files,
    refuse_parameter_files,
    require_no_functions,
)
from stillroom.errors import ConfigError

LAUGHS = "a: &a [x, x]\n" + "".join(
    f"{chr(98 + n)}: &{chr(98 + n)} [{', '.join([f'*{chr(97 + n)}'] * 9)}]\n" for n in range(12)
)


@pytest.fixture
def conf(tmp_path: Path) -> Path:
    """Return a folder of configuration with an empty group and empty environments."""
    for name in ("hydra/data", "base", "local"):
        (tmp_path / "conf" / name).mkdir(parents=True)
    return tmp_path / "conf"


def test_the_projects_own_files_are_allowed() -> None:
    own = Path(__file__).resolve().parents[3] / "conf"
    check_hydra_files(own / "hydra")
    check_kedro_files(own, ["base", "local"])
    refuse_parameter_files(own)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("hydra: {searchpath: ['file:///tmp']}\n", "has the key hydra"),
        ("hydra:\n  job: {env_set: {A: b}}\n", "has the key hydra"),
        ("# @package hydra.job\nenv_set: {A: b}\n", "the package hydra.job"),
        ("# @package data.text\nlength: 3\n", "the package data.text"),
        ("defaults: ['../../../etc/x']\n", "among its defaults"),
        ("defaults: [{override /hydra/launcher: x}, _self_]\n", "among its defaults"),
        ("defaults: [{'/data@student': digits}]\n", "among its defaults"),
        ("defaults: [{data: ../x}]\n", "among its defaults"),
        ("defaults: ['file:///etc/x']\n", "among its defaults"),
        ("defaults: [{data: '${oc.env:HOME}'}]\n", "among its defaults"),
        ("defaults: [[base]]\n", "among its defaults"),
        ("lr: ${oc.env:HOME}\n", "are not read"),
        ("lr: ${oc.decode:${oc.env:HOME}}\n", "are not read"),
        ("text: {tokenizer: 'a/${now:%Y}'}\n", "are not read"),
        ("'${oc.env:HOME}': 1\n", "are not read"),
        ("lr: ${student.${oc.env:HOME}}\n", "are not read"),
        ("lr: ${${data.name}:HOME}\n", "are not read"),
        ("lr: ${oc.${data.name}:HOME}\n", "are not read"),
        ("lr: ${${data.name}.${data.other}:HOME}\n", "are not read"),
        ("lr: ${${data.${data.name}}:HOME}\n", "are not read"),
        ("lr: '${a} ${.b}${ ${..c}.env :HOME}'\n", "are not read"),
        (LAUGHS, "aliases"),
        ("lr: 1\nlr: 2\n", "twice"),
        ("[1, 2]\n", "keys and values"),
    ],
)
def test_a_choice_that_is_more_than_values_is_refused(conf: Path, text: str, words: str) -> None:
    path = conf / "hydra/data/mine.yaml"
    path.write_text(text)
    with pytest.raises(ConfigError) as error:
        check_hydra_files(conf / "hydra")
    assert words in str(error.value)
    assert str(path) in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    "name",
    [
        "local/parameters.yml",
        "base/parameters.yml",
        "base/parameters_train.yaml",
        "local/parameters/train.json",
        "base/sub/parameters.yml",
        "prod/parameters.yml",
    ],
)
def test_parameters_of_kedro_are_refused_with_their_home(conf: Path, name: str) -> None:
    path = conf / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("student: {epochs: 2}\n")
    with pytest.raises(ConfigError, match=rf"^conf/{name} is not read.* params\.yaml"):
        refuse_parameter_files(conf)


@pytest.mark.parametrize(
    "name", ["../conf/local", "/etc", "", ".", "..", "hydra", "absent", "local/x", "composed.yaml"]
)
def test_an_environment_is_a_folder_of_conf(conf: Path, name: str) -> None:
    with pytest.raises(ConfigError):
        check_kedro_files(conf, [name])


@pytest.mark.parametrize(
    "name", ["catalog.yml", "catalog_more.yaml", "credentials.yml", "catalog/a.json"]
)
def test_what_kedro_reads_is_plain_yaml(conf: Path, name: str) -> None:
    path = conf / "local" / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(LAUGHS)
    with pytest.raises(ConfigError, match="aliases"):
        check_kedro_files(conf, ["local"])
    path.write_bytes(b"a: \xff\n")
    with pytest.raises(ConfigError, match="not UTF-8"):
        check_kedro_files(conf, ["local"])


def test_references_are_allowed_and_functions_are_not() -> None:
    require_no_functions({"a": ["${student.epochs}", "${.lr}", "a:b", "${a}:b"]}, "params.yaml")
    for text in ("${oc.env:X}", "x${env:Y,z}", "${a.${b:c}}", "${ oc.env :X}", "\\${oc.env:X}"):
        with pytest.raises(ConfigError, match=r"^params\.yaml has .* are not read"):
            require_no_functions({"a": [{"b": text}]}, "params.yaml")


@pytest.mark.parametrize("name", ["trainer", "data/more"])
def test_a_linked_folder_is_refused_because_hydra_reads_it(
    conf: Path, tmp_path: Path, name: str
) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere/cpu.yaml").write_text("accelerator: ${oc.env:HOME}\n")
    (conf / "hydra" / name).symlink_to(tmp_path / "elsewhere")
    with pytest.raises(ConfigError, match=rf"hydra/{name} is a link to a folder"):
        check_hydra_files(conf / "hydra")


def test_the_check_agrees_with_the_grammar_of_omegaconf() -> None:
    parts = ("a", ":", "${", "}", "${b}")
    texts = {"".join(some) for some in itertools.product(parts, repeat=4)}
    texts |= {f"${{{text}}}" for text in texts}
    parsed = {text: tree for text in texts if (tree := _tree(text)) is not None}
    calls = {text for text, tree in parsed.items() if _calls(tree)}
    assert 20 < len(calls) < len(parsed) - 20
    assert {text for text in parsed if _is_refused(text)} == calls


def _tree(text: str) -> object | None:
    """Return how OmegaConf reads a text; None if it does not."""
    try:
        return parse(text) if "${" in text else None
    except GrammarParseError:
        return None


def _calls(tree: object) -> bool:
    inner = getattr(tree, "children", None) or []
    return isinstance(tree, OmegaConfGrammarParser.InterpolationResolverContext) or any(
        map(_calls, inner)
    )


def _is_refused(text: str) -> bool:
    try:
        require_no_functions(text, "x")
    except ConfigError:
        return True
    return False
