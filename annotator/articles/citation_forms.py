"""Forms of a line or a symbol next to a path, and the titles of table columns that hold them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace


def _titles(text: str) -> frozenset[str]:
    return frozenset(text.split("|"))


PATH_TITLES = _titles(
    "path|file|files|file path|filepath|filename|file name|source|source file|location|file:line|"
    "path:line|定义位置|所在位置|路径|文件|文件路径|文件名|源文件|源码|源码路径|源码文件|代码路径|"
    "代码位置|位置|所在文件|路徑|檔案|檔案路徑|檔名|原始碼|パス|ファイル"
)
KIND_TITLES = {
    word: kind
    for kind, words in (
        ("function", "function|function name|函数|函数名|函数名称|函數|函數名|関数"),
        ("func", "func|func name"),
        ("method", "method|method name|方法|方法名|方法名称|方法名稱"),
        ("struct", "struct|struct name|structure|结构|结构体|结构体名|结构体名称|结构名|結構|結構體|構造体"),
        ("interface", "interface|interface name|接口名称|接口|接口名|介面"),
    )
    for word in words.split("|")
}
"""The kind of a name below a heading; any other name's kind is open."""

NAME_TITLES = frozenset(KIND_TITLES) | _titles(
    "name|symbol|symbol name|identifier|declaration|名称|名字|符号|标识符|变量|变量名|类型名|名稱|符號"
)
LINE_TITLES = _titles(
    "line|lines|line number|line numbers|line no|line no.|lineno|line range|linenumber|row|行|行号|行数|"
    "代码行|代码行号|所在行|起始行|起始行号|代码行数|行號|行數|行番号"
)
TYPE_TITLES = _titles("kind|type|种类|类型|類型|種類")
"""Heads of a column that has the kind row by row."""

EMPTY_CELLS = _titles("|-|--|—|\u2013|/|无|無|none|(none)|n/a|匿名|匿名函数|匿名函數|anonymous|(anonymous)")
"""Cells of a row that names no symbol."""


def alternatives(words: frozenset[str]) -> str:
    """Return alternatives of a regular expression, longest first."""
    return "|".join(sorted((word.replace(".", r"\.") for word in words), key=len, reverse=True))


DASH = r"(?:-|\u2010|\u2011|\u2013|—|~|\uff5e|\.{2,3}|到|至)"
NUMBER = r"([0-9]{1,20})(?![0-9])"
"""A number that may be no line: 0, or one that no file has."""

_MOST_DIGITS = 9
_LIST = 200
"""Lines that a list may have."""

_NO_COUNT = (
    r"(?![0-9A-Za-z_%]|-[0-9]|/(?![0-9])|\.[0-9A-Za-z]|\s?[个個种種步處处行]"
    r"|\s(?:of|in)\s[`'\"(*]{0,3}[\w./-]{0,200}\.[a-z])"
)

# The next of a list without spaces: `12,34-56`, `12/34`.
_TIGHT = re.compile(rf"(?<=[0-9])[,\u3001/+&][Ll]?{NUMBER}(?:{DASH}[Ll]?{NUMBER})?{_NO_COUNT}")

# The next of a list whose members are in back-ticks or links of their own: "`a.go:12`, `34`".
_QUOTED = re.compile(
    rf"[`*]{{1,3}}(?:\s?[,;/&+、和及与]\s?(?:and\s|or\s)?|\s(?:and|or|to)\s)[`*]{{1,3}}(?:[:#]?[Ll]|:)?{NUMBER}"
    rf"(?:{DASH}[Ll]?{NUMBER})?(?=[`*])"
)

# The next of a list in prose: "12, 34 and 56", which only its end tells from a count.
_SPACED = re.compile(
    rf"(?:,\s(?:and\s|or\s|also\s)?|,(?:and|or)\s|;\s|\s[(\[](?:and|or|also)\s|\s(?:and|or|&|\+|/)\s|[和及与])(?:(?:on\s|at\s)?lines?\s)?[Ll:]?{NUMBER}"
    rf"(?:\s?(?:{DASH}|\sto\s|\sthrough\s)\s?[Ll]?{NUMBER})?{_NO_COUNT}"
)
_SPACED_END = re.compile(rf"(?:\s{DASH}\s|\s(?:to|through|until|thru)\s(?:line\s)?)[Ll]?{NUMBER}{_NO_COUNT}")

