"""What `kedro models fetch` prints: each command that it suggests can be run as it is."""

import json
from pathlib import Path

import pytest

from stillroom.cli.models_text import next_commands, selection_text
from stillroom.config.compose import compose
from stillroom.config.params_text import parse_params
from stillroom.models.hub.file_selection import Selection
from stillroom.models.hub.repository import RepositoryFile

SHOWN = Path("models/owner--name")


def file(name: str, size: int) -> RepositoryFile:
    return RepositoryFile(name=name, size=size, sha256=None, git_sha1="0" * 40)


def model(folder: Path, architecture: str | None) -> Path:
    folder.mkdir(parents=True)
    config = {} if architecture is None else {"architectures": [architecture]}
    (folder / "config.json").write_text(json.dumps(config))
    return folder


@pytest.mark.parametrize(
    ("architecture", "words"),
    [
        ("LlamaForCausalLM", "groups.experiment=causal_lm"),
        ("Gemma3ForConditionalGeneration", "groups.experiment=causal_lm"),
        ("BertForMaskedLM", "groups.experiment=distil_encoder"),
        ("BertForSequenceClassification", "groups.experiment=text_intents"),
        ("ViTForImageClassification", "groups.data=image_folder,groups.teacher=given"),
        ("BertModel", "groups.teacher=given"),
        (None, "groups.teacher=given"),
    ],
)
def test_the_next_command_fits_the_architecture_and_composes(
    architecture: str | None, words: str, project: Path
) -> None:
    text = next_commands(model(project / SHOWN, architecture), SHOWN)
    command = text.splitlines()[1]
    assert command.startswith(f"  kedro run --pipeline=distill --params {words},")
    composed = compose(project, parse_params(command.rpartition(" ")[2]))
    assert composed["teacher"]["path"] == "models/owner--name"


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("chat_template.jinja", "{{ messages }}"),
        ("tokenizer_config.json", '{"chat_template": "{{ messages }}"}'),
    ],
)
def test_a_language_model_with_a_chat_template_is_for_conversations(
    name: str, content: str, project: Path
) -> None:
    folder = model(project / SHOWN, "LlamaForCausalLM")
    (folder / name).write_text(content)
    command = next_commands(folder, SHOWN).splitlines()[1]
    assert " groups.experiment=chat,teacher.path=models/owner--name,data.path=" in command
    (project / "my").mkdir()
    (project / "my/conversations.jsonl").write_text('{"messages": []}\n')
    composed = compose(project, parse_params(command.rpartition(" ")[2]))
    assert composed["teacher"]["path"] == "models/owner--name"
    (folder / "config.json").write_text('{"architectures": ["BertForMaskedLM"]}')
    assert "groups.experiment=distil_encoder" in next_commands(folder, SHOWN)


@pytest.mark.parametrize("content", ["[]", "{", '{"architectures": {}}', '{"architectures": []}'])
def test_a_damaged_config_names_no_experiment(content: str, tmp_path: Path) -> None:
    folder = model(tmp_path / "model", None)
    (folder / "config.json").write_text(content)
    assert "--params groups.teacher=given,teacher.path=" in next_commands(folder, SHOWN)


def test_a_sentence_encoder_has_modules(tmp_path: Path) -> None:
    folder = model(tmp_path / "encoder", "BertModel")
    (folder / "modules.json").write_text("[]")
    assert "groups.experiment=text_intents,teacher.path=models/" in next_commands(folder, SHOWN)


def test_long_lists_name_three_and_count_the_rest() -> None:
    chosen = tuple(file(f"{size}.json", size) for size in (1, 2, 3, 4, 5000))
    others = tuple(file(f"{number}.md", 9) for number in range(5))
    selection = Selection(files=chosen, left_out=others)
    assert selection_text(selection, 4000).splitlines() == [
        "fetches 5 files, 5.01 kB, of which 4.00 kB are there: 5000.json (5.00 kB), 4.json (4 B), "
        "3.json (3 B) and 2 more",
        "leaves out other files (5): 0.md, 1.md, 2.md and 2 more",
    ]
