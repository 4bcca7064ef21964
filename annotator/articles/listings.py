"""Code listings and program output of a document."""

# ruff: noqa: E501, ISC004, RUF001 - a form of output is one pattern on one line; shells prompt with odd characters

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from itertools import pairwise

from annotator.articles.text_lines import Line, Role

_FENCE = re.compile(r"[\s>]*(`{3,}|~{3,})\s*(.*)")
_LONGEST = 400
"""Lines of a listing that are compared with the source; a longer one is cut."""


@dataclass(frozen=True, slots=True)
class Listing:
    """A code block.

    Attributes:
        first: The index of its first row, the fence if it has one.
        last: The index of its last row.
        code: The indexes of the rows that hold its code.
        info: What stands behind the opening fence: `go title="a.go"`.
    """

    first: int
    last: int
    code: range
    info: str = ""


_ORG = re.compile(r"\s{0,20}#\+begin_(?:src|example)\b(.*)", re.IGNORECASE)
_ORG_END = re.compile(r"\s{0,20}#\+end_(?:src|example)\b", re.IGNORECASE)
_DELIMITER = re.compile(r"-{4,}\s*$")
_INDENTED = re.compile(r"(?: {4}|\t)\s*\S")
HEADS = re.compile(
    r"\s{0,20}(?:\[(?:source|listing)\b.*\]\s*$|\.\.\s(?:code-block|code|sourcecode)::|:[\w-]+:|::\s*$)"
)
"""Lines of AsciiDoc and reStructuredText that stand between a sentence and its code block."""


def find(lines: Sequence[Line], *, indented: bool = False) -> Iterator[Listing]:
    """Yield the code blocks of a document in order; with `indented`, indented text below an empty line, too."""
    row = 0
    while row < len(lines):
        if lines[row].role is not Role.CODE:
            block = _unfenced(lines, row, indented=indented)
            if block:
                yield block
            row = block.last + 1 if block else row + 1
            continue
        listing = _of_code(lines, row)
        yield listing
        row = listing.last + 1


def _of_code(lines: Sequence[Line], first: int) -> Listing:
    """Return the block of code that begins in a row; without a fence, as pages have it in `<pre>`."""
    opening = _FENCE.match(lines[first].text)
    info = opening[2].strip() if opening else ""
    row = first + 1
    while row < len(lines) and lines[row].role is Role.CODE:
        fence = _FENCE.match(lines[row].text)
        if fence and opening is None:
            break
        if fence and opening and fence[1].startswith(opening[1]) and not fence[2]:
            return Listing(first, row, range(first + 1, row), info)
        row += 1
    return Listing(first, row - 1, range(first + (opening is not None), row), info)


def _unfenced(lines: Sequence[Line], row: int, *, indented: bool) -> Listing | None:
    """Return a block of Org, of AsciiDoc or an indented one that begins in a row of text."""
    text = lines[row].text
    if text[:1] not in {"#", "-"} and not text[:1].isspace():
        return None
    # A block that nobody closes goes on to the end, so that the search for its end is made once.
    if org := _ORG.match(text):
        last = next((at for at in range(row + 1, len(lines)) if _ORG_END.match(lines[at].text)), len(lines))
        return Listing(row, last, range(row + 1, last), org[1].strip())
    above = lines[row - 1].text if row else ""
    if _DELIMITER.match(text) and above.startswith("[") and HEADS.match(above):
        last = next((at for at in range(row + 1, len(lines)) if lines[at].text == text), len(lines))
        return Listing(row, last, range(row + 1, last), above.strip("[] ").partition(",")[2])
    if not indented or above.strip() or not _INDENTED.match(text):
        return None
    last = row
    while last + 1 < len(lines) and _INDENTED.match(lines[last + 1].text):
        last += 1
    return Listing(row, last, range(row, last + 1))


def code(lines: Sequence[Line], rows: range) -> str:
    """Return the code in some rows."""
    return "\n".join(lines[row].text for row in rows[:_LONGEST])


