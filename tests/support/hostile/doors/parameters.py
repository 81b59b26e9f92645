"""Door: parameters. Values on the command line, params.yaml, and the environment."""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from support.command_line import quick_project
from support.hostile.attempt import Attempt, Outcome
from support.hostile.guarded_command import VARIABLE
from support.hostile.raw_files import ESCAPE

ALIASES = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{chr(98 + n)}: &{chr(98 + n)} [{', '.join([f'*{chr(97 + n)}'] * 9)}]\n" for n in range(9)
)
BELOW = ALIASES.replace("\n", "\n  ")
CANARY = f"${{oc.env:{VARIABLE}}}"


def attempts() -> Iterator[Attempt]:
    """Yield the attempts of this door."""
    for text in REFUSED_VALUES:
        yield _value(text, "refused")
    for text in ANY_VALUES:
        yield _value(text, "any")
    for name, edit in FILES.items():
        yield _file(name, edit, ("kedro", "params"))
    for name, edit in SECRETS.items():
        for command in (("kedro", "params"), ("kedro", "compose"), _RUN):
            yield _file(f"{name}, in {' '.join(command[:2])}", edit, command, "any")
    for name, variables in ENVIRONMENTS.items():
        yield _environment(name, variables)


_RUN = ("kedro", "run", "--pipelines=ingest")


def _value(text: str, must_be: Outcome) -> Attempt:
    key, _, value = text.partition("=")

    def prepare(project: Path) -> Mapping[str, str]:
        quick_project(project)
        return {key: value}

    return Attempt(
        door="parameters",
        name=text[:60].replace(ESCAPE, "<escape>"),
        prepare=prepare,
        must_be=must_be,
    )


def _file(
    name: str, edit: Callable[[Path], None], command: tuple[str, ...], must_be: Outcome = "refused"
) -> Attempt:
    def prepare(project: Path) -> Mapping[str, str]:
        quick_project(project)
        edit(project)
        return {}

    return Attempt(door="parameters", name=name, prepare=prepare, command=command, must_be=must_be)


def _environment(name: str, variables: Mapping[str, str]) -> Attempt:
    def prepare(project: Path) -> Mapping[str, str]:
        quick_project(project)
        return {}

    return Attempt(
        door="parameters", name=name, prepare=prepare, must_be="any", environment=variables
    )


def _written(content: str) -> Callable[[Path], None]:
    return lambda project: (project / "params.yaml").write_text(content) and None


def _added(content: str) -> Callable[[Path], None]:
    def edit(project: Path) -> None:
        path = project / "params.yaml"
        path.write_text(path.read_text() + content)

    return edit


def _bytes(content: bytes) -> Callable[[Path], None]:
    return lambda project: (project / "params.yaml").write_bytes(content) and None


def _link(project: Path) -> None:
    (project / "params.yaml").unlink()
    (project / "params.yaml").symlink_to("/dev/zero")


