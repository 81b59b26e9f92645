"""The group `kedro models` and its command `fetch`, the only command that goes to the Hub."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from stillroom.cli.errors import one_line_errors
from stillroom.errors import DataError
from stillroom.io.runs.interruption import say_how_to_go_on
from stillroom.io.terminal import say

if TYPE_CHECKING:
    from stillroom.models.hub.hub_name import HubName
    from stillroom.models.hub.hub_session import Hub
    from stillroom.models.hub.repository import Repository

MODELS = Path("models")


@click.group(name="models")
def models() -> None:
    """Fetch models from the Hub of Hugging Face."""


@models.command(
    short_help="Fetch a model from the Hub into models/.",
    epilog="Example: kedro models fetch HuggingFaceTB/SmolLM2-135M@<commit>",
)
@click.argument("name", metavar="OWNER/NAME@REVISION")
@click.option("--latest", is_flag=True, help="Take the newest commit, and print it.")
@click.option("--to", help="The folder. Default: models/<owner>--<name>.")
@one_line_errors
def fetch(name: str, latest: bool, to: str | None) -> None:
    """Fetch a model from the Hub into a folder that teacher.path or student.path can name.

    Only safetensors, configs, tokenizer, chat templates, card and licence are fetched, never
    pickles or code. Each file must have the hash that the Hub lists. After an interruption the same
    command goes on. This is the only command of Stillroom that goes to the Hub. HF_TOKEN is sent if
    it is set; HF_ENDPOINT may name a mirror.
    """
    from stillroom.cli.models_text import next_commands
    from stillroom.io.files.confined_paths import confined, project_root
    from stillroom.models.hub.fetch_model import is_there
    from stillroom.models.hub.hub_name import hub_name
    from stillroom.models.hub.hub_session import online_hub
    from stillroom.models.hub.repository import read_repository

    say_how_to_go_on()
    wanted, root = hub_name(name, latest=latest), project_root()
    target = confined(root / MODELS / wanted.folder if to is None else Path.cwd() / to, root)
    shown = target.relative_to(root.resolve())
    if wanted.is_pinned and is_there(target, wanted.repository, wanted.revision):
        say(f"{shown} holds {wanted.repository}@{wanted.revision} already, unchanged.")
    else:
        with online_hub() as hub:
            repository = read_repository(hub, wanted)
            if not wanted.is_pinned:
                say(f"{wanted.revision} is {repository.commit} today. To fetch the same again:")
                say(f"  kedro models fetch {repository.pin}")
            if is_there(target, wanted.repository, repository.commit):
                say(f"{shown} holds this commit already, unchanged.")
            else:
                _fetch(hub, repository, target, root)
    say(next_commands(target, shown))


def _fetch(hub: "Hub", repository: "Repository", target: Path, root: Path) -> None:
    """Fetch the documents, say what they mean, fetch the rest, and put all of it at its place."""
    from stillroom.cli.models_text import selection_text
    from stillroom.models.hub.download_file import bytes_there
    from stillroom.models.hub.fetch_model import download, publish_model, unfinished_fetch
    from stillroom.models.hub.file_selection import documents, selected

    with unfinished_fetch(root, repository.name, repository.commit) as folder:
        kept = sum(bytes_there(file, folder) for file in repository.files)
        download(hub, repository, documents(repository), folder)
        selection = selected(repository, folder)
        say(selection_text(selection, kept))
        say(_licence_text(repository.name, folder, root))
        download(hub, repository, selection.files, folder)
        publish_model(repository, selection.files, folder, target)
    shown = target.relative_to(root.resolve())
    say(f"Wrote {shown}: {len(selection.files)} files, each with the hash that {hub.host} lists.")


def _licence_text(name: "HubName", folder: Path, root: Path) -> str:
    from stillroom.config.schema import GivenTeacher
    from stillroom.teachers.licences.check_licence import given_licence
    from stillroom.teachers.licences.permissions_text import permissions_text

    model = GivenTeacher(source="given", path=str(folder), hub_id=name.repository)
    try:
        return permissions_text(given_licence(model, root))
    except DataError as error:  # the card is damaged, which a run refuses
        return f"licence: not read. {error}"