_OUTPUT_LANGUAGES = frozenset((
    "ansi", "bash-session", "console", "console-output", "diagnostics", "disassembly", "gdb", "goasm", "gotest",
    "log", "logs", "logfile", "nasm", "objdump", "output", "perf", "pprof", "sh-session", "shell-session",
    "shellsession", "stacktrace", "stderr", "stdout", "syslog", "terminal", "trace", "traceback",
))  # fmt: skip
"""Languages of fences that hold what a program has written."""

_SOURCE_LANGUAGES = frozenset((
    "go", "golang", "c", "cpp", "c++", "diff", "dockerfile", "java", "javascript", "js", "json", "make", "makefile",
    "mermaid", "patch", "proto", "protobuf", "py", "python", "rust", "toml", "ts", "typescript", "yaml", "yml",
))  # fmt: skip
"""Languages of fences that hold source; only a line that a program must have written is output there."""

_SHELLS = frozenset(("bash", "sh", "shell", "zsh", "fish", "powershell"))

# Lines that only programs write, wherever they stand. Every quantifier is bounded.
_ANYWHERE = (
    # stack traces
    r"\s+\S{1,400}:[0-9]{1,7}\s(?:\+0x[0-9a-f]+|\(0x[0-9a-f]+\))",
    r"\s*goroutine\s[0-9]+\s(?:gp=\S{1,20}\s.{0,80})?\[",
    r"\s*(?:panic|fatal\serror|runtime\serror|unexpected\sfault\saddress):\s(?!see\b|in\b|at\b)",
    r"\s*created\sby\s[\w./()*-]{1,200}(?:\sin\sgoroutine\s[0-9]+)?\s*$",
    r"\s*(?:WARNING:\sDATA\sRACE|(?:Previous\s)?(?:[Rr]ead|[Ww]rite)\sat\s0x[0-9a-f]+\sby\s)|\s*SIG[A-Z]{2,8}:\s",
    # logs
    r"\s*\[?[0-9]{4}[-/][0-9]{2}[-/][0-9]{2}[T\s]+[0-9]{2}:[0-9]{2}|\s*\[?[0-9]{2}:[0-9]{2}:[0-9]{2}[.,\s\]]",
    r"\s*[A-Z][a-z]{2}\s+[0-9]{1,2}\s[0-9]{2}:[0-9]{2}:[0-9]{2}\s|\s*[IWEF][0-9]{4}\s[0-9]{2}:[0-9]{2}:[0-9]{2}\.",
    r"\s*time=\"?[0-9]{4}-[0-9]{2}|\s*ts=[0-9]{4}-[0-9]{2}|\s*\{\"(?:level|time|ts|msg|caller|severity|log)\"\s*:",
    r"\s*level=(?:debug|info|warn|warning|error|fatal)\s|\s*\[?(?:INFO|WARN|WARNING|ERROR|ERRO|DEBUG|DEBU|FATAL|TRACE)\]?\[[0-9:. TZ+-]{4,40}\]",
    r"\s*\[(?:INFO|WARN|WARNING|ERROR|DEBUG|FATAL|TRACE)\]\s|\s*[\w./-]{1,200}\.go:[0-9]{1,7}:\s+[0-9]{4}-[0-9]{2}-[0-9]{2}T",
    # tests
    r"\s*(?:===\s(?:RUN|PAUSE|CONT|NAME)|---\s(?:FAIL|PASS|SKIP|BENCH):)\s|(?:FAIL|ok|---)\s{1,8}[\w./-]{1,200}\s+(?:[0-9.]+s|\(cached\))",
    r"Benchmark\w{1,80}\s+[0-9]+\s+[0-9.]+\sns/op|\s*mode:\s(?:set|count|atomic)\s*$",
    r"[\w./-]{1,300}\.go:[0-9]+\.[0-9]+,[0-9]+\.[0-9]+\s[0-9]+\s[0-9]+|[\w./-]{1,300}\.go:[0-9]+:\s+[\w.()*]{1,80}\s+[0-9]+\.[0-9]%",
    # compilers
    r"\s*[\w./\\@~+-]{1,300}:[0-9]+(?::[0-9]+)?:\s(?:warning|error|note|undefined|cannot\suse|declared\sand\snot\sused|moved\sto\sheap"
    r"|leaking\sparam|can\sinline|inlining\scall|imported\sand\snot\sused|syntax\serror|invalid\soperation|missing\sreturn|not\senough\sarguments"
    r"|too\smany\sarguments|assignment\smismatch|\S{1,80}\s(?:escapes\sto\sheap|does\snot\sescape|declared\sand\snot\sused|redeclared|undefined))\b",
    r"\s*TEXT\s[\w\"%.·/()*<>-]{1,200}\(SB\)|\s*0x[0-9a-f]{2,16}\s+[0-9]{3,6}\s\(|\s*[\w./-]{1,300}\.go:[0-9]+\s+0x[0-9a-f]{4,16}\s",
    r"\s*g?make(?:\[[0-9]+\])?:\s(?:\*\*\*|Entering|Leaving|Nothing)",
    # debuggers and profilers
    r"\s*\#\s+0x[0-9a-f]+\s+\S{1,200}\+0x[0-9a-f]+\s",
    r"\s*(?:Breakpoint\s[0-9]+[\s,]|\(gdb\)\s|\(dlv\)\s|\(lldb\)\s|>\s\[?[\w./-]{1,80}\]?[\w.()*]{0,80}\s\S{1,300}:[0-9]+\s\(hits)",
    r"\s*\#[0-9]{1,3}\s+(?:0x[0-9a-f]+\sin\s)?\S{1,200}\s?\(.{0,200}\)\s(?:at|from)\s",
    r"\s*[0-9.]+(?:ns|us|µs|ms|s|min|kB|MB|GB|%)?\s+[0-9.]+%\s+[0-9.]+%\s|ROUTINE\s={5,}|\s*flat\s+flat%\s+sum%",
)

