#!/usr/bin/env bash
# Run the tests that depend on the wall clock at instants where calendars surprise: a night, a Sunday, month and year
# ends, 29 February, and both changes between summer and winter time.
#
# Run: scripts/test_clocks.sh [PYTEST ARGUMENT...]
# It needs `faketime` (Debian: apt-get install faketime). Prometheus and Java are not run: the first ignores the fake
# clock, and the second is slow with it.
set -euo pipefail
cd "$(dirname "$0")/.."

if ! command -v faketime >/dev/null; then
    echo "faketime is not installed: on Debian and Ubuntu, apt-get install faketime" >&2
    exit 2
fi

# Zone and local time. All are later than the fixed dates in the tests.
instants=(
    "UTC 2026-12-05 02:30:00"            # a Saturday night
    "UTC 2027-06-06 12:00:00"            # a Sunday noon
    "UTC 2027-12-31 23:59:30"            # the year ends while the tests run
    "UTC 2028-02-29 12:00:00"            # a day that other years do not have
    "UTC 2028-03-31 10:00:00"            # the 31st: months before it are shorter
    "Europe/Berlin 2027-03-28 01:59:30"  # an hour is left out while the tests run
    "Europe/Berlin 2027-10-31 02:30:00"  # an hour comes twice
    "Pacific/Kiritimati 2027-01-01 00:30:00"  # 14 hours ahead of UTC: UTC is still in the old year
)

# Tests that read the wall clock, and tests of packages that do.
mapfile -t files < <(
    grep -rlE 'datetime\.now|date\.today|time\.time|time_ns|wall_us|"simulate"' tests --include='test_*.py'
    find tests/streams/ingest tests/streams/http tests/streams/monitoring tests/streams/simulator -name 'test_*.py'
)
mapfile -t files < <(printf '%s\n' "${files[@]}" | grep -v '^tests/e2e/' | sort -u)

failed=0
for each in "${instants[@]}"; do
    zone="${each%% *}"
    instant="${each#* }"
    echo "=== $instant $zone"
    # Timeouts and pauses count on the monotonic clock, which stays real.
    TZ="$zone" FAKETIME_DONT_FAKE_MONOTONIC=1 faketime -f "@$instant" \
        .venv/bin/python -m pytest -q -p no:cacheprovider -m "not kafka and not e2e and not program and not slow" \
        "$@" "${files[@]}" || failed=1
done
exit "$failed"
