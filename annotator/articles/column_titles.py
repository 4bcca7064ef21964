"""Words that head the columns of tables, and the kinds of names that they announce."""

from __future__ import annotations


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split("|"))


PATH = _words(
    "path|file|files|file path|filepath|filename|file name|source|source file|location|file:line|"
    "path:line|定义位置|所在位置|路径|文件|文件路径|文件名|源文件|源码|源码路径|源码文件|代码路径|"
    "代码位置|位置|所在文件|路徑|檔案|檔案路徑|檔名|原始碼|パス|ファイル"
)
KIND = {
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

NAME = frozenset(KIND) | _words(
    "name|symbol|symbol name|identifier|declaration|名称|名字|符号|标识符|变量|变量名|类型名|名稱|符號"
)
LINE = _words(
    "line|lines|line number|line numbers|line no|line no.|lineno|line range|linenumber|row|行|行号|行数|"
    "代码行|代码行号|所在行|起始行|起始行号|代码行数|行號|行數|行番号"
)
TYPE = _words("kind|type|种类|类型|類型|種類")
"""Heads of a column that has the kind row by row."""

NOTHING = _words("|-|--|—|\u2013|/|无|無|none|(none)|n/a|匿名|匿名函数|匿名函數|anonymous|(anonymous)")
"""Cells of a row that names no symbol."""


def alternatives(words: frozenset[str]) -> str:
    """Return alternatives of a regular expression, longest first."""
    return "|".join(sorted((word.replace(".", r"\.") for word in words), key=len, reverse=True))
