"""Citations in a line of text: path, line, symbol."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import PurePosixPath

from annotator.articles import source_paths
from annotator.articles.source_paths import Place, Roots

PATH = frozenset(
    (
        "path",
        "file",
        "files",
        "file path",
        "filepath",
        "filename",
        "file name",
        "source",
        "source file",
        "location",
        "file:line",
        "path:line",
        "定义位置",
        "所在位置",
        "路径",
        "文件",
        "文件路径",
        "文件名",
        "源文件",
        "源码",
        "源码路径",
        "源码文件",
        "代码路径",
        "代码位置",
        "位置",
        "所在文件",
        "路徑",
        "檔案",
        "檔案路徑",
        "檔名",
        "原始碼",
        "パス",
        "ファイル",
    )
)
KIND = {
    "function": "function",
    "function name": "function",
    "func": "func",
    "func name": "func",
    "method": "method",
    "method name": "method",
    "struct": "struct",
    "struct name": "struct",
    "structure": "struct",
    "interface": "interface",
    "interface name": "interface",
    "函数": "function",
    "函数名": "function",
    "函数名称": "function",
    "方法": "method",
    "方法名": "method",
    "结构": "struct",
    "结构体": "struct",
    "结构体名": "struct",
    "结构体名称": "struct",
    "结构名": "struct",
    "接口名称": "interface",
    "方法名称": "method",
    "接口": "interface",
    "接口名": "interface",
    "函數": "function",
    "函數名": "function",
    "方法名稱": "method",
    "結構": "struct",
    "結構體": "struct",
    "介面": "interface",
    "関数": "function",
    "構造体": "struct",
}
"""What a heading over a name says that the name is; any other name's kind is open."""
NAME = frozenset(KIND) | frozenset(
    (
        "name",
        "symbol",
        "symbol name",
        "identifier",
        "declaration",
        "名称",
        "名字",
        "符号",
        "标识符",
        "变量",
        "变量名",
        "类型名",
        "名稱",
        "符號",
    )
)
LINE = frozenset(
    (
        "line",
        "lines",
        "line number",
        "line numbers",
        "line no",
        "line no.",
        "lineno",
        "line range",
        "linenumber",
        "row",
        "行",
        "行号",
        "行数",
        "代码行",
        "代码行号",
        "所在行",
        "起始行",
        "起始行号",
        "代码行数",
        "行號",
        "行數",
        "行番号",
    )
)
TYPE = frozenset(
    (
        "kind",
        "type",
        "种类",
        "类型",
        "類型",
        "種類",
    )
)
"""Heads a column that says the kind row by row."""
NOTHING = frozenset(
    (
        "",
        "-",
        "--",
        "—",
        "\u2013",
        "/",
        "无",
        "無",
        "none",
        "(none)",
        "n/a",
        "匿名",
        "匿名函数",
        "匿名函數",
        "anonymous",
        "(anonymous)",
    )
)
"""What stands where a row names no symbol."""


def alternatives(words: frozenset[str]) -> str:
    """Return alternatives of a regular expression, longest first."""
    return "|".join(sorted((word.replace(".", r"\.") for word in words), key=len, reverse=True))


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
_KIND = alternatives(frozenset(KIND))
_NAMED = alternatives(NAME)
_LINES = alternatives(LINE)

_FRAGMENT = (
    rf"\#(?:L|l|n|line-?){_N}(?:C[0-9]{{1,5}})?"
    rf"(?:(?:{_DASH}(?:L|l|n)?|\s{_DASH}\sL|\#L?|:L){_N}(?:C[0-9]{{1,5}})?)?{_END}"
)
_DOUBLE = rf"\#{_N}\#{_N}{_END}"
_QUERY = r"\?[^\s#()<>\"'\]]{0,200}"
_NUMBERED_SUFFIX = (
    rf"[Ll]?{_N}(?::[0-9]{{1,6}})?(?:{_DASH}[Ll]?{_N}(?::[0-9]{{1,6}})?)?(?![0-9A-Za-z]|\.[0-9])"
)
_COLON = rf"[`*]{{0,3}}:{_NUMBERED_SUFFIX}"

# As compilers of other systems write it, with a column or not; a single digit is a count or a footnote.
_BRACKETED = rf"\([Ll]?(?=[0-9]{{2}}){_N}(?:{_DASH}[Ll]?{_N}|,\s?[0-9]{{1,6}})?\)(?![0-9A-Za-z({{])"

# A wide colon also opens a clause, which can begin with a count: "three functions".
_WIDE = rf"\uff1a{_NUMBERED_SUFFIX}(?![个個种種步])"
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
    """Line and symbol beside a path, and where the citation ends."""

    end: int
    line: int | None = None
    end_line: int | None = None
    symbol: str | None = None
    start: int | None = None