# What may follow the last number of a list: punctuation, or a word that cannot be what is counted.
_ENDS = re.compile(
    r"[`'\"*_)\]}」》]{0,4}(?:\s*$|\s*[.,;:!?)\]|(。,、」]|\s[-\u2013—]{1,2}\s|\s(?:and|or|in|of|at|on|to|from|for|as|is|"
    r"are|was|were|has|have|which|that|where|when|with|both|all|but|then|we|it|they|the|this|there|show|shows|"
    r"call|calls|do|does|set|sets|define|defines|declare|declares|check|checks|respectively)\b|\s*[\u3400-\u9fff])"
)


def check_lines(first: str, last: str | None = None) -> tuple[int | None, int | None, str]:
    """Return the first and the last line of two numbers, and their fault, or an empty text."""
    for number in (first, last):
        if number is not None and len(number.lstrip("0")) > _MOST_DIGITS:
            return None, None, f"no file has a line {number}"
        if number is not None and int(number) == 0:
            return None, None, "lines count from 1"
    line, end = int(first), int(last) if last else None
    if end is not None and end < line:
        return line, end, f"the range {line}-{end} ends before it starts"
    return line, end, ""


def further_lines(
    text: str, at: int, above: int, *, plural: bool = False
) -> Iterator[tuple[int, int, int, int | None]]:
    """Yield the offsets, the line and the last line of each further member of a list.

    A number that is not above the last line is a column or a count. `plural` means that the words say that
    several lines follow: "lines 12, 34 and 56".
    """
    for _ in range(_LIST):
        match = _TIGHT.match(text, at) or _QUOTED.match(text, at) or _in_prose(text, at, plural=plural)
        if match is None:
            return
        line, end_line, malformed = check_lines(match[1], match[2])
        if malformed or line is None or line <= above:
            return
        yield match.start(1), match.end(), line, end_line
        at, above = match.end(), end_line or line


def _in_prose(text: str, at: int, *, plural: bool) -> re.Match[str] | None:
    """Match the next of a list in prose, if the list ends as one that holds lines."""
    first = last = _SPACED.match(text, at)
    if first is None or last is None or plural:
        return first
    for _ in range(_LIST):
        behind = _SPACED.match(text, last.end())
        if behind is None:
            break
        last = behind
    return first if _ENDS.match(text, last.end()) else None


REACH = 80
"""Characters before and behind a path in which its line or symbol is looked for."""

_NEAR = 20
"""Characters between "of" or "in" and a path."""

# A line number and one Go name; every quantifier is bounded, and none stands inside another.
_POSITIVE = r"([1-9][0-9]{0,8})(?![0-9])"
_ASCII_NAME = r"[A-Za-z_][A-Za-z0-9_]{0,80}"
_SYMBOL = rf"{_ASCII_NAME}(?:\.{_ASCII_NAME}){{0,3}}"
_C = r":\uff1a"
_M = rf"[`*]{{0,2}}{_POSITIVE}[`*]{{0,2}}"
_CLOSE = r"(?:</(?:code|tt|b|em|i|strong|samp)>|[`'\"*)\]」》”\u2019>_]){0,4}"
_END = r"(?![0-9A-Za-z])"
_KIND = alternatives(frozenset(KIND_TITLES))
_NAMED = alternatives(NAME_TITLES)
_LINES = alternatives(LINE_TITLES)


@dataclass(frozen=True, slots=True)
class Suffix:
    """A line and a symbol next to a path, and the offset behind the citation.

    Attributes:
        start: The offset of a line or symbol in front of the path, or None.
        malformed: Why what stands there is no line, or "".
        plural: Whether the words say that several lines follow.
        ref: The version behind the path, or None.
        weak: Whether it can be a count, too, unless the tree has the file.
    """

    end: int
    line: int | None = None
    end_line: int | None = None
    symbol: str | None = None
    start: int | None = None
    malformed: str = ""
    plural: bool = False
    ref: str | None = None
    weak: bool = False


