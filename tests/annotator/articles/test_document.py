"""What any text, Markdown or HTML file cites."""

# ruff: noqa: RUF001 - full-width punctuation is what Chinese articles are written with

from __future__ import annotations

import json
from pathlib import Path

import pytest
import read_article

from annotator.articles import document
from annotator.articles.document import LARGEST
from annotator.errors import InvalidInput
from annotator.model.reference import Article, Reference

MODULES = (
    "github.com/docker/docker",
    "github.com/moby/moby/v2",
    "github.com/moby/moby",
    "github.com/docker/engine",
    "github.com/dotcloud/docker",
)


def article(text: str | bytes, name: str = "notes.md") -> Article:
    return read_article.read(
        name,
        text if isinstance(text, bytes) else text.encode(),
        repository="https://github.com/moby/moby",
        prefixes=("components/engine",),
        modules=MODULES,
        editions=("ce", "engine"),
    )


def cited(text: str | bytes, name: str = "notes.md") -> list[tuple[str, str | None, int | None, int | None]]:
    return [(one.path, one.symbol, one.line, one.end_line) for one in article(text, name).references]


def only(text: str | bytes, name: str = "notes.md") -> Reference:
    (reference,) = article(text, name).references
    return reference


DAEMON = "daemon/daemon.go"


@pytest.mark.parametrize(
    ("text", "line", "end_line"),
    [
        ("daemon/daemon.go:12", 12, None),
        ("daemon/daemon.go:12-34", 12, 34),
        ("daemon/daemon.go:12:5", 12, None),
        ("daemon/daemon.go:L12-L34", 12, 34),
        ("daemon/daemon.go#L12", 12, None),
        ("daemon/daemon.go#L12-L34", 12, 34),
        ("daemon/daemon.go#L12-34", 12, 34),
        ("daemon/daemon.go#L12#L34", 12, 34),
        ("daemon/daemon.go#L12 - L34", 12, 34),
        ("daemon/daemon.go#L12 - 34 callers", 12, None),
        ("daemon/daemon.go, line 12 - 3 callers", 12, None),
        ("`daemon/daemon.go`:12", 12, None),
        ("daemon/daemon.go#12#34", 12, 34),
        ("在 `daemon/daemon.go` 的第 `12` 行", 12, None),
        ("`daemon/daemon.go` line `12`", 12, None),
        ("daemon\\daemon.go:12", 12, None),
        ("daemon/daemon.go#L12C3-L34C10", 12, 34),
        ("daemon/daemon.go, line 12", 12, None),
        ("daemon/daemon.go line 12.", 12, None),
        ("(daemon/daemon.go, lines 12-34)", 12, 34),
        ("daemon/daemon.go (lines 12 to 34)", 12, 34),
        ("`daemon/daemon.go` at line 12", 12, None),
        ("line 12 of `daemon/daemon.go`", 12, None),
        ("lines 12-34 in daemon/daemon.go", 12, 34),
        ("daemon/daemon.go第12行", 12, None),
        ("daemon/daemon.go 文件的第 12 行", 12, None),
        ("daemon/daemon.go（第12-34行）", 12, 34),
        ("daemon/daemon.go 12行", 12, None),
        ("daemon/daemon.go，行号：12", 12, None),
        ("在daemon/daemon.go：12，其中", 12, None),
        ("看daemon／daemon.go＃Ｌ12。", 12, None),
        ("daemon/daemon.go:１２", 12, None),
        ('File "daemon/daemon.go", line 12, in x', 12, None),
        ("**daemon/daemon.go:12**", 12, None),
        ("_daemon/daemon.go:12_", 12, None),
        ("daemon/\u200bdaemon.go\ufeff:12", 12, None),
        ("\x1b[35mdaemon/daemon.go\x1b[0m:12", 12, None),
        ("daemon/daemon\\.go\\:12", 12, None),
        ("daemon&#47;daemon.go:12", 12, None),
        ("daemon/daemon.go(12)", 12, None),
        ("daemon/daemon.go(12,34): error", 12, None),
        ("daemon/daemon.go（12-34）", 12, 34),
        ("daemon/daemon.go:34,12", 34, None),
        ("daemon/daemon.go:12,34.5", 12, None),
        ("在daemon/daemon.go:12，34个函数", 12, None),
        ("daemon/daemon.go:12, 34 callers", 12, None),
    ],
)
def test_a_line_is_read_in_every_form(text: str, line: int, end_line: int | None) -> None:
    assert cited(text) == [(DAEMON, None, line, end_line)]