REFUSED_VALUES = (
    "student.epochs=1e20",
    "student.epochs=-1",
    "student.epochs=nan",
    "student.epochs=9223372036854775808",
    "student.lr=inf",
    "student.lr=-1e300",
    "teacher.members=1000000000",
    "trainer.threads=1000000000",
    "evaluate.seeds=1000000000",
    "softlabels.rows_per_shard=0",
    "data.validation=2",
    "data.seed=-99999999999999999999",
    "groups.objective=?",
    "groups.objective=???",
    "groups.objective=[dkd,hinton]",
    "groups.objective=../../../canary",
    "groups.objective=/etc/passwd",
    "groups.objective=dkd@_global_",
    "groups.nothing=dkd",
    "groups=dkd",
    "student._target_=os.system",
    "student.architecture=os:system",
    "student.architecture=../../x",
    f"student.architecture={ESCAPE}",
    "data.source=builtins:eval",
    "data.path=../canary.txt",
    "data.path=/dev/zero",
    "data.path=/proc/self/environ",
    "data.path=/proc/self/mem",
    "data.path=http://127.0.0.1:9/x",
    f"data.path={ESCAPE}",
    "hydra.searchpath=[file:///etc]",
    "hydra.run.dir=/tmp/out",
    "defaults=[data: digits]",
    "objective.terms.a.name=__import__('os').system",
    "evaluate.slices.a=__import__('os').system('echo')",
    "evaluate.slices.a=().__class__.__bases__",
    "evaluate.slices.a=pl.read_csv('/etc/passwd')",
    "evaluate.slices.a=pl.col('a').map_elements(print)",
    "evaluate.slices.a=" + "(" * 5000,
    "report.sections=[os.system]",
    "export.formats=[pickle]",
    "softlabels.sparsifier=pickle",
    "teacher.source=pickle",
    "x" * 100_000 + "=1",
    "student.__class__=1",
    f"{ESCAPE}=1",
)
ANY_VALUES = (
    "groups.objective=null",
    "groups.objective=",
    f"data.seed={CANARY}",
    f"student.name={CANARY}",
    f"teacher.licence={CANARY}",
    f"teacher.licence_acknowledged={CANARY}",
    "student.epochs=${student.epochs}",
    "student.epochs=${hydra:runtime.cwd}",
    "teacher.licence=${oc.decode:1}",
    f"teacher.licence={ESCAPE}",
    "teacher.licence=<script>alert(1)</script>",
    "evaluate.slices.a=pl.col('label') == 0",
)
FILES = {
    "YAML aliases that multiply": _written(ALIASES),
    "YAML aliases that multiply, below student": _added(f"student2:\n  {BELOW}"),
    "a Python object in YAML": _written("student: !!python/object/apply:os.system ['echo']\n"),
    "a Python name in YAML": _written("student: !!python/name:os.system\n"),
    "an unknown tag in YAML": _written("student: !secret x\n"),
    "200,000 brackets in YAML": _written("student: " + "[" * 200_000),
    "a list instead of a mapping": _written("- a\n- b\n"),
    "a number": _written("7\n"),
    "a key twice": _added("student:\n  epochs: 3\n"),
    "bytes that are no UTF-8": _bytes(b"student:\n  name: \xff\xfe\n"),
    "zeros": _bytes(b"\0" * 10_000),
    "100 MB of YAML": _added("# " + "x" * 100_000_000 + "\n"),
    "a link to a device": _link,
    "a number as a key": _added("7: x\n"),
    "a date as a key": _added("2020-01-01: x\n"),
    "a merge key": _added("other: &o {epochs: 1}\nmore:\n  <<: *o\n"),
    "an interpolation of itself": _added("report:\n  sections: ${report.sections}\n"),
    "an escape sequence as a key": _added('"\\u001b]52;c;aaaa\\u0007": 1\n'),
}  # fmt: skip
SECRETS = {
    "a secret of the environment as a value": lambda project: (
        (project / "params.yaml").write_text(
            (project / "params.yaml")
            .read_text()
            .replace("teacher:\n", f"teacher:\n  licence: {CANARY}\n")
        )
        and None
    ),
    "a secret of the environment within a text": lambda project: (
        (project / "params.yaml").write_text(
            (project / "params.yaml")
            .read_text()
            .replace("teacher:\n", f"teacher:\n  licence: a{CANARY}b\n")
        )
        and None
    ),
}
ENVIRONMENTS = {
    "a store outside, through a link": {"STILLROOM_STORE": "../elsewhere/../elsewhere"},
    "a store that is a file": {"STILLROOM_STORE": "/etc/passwd"},
    "a store on a device": {"STILLROOM_STORE": "/dev/zero"},
    "a DVC stage that there is not": {"DVC_STAGE": "../../x"},
    "an escape sequence as a DVC stage": {"DVC_STAGE": ESCAPE},
    "an environment of Kedro outside": {"KEDRO_ENV": "../../elsewhere"},
}
