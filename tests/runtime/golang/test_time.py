"""Times that plugins send, read as dockerd 20.10.24 reads them (each form was tried there)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from runtime.golang import encoding_json, time
from runtime.volume.drivers import proxy

DAY = "2026-11-28T10:00:00"
MOMENT = datetime(2026, 11, 28, 10, tzinfo=UTC)

READ = {
    f"{DAY}Z": MOMENT,
    f"{DAY}+00:00": MOMENT,
    f"{DAY}-00:00": MOMENT,
    f"{DAY}-05:30": MOMENT + timedelta(hours=5, minutes=30),
    f"{DAY}.5Z": MOMENT + timedelta(seconds=0.5),
    f"{DAY},5Z": MOMENT + timedelta(seconds=0.5),
    f"{DAY}.123456789Z": MOMENT + timedelta(microseconds=123456),
    f"{DAY}.1234567890123Z": MOMENT + timedelta(microseconds=123456),
    "2024-02-29T00:00:00Z": datetime(2024, 2, 29, tzinfo=UTC),
    "2026-11-28T1:00:00.5+01:00": datetime(2026, 11, 28, 0, 0, 0, 500000, UTC),
    f"{DAY}+24:00": MOMENT - timedelta(days=1),
    f"{DAY}+23:60": MOMENT - timedelta(days=1),
    f"{DAY}+99:99": MOMENT - timedelta(hours=100, minutes=39),
    f"{DAY}++1:-1": MOMENT - timedelta(minutes=59),
    f"{DAY}+-1:00": MOMENT + timedelta(hours=1),
    "0001-01-01T00:00:00Z": datetime(1, 1, 1, tzinfo=UTC),
    "0000-02-29T00:00:00Z": None,
    "9999-12-31T23:59:59-23:59": datetime(
        9999, 12, 31, 23, 59, 59, tzinfo=timezone(-timedelta(minutes=1439))
    ),
    "9999-12-31T23:59:59-24:00": None,
}

REFUSED = [
    "",
    "null",
    "yesterday",
    "2026-11-28 10:00:00+00:00",
    f"{DAY}+0000",
    "2026-11-28t10:00:00Z",
    f"{DAY}z",
    DAY,
    f"{DAY}.Z",
    f"{DAY} Z",
    f"{DAY}Z ",
    f" {DAY}Z",
    f"{DAY}Z\n",
    "2026-02-29T00:00:00Z",
    "1900-02-29T00:00:00Z",
    "0000-02-30T00:00:00Z",
    "2026-13-01T00:00:00Z",
    "2026-01-00T00:00:00Z",
    "2026-11-28T24:00:00Z",
    "2026-11-28T10:60:00Z",
    "2026-11-28T10:00:60Z",
    "2026-11-28T10:0:00Z",
    "2026-11-28",
    "20261128T100000Z",
    "+026-11-28T10:00:00Z",
    "10000-01-01T00:00:00Z",
    f"{DAY}+0:00",
    f"{DAY}+01:0",
    f"{DAY}+ 1:00",
    f"{DAY}+1a:00",
    f"{DAY}+00:00:00",
    f"{DAY}.\u0660Z",
]


@pytest.mark.parametrize("text", READ)
def test_times_that_dockerd_reads_are_read(text: str) -> None:
    assert time.parse(text) == READ[text]


@pytest.mark.parametrize("text", REFUSED)
def test_times_that_dockerd_refuses_are_refused(text: str) -> None:
    with pytest.raises(time.NotATime):
        time.parse(text)


def test_the_offset_is_kept() -> None:
    moment = time.parse(f"{DAY}-05:30")
    assert moment is not None
    assert moment.isoformat() == "2026-11-28T10:00:00-05:30"


@pytest.mark.parametrize("value", ['"2026-11-28 10:00:00+00:00"', '""', "5", "{}", "[]", "true"])
def test_a_bad_time_breaks_the_whole_answer(value: str) -> None:
    answer = f'{{"Volume":{{"Name":"v","CreatedAt":{value}}}}}'.encode()
    with pytest.raises(encoding_json.DecodeError):
        encoding_json.decode(answer, proxy.GetResponse)


def test_a_null_time_is_not_stated() -> None:
    answer = b'{"Volume":{"Name":"v","createdat":null}}'
    volume = encoding_json.decode(answer, proxy.GetResponse).volume
    assert volume is not None
    assert volume.created_at is None


@pytest.mark.parametrize("text", [f"{DAY},5Z", "2026-11-28T1:00:00Z", f"{DAY}+24:00", f"{DAY}+23:60"])
def test_times_that_only_old_go_reads_are_not_strict(text: str) -> None:
    assert not time.is_strict(text)
    assert time.is_strict(f"{DAY}.25-23:59")