@pytest.mark.parametrize(
    "path",
    [
        "components/engine/daemon/daemon.go",
        "docker-ce/components/engine//daemon/daemon.go",
        "./daemon/daemon.go",
        "moby//daemon/daemon.go",
        "moby/moby/daemon/daemon.go",
        "moby/moby@v18.09.6/daemon/daemon.go",
        r"C:\gopath\src\github.com\docker\docker\daemon\daemon.go",
        "docker/daemon/daemon.go",
        "engine/daemon/daemon.go",
        "moby-18.09.6/daemon/daemon.go",
        ".../daemon/daemon.go",
        "github.com/docker/docker/daemon/daemon.go",
        "github.com/moby/moby/v2/daemon/daemon.go",
        "$GOPATH/src/github.com/docker/docker/daemon/daemon.go",
        "${GOPATH}/src/github.com/docker/docker/daemon/daemon.go",
        "src/github.com/docker/docker/daemon/daemon.go",
        "/go/src/github.com/docker/docker/daemon/daemon.go",
        "/build/src/github.com/docker/docker/.gopath/src/github.com/docker/docker/daemon/daemon.go",
        "/go/pkg/mod/github.com/docker/docker@v18.9.6+incompatible/daemon/daemon.go",
        "/home/me/src/moby/moby/daemon/daemon.go",
        "/home/me/src/moby/daemon/daemon.go",
        "/home/build/rpmbuild/BUILD/docker-engine/daemon/daemon.go",
        "#011/go/src/github.com/docker/docker/daemon/daemon.go",
    ],
)
def test_a_path_is_read_from_the_root(path: str) -> None:
    assert cited(f"see {path}:635 there") == [(DAEMON, None, 635, None)]


@pytest.mark.parametrize("path", ["docker/docker.go", "engine/engine.go", "daemon.go", "vendor/src/a/b/c.go"])
def test_a_path_that_only_looks_prefixed_stays_as_it_is(path: str) -> None:
    assert cited(f"{path}:12") == [(path, None, 12, None)]


