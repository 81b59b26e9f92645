"""conf/logging.yml: only handlers that write to the terminal or into the project are allowed."""

from pathlib import Path

import pytest

from stillroom.config.checks.logging_checks import check_logging
from stillroom.errors import ConfigError

OWN = Path(__file__).resolve().parents[3]


def with_handler(root: Path, handler: str) -> Path:
    (root / "conf").mkdir(exist_ok=True)
    (root / "conf/logging.yml").write_text(f"version: 1\nhandlers:\n  mine: {handler}\n")
    return root


def test_the_projects_own_file_and_none_are_allowed(tmp_path: Path) -> None:
    check_logging(OWN)
    check_logging(tmp_path)


def test_a_file_inside_of_the_project_is_allowed(tmp_path: Path) -> None:
    check_logging(
        with_handler(tmp_path, "{class: logging.FileHandler, filename: .stillroom/log.txt}")
    )
    check_logging(
        with_handler(tmp_path, "{class: logging.StreamHandler, stream: 'ext://sys.stderr'}")
    )


@pytest.mark.parametrize(
    "handler",
    [
        "{class: logging.FileHandler, filename: /tmp/x.log}",
        "{class: logging.FileHandler, filename: ../x.log, mode: w}",
        "{class: logging.handlers.RotatingFileHandler, filename: ~/../../x.log}",
        "{class: logging.handlers.SocketHandler, host: h, port: 1}",
        "{class: logging.handlers.SysLogHandler}",
        "{class: logging.handlers.HTTPHandler, host: h, url: /x}",
        "{class: logging.handlers.SMTPHandler}",
        "{class: my.module.Handler}",
        "{class: logging.StreamHandler, stream: 'ext://os.environ'}",
        "{(): os.system, command: 'true'}",
        "{level: INFO, class: null}",
        "logging.handlers.SocketHandler",
    ],
)
def test_any_other_handler_is_one_line(tmp_path: Path, handler: str) -> None:
    with pytest.raises(ConfigError) as error:
        check_logging(with_handler(tmp_path, handler))
    assert "logging.yml" in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    "text",
    [
        "- a\n",
        "formatters: {mine: {class: my.Formatter}}\n",
        "filters: {mine: {class: my.Filter}}\n",
        "root: {level: 'ext://subprocess.run'}\n",
        "a: &a [*a]\n",
    ],
)
def test_what_else_names_code_or_is_no_configuration_is_one_line(tmp_path: Path, text: str) -> None:
    (tmp_path / "conf").mkdir()
    (tmp_path / "conf/logging.yml").write_text(text)
    with pytest.raises(ConfigError):
        check_logging(tmp_path)