def find(text: str, start: int, end: int, *, permalink: bool = False) -> Suffix | None:
    """Read line or symbol around the path `text[start:end]`, from the surest form to the weakest."""
    attached = find_attached(text, end) if permalink else _notation(text, end) or _tight(text, end)
    return attached or _before(text, start, end) or _behind(text, end)


def find_attached(text: str, end: int) -> Suffix | None:
    """Read line or symbol directly behind an address and its query."""
    query = _AFTER_QUERY.match(text, end)
    at = query.end() if query else end
    return _notation(text, at) or _tight(text, at)


def lines(first: str | None, last: str | None) -> tuple[int | None, int | None]:
    """Return a line and the end of its range; an end before the line is ignored."""
    line, end_line = (int(number) if number else None for number in (first, last))
    return line, end_line if line and end_line and end_line >= line else None


def find_further(text: str, at: int, above: int) -> Suffix | None:
    """Return the next line or range of a list, `12,34-56`; a smaller number is a column or a count.

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
    """Read a line or symbol in front of a path, if "of" or "in" stands between."""
    near = text[max(0, start - _NEAR) : start]
    if " of " not in near and " in " not in near:
        return None
    return _line_before(text, start, end) or _symbol_before(text, start, end)


def _behind(text: str, end: int) -> Suffix | None:
    """Read a line or symbol in the words behind a path."""
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
    """Return whether a name can be a declaration's; `cli.start` is a call on a variable."""
    head, dot, _ = symbol.partition(".")
    return len(symbol) > 1 and (not dot or head[0].isupper())


_RUN = re.compile(r"https?://[A-Za-z0-9._~:/?@!$&+=%#-]+|[A-Za-z0-9_./@+~$%{}-]+")
_GO = re.compile(r"\.go(?![A-Za-z0-9_/-])")
_OTHER = re.compile(
    r"\.(?:c|h|s|proto|sh|py|md|ya?ml|json|toml|conf|ps1|tmpl|txt|service)(?![A-Za-z0-9_/.-])|/(?:Dockerfile|Makefile)(?![A-Za-z0-9_/.-])"
)
_VIEW = re.compile(r"/(?:blob|blame|raw)/")
_PARTS = re.compile(r"[^?#:&]+")

# A tab as system logs and quoted strings write it: `#011/go/src/…`, `\\t/go/src/…`.
_TAB = re.compile(r"0[0-9]{2}(?=/)")
_LETTER = re.compile(r"[tn](?=/)")
_DECORATION = re.compile(r"[-+@~]{1,8}|\.{3,}/?")
_VARIABLE = re.compile(r"(?:\$\{?|%)?GOPATH[%}]?/src/|\$\{?\w{1,40}\}?/|~/(?:go/src/)?")
_HINTS = ("/blob/", "/tree/", "/raw/", "/blame/", "githubusercontent", "%2F", "%2f")
_NUMBERED = re.compile(r"/[\w.-]{1,100}(?::[1-9]|\#L[1-9])")

# A separator of paths on Windows, between two names.
_WINDOWS = re.compile(r"(?<=[A-Za-z0-9_.])\\(?=[A-Za-z0-9_.])")
_LABEL = 400
"""Characters that a link's words may have."""


@dataclass(frozen=True, slots=True)
class Citation:
    """A citation at `text[start:end]` of a line."""

    start: int
    end: int
    place: Place
    symbol: str | None = None
    line: int | None = None
    end_line: int | None = None


def scan(text: str, roots: Roots) -> Iterator[Citation]:
    """Yield the citations in a line, in order: places with a line or symbol, and permalinks to Go files."""
    if not _promises(text):
        return
    text = _WINDOWS.sub("/", text)
    last: Citation | None = None
    for match in _RUN.finditer(text):
        run = match[0]
        # Nearly all runs are words, which cite nothing: without a folder only a Go file is certain.
        citation = _cited(text, match, roots) if "/" in run or ".go" in run else None
        if citation is None or (last and citation.start < last.end):
            continue
        joined = _joined(text, last, citation) if last else None
        if last and not joined:
            yield last
        *before, last = _listed(text, joined or citation)
        yield from before
    if last:
        yield last


def _listed(text: str, citation: Citation) -> Iterator[Citation]:
    """Yield a citation, and one for each further line of its list: `a.go:635,640`."""
    yield citation
    last = citation.end_line or citation.line
    while last and (further := find_further(text, citation.end, last)):
        last = further.end_line or further.line
        start = citation.end if further.start is None else further.start
        citation = replace(
            citation, start=start, end=further.end, symbol=None, line=further.line, end_line=further.end_line
        )
        yield citation


def _promises(text: str) -> bool:
    """Return whether a line can cite at all; most cannot."""
    if ".go" in text:
        return True
    if "/" not in text and "%2" not in text:
        return False
    return any(hint in text for hint in _HINTS) or _NUMBERED.search(text) is not None