Form = Callable[[str, int], Suffix | None] | re.Pattern[str]
"""Reads a line or symbol in `text` behind a path that ends at an offset; a pattern has one or two numbers."""


def is_declared(symbol: str) -> bool:
    """Return whether a name can be a declaration's; `cli.start` is a call on a variable."""
    head, dot, _ = symbol.partition(".")
    return len(symbol) > 1 and (not dot or head[0].isupper())


# ── Directly behind the path ─────────────────────────────────────────────────────────────────────
_FRAGMENT = (
    rf"\#(?:L|l|n|line-?){NUMBER}(?:C[0-9]{{1,5}})?"
    rf"(?:(?:{DASH}(?:L|l|n)?|\s{DASH}\sL|\#L?|:L){NUMBER}(?:C[0-9]{{1,5}})?)?{_END}"
)
_AFTER_FRAGMENT = re.compile(rf"[`*]{{0,2}}{_FRAGMENT}")
_AFTER_BITBUCKET = re.compile(rf"\#(?:lines|[\w.-]{{1,80}}\.\w{{1,8}})-{NUMBER}(?::{NUMBER})?{_END}")
_AFTER_DOUBLE = re.compile(rf"\#{_POSITIVE}\#{_POSITIVE}{_END}")
_NUMBERED = (
    rf"[Ll]?{NUMBER}(?::[0-9]{{1,6}})?(?:{DASH}[Ll]?{NUMBER}(?::[0-9]{{1,6}})?)?"
    r"(?:ff?\b\.?)?(?![0-9A-Za-z%]|\.[0-9])"
)
_AFTER_COLON = re.compile(rf"(?:[`*]{{0,3}}\)?|_|</(?:code|tt|b|em|i|strong|samp)>):[`*]{{0,2}}{_NUMBERED}")
_AFTER_DOUBLE_COLON = re.compile(rf"[`*]{{0,3}}::{_NUMBERED}")

# A wide colon also opens a clause, which can begin with a count: "three functions".
_AFTER_WIDE = re.compile(rf"\uff1a{_NUMBERED}(?![个個種种步])")

# As compilers of other systems write it, with a column or not; a single digit is a count or a footnote.
_AFTER_BRACKET = re.compile(
    rf"\([Ll]?(?=[0-9]{{2}}){_POSITIVE}(?:{DASH}[Ll]?{_POSITIVE}|,\s?[0-9]{{1,6}})?\)(?![0-9A-Za-z({{])"
)
_AFTER_BRACES = re.compile(rf"[:\#]?\{{L?{NUMBER}(?:{DASH}L?{NUMBER})?(?=[,}}\s])")

# As Sourcegraph and Google's code search write it.
_AFTER_QUERY_LINE = re.compile(
    rf"(?:(?:[?;](?:[^\s#?]{{0,100}}[&;])?|&)(?:L(?=[0-9])|l=|line=|range=)){NUMBER}(?::[0-9]{{1,5}})?"
    rf"(?:-L?{NUMBER}(?::[0-9]{{1,5}})?)?{_END}"
)
_AFTER_QUERY = re.compile(r"\?[^\s#()<>\"'\]]{0,200}")
_AFTER_VERSION = re.compile(r"@(v[0-9][\w.+-]{0,40}?)(?=[:#][L0-9])")


def _colon(text: str, at: int) -> Suffix | None:
    """Read `:13`, `:13-400`, and a range that is written with spaces: `:13 - 400`."""
    found = _numbers(_AFTER_COLON.match(text, at))
    if found is None or found.line is None or found.end_line or found.malformed:
        return found
    last = _SPACED_END.match(text, found.end)
    if last is None or not _ENDS.match(text, last.end()) or len(last[1]) > _MOST_DIGITS:
        return found
    return replace(found, end_line=int(last[1]), end=last.end()) if int(last[1]) > found.line else found


def _versioned(text: str, at: int) -> Suffix | None:
    """Read `a.go@v1.0.0:13`."""
    version = _AFTER_VERSION.match(text, at)
    if version is None:
        return None
    found = _colon(text, version.end()) or _numbers(_AFTER_FRAGMENT.match(text, version.end()))
    return replace(found, ref=version[1]) if found else None