@pytest.mark.parametrize(
    ("address", "path", "line", "end_line", "ref"),
    [
        ("https://github.com/moby/moby/blob/v18.09.6/daemon/daemon.go#L12-L34", DAEMON, 12, 34, "v18.09.6"),
        (
            "https://github.com/docker/docker/tree/master/daemon/daemon.go#L727#L774",
            DAEMON,
            727,
            774,
            "master",
        ),
        ("https://github.com/moby/moby/blame/18.09/daemon/daemon.go", DAEMON, None, None, "18.09"),
        (
            "https://github.com/moby/moby/blob/release/18.09/daemon/daemon.go#L1",
            DAEMON,
            1,
            None,
            "release/18.09",
        ),
        ("https://github.com/moby/moby/blob/refs/tags/v1.0/daemon/daemon.go#L1", DAEMON, 1, None, "v1.0"),
        ("https://github.com/moby/moby/blob/master/README.md?plain=1#L3", "README.md", 3, None, "master"),
        ("https://raw.githubusercontent.com/moby/moby/v1.0/daemon/daemon.go", DAEMON, None, None, "v1.0"),
        ("github.com/moby/moby/blob/master/Dockerfile#L12", "Dockerfile", 12, None, "master"),
        ("https://github.com/moby/moby/blob/master//daemon/daemon.go#L5", DAEMON, 5, None, "master"),
        ("https://github.com/moby/moby/blob/master/daemon/daemon.go:5", DAEMON, 5, None, "master"),
        (
            "https://github.com/docker/docker-ce/blob/v18.09.6/components/engine/daemon/daemon.go#L5",
            DAEMON,
            5,
            None,
            "v18.09.6",
        ),
        (
            "https://github.com/docker/docker-ce/blob/0123456789ab/components/engine/daemon/daemon.go#L5",
            DAEMON,
            5,
            None,
            None,
        ),
        (
            "https://link.zhihu.com/?target=https%3A%2F%2Fgithub.com%2Fmoby%2Fmoby%2Fblob%2Fv1%2Fdaemon%2Fdaemon.go%23L5",
            DAEMON,
            5,
            None,
            "v1",
        ),
        (
            "https://www.google.com/url?q=https%3A%2F%2Fgithub.com%2Fmoby%2Fmoby%2Fblob%2Fv1%2Fdaemon%2Fdaemon.go%3A5%0A",
            DAEMON,
            5,
            None,
            "v1",
        ),
        (
            "https://web.archive.org/web/2019/https://github.com/moby/moby/blob/v1.0/daemon/daemon.go#L5",
            DAEMON,
            5,
            None,
            "v1.0",
        ),
        (
            "https://sourcegraph.com/github.com/moby/moby@v1.0/-/blob/daemon/daemon.go#L5",
            DAEMON,
            5,
            None,
            "v1.0",
        ),
    ],
)
def test_a_permalink_names_path_lines_and_ref(
    address: str, path: str, line: int | None, end_line: int | None, ref: str | None
) -> None:
    found = only(f"见{address}，在")
    assert (found.path, found.line, found.end_line, found.ref) == (path, line, end_line, ref)
    assert found.repository is None


@pytest.mark.parametrize(
    ("text", "repository", "path"),
    [
        (
            "https://github.com/containerd/containerd/blob/v1.2.0/client.go#L5",
            "containerd/containerd",
            "client.go",
        ),
        ("https://github.com/me/moby/blob/master/daemon/daemon.go#L5", "me/moby", DAEMON),
        (
            "https://github.com/docker/docker-ce/blob/v18.09.6/components/cli/cli/cobra.go#L5",
            "docker/docker-ce",
            "components/cli/cli/cobra.go",
        ),
        ("components/cli/cli/cobra.go:5", "docker/cli", "cli/cobra.go"),
        ("github.com/containerd/containerd/client.go:5", "containerd/containerd", "client.go"),
        (
            "/go/src/github.com/docker/cli/vendor/github.com/docker/docker/a.go:5",
            "docker/cli",
            "vendor/github.com/docker/docker/a.go",
        ),
        ("docker/cli/cli/command/image/push.go:5", "docker/cli", "cli/command/image/push.go"),
        ("golang.org/x/net/http2/server.go:5", "golang/net", "http2/server.go"),
        ("go.etcd.io/bbolt/db.go:5", "etcd-io/bbolt", "db.go"),
        ("#011/usr/local/go/src/runtime/panic.go:5 +0x1", "golang/go", "src/runtime/panic.go"),
        ("https://github.com/moby/sys/blob/mount/v0.1.1/mount/flags.go#L5", "moby/sys", "mount/flags.go"),
        ("\t/usr/local/go/src/runtime/panic.go:5 +0x1", "golang/go", "src/runtime/panic.go"),
    ],
)
def test_a_citation_in_another_repository_names_it(text: str, repository: str, path: str) -> None:
    found = only(text)
    assert (found.repository, found.path, found.line) == (repository, path, 5)


def test_a_cited_vendor_path_is_kept() -> None:
    path = "vendor/github.com/containerd/containerd/client.go"
    assert cited(f"{path}:5 and /go/src/github.com/docker/docker/{path}:6") == [
        (path, None, 5, None),
        (path, None, 6, None),
    ]


@pytest.mark.parametrize(
    "text",
    [
        "daemon/daemon.go::NewDaemon",
        "`NewDaemon` in `daemon/daemon.go`",
        "`NewDaemon()` is defined in daemon/daemon.go",
        "see `NewDaemon` in `daemon/daemon.go`",
        "daemon/daemon.go 中的 NewDaemon 函数",
        "`daemon/daemon.go`文件中定义的`NewDaemon`函数",
        "(moby/daemon/daemon.go:NewDaemon)",
    ],
)
def test_a_symbol_beside_a_path_is_read(text: str) -> None:
    assert cited(text) == [(DAEMON, "NewDaemon", None, None)]