def paths(text: str, roots: Roots) -> Iterator[Citation]:
    """Yield the files that a line names, with or without a line or symbol."""
    for match in _RUN.finditer(text):
        run = match[0]
        file = (
            None if "://" in run or len(run) > source_paths.LONGEST else _GO.search(run) or _OTHER.search(run)
        )
        start = match.start() + _opening(text, match.start(), run)
        end = match.start() + file.end() if file else 0
        place = source_paths.locate(text[start:end], roots) if start < end else None
        if place:
            yield Citation(start, end, place)


def _cited(text: str, match: re.Match[str], roots: Roots) -> Citation | None:
    run, start = match[0], match.start()
    if "://" in run:
        return _addressed(text, start, run.rstrip(".:!?*_~-"), roots)
    if len(run) > source_paths.LONGEST:
        return None
    end = _GO.search(run) or _OTHER.search(run)
    if end is not None:
        first = start + _opening(text, start, run)
        return _beside(text, first, start + end.end(), roots, go=end[0] == ".go")
    if _VIEW.search(run):
        return _beside(text, start, start + len(run), roots, go=False)
    return None


def _opening(text: str, start: int, run: str) -> int:
    """Count the characters in front of a path that are no part of it: a dash, an ellipsis, a variable."""
    before = text[max(0, start - 2) : start]
    if run.startswith(("_", ".", "-")) and before.endswith("*") and before != "**":
        return len(run)  # the end of a glob
    escaped = (_TAB.match(run) if before.endswith("#") else None) or (
        _LETTER.match(run) if before.endswith("\\") else None
    )
    opening = escaped or _VARIABLE.match(run) or _DECORATION.match(run)
    return opening.end() if opening else 0


def _beside(text: str, start: int, end: int, roots: Roots, *, go: bool) -> Citation | None:
    """Read a path that is written in the text, with its line or symbol."""
    permalink = _VIEW.search(text, start, end) is not None
    suffix = find(text, start, end, permalink=permalink)
    if suffix and text[start : start + 1] == "_" == text[suffix.end : suffix.end + 1]:
        return _beside(text, start + 1, end, roots, go=go)  # emphasis
    place = source_paths.locate(text[start:end], roots) if suffix or permalink else None
    if place is None:
        return None
    if suffix is None:
        return Citation(start, end, place) if place.permalink and go else None
    first = start if suffix.start is None else suffix.start
    citation = Citation(first, suffix.end, place, suffix.symbol, suffix.line, suffix.end_line)
    return citation if _is_certain(citation, go=go, notation=text.startswith("::", end)) else None


def _is_certain(citation: Citation, *, go: bool, notation: bool) -> bool:
    """Return whether the path is specific; without a folder, a symbol in prose can be anywhere."""
    somewhere = citation.place.permalink or "/" in citation.place.path
    if not go:
        return citation.line is not None and citation.symbol is None and somewhere
    return citation.line is not None or notation or somewhere


def _addressed(text: str, start: int, run: str, roots: Roots) -> Citation | None:
    """Read a web address, or the one it redirects to: `…/go?to=https%3A%2F%2Fgithub.com%2F…`."""
    if len(run) > 4 * source_paths.LONGEST:
        return None
    whole = source_paths.decoded(run)
    inner = whole[max(whole.rfind("https://"), whole.rfind("http://")) :].partition("://")[2]
    parts = _PARTS.match(inner)
    place = source_paths.locate(parts[0], roots, address=True) if parts else None
    if place is None or parts is None:
        return None
    end = start + len(run)
    suffix = find_attached(inner, parts.end()) or find(text, start, end)
    go = place.path.endswith(".go")
    if suffix is None or not (go or suffix.line):
        return Citation(start, end, place) if go else None
    # Inside the address the citation ends with it; a line in the words behind it ends later.
    last = max(end, suffix.end)
    return Citation(start, last, place, suffix.symbol, suffix.line, suffix.end_line)


def _joined(text: str, words: Citation, address: Citation) -> Citation | None:
    """One citation of a link whose words cite the same place as its address."""
    label = text.rfind("[", max(0, address.start - _LABEL), address.start)
    linked = address.start > 1 and text.startswith("](", address.start - 2)
    if not linked or words.start <= label or not _agree(words, address):
        return None
    return replace(
        address,
        symbol=address.symbol or words.symbol,
        line=address.line or words.line,
        end_line=address.end_line if address.line else words.end_line,
    )


def _agree(words: Citation, address: Citation) -> bool:
    """Return whether both cite the same lines of a file of that name."""
    same_file = PurePosixPath(words.place.path).name == PurePosixPath(address.place.path).name
    return same_file and (address.line is None or words.line in {None, address.line})