def _numbers(match: re.Match[str] | None) -> Suffix | None:
    if match is None:
        return None
    line, end_line, malformed = check_lines(match[1], match[2])
    return Suffix(match.end(), line, end_line, malformed=malformed)


# ── Directly behind the path, and wrong ──────────────────────────────────────────────────────────
_OPEN_RANGE = re.compile(rf"[`*]{{0,3}}(?::|\#L){NUMBER}-(?=\s*$|[`'\")\]])")
_LETTERS = re.compile(r"[`*]{0,3}(?::[A-Za-z]{1,2}-[A-Za-z]{1,2}|\#L[A-Za-z?*]{1,3})(?![\w.(-])")


def _open_range(text: str, at: int) -> Suffix | None:
    if match := _OPEN_RANGE.match(text, at):
        line, _, _ = check_lines(match[1])
        return Suffix(match.end(), line, malformed=f"the range {match[1]}- has no end")
    return None


def _letters(text: str, at: int) -> Suffix | None:
    if match := _LETTERS.match(text, at):
        written = match[0].lstrip("`*:#")
        return Suffix(match.end(), malformed=f"{written} is not a line")
    return None


# ── A symbol, with or without a line ─────────────────────────────────────────────────────────────
_GENERIC = r"(?:\[[\w\s,.*]{1,60}\])?"
_AFTER_NOTATION = re.compile(
    rf"::(?:(?:func|type|var|const)\s{{1,2}})?(?:\((?:\w{{1,40}}\s)?\*?({_ASCII_NAME}){_GENERIC}\)\s?\.?)?"
    rf"({_ASCII_NAME}{_GENERIC}(?:\.{_ASCII_NAME}{_GENERIC}){{0,3}})(?:\(\))?(?:{_FRAGMENT}|:{_NUMBERED})?"
)
_ANY_GENERIC = re.compile(r"\[[^\]]{1,60}\]")

# "a.go:Driver.Create", "a.go:NewDaemon", "a.go:restore()": a name that cannot be a word of prose.
_AFTER_CALLED = re.compile(
    rf":((?:[A-Z]\w{{1,80}}\.{_ASCII_NAME}|[A-Z][a-z0-9]{{1,40}}[A-Z]\w{{0,40}}|{_ASCII_NAME}(?=\(\))"
    rf"|[A-Z]\w{{1,80}}(?=[`*]{{0,2}},?\s\(?(?:[Ll]ine|L[0-9]))))"
    rf"(?:\(\))?(?::{_NUMBERED})?(?![:\w]|\.\w)",
    re.ASCII,
)


def _notation(text: str, at: int) -> Suffix | None:
    """Read `::Symbol`, `::(*Type).Method#L3-L4`, `::Symbol:12`, and `::func Symbol` as Org writes it."""
    match = _AFTER_NOTATION.match(text, at)
    if match is None or not match[2].strip("_"):
        return None
    receiver, name, *numbers = match.groups()
    first, last = (numbers[:2]) if numbers[0] else (numbers[2:])
    line, end_line, malformed = check_lines(first, last) if first else (None, None, "")
    symbol = _ANY_GENERIC.sub("", f"{receiver}.{name}" if receiver else name)
    return Suffix(match.end(), line, end_line, symbol, malformed=malformed)


def _called(text: str, at: int) -> Suffix | None:
    match = _AFTER_CALLED.match(text, at)
    if match is None or not is_declared(match[1]):
        return None
    line, end_line, malformed = check_lines(match[2], match[3]) if match[2] else (None, None, "")
    end = match.end() if match[2] else match.end(1)
    return Suffix(end, line, end_line, match[1], malformed=malformed)