@pytest.mark.parametrize(
    ("symbol", "written"),
    [
        ("Store.Get", "Store.Get"),
        ("Store.Get", "(*Store).Get"),
        ("NewDaemon.createPluginExec", "NewDaemon.createPluginExec"),
    ],
)
def test_the_notation_is_read_with_lines_and_in_chinese_prose(symbol: str, written: str) -> None:
    assert cited(f"见a/b.go::{written}#L3-L4函数") == [("a/b.go", symbol, 3, 4)]


@pytest.mark.parametrize(
    "text",
    [
        "daemon/daemon.go",
        "daemon/daemon.go has 1041 lines",
        "daemon/daemon.go共有1041行代码",
        "daemon/daemon.go 1041行代码",
        "daemon/daemon.go 中 20 行",
        "daemon/daemon.go: 12 files",
        "libnetwork/bridge.go L2 network",
        "daemon/daemon.go：3个函数",
        "daemon/daemon.go:12abc",
        "daemon/daemon.go:Error: no such container",
        "daemon/daemon.go:TODO fix this",
        "daemon/daemon.go:fmt.Println()",
        "daemon/daemon.go:12.5",
        "daemon/daemon.go(3)",
        "daemon/daemon.go(12)(34)",
        "daemon/daemon.go(12abc)",
        "calls `NewDaemon()` in `cmd/dockerd/daemon.go`",
        "`config` in `daemon/daemon.go`",
        "`Create` in `service.go`",
        "service.go的Create函数",
        "docker/whalesay:12 localhost/foo:8080 12.04/ubuntu:14",
        "https://example.com/daemon/daemon.go:12",
        "https://github.com/moby/moby/tree/master/daemon",
        "https://github.com/moby/moby/pull/12/files#L12",
        "daemon/*_unix.go:12",
        "../../etc/daemon.go:12",
        "/etc/daemon.go:12",
        "daemon/daemon.gob:12",
        "https://github.com/moby/moby/blob/master/README.md",
    ],
)
def test_what_cites_nothing_for_sure_is_left_alone(text: str) -> None:
    assert cited(text) == []


@pytest.mark.parametrize(
    ("text", "places"),
    [
        ("daemon/daemon.go:12,34", ["12", "34"]),
        ("`daemon/daemon.go:12,34-56,78`", ["12", "34-56", "78"]),
        ("看daemon/daemon.go:12、34，其中", ["12", "34"]),
        ("daemon/daemon.go, lines 12,34", ["12", "34"]),
    ],
)
def test_each_line_of_a_list_is_a_citation_of_its_own(text: str, places: list[str]) -> None:
    found = article(text).references
    assert [one.path for one in found] == [DAEMON] * len(places)
    ends = [text[: one.at_end - 1].endswith(place) for one, place in zip(found, places, strict=True)]
    assert all(ends)
    lines = [f"{one.line}-{one.end_line}" if one.end_line else f"{one.line}" for one in found]
    assert lines == places


def test_columns_of_asciidoc_count_what_a_terminal_hides() -> None:
    found = only("{x} \x1b[31mdaemon/daemon.go:12\x1b[0m", "a.adoc")
    assert (found.at_line, found.at_column) == (1, 10)


def test_a_line_belongs_to_the_path_that_it_is_of() -> None:
    assert cited("in a.go, line 12 of b.go, line 13 of c.go") == [
        ("b.go", None, 12, None),
        ("c.go", None, 13, None),
    ]


def test_a_link_and_its_words_are_one_citation() -> None:
    found = only("[moby/daemon/daemon.go:12](https://github.com/moby/moby/blob/v1.0/daemon/daemon.go#L12)")
    assert (found.path, found.line, found.ref) == (DAEMON, 12, "v1.0")


