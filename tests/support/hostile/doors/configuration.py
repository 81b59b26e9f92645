"""Door: configuration. Catalog, logging, credentials and Hydra's choices, of base and of local."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from support.command_line import quick_project
from support.hostile.attempt import Attempt, Outcome
from support.hostile.doors.parameters import ALIASES
from support.hostile.guarded_command import VARIABLE
from support.hostile.raw_files import ESCAPE

TABLE = "stillroom.io.datasets.parquet_table.Table"
PAYLOAD = "open('../elsewhere/p', 'w').write('pwned')\n"
FACTORY = "    (): os.system\n    command: echo pwned > ../elsewhere/p\n"
LOGGING = (
    "version: 1\nhandlers:\n  h:\n    class: {cls}\n{more}root:\n  handlers: [h]\n  level: INFO\n"
)


def attempts() -> Iterator[Attempt]:
    """Yield the attempts of this door."""
    for name, entry in ENTRIES.items():
        yield _file(f"a catalog entry: {name}", "conf/local/catalog.yml", entry)
    for name, content in CATALOGS.items():
        yield _file(f"a catalog: {name}", "conf/local/catalog.yml", content)
    for name, content in LOGGINGS.items():
        yield replace(_file(f"logging: {name}", "conf/logging.yml", content), known=KEDRO_FIRST)
    for name, (path, content) in CHOICES.items():
        yield _file(f"a choice: {name}", path, content, params={"groups.objective": "evil"})
    for name, (path, content) in OTHERS.items():
        yield _file(name, path, content, "any")
    for name, edit in EDITS.items():
        yield _edit(name, edit)
    yield replace(
        _edit("the store is a link to the outside", _store_as_a_link),
        command=("kedro", "run", "--pipelines=ingest,teachers,capture"),
    )


def _file(
    name: str,
    path: str,
    content: str,
    must_be: Outcome = "refused",
    params: Mapping[str, str] | None = None,
) -> Attempt:
    def prepare(project: Path) -> Mapping[str, str]:
        quick_project(project)
        target = project / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(content)
        return params or {}

    return Attempt(door="configuration", name=name, prepare=prepare, must_be=must_be)


def _edit(name: str, edit: Callable[[Path], None]) -> Attempt:
    def prepare(project: Path) -> Mapping[str, str]:
        quick_project(project)
        edit(project)
        return {}

    return Attempt(door="configuration", name=name, prepare=prepare)


def _entry(kind: str, path: str = "data/02_examples/x", more: str = "") -> str:
    return f"examples:\n  type: {kind}\n  filepath: {path}\n{more}"


ENTRIES = {
    "pickle": _entry("pickle.PickleDataset"),
    "pickle by its whole name": _entry("kedro_datasets.pickle.PickleDataset"),
    "joblib": _entry("pickle.PickleDataset", more="  backend: joblib\n"),
    "a class of the standard library": _entry("subprocess.Popen"),
    "a class of Kedro that runs code": _entry("kedro.io.LambdaDataset"),
    "a module of the project's folder": _entry("evil.Dataset"),
    "an empty type": _entry("''"),
    "a type that is a list": _entry("[a, b]"),
    "no type": "examples:\n  filepath: data/x\n",
    "a text": "examples: pickle.PickleDataset\n",
    "versioned": _entry(TABLE, more="  versioned: true\n"),
    "credentials that there are not": _entry(TABLE, more="  credentials: none_such\n"),
    "a URL": _entry(TABLE, "http://127.0.0.1:9/x"),
    "a bucket": _entry(TABLE, "s3://bucket/x"),
    "a memory URL": _entry(TABLE, "memory://x"),
    "up and out": _entry(TABLE, "../elsewhere/x"),
    "absolute": _entry(TABLE, "/tmp/x"),
    "an escape sequence as its type": _entry(f'"{ESCAPE.encode("unicode_escape").decode()}"'),
    "an argument of a constructor": _entry(TABLE, more="  _target_: os.system\n"),
    "a pattern for everything": (
        '"{name}":\n  type: pickle.PickleDataset\n  filepath: data/{name}.pkl\n'
    ),
    "a wrapper of pickle": (
        "examples:\n  type: kedro.io.CachedDataset\n  dataset:\n"
        "    type: pickle.PickleDataset\n    filepath: data/x\n"
    ),
}
CATALOGS = {
    "aliases that multiply": ALIASES,
    "a list": "- a\n- b\n",
    "200,000 brackets": "examples: " + "[" * 200_000,
    "a Python object": "examples: !!python/object/apply:os.system ['echo']\n",
    "no YAML": "examples: [}\n",
}
KEDRO_FIRST = "Kedro applies conf/logging.yml when it is imported, before any code of a project"
LOGGINGS = {
    "a file outside": LOGGING.format(
        cls="logging.FileHandler", more="    filename: ../elsewhere/log\n"
    ),
    "an absolute file": LOGGING.format(cls="logging.FileHandler", more="    filename: /tmp/log\n"),
    "an HTTP handler": LOGGING.format(
        cls="logging.handlers.HTTPHandler", more="    host: 127.0.0.1:9\n    url: /x\n"
    ),
    "a socket": LOGGING.format(
        cls="logging.handlers.SocketHandler", more="    host: 127.0.0.1\n    port: 9\n"
    ),
    "a class of the standard library": LOGGING.format(
        cls="subprocess.Popen", more="    args: [id]\n"
    ),
    "a factory": f"version: 1\nhandlers:\n  h:\n{FACTORY}",
    "a formatter's factory": (
        f"version: 1\nformatters:\n  f:\n{FACTORY}"
        "handlers:\n  h:\n    class: logging.StreamHandler\n    formatter: f\n"
        "root:\n  handlers: [h]\n"
    ),
    "a filter's factory": f"version: 1\nfilters:\n  f:\n{FACTORY}",
    "a URL of external text": LOGGING.format(cls="ext://os.system", more=""),
    "a list": "- a\n",
    "no version": "handlers: {}\n",
    "aliases that multiply": ALIASES,
}
CHOICES = {
    "an instance of a class": ("conf/hydra/objective/evil.yaml", "_target_: os.system\n"),
    "a default outside": (
        "conf/hydra/objective/evil.yaml",
        "defaults:\n  - /../../../canary\n",
    ),
    "a search path": (
        "conf/hydra/objective/evil.yaml",
        "# @package _global_\nhydra:\n  searchpath: [file:///etc]\n",
    ),
    "a package of the whole": (
        "conf/hydra/objective/evil.yaml",
        "# @package _global_\nstudent:\n  evil: 1\n",
    ),
    "aliases that multiply": ("conf/hydra/objective/evil.yaml", ALIASES),
    "a Python object": (
        "conf/hydra/objective/evil.yaml",
        "hard_weight: !!python/object/apply:os.system ['echo']\n",
    ),
    "itself as its default": ("conf/hydra/objective/evil.yaml", "defaults:\n  - evil\n"),
    "a resolver that there is not": (
        "conf/hydra/objective/evil.yaml",
        "defaults:\n  - base\nhard_weight: ${os.system:echo}\n",
    ),
}
OTHERS = {
    "parameters of local": ("conf/local/parameters.yml", "student: {epochs: 2}\n"),
    "globals of local": ("conf/local/globals.yml", f"x: ${{oc.env:{VARIABLE}}}\n"),
    "a secret of the environment as credentials": (
        "conf/local/credentials.yml",
        f"a:\n  key: ${{oc.env:{VARIABLE}}}\n",
    ),
    "credentials that are a list": ("conf/local/credentials.yml", "- a\n"),
    "credentials with aliases that multiply": ("conf/local/credentials.yml", ALIASES),
    "a site customisation in the project": ("sitecustomize.py", PAYLOAD),
    "a module named as one of Python's": ("json.py", PAYLOAD),
    "a plug-in of Kedro in the project": ("evil.py", PAYLOAD),
}


def _store_as_a_link(project: Path) -> None:
    (project / ".stillroom").mkdir()
    (project / ".stillroom/store").symlink_to(project.parent / "elsewhere")


def _state_as_a_link(project: Path) -> None:
    (project / ".stillroom").symlink_to(project.parent / "elsewhere")


def _work_as_a_link(project: Path) -> None:
    (project / ".stillroom").mkdir()
    (project / ".stillroom/work").symlink_to(project.parent / "elsewhere")


def _data_as_a_link(project: Path) -> None:
    (project / "data/02_examples").symlink_to(project.parent / "elsewhere")


def _examples_as_a_link(project: Path) -> None:
    (project / "data/02_examples").mkdir()
    (project / "data/02_examples/examples").symlink_to(project.parent / "elsewhere")


def _report_as_a_link(project: Path) -> None:
    (project / "data/02_examples").mkdir()
    (project / "data/02_examples/data_report.json").symlink_to(project.parent / "elsewhere/r.json")


EDITS = {
    "the state is a link to the outside": _state_as_a_link,
    "the workspace is a link to the outside": _work_as_a_link,
    "the folder of examples is a link to the outside": _data_as_a_link,
    "the examples are a link to the outside": _examples_as_a_link,
    "the data's report is a link to the outside": _report_as_a_link,
}