# In a code block, these are so too; in prose they could be an author's.
_IN_CODE = (
    r"\s*(?:\.{0,2}/)?[\w./@+~-]{1,300}\.(?:go|s|c|h):[0-9]{1,7}:[0-9]{1,6}:\s\S",
    r"\s*[\w./@+~-]{0,300}_test\.go:[0-9]{1,7}:\s",
    r"\s*(?:[\w./-]{1,200}/)?(?:(?:GNUm|[Mm])akefile|[\w.-]{1,80}\.mk):[0-9]{1,7}:\s",
    r"\s*[0-9]{1,5}\s[\w.]{1,80}\s[\w.()*]{1,160}\s[\w./-]{1,300}\.go:[0-9]{1,7}:[0-9]{1,6}\s*$",
    r"\s*[\w./-]{1,200}\.(?:\(\*?\w{1,80}\)\.)?\w{1,80}(?:\.func[0-9.]+)?\((?:0x[0-9a-f]+|\{0x|\.{3}\)\s*$)",
)
_SERVICE = r"(?:[\w.-]{1,40}\s{1,12}\|\s)?"
"""The name of a service that Compose writes in front of what it logs."""

_WRITTEN = re.compile(f"{_SERVICE}(?:{'|'.join(_ANYWHERE)})", re.ASCII)
_WRITTEN_IN_CODE = re.compile(f"{_SERVICE}(?:{'|'.join((*_ANYWHERE, *_IN_CODE))})", re.ASCII)
_SHORTEST = 6
"""Characters of the shortest line that is looked at."""

_FUNCTION = re.compile(r"\s{0,8}[\w./*()-]{1,200}\.[\w.()*]{1,120}\s*$", re.ASCII)
_FRAME = re.compile(r"\s+(?:/|[A-Za-z]:[/\\])\S{1,400}:[0-9]{1,7}\s*$")

# A line as a search prints it: the place, a colon and what stands there.
_SEARCHED = re.compile(
    r"(?:\.{0,2}/)?[\w./@+~-]{1,300}\.(?:go|s|c|h|proto)[:-][0-9]{1,7}[:-](?![0-9]|\s?$|\s\S)"
)
_FEW = 3
"""Lines in a row that are the output of a search, or an assembly listing."""

