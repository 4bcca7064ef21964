"""Texts in messages: %q of Go."""

from __future__ import annotations

import errno
import os

import pytest

from runtime.golang.strconv import cause, quote
from runtime.volume.local import local_unix
from runtime.volume.local.local_unix import ValidationError
from runtime.volume.service.errors import OpErr


@pytest.mark.parametrize(
    ("text", "quoted"),
    [
        ("plain", '"plain"'),
        ('a"b\\c', r'"a\"b\\c"'),
        ("a\0b\x01", r'"a\x00b\x01"'),
        ("\a\b\f\n\r\t\v", r'"\a\b\f\n\r\t\v"'),
        ("\x7f", r'"\x7f"'),
        ("\x80\xa0\xad", r'"\u0080\u00a0\u00ad"'),
        ("\u2028\ufeff", r'"\u2028\ufeff"'),
        ("\U000e0001", r'"\U000e0001"'),
        ("grün 界 😀", '"grün 界 😀"'),
        (os.fsdecode(b"a\xff\x80"), r'"a\xff\x80"'),
    ],
)
def test_quote_escapes_as_go_does(text: str, quoted: str) -> None:
    assert quote(text) == quoted


def test_name_in_volume_error_is_quoted_as_in_go() -> None:
    with pytest.raises(ValidationError) as error:
        local_unix.validate_name("a\0b")
    assert str(error.value).startswith(r'"a\x00b" includes invalid characters')


def test_cause_is_in_words_without_number() -> None:
    assert cause(PermissionError(errno.EACCES, os.strerror(errno.EACCES), "/x")) == "permission denied"


def test_error_of_an_operation_is_in_words() -> None:
    denied = PermissionError(errno.EACCES, os.strerror(errno.EACCES), "/x/y")
    assert str(OpErr(denied, "create", "v")) == "create v: /x/y: permission denied"
    assert str(OpErr(OSError(errno.ENOSPC, "No space left on device"), "create", "v")) == (
        "create v: no space left on device"
    )
