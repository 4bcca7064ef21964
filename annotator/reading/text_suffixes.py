"""The line, range or symbol that stands beside a path, in the forms that people use."""

from __future__ import annotations

import re
from dataclasses import dataclass

from annotator.reading import text_words

REACH = 80
"""Characters before and behind a path in which its line or symbol is looked for."""

_NEAR = 20
"""Characters between "of" or "in" and a path."""

# A line number and one Go name; every quantifier is bounded, and none stands inside another.
_N = r"([1-9][0-9]{0,8})(?![0-9])"
_NAME = r"[A-Za-z_][A-Za-z0-9_]{0,80}"
_SYMBOL = rf"{_NAME}(?:\.{_NAME}){{0,3}}"
_DASH = r"(?:-|\u2013|—|~|\uff5e|\.{2,3}|到|至)"
_C = r":\uff1a"
_M = rf"[`*]{{0,2}}{_N}[`*]{{0,2}}"
_CLOSE = r"[`'\"*)\]」》”\u2019>_]{0,4}"
_END = r"(?![0-9A-Za-z])"
_KIND = text_words.alternatives(frozenset(text_words.KIND))
_NAMED = text_words.alternatives(text_words.NAME)
_LINES = text_words.alternatives(text_words.LINE)

_FRAGMENT = (
    rf"\#(?:L|l|n|line-?){_N}(?:C[0-9]{{1,5}})?"
    rf"(?:(?:{_DASH}(?:L|l|n)?|\s{_DASH}\sL|\#L?|:L){_N}(?:C[0-9]{{1,5}})?)?{_END}"
)
_DOUBLE = rf"\#{_N}\#{_N}{_END}"
_QUERY = r"\?[^\s#()<>\"'\]]{0,200}"
_NUMBERED = rf"[Ll]?{_N}(?::[0-9]{{1,6}})?(?:{_DASH}[Ll]?{_N}(?::[0-9]{{1,6}})?)?(?![0-9A-Za-z]|\.[0-9])"
_COLON = rf"[`*]{{0,3}}:{_NUMBERED}"
# As compilers of other systems write it, with a column or not; a single digit is a count or a footnote.
_BRACKETED = rf"\([Ll]?(?=[0-9]{{2}}){_N}(?:{_DASH}[Ll]?{_N}|,\s?[0-9]{{1,6}})?\)(?![0-9A-Za-z({{])"
# A wide colon also opens a clause, which can begin with a count: "three functions".
_WIDE = rf"\uff1a{_NUMBERED}(?![个個种種步])"
_ENGLISH = (
    rf"{_CLOSE}\s{{0,4}}[(,;\[{_C}]?\s{{0,4}}(?:(?:at|on|from|in)\s)?"
    rf"(?:lines?\s?(?:no\.?|numbers?|num|\#)?|ln\.?|L(?=[0-9]{{2}}))\s?[{_C}]?\s?\#?L?{_M}"
    rf"(?:\s?(?:{_DASH}|to|through)\s?L?{_N})?{_END}"
)
_CHINESE = (
    rf"{_CLOSE}\s{{0,2}}[(,{_C}]?\s{{0,2}}(?:源文件|文件|檔案)?(?:里面|中|里|内|裡|內)?(?:的)?\s?"
    rf"(?:(?:代码行|行号|行號|行数|行)\s?[{_C}]?\s?{_M}(?:\s?{_DASH}\s?{_M})?"
    rf"|第\s?{_M}(?:\s?行)?(?:\s?{_DASH}\s?第?\s?{_M})?\s?行)"
)
# Without an ordinal it may also be a length: "twenty lines in a.go".
_COUNTED = (
    rf"{_CLOSE}\s{{0,2}}[(,{_C}]?\s{{0,2}}(?:文件)?的?\s?"
    rf"{_M}(?:\s?{_DASH}\s?{_M})?\s?行(?!代码|左右|多|的代码|程序)"
)
_LABELLED = (
    rf"{_CLOSE}\s{{0,4}}[,;|]?\s{{0,4}}(?:{_NAMED})\s{{0,2}}[{_C}]\s{{0,2}}`?({_SYMBOL})(?:\(\))?`?"
    rf"\s{{0,4}}[,;|]?\s{{0,4}}(?:{_LINES})\s{{0,2}}[{_C}]?\s{{0,2}}{_N}(?:{_DASH}{_N})?"
)
_NOTATION = rf"::(?:\(\*?({_NAME})\)\.)?({_SYMBOL})(?:{_FRAGMENT})?"
# "a.go:Driver.Create", "a.go:NewDaemon", "a.go:restore()": a name that cannot be a word of prose.
_CALLED = rf":((?:[A-Z]\w{{1,80}}\.{_NAME}|[A-Z][a-z0-9]{{1,40}}[A-Z]\w{{0,40}}|{_NAME}(?=\(\))))(?![:\w.])"
_HOLDS = (
    rf"{_CLOSE}\s?(?:源文件|文件|檔案)?(?:(?:里面|中|里|内)?的|(?:里面|中|里|内)?定义[的了])\s?`?({_SYMBOL})(?:\(\))?`?\s?"
    rf"(?:这个|這個)?(?:函数|方法|结构体|结构|接口|函數|結構體|介面)"
)
_OPEN = r"(?:the\s)?(?:file\s)?[`'\"(\[*<]{0,3}$"
_LINE_OF = (
    rf"(?:^|[^A-Za-z0-9])(?:[Ll]ines?|ln|L(?=[0-9]))\s?\#?{_N}"
    rf"(?:\s?(?:{_DASH}|to|through)\s?L?{_N})?\s(?:of|in)\s{_OPEN}"
)
_DEFINED_IN = (
    rf"`({_SYMBOL})(?:\(\))?`\s(?:{_KIND})?\s?(?:(?:is|are)\s)?(defined|declared|implemented)?\s?in\s{_OPEN}"
)

