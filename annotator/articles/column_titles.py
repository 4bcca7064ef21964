"""Words that head the columns of tables, and what they say of a name."""

from __future__ import annotations

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