def test_a_link_to_a_file_takes_the_line_of_its_words() -> None:
    found = only("[daemon.go:12-13](https://github.com/moby/moby/blob/v1.0/daemon/daemon.go)")
    assert (found.path, found.line, found.end_line, found.ref) == (DAEMON, 12, 13, "v1.0")


def test_a_link_that_differs_from_its_words_cites_its_target() -> None:
    text = "[daemon/daemon.go:12](https://github.com/moby/moby/blob/v1.0/daemon/daemon.go#L15)"
    assert cited(text) == [(DAEMON, None, 15, None)]


@pytest.mark.parametrize(
    "table",
    [
        "path function name line number\ncomponents/engine/daemon/daemon.go NewDaemon 635",
        "path\tfunction name\tline number\ncomponents/engine/daemon/daemon.go\tNewDaemon\t635",
        "path            function name   line number\n\ncomponents/engine/daemon/daemon.go  NewDaemon  635",
        "path | function name | line number\n--- | --- | ---\nengine/daemon/daemon.go | NewDaemon | 635",
        "path function name line number components/engine/daemon/daemon.go NewDaemon 635",
        "```\npath function name line number\ncomponents/engine/daemon/daemon.go NewDaemon 635\n```",
        "path,function name,line number\ncomponents/engine/daemon/daemon.go,NewDaemon,635",
        "`path function name line number`\n`components/engine/daemon/daemon.go NewDaemon 635`",
        "路径 函数名 行号\ncomponents/engine/daemon/daemon.go NewDaemon 635",
        "| 文件 | 行号 | 函数 |\n|:--|--:|---|\n| `daemon/daemon.go` | 635 | `NewDaemon()` |",
        "| Function | File | Line | Remark |\n|-|-|-|-|\n| NewDaemon | daemon/daemon.go | L635 | starts |",
        "| Function | File:Line |\n|-|-|\n| `NewDaemon` | `daemon/daemon.go:635` |",
        "| Function | Location |\n|-|-|\n| [NewDaemon](https://x.org) | daemon/daemon.go:635 |",
        "路径：daemon/daemon.go  函数名：NewDaemon  行号：635",
    ],
)
def test_a_row_below_a_header_is_read(table: str) -> None:
    assert cited(table) == [(DAEMON, "NewDaemon", 635, None)]


@pytest.mark.parametrize(
    ("header", "heading"),
    [
        ("struct", "struct"),
        ("interface", "interface"),
        ("func", "func"),
        ("结构体", "struct"),
        ("接口", "interface"),
    ],
)
def test_a_header_gives_the_kind(header: str, heading: str) -> None:
    found = only(f"path {header} line number\nplugin/manager.go reload 182")
    assert (found.symbol, found.heading) == ("reload", heading)


def test_a_row_without_a_symbol_has_none() -> None:
    table = "path function name line number\na/b.go 811\na/b.go - 812\na/b.go 匿名函数 813\n"
    assert cited(table) == [
        ("a/b.go", None, 811, None),
        ("a/b.go", None, 812, None),
        ("a/b.go", None, 813, None),
    ]


def test_a_row_names_a_method_by_its_receiver() -> None:
    table = "| path | function | line |\n|-|-|-|\n| a/b.go | func (pm *Manager) reload() error | 12-30 |"
    assert cited(table) == [("a/b.go", "Manager.reload", 12, 30)]


def test_a_table_ends_where_prose_begins() -> None:
    assert cited("path struct line number\na/b.go Store 12\nSome prose.\na/c.go store 13") == [
        ("a/b.go", "Store", 12, None)
    ]


PAGE = """<!DOCTYPE html>
<html><head><meta charset="utf-8"><title>On
 daemons</title><link rel="canonical" href="https://example.org/p/1">
<script>var x = "daemon/daemon.go:1"</script></head>
<body><h2>2.1 NewDaemon</h2>
<p>See <code><span>daemon/</span><b>daemon.go</b></code>:12 &amp; <a
 href="https://github.com/moby/moby/blob/v1.0/plugin/store.go#L3">the store</a>.</p>
<h3>2.2.4.1 Executor</h3>
<table><tr><th>path</th><th>interface</th><th>line number</th></tr>
<tr><td>components/engine/plugin/manager.go</td>
<td>Executor</td><td>38</td></tr></table>
<pre>path struct line number
plugin/defs.go Store 12</pre>
<!-- daemon/daemon.go:99 -->
</body></html>"""