_TIGHT = tuple(re.compile(form) for form in (_FRAGMENT, _DOUBLE, _COLON, _WIDE, _BRACKETED))
_LOOSE = tuple(re.compile(form) for form in (_ENGLISH, _CHINESE, _COUNTED))
_AFTER_NOTATION = re.compile(_NOTATION)
_AFTER_CALLED = re.compile(_CALLED, re.ASCII)
_AFTER_LABELLED = re.compile(_LABELLED, re.IGNORECASE)
_AFTER_HOLDS = re.compile(_HOLDS)
_BEFORE_LINE = re.compile(_LINE_OF)
_BEFORE_SYMBOL = re.compile(_DEFINED_IN)
_AFTER_QUERY = re.compile(_QUERY)
_FURTHER = re.compile(
    rf"(?<=[0-9])[,\u3001][Ll]?{_N}(?:{_DASH}[Ll]?{_N})?(?![0-9A-Za-z_/]|\.[0-9A-Za-z]|\s?[个個种種步处處行])"
)
_PROMISING = re.compile(r"[0-9]|的|定义")
# A line that belongs to the path behind it: "line 12 of other.go".
_NEXT = re.compile(r"\s(?:of|in)\s[`'\"(\[*]{0,3}[\w./-]{1,200}\.go")
_ACTS = re.compile(r"\b(?:call|invok|us|run|execut|reach)(?:e|es|ed|ing|s)?\b|调用|使用", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Suffix:
    """What stands beside a path, and where the citation ends."""

    end: int
    line: int | None = None
    end_line: int | None = None
    symbol: str | None = None
    start: int | None = None


def find(text: str, start: int, end: int, *, permalink: bool = False) -> Suffix | None:
    """What stands beside the path `text[start:end]`, from the surest form to the weakest."""
    attached = find_attached(text, end) if permalink else _notation(text, end) or _tight(text, end)
    return attached or _before(text, start, end) or _behind(text, end)


def find_attached(text: str, end: int) -> Suffix | None:
    """What stands directly behind an address, across its query."""
    query = _AFTER_QUERY.match(text, end)
    at = query.end() if query else end
    return _notation(text, at) or _tight(text, at)


def lines(first: str | None, last: str | None) -> tuple[int | None, int | None]:
    """A line and the end of its range; a number that is too small for an end is none."""
    line, end_line = (int(number) if number else None for number in (first, last))
    return line, end_line if line and end_line and end_line >= line else None


def find_further(text: str, at: int, above: int) -> Suffix | None:
    """The next line or range of a list, `12,34-56`; a smaller number is a column or a count.

    Args:
        text: The line of text.
        at: Where the list so far ends.
        above: The last line so far.
    """
    match = _FURTHER.match(text, at)
    if match is None or int(match[1]) <= above:
        return None
    line, end_line = lines(match[1], match[2])
    return Suffix(match.end(), line, end_line, start=match.start(1))


def _notation(text: str, at: int) -> Suffix | None:
    match = _AFTER_NOTATION.match(text, at)
    if match is None:
        called = _AFTER_CALLED.match(text, at)
        return Suffix(called.end(), symbol=called[1]) if called and is_declared(called[1]) else None
    receiver, symbol, first, last = match.groups()
    line, end_line = lines(first, last)
    return Suffix(match.end(), line, end_line, f"{receiver}.{symbol}" if receiver else symbol)


def _tight(text: str, at: int) -> Suffix | None:
    for form in _TIGHT:
        if match := form.match(text, at):
            return Suffix(match.end(), *lines(*_ordered(match[1], match[2])))
    return None


def _ordered(first: str, last: str | None) -> tuple[str, str | None]:
    """Both ends of a range from the smaller on, as GitHub takes them."""
    return (last, first) if last and int(last) < int(first) else (first, last)


def _loose(text: str, at: int) -> Suffix | None:
    window = text[at : at + REACH]
    for form in _LOOSE:
        match = form.match(window)
        if match and not _NEXT.match(text, at + match.end()):
            numbers = [group for group in match.groups() if group]
            return Suffix(at + match.end(), *lines(numbers[0], numbers[1] if len(numbers) > 1 else None))
    return None


def _labelled(text: str, at: int) -> Suffix | None:
    match = _AFTER_LABELLED.match(text[at : at + 2 * REACH])
    if match is None:
        return None
    line, end_line = lines(match[2], match[3])
    return Suffix(at + match.end(), line, end_line, match[1])


def _before(text: str, start: int, end: int) -> Suffix | None:
    """A line or symbol in front of a path: only behind "of" or "in"."""
    near = text[max(0, start - _NEAR) : start]
    if " of " not in near and " in " not in near:
        return None
    return _line_before(text, start, end) or _symbol_before(text, start, end)


def _behind(text: str, end: int) -> Suffix | None:
    """A line or symbol in the words behind a path."""
    if not _PROMISING.search(text, end, end + REACH):
        return None
    return _labelled(text, end) or _loose(text, end) or _symbol_behind(text, end)


def _line_before(text: str, start: int, end: int) -> Suffix | None:
    window = max(0, start - REACH)
    match = _BEFORE_LINE.search(text[window:start])
    if match is None:
        return None
    return Suffix(end, *lines(match[1], match[2]), start=window + match.start(1))


def _symbol_behind(text: str, at: int) -> Suffix | None:
    match = _AFTER_HOLDS.match(text[at : at + 2 * REACH])
    return Suffix(at + match.end(), symbol=match[1]) if match and is_declared(match[1]) else None


def _symbol_before(text: str, start: int, end: int) -> Suffix | None:
    window = max(0, start - 2 * REACH)
    match = _BEFORE_SYMBOL.search(text[window:start])
    if match is None or not is_declared(match[1]):
        return None
    acts = _ACTS.search(text[max(0, window + match.start() - 24) : window + match.start()])
    if match[2] is None and (acts or not match[1][0].isupper()):
        return None
    return Suffix(end, symbol=match[1], start=window + match.start(1))


def is_declared(symbol: str) -> bool:
    """Whether a name can be a declaration's: `cli.start` is a call on a variable."""
    head, dot, _ = symbol.partition(".")
    return len(symbol) > 1 and (not dot or head[0].isupper())
