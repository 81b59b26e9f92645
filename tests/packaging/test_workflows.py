"""The workflows of GitHub: what is installed has a hash, and no package meets a token."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
FILES = sorted((ROOT / ".github/workflows").glob("*.yml"))
LOCK = ROOT / "requirements-audit.lock"
COMMIT = re.compile(r"[\w.-]+/[\w.-]+@[0-9a-f]{40}")
PIP_INSTALL = re.compile(r"pip install (.*)|\$\(INSTALL\) (.*)")


def jobs(path: Path) -> dict[str, Any]:
    content: dict[str, Any] = yaml.safe_load(path.read_text())
    return dict(content["jobs"])


def steps(path: Path) -> list[dict[str, Any]]:
    return [step for job in jobs(path).values() for step in job["steps"]]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_each_action_is_a_commit_and_no_checkout_keeps_the_token(path: Path) -> None:
    for step in steps(path):
        if "uses" in step:
            assert COMMIT.fullmatch(step["uses"])
        if step.get("uses", "").startswith("actions/checkout@"):
            assert step["with"]["persist-credentials"] is False


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_a_job_that_may_write_runs_no_installed_package(path: Path) -> None:
    for job in jobs(path).values():
        if "write" in job.get("permissions", {}).values():
            commands = [step["run"] for step in job["steps"] if "run" in step]
            assert commands
            assert all(command.startswith("gh ") for command in commands)


def test_the_release_takes_the_list_of_packages_that_the_audit_has_written() -> None:
    audit, release = (
        jobs(ROOT / ".github/workflows/audit.yml")[one] for one in ("audit", "release")
    )
    (up,) = [one for one in audit["steps"] if "upload-artifact" in one.get("uses", "")]
    (down,) = [one for one in release["steps"] if "download-artifact" in one.get("uses", "")]
    assert release["needs"] == "audit"
    assert down["with"]["name"] == up["with"]["name"]
    assert up["with"]["path"] == f"{down['with']['path']}/sbom.json"


def test_the_makefile_installs_from_lock_files_with_hashes() -> None:
    installs = [
        line.strip()
        for line in (ROOT / "Makefile").read_text().splitlines()
        if PIP_INSTALL.search(line) and not line.startswith("INSTALL")
    ]
    assert len(installs) > 4
    own = "@$(INSTALL) torch"  # it finds torch installed, and adds the libraries of a GPU build
    assert [line for line in installs if "--require-hashes" not in line] == [own]


def test_the_tools_of_make_audit_and_make_lock_are_locked() -> None:
    text = LOCK.read_text()
    names = re.findall(r"^([a-z0-9-]+)==\S+ (?:;.*)?\\$", text, re.MULTILINE)
    assert {"pip-audit", "cyclonedx-bom", "pip-tools"} <= set(names)
    for block in re.split(r"^(?=[a-z0-9-]+==)", text, flags=re.MULTILINE)[1:]:
        assert re.search(r"--hash=sha256:[0-9a-f]{64}", block)
