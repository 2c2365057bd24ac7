"""What Prometheus is given of the past."""

import io

from streams.demo.prometheus import Recorder
from streams.monitoring.scrape import parse


def written(*texts):
    recorder = Recorder()
    for text in texts:
        recorder.add(parse(text))
    file = io.StringIO()
    recorder.write(file)
    *lines, end = file.getvalue().splitlines()
    assert end == "# EOF"
    return lines


def scraped(at, nps):
    return (
        f"retention_as_of_timestamp_seconds {at}\n"
        f'retention_nps{{window="30d"}} {nps}\n'
        f'retention_sla_breach_ratio{{window="7d",sla="promise",priority="low"}} 1\n'
        "retention_worker_tasks_owned 8\n"
    )


def test_sample_is_repeated_hourly_until_the_next_one():
    lines = [line for line in written(scraped(0, 50), scraped(9000, 40), scraped(9001, 30)) if "nps" in line]
    assert lines == [
        'job:retention_nps:held{job="retention",window="30d"} 50 0',
        'job:retention_nps:held{job="retention",window="30d"} 50 3000',
        'job:retention_nps:held{job="retention",window="30d"} 50 6000',
        'job:retention_nps:held{job="retention",window="30d"} 40 9000',
    ]


def test_written_series_are_those_that_rules_look_back_at():
    names = {line.partition("{")[0] for line in written(scraped(0, 50), scraped(10, 40))}
    assert names == {"job:retention_nps:held", "job:retention_as_of_timestamp_seconds:held"}


def test_numbers_without_a_later_time_are_left_out():
    assert written(scraped(10, 1), scraped(10, 2), 'retention_nps{window="30d"} 3\n', scraped(5, 4)) == []


def test_missing_history_is_empty():
    assert written() == []