def test_a_page_is_read_as_it_is_seen() -> None:
    assert cited(PAGE, "page.html") == [
        (DAEMON, None, 12, None),
        ("plugin/store.go", None, 3, None),
        ("plugin/manager.go", "Executor", 38, None),
        ("plugin/defs.go", "Store", 12, None),
    ]


def test_a_page_has_its_title_address_and_chapters() -> None:
    found = article(PAGE, "saved")
    assert (found.title, found.address) == ("On daemons", "https://example.org/p/1")
    assert [(chapter.number, chapter.title, len(chapter.references)) for chapter in found.chapters] == [
        ("2.1", "NewDaemon", 2),
        ("2.2.4.1", "Executor", 2),
    ]


def test_each_reference_keeps_where_it_stood_in_the_page() -> None:
    lines = PAGE.split("\n")
    linked = article(PAGE, "page.html").references[1]
    assert lines[linked.at_line - 1][linked.at_column - 1 : linked.at_end - 1].endswith("plugin/store.go#L3")
    assert (linked.file, linked.cited_in, linked.chapter) == ("page.html", "page.html 2.1", "2.1")


def test_each_reference_keeps_where_it_stood_in_a_text() -> None:
    found = article("# One\n\n说明 &lt;a&gt; `daemon/daemon.go:12`。\n", "a/notes.md").references[0]
    assert (found.at_line, found.at_column, found.at_end) == (3, 15, 34)
    assert (found.cited_in, found.chapter, found.cited) == ("notes.md:3", "One", DAEMON)


def test_chapters_are_told_by_headings_of_all_kinds() -> None:
    text = "a.go:1\n# 1. First\na.go:2\n\nSecond\n------\na.go:3\n```\n# no heading\n```\na.go:4\n"
    assert [(one.line, one.chapter) for one in article(text).references] == [
        (1, None),
        (2, "1"),
        (3, "Second"),
        (4, "Second"),
    ]


def test_numbered_lines_are_chapters_where_no_heading_is_marked() -> None:
    text = "2.2.4.1 Executor\na.go:1\n18.09.6 was released.\n1.5 million lines.\na.go:2\n"
    assert [(one.line, one.chapter) for one in article(text).references] == [(1, "2.2.4.1"), (2, "2.2.4.1")]


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "gb18030", "big5", "shift_jis"]
)
def test_any_encoding_is_read(encoding: str) -> None:
    words = {
        "big5": "這裡說明程式碼的結構與檔案的位置，",
        "shift_jis": "ここではソースコードの構造を説明します。",
    }
    prose = words.get(encoding, "这里说明源代码的结构和文件的位置，")
    text = (
        f"# 標題\n{prose * 20}\n見daemon/daemon.go:12的\n"
        if encoding == "big5"
        else f"{prose * 20}\ndaemon/daemon.go:12\n"
    )
    assert cited(text.encode(encoding)) == [(DAEMON, None, 12, None)]


@pytest.mark.parametrize("text", ["見daemon/daemon.go:12的\n", "daemon/daemon.go:12\n" * 3 + "源码\n"])
@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be"])
def test_short_utf_16_text_is_read(text: str, encoding: str) -> None:
    assert set(cited(text.encode(encoding))) == {(DAEMON, None, 12, None)}


def test_the_declared_encoding_of_a_page_is_used() -> None:
    page = '<html><meta charset="gbk"><title>源码</title><p>见daemon/daemon.go:12行'
    found = article(page.encode("gbk"), "x.html")
    assert (found.title, found.references[0].line) == ("源码", 12)


