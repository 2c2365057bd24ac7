"""The command line as a whole: help, version, errors and exit codes."""

import errno
import importlib
import io
import subprocess
import sys
from pathlib import Path

import click
import pytest

from streams.cli import group
from streams.cli.group import COMMANDS, run
from streams.errors import PortInUse, RetentionError, SettingsError


def test_help_lists_every_command_under_its_heading(retention):
    result = retention("--help")
    assert result.code == 0
    for heading, section in COMMANDS.items():
        assert f"\n{heading}:\n" in result.out
        assert all(f"\n  {name} " in result.out for name in section)


def test_call_without_arguments_shows_help(retention):
    result = retention()
    assert "Usage: retention" in result.out + result.err


def test_terminal_without_utf_8_shows_what_it_can(monkeypatch):
    shown = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(shown, "latin-1", write_through=True))
    monkeypatch.setattr(group, "run", lambda _: click.echo("20\N{EN DASH}30 \N{DEGREE SIGN}"))
    with pytest.raises(SystemExit):
        group.main([])
    assert shown.getvalue() == b"20?30 \xb0\n"


def test_version_is_printed(retention):
    assert retention("--version").out.startswith("retention 0.")


@pytest.mark.parametrize("name", [name for section in COMMANDS.values() for name in section])
def test_every_listed_command_has_help(retention, name):
    module = importlib.import_module(f"streams.cli.{name.replace('-', '_')}")
    assert isinstance(module.command, click.Command)
    assert module.command.name == name
    result = retention(name, "--help")
    assert result.code == 0
    assert result.out.startswith(f"Usage: retention {name}")


def test_an_unknown_command_is_a_usage_error(retention):
    result = retention("comput")
    assert result.code == 2
    assert "No such command 'comput'" in result.err


def test_invalid_setting_is_one_line_with_the_valid_values(retention, events_file):
    result = retention("load", events_file(), partitions="many")
    assert result.code == SettingsError.exit_code == 2
    assert result.err == (
        "retention: RETENTION_PARTITIONS (environment RETENTION_PARTITIONS): 'many' is not valid\n"
        "  expected a whole number from 1 to 1024\n"
    )


def test_every_command_reports_an_unknown_variable(retention, events_file):
    path = events_file()
    for command in (["map", "list"], ["compute", path, "--now", "2026-01-01T00:00:00Z"], ["load", path]):
        result = retention(*command, partiton="4", broker="127.0.0.1:1")
        assert result.err.startswith(
            "retention: the variable RETENTION_PARTITON is not a setting and has no effect; "
            "did you mean RETENTION_PARTITIONS?\n"
        )


@pytest.fixture
def failing(monkeypatch):
    def fail_with(error):
        @click.command("demo")
        def command():
            raise error

        monkeypatch.setattr(group.group, "get_command", lambda *_: command)

    return fail_with


def test_error_is_a_line_a_hint_and_a_code(failing, capsys):
    failing(PortInUse("127.0.0.1", 6066))
    assert run(["demo"]) == 5
    first, hint = capsys.readouterr().err.splitlines()
    assert first == "retention: port 6066 of 127.0.0.1 is in use by another process"
    assert "RETENTION_PORT" in hint


def test_debug_prints_the_traceback(failing, monkeypatch):
    failing(PortInUse("127.0.0.1", 6066))
    monkeypatch.setenv("RETENTION_DEBUG", "1")
    with pytest.raises(PortInUse):
        run(["demo"])


def test_unusable_path_is_one_line(retention, tmp_path):
    path = tmp_path / "nowhere" / "shop.jsonl"
    result = retention("simulate", "--customers", "1", "--out", path)
    assert result.code == 1
    assert result.err == f"retention: {path} cannot be written: its directory does not exist\n"


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (
            OSError(errno.ENOSPC, "No space left on device"),
            "retention: No space left on device\n  correct it",
        ),
        (
            OSError(errno.ENAMETOOLONG, "File name too long", "/a"),
            "retention: /a: File name too long\n  correct",
        ),
    ],
    ids=["no path", "path"],
)
def test_error_of_the_machine_is_one_line(failing, capsys, error, line):
    failing(error)
    assert run(["demo"]) == 1
    assert capsys.readouterr().err.startswith(line)


def test_other_error_without_path_keeps_its_traceback(failing):
    failing(OSError(errno.EBADF, "Bad file descriptor"))
    with pytest.raises(OSError, match="Bad file descriptor"):
        run(["demo"])


def test_defect_keeps_its_traceback(failing):
    failing(ZeroDivisionError())
    with pytest.raises(ZeroDivisionError):
        run(["demo"])


def test_message_of_an_error_has_no_control_characters(failing, capsys):
    failing(RetentionError("topic \x1b[2J", "hint \x9b"))
    assert run(["demo"]) == 1
    assert capsys.readouterr().err == "retention: topic ·[2J\n  hint ·\n"


def test_interrupt_is_reported_without_a_traceback(failing, capsys):
    failing(KeyboardInterrupt())
    assert run(["demo"]) == 130
    assert "Traceback" not in capsys.readouterr().err


def test_closed_standard_output_is_no_error():
    command = [sys.executable, "-m", "streams.cli", "--help"]
    root, pipe = Path(__file__).parents[3], subprocess.PIPE
    with subprocess.Popen(command, stdout=pipe, stderr=pipe, cwd=root) as process:
        process.stdout.close()
        assert process.stderr.read() == b""
