"""Options of files that a command writes."""

import importlib
from collections.abc import Iterator

import click
import pytest

from streams.cli.file_options import OutputFile
from streams.cli.group import COMMANDS

NAMES = [name for section in COMMANDS.values() for name in section]


def path_options() -> Iterator[tuple[str, click.Parameter]]:
    """Yield the name of each command, with each of its options that is a path."""
    for name in NAMES:
        command = importlib.import_module(f"streams.cli.{name.replace('-', '_')}").command
        commands = command.commands.values() if isinstance(command, click.Group) else [command]
        for one in commands:
            yield from ((name, option) for option in one.params if isinstance(option.type, click.Path))


OUTPUTS = [(name, option) for name, option in path_options() if isinstance(option.type, OutputFile)]


def test_every_path_is_checked_before_the_command_runs():
    assert [option.name for _, option in path_options() if not option.type.exists] == [
        option.name for _, option in OUTPUTS
    ]


@pytest.mark.parametrize(("name", "option"), OUTPUTS, ids=[f"{n} {o.opts[0]}" for n, o in OUTPUTS])
@pytest.mark.parametrize(
    ("path", "problem"),
    [
        ("a" * 300, "File name too long"),
        ("a" * 250, "File name too long"),  # with the ending of an incomplete file
        ("long/" * 1000, "File name too long"),
        ("none/x", "its directory does not exist"),
    ],
    ids=["name", "ending", "path", "directory"],
)
def test_impossible_output_is_one_line(retention, events_file, tmp_path, name, option, path, problem):
    files = [] if name == "simulate" else [events_file()]
    result = retention(name, *files, option.opts[0], tmp_path / path)
    assert result.code == 1
    assert result.err.endswith(f" cannot be written: {problem}\n")
    assert result.err.count("\n") == 1
