"""Log lines: text or JSON, one line each, without control characters."""

import json
import logging
import subprocess
import sys

import pytest

from streams.monitoring.logs import JsonFormatter, TextFormatter, configure


@pytest.fixture(autouse=True)
def as_before():
    """Restore the logging of the process after each test."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    libraries = {name: logging.getLogger(name).level for name in ("faust", "aiokafka")}
    yield
    root.handlers, root.level = handlers, level
    for name, before in libraries.items():
        logging.getLogger(name).setLevel(before)


def formatted(message, *args, exc_info=None, formatter=JsonFormatter):
    record = logging.LogRecord("streams.worker.task", logging.WARNING, __file__, 1, message, args, exc_info)
    return formatter().format(record)


def test_json_is_one_object_a_line():
    line = formatted("two\nlines of %s", "orders é")
    assert "\n" not in line
    entry = json.loads(line)
    assert entry["message"] == "two\nlines of orders é"
    assert (entry["level"], entry["logger"]) == ("warning", "streams.worker.task")
    assert entry["time"].endswith("+00:00")


def test_json_line_contains_the_traceback():
    try:
        raise ValueError("no such thing")  # noqa: TRY301
    except ValueError:
        line = formatted("failed", exc_info=sys.exc_info())
    assert "\n" not in line
    assert "no such thing" in json.loads(line)["exception"]


#: What a producer may name an experiment: a line end and a forged line, colours, an 8-bit sequence, a line
#: separator, text that runs backwards, and half of a character.
HOSTILE = "x\r\n2026-01-01 ERROR all is lost \x1b[31m\x9b2J\u2028\u202e\ud800"


@pytest.mark.parametrize("formatter", [TextFormatter, JsonFormatter])
def test_hostile_text_stays_in_its_line_and_is_escaped(formatter):
    line = formatted("beyond the limits: %s", HOSTILE, formatter=formatter)
    assert line.isprintable()
    assert r"\u202e" in line
    assert "all is lost" in line


def test_hostile_exception_begins_no_line_of_the_log():
    try:
        raise ValueError(HOSTILE)  # noqa: TRY301
    except ValueError:
        first, *others = formatted("failed", exc_info=sys.exc_info(), formatter=TextFormatter).split("\n")
    assert first.endswith("WARNING failed")
    assert all(line.isprintable() and line.startswith("    ") for line in others)
    assert others[0] == "    Traceback (most recent call last):"


def test_libraries_log_from_level_warning(capsys):
    configure("text", "info")
    logging.getLogger("aiokafka.consumer").info("fetched")
    logging.getLogger("streams.worker.task_manager").info("task 1 restored")
    logging.getLogger("aiokafka").warning("broker left")
    out, err = capsys.readouterr()
    assert out == ""
    assert "fetched" not in err
    assert "task 1 restored" in err
    assert "broker left" in err


def test_debug_level_includes_libraries(capsys):
    configure("json", "debug")
    logging.getLogger("faust.transport").debug("a detail")
    assert "a detail" in [json.loads(line)["message"] for line in capsys.readouterr().err.splitlines()]


def test_log_is_written_to_standard_error():
    setup = "import logging; from streams.monitoring.logs import configure; "
    code = setup + "configure('json','info'); logging.info('x')"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == ""
    assert json.loads(done.stderr)["message"] == "x"


def test_configured_logging_throttles_repeated_lines(capsys):
    configure("json", "info")
    for _ in range(100):
        logging.getLogger("aiokafka").error("Unable connect to node with id %s", 1)
    assert len(capsys.readouterr().err.splitlines()) == 1