@pytest.mark.parametrize("charset", ["punycode", "base64", "unicode_escape", "no-such"])
def test_a_declared_encoding_that_no_text_has_is_ignored(charset: str) -> None:
    page = f'<html><meta charset="{charset}"><p>见daemon/daemon.go:12行'
    assert cited(page.encode("gbk"), "x.html") == [(DAEMON, None, 12, None)]


def test_the_one_tag_that_permalinks_name_is_the_articles() -> None:
    link = "https://github.com/moby/moby/blob/{}/daemon/daemon.go#L1\n"
    assert [article(link.format(ref)).tag for ref in ("v18.09.6", "17.05.x", "docker-v29.1.0", "master")] == [
        "v18.09.6",
        "17.05.x",
        "docker-v29.1.0",
        "",
    ]


def test_a_text_with_a_few_broken_bytes_is_read_as_what_it_was() -> None:
    text = "源码分析的文章在这里说明。\n".encode() * 20 + b"\xe6\x96 daemon/daemon.go:12\n"
    assert cited(text) == [(DAEMON, None, 12, None)]


@pytest.mark.parametrize(
    "data",
    [b"\x7fELF\x02\x01", b"%PDF-1.7 a.go:1", b"\x89PNG\r\n", bytes(range(256)) * 40, b"a.go:1\0\xff\xfe"],
)
def test_a_binary_file_is_refused_in_one_sentence(data: bytes) -> None:
    with pytest.raises(InvalidInput, match=r"^x\.md: this is a binary file; give a manifest"):
        article(data, "x.md")


def test_code_with_a_little_prose_in_an_old_encoding_is_read() -> None:
    code = "func push(x int) error { return fmt.Errorf(no, x) }\n" * 40
    assert cited(f"# 推送\n{code}位于daemon/daemon.go:12\n".encode("gbk")) == [(DAEMON, None, 12, None)]


def test_a_file_over_the_limit_is_refused_in_one_sentence() -> None:
    with pytest.raises(InvalidInput, match=r"^x\.md: 65 MB are too much for an article"):
        article(b"a" * (LARGEST + 1), "x.md")


def test_more_references_than_an_article_has_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(document, "MOST", 3)
    with pytest.raises(InvalidInput, match="cites more than 3 places"):
        article("a.go:1 " * 4)


@pytest.mark.parametrize("text", ["", "\n\n", "Nothing is cited here.", "<html></html>"])
def test_an_article_without_references_has_none(text: str) -> None:
    assert article(text).chapters == ()


def test_nothing_that_a_terminal_acts_on_is_kept() -> None:
    found = article(
        "# \x1b]0;owned\x07Title\x1b[31m\x9b\n[x](https://github.com/a/\x1bb/blob/m/c.go#L1) a\u202e.go:12\n"
    )
    texts_kept = [found.title, *(chapter.title for chapter in found.chapters)]
    for one in found.references:
        texts_kept += [
            one.path,
            one.cited,
            one.cited_in,
            one.chapter or "",
            one.ref or "",
            one.repository or "",
        ]
    assert all(text.isprintable() for text in texts_kept)


CITATIONS = Path(__file__).with_name("citations.jsonl").read_text(encoding="utf-8").splitlines()
FIELDS = ("path", "symbol", "line", "end_line", "repository", "ref")


@pytest.mark.parametrize(
    "fact", [json.loads(line) for line in CITATIONS], ids=lambda fact: fact["text"][-50:]
)
def test_a_citation_of_other_peoples_articles_is_read(fact: dict[str, object]) -> None:
    found = [tuple(getattr(one, name) for name in FIELDS) for one in article(str(fact["text"])).references]
    assert found == [tuple(fact[name] for name in FIELDS)]


def test_the_real_citations_are_many_and_of_many() -> None:
    facts = [json.loads(line) for line in CITATIONS]
    assert len({fact["text"] for fact in facts}) >= 100
    assert len({fact["source"] for fact in facts}) >= 40
    assert {fact["verdict"] for fact in facts} == {"verified", "moved", "missing", "mistaken", "skipped"}
    assert all((fact["verdict"] == "skipped") == (fact["repository"] is not None) for fact in facts)