# ── In the words behind the path ─────────────────────────────────────────────────────────────────
_FOREIGN_LINE = "Zeilen?|lignes?|l[ií]neas?|linhas?|rig(?:a|he)|строк[аиуе]"
_ENGLISH = re.compile(
    rf"{_CLOSE}\s{{0,4}}[(,;\[{_C}]?\s{{0,4}}(?:(?:at|on|from|in|around|near|starting\s(?:at|on|from))\s)?"
    rf"(?:(?:lines?|rows?)\s?(?:no\.?|numbers?|num|\#)?|ln\.?|ll?\.|{_FOREIGN_LINE}|L(?=[0-9]{{2}}))\s?[{_C}]?\s?\#?L?[`*]{{0,2}}{NUMBER}[`*]{{0,2}}"
    rf"(?:\s?(?:{DASH}|to|through)\s?(?:lines?\s)?\#?L?{NUMBER}|ff?\b\.?)?{_END}"
)
_ORDINAL = re.compile(rf"{_CLOSE},?\s\(?(?:on|at|in)\sthe\s{NUMBER}(?:st|nd|rd|th)\sline\b")
_BETWEEN = re.compile(
    rf"{_CLOSE},?\s\(?(?:from|between)\s(?:lines?\s)?{NUMBER}\s(?:and|to|through)\s(?:lines?\s)?{NUMBER}{_END}(?!\s[a-z])"
)
_CHINESE = re.compile(
    rf"{_CLOSE}\s{{0,2}}[(,{_C}]?\s{{0,2}}(?:源文件|文件|檔案)?(?:里面|中|里|内|裡|內)?(?:的)?\s?"
    rf"(?:(?:代码行|行号|行號|行数|行)\s?[{_C}]?\s?{_M}(?:\s?{DASH}\s?{_M})?"
    rf"|第\s?{_M}(?:\s?行)?(?:\s?{DASH}\s?第?\s?{_M})?\s?行)"
)

# Without an ordinal it may also be a length: "twenty lines in a.go".
_COUNTED = re.compile(
    rf"{_CLOSE}\s{{0,2}}[(,{_C}]?\s{{0,2}}(?:文件)?[的の]?\s?"
    rf"{_M}(?:\s?{DASH}\s?{_M})?\s?行(?!代码|左右|多|的代码|程序)"
)
_LABELLED = re.compile(
    rf"{_CLOSE}\s{{0,4}}[,;|]?\s{{0,4}}(?:{_NAMED})\s{{0,2}}[{_C}]\s{{0,2}}`?({_SYMBOL})(?:\(\))?`?"
    rf"\s{{0,4}}[,;|]?\s{{0,4}}(?:{_LINES})\s{{0,2}}[{_C}]?\s{{0,2}}{_POSITIVE}(?:{DASH}{_POSITIVE})?",
    re.IGNORECASE,
)
_ENGLISH_LABELLED = re.compile(
    rf"{_CLOSE}\s?[,;(:]\s?(?:in\s)?(?:the\s)?(?:{_KIND}|type|func|const|var)\s`?({_SYMBOL})(?:\(\))?`?\s?[,;:]?\s?\(?"
    rf"(?:at\s|on\s)?(?:line|L)\s?{_POSITIVE}(?:\s?{DASH}\s?L?{_POSITIVE})?{_END}",
    re.IGNORECASE,
)
_ROW = re.compile(
    rf"[`*\"]{{0,3}}(\s{{1,40}}|\s{{0,20}}[|,;]\s{{0,20}})[`*]{{0,2}}(?:func\s)?(?:\(\*?({_ASCII_NAME})\)\s?\.?)?({_SYMBOL})(\(\))?[`*]{{0,2}}"
    rf"(?:\s{{1,40}}|\s{{0,20}}[|,;:]\s{{0,20}})[`*]{{0,2}}[Ll]?{_POSITIVE}(?:{DASH}[Ll]?{_POSITIVE})?"
    r"(?=[`*]{0,2}(?:\s*$|\s{0,20}[|,;)\]]|\.(?:\s|$)))"
)
_NO_SYMBOLS = frozenset(
    (
        "line", "lines", "ln", "zeile", "zeilen", "page", "figure", "version", "chapter", "section", "table",
        "step", "go", "at", "on",
    )
)  # fmt: skip
_HOLDS = re.compile(
    rf"{_CLOSE}\s?(?:源文件|文件|檔案)?(?:(?:里面|中|里|内)?的|(?:里面|中|里|内)?定义[的了])\s?`?({_SYMBOL})(?:\(\))?`?\s?"
    rf"(?:这个|這個)?(?:函数|方法|结构体|结构|接口|函數|結構體|介面)"
)
_DEFINES = re.compile(
    rf"{_CLOSE}\s(?:defines|declares)\s(?:(?:the|a)\s)?(?:{_KIND}|type)?\s?`({_SYMBOL})(?:\(\))?`"
)