_COMMAND = re.compile(
    r"\s*(?:(?:\$|[^❯]{0,60}❯{1,3}|➜|PS\s\S{1,80}>|\w{1,20}@[\w.-]{1,40}[:\s][^$#]{0,60}[$#])\s+\S"
    r"|[>%\#]\s+(?:sudo\s)?(?:go|git|e?grep|rg|ag|make|docker|dlv|gdb|perf|objdump|curl|kubectl|etcd|etcdctl|\./\S{1,80})\s)"
)
_INSTRUCTION = re.compile(
    r"\s*(?:[\w./-]{1,300}:[0-9]+\s+)?(?:0x)?[0-9a-f]{4,16}:?\s.{0,80}?\b(?:MOV|LEA|CALL|RET|JMP|SUB|ADD|CMP|PUSH|POP|XOR|TEST|NOP|STP|LDP)[A-Z]{0,3}\b",
    re.IGNORECASE,
)
_INDENT = re.compile(r" {4}|\t")

# A line of a log as prose shows it: in a quote, or as all that a line or an item of a list holds.
_QUOTED = re.compile(r"^(?:\s{0,3}>\s?){1,8}")
_SPAN = re.compile(
    r"[\s>]{0,16}(?:(?:[-*+]|[0-9]{1,3}[.)])\s{1,4})?(?P<ticks>`{1,3})\s?(?P<code>[^`].{1,4000}?)(?P=ticks)[\s.,;:]{0,4}"
)


def output_rows(lines: Sequence[Line], wanted: AbstractSet[int]) -> frozenset[int]:
    """Return those of the wanted rows that a program has written.

    A code block is output if its fence says so, if it begins with a command, or if it holds a line that
    only programs write; other text is output line by line.
    """
    found = {row for row in wanted if _is_written_alone(lines[row]) or _is_searched(lines, row)}
    for listing in find(lines):
        if not wanted.isdisjoint(listing.code):
            found.update(_in_listing(lines, listing))
    return frozenset(found & wanted)


def _is_written_alone(line: Line) -> bool:
    if line.role is Role.CODE:
        return False
    if span := _SPAN.fullmatch(line.text):
        return _is_written(span["code"], code=False)
    text = _QUOTED.sub("", line.text, count=1)
    return _is_written(text, code=_INDENT.match(text) is not None)


def _in_listing(lines: Sequence[Line], listing: Listing) -> Iterator[int]:
    language = re.split(r"[\s{},:;]", listing.info.strip(" {."), maxsplit=1)[0]
    language = language.lower().removeprefix("language-")
    written = [row for row in listing.code if _is_written(lines[row].text, code=True)]
    if language in _SOURCE_LANGUAGES:
        yield from written
    elif language in _OUTPUT_LANGUAGES or written or _is_output(lines, listing, language):
        yield from listing.code


def _is_output(lines: Sequence[Line], listing: Listing, language: str) -> bool:
    """Return whether a block is a command with its output, an assembly listing or a trace without offsets."""
    texts = [lines[row].text for row in listing.code if lines[row].text.strip()]
    if not texts:
        return False
    if _COMMAND.match(texts[0]) and not (language in _SHELLS and texts[0].lstrip().startswith("#")):
        return True
    if sum(_INSTRUCTION.match(text) is not None for text in texts) >= _FEW:
        return True
    return any(_FRAME.match(frame) and _FUNCTION.match(function) for function, frame in pairwise(texts))


def _is_written(text: str, *, code: bool) -> bool:
    return len(text) > _SHORTEST and (_WRITTEN_IN_CODE if code else _WRITTEN).match(text) is not None


def _is_searched(lines: Sequence[Line], row: int) -> bool:
    """Return whether a row is one of several in a row that a search has printed."""
    near = range(max(0, row - _FEW + 1), min(len(lines), row + _FEW))
    searched = "".join(".x"[_SEARCHED.match(lines[at].text) is not None] for at in near)
    return searched[row - near.start] == "x" and "x" * _FEW in searched