# Marks that also stand between a file and a count, unless nothing follows: "a.go (13)", "a.go -> 13".
_PAIR = rf"[Ll]?{_POSITIVE}(?:(?:{DASH}|:|,\s?)[Ll]?{_POSITIVE})?"
_TWO = r"(?=[Ll]?[0-9]{2}|[0-9]{1,9}[^0-9\s)\]])"
_WEAK = re.compile(
    rf"(?:{_CLOSE}\s?\({_TWO}(?!(?:19|20)[0-9]{{2}}\)){_PAIR}\)|:?\[{_TWO}{_PAIR}\]|:?<{_PAIR}>"
    rf"|\#{_POSITIVE}-{_POSITIVE}"
    rf"|(?:['\"]:|[`*)]{{0,3}}(?:\s?:\s\#?|:[\#~]|\s?\|(?=[0-9])|\s?@\s?|\s(?:->|=>|→)\s|\s\#(?=L))){_TWO}{_PAIR})"
    r"(?=[`*]{0,3}(?:\s*$|[.;,)\]|](?:\s|$)|\s[-\u2013—]\s|\scol\b))"
)
_NAMES = re.compile(
    rf"{_CLOSE}(?:\s\((?:the\s)?(?:{_KIND}|type)\s`?({_SYMBOL})(?:\(\))?`?\)"
    rf"|(?::|\s[-\u2013—]|\s(?:->|=>|→|>|\u203a))\s`?(?:func\s)?({_SYMBOL})\(\)`?(?=\s*$))"
)

# A line that belongs to the path behind it: "line 12 of other.go".
_NEXT = re.compile(r"\s(?:of|in)\s[`'\"(\[*]{0,3}[\w./-]{1,200}\.go")
_PROMISING = re.compile(r"[0-9]|的|定义|defines|declares|\(\)|\((?:the\s)?[A-Za-z]{4,12}\s")


def _labelled(text: str, at: int) -> Suffix | None:
    window = text[at : at + 2 * REACH]
    match = _LABELLED.match(window) or _ENGLISH_LABELLED.match(window)
    if match is None:
        return None
    return Suffix(at + match.end(), *_ascending(match[2], match[3]), match[1])


def _row(text: str, at: int) -> Suffix | None:
    """Read a path, a symbol and a line in a row of words: `a.go  Symbol  12`."""
    match = _ROW.match(text, at)
    if match is None:
        return None
    between, receiver, name, call, first, last = match.groups()
    # One space apart, a word in lower case is a word of prose.
    apart = "|" in between or "\t" in between or "  " in between
    named = any(char.isupper() for char in name) or "." in name or call or receiver
    if not (apart or named) or name.lower() in _NO_SYMBOLS or not is_declared(name):
        return None
    return Suffix(match.end(), *_ascending(first, last), f"{receiver}.{name}" if receiver else name)


def _loose(text: str, at: int) -> Suffix | None:
    window = text[at : at + REACH]
    for form in (_BETWEEN, _ORDINAL, _ENGLISH, _CHINESE, _COUNTED):
        match = form.match(window)
        if match and not _NEXT.match(text, at + match.end()):
            numbers = [group for group in match.groups() if group]
            line, end_line = _ascending(*numbers)
            malformed = check_lines(numbers[0])[2]
            plural = "lines" in match[0] or "ll." in match[0]
            return Suffix(at + match.end(), line, end_line, malformed=malformed, plural=plural)
    return None


def _weak(text: str, at: int) -> Suffix | None:
    match = _WEAK.match(text, at)
    if match is None:
        return None
    return Suffix(match.end(), *_ascending(*filter(None, match.groups())), weak=True)


def _symbol_behind(text: str, at: int) -> Suffix | None:
    window = text[at : at + 2 * REACH]
    match = _HOLDS.match(window) or _DEFINES.match(window) or _NAMES.match(window)
    symbol = match and match[match.lastindex or 0]
    return Suffix(at + match.end(), symbol=symbol) if match and symbol and is_declared(symbol) else None


def _ascending(first: str, last: str | None = None) -> tuple[int | None, int | None]:
    """Return two numbers of prose as a range; a smaller second one is a count."""
    line, end_line, malformed = check_lines(first, last)
    return (line, end_line) if not malformed else (check_lines(first)[0], None)


# ── In the words in front of the path ────────────────────────────────────────────────────────────
_OPEN = r"(?:the\s)?(?:file\s)?[`'\"(\[*<]{0,3}$"
_LINE_OF = re.compile(
    rf"(?:^|[^A-Za-z0-9])(?:(?:[Ll]ines?|ln|L(?=[0-9]))\s?\#?|(?=[0-9]{{1,9}}(?:st|nd|rd|th)\slines?\s)){_POSITIVE}(?:[a-z]{{2}}\slines?)?"
    rf"(?:\s?(?:{DASH}|to|through)\s?L?{_POSITIVE})?\s(?:of|in)\s{_OPEN}"
)

# As programs are told which lines of a file to open or print: the first and the last line, each optional.
_EDITOR = (
    r"\b(?:n?vim?|vim(?:diff)?|view|emacs(?:client)?|nano|micro|kak|less|more|most|gedit|kate|hx)"
    r"\s(?:-\w+\s){0,3}"
)
_OPTIONS = r"(?:\s(?!-L)[\w./^~-]{1,60}){0,3}?"
_COMMANDS = tuple(
    re.compile(rf"{command}\s?[`'\"]?$")
    for command in (
        rf"{_EDITOR}\+{_POSITIVE}(?::[0-9]{{1,5}})?\s()",
        rf"\bsed\s(?:-n\s)?['\"]?{_POSITIVE}(?:,{_POSITIVE})?\s?(?:p|!d)['\"]?\s(?:<\s?)?",
        rf"\bgit\s[^\n`]{{0,60}}-L\s?{_POSITIVE},(\+?[1-9][0-9]{{0,8}})(?::|{_OPTIONS}(?:\s--)?\s)",
        rf"\bbat\s(?:-r|--line-range)[\s=]{_POSITIVE}:{_POSITIVE}\s",
        rf"\bawk\s['\"]NR\s?[>=]=\s?{_POSITIVE}(?:\s?(?:&&|,)\s?NR\s?[<=]=\s?{_POSITIVE})?['\"]\s",
        rf"\bhead\s()(?:-n\s?|-){_POSITIVE}\s",
        rf"\btail\s(?:-n\s?)?\+{_POSITIVE}\s()",
    )
)
_COMMAND = re.compile(r"\b(?:sed|git|bat|awk|head|tail)\s|\s\+[0-9]")
_GIT_SYMBOL = re.compile(rf"\bgit\s[^\n`]{{0,60}}-L\s?:({_ASCII_NAME})(?::|{_OPTIONS}(?:\s--)?\s)$")
_EDITED = re.compile(rf"{_EDITOR}[`'\"]?$")
_OPENED_AT = re.compile(rf"[`'\"]?\s\+{_POSITIVE}\b")
_PIPED = re.compile(
    rf"[`'\"]?\s\|\s(?:sed\s-n\s['\"]?{_POSITIVE}(?:,{_POSITIVE})?p\b|head\s(?:-n\s?|-){_POSITIVE}\b)"
)
_DEFINED_IN = re.compile(
    rf"(?:`({_SYMBOL})(?:\(\))?`(?:\s(?:{_KIND}))?|({_SYMBOL})\(\)|\b(?:{_KIND})\s`?({_SYMBOL})`?)"
    rf"\s(?:(?:is|are)\s)?(defined|declared|implemented)?\s?in\s{_OPEN}|\b({_SYMBOL})\(\)`?\s\([`*]{{0,2}}$"
)
_ACTS = re.compile(r"\b(?:call|invok|us|run|execut|reach)(?:e|es|ed|ing|s)?\b|调用|使用", re.IGNORECASE)


def _line_before(text: str, start: int, end: int) -> Suffix | None:
    window = max(0, start - REACH)
    match = _LINE_OF.search(text[window:start])
    if match is None:
        return None
    return Suffix(end, *_ascending(match[1], match[2]), start=window + match.start(1))


def _opened(text: str, start: int, end: int) -> Suffix | None:
    """Read the lines or the symbol that a command opens or prints of a file."""
    window = max(0, start - REACH)
    before = text[window:start]
    if _EDITED.search(before) and (match := _OPENED_AT.match(text, end)):
        return Suffix(match.end(), int(match[1]))
    if piped := _PIPED.match(text, end):
        first, last = (piped[1], piped[2]) if piped[1] else ("1", piped[3])
        return Suffix(piped.end(), *_ascending(first, last))
    if _COMMAND.search(before) is None:
        return None
    if named := _GIT_SYMBOL.search(before):
        return Suffix(end, symbol=named[1], start=window + named.start(1))
    for command in _COMMANDS:
        if match := command.search(before):
            first, last = match[1] or "1", match[2] or None
            if last and last.startswith("+"):  # a count of lines
                last = str(int(first) + int(last) - 1)
            at = match.start(1) if match[1] else match.start(2)
            return Suffix(end, *_ascending(first, last), start=window + at)
    return None


def _symbol_before(text: str, start: int, end: int) -> Suffix | None:
    window = max(0, start - 2 * REACH)
    match = _DEFINED_IN.search(text[window:start])
    if match is None:
        return None
    number = next(number for number in (1, 2, 3, 5) if match[number])
    symbol, defined = match[number], match[4]
    acts = _ACTS.search(text[max(0, window + match.start() - 24) : window + match.start()])
    if not is_declared(symbol) or (defined is None and (acts or not symbol[0].isupper())):
        return None
    return Suffix(end, symbol=symbol, start=window + match.start(number))


# ── All forms, from the surest to the weakest ────────────────────────────────────────────────────
ATTACHED: tuple[Form, ...] = (
    _AFTER_DOUBLE_COLON,
    _notation,
    _called,
    _open_range,
    _AFTER_FRAGMENT,
    _AFTER_BITBUCKET,
    _AFTER_DOUBLE,
    _colon,
    _AFTER_WIDE,
    _AFTER_BRACKET,
    _AFTER_BRACES,
    _versioned,
    _letters,
)
BEHIND = (_labelled, _row, _loose, _weak, _symbol_behind)


def find(text: str, start: int, end: int) -> Suffix | None:
    """Read line or symbol around the path `text[start:end]`, from the surest form to the weakest."""
    found = find_attached(text, end) or _before(text, start, end)
    if found is None and _PROMISING.search(text, end, end + REACH):
        found = next(filter(None, (form(text, end) for form in BEHIND)), None)
    if found is None or found.symbol is None or found.line or found.malformed:
        return found
    # A symbol and its line are one citation: "a.go::Fire (line 4)".
    lined = _loose(text, found.end)
    return replace(lined, symbol=found.symbol, start=found.start) if lined else found


def find_attached(text: str, end: int) -> Suffix | None:
    """Read line or symbol directly behind an address and its query."""
    line = _numbers(_AFTER_QUERY_LINE.match(text, end))
    if line is not None:
        return line
    query = _AFTER_QUERY.match(text, end)
    at = query.end() if query else end
    for form in ATTACHED:
        found = _numbers(form.match(text, at)) if isinstance(form, re.Pattern) else form(text, at)
        if found:
            return found
    return None


def _before(text: str, start: int, end: int) -> Suffix | None:
    """Read a line or symbol in front of a path, if "of" or "in" stands between, or a program opens it."""
    if opened := _opened(text, start, end):
        return opened
    near = text[max(0, start - _NEAR) : start]
    if " of " not in near and " in " not in near and "() (" not in near.replace("`", ""):
        return None
    return _line_before(text, start, end) or _symbol_before(text, start, end)
