"""Arguments in, exit code out; the only place that prints."""

from __future__ import annotations

import os
import shlex
import sys
import traceback
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, nullcontext, suppress
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from annotator import __version__, commands, config, errors, project_source, servers, terminal
from annotator.config import name_in_repository
from annotator.errors import (
    AnnotatorError,
    Interrupted,
    InvalidInput,
    SourceUnavailable,
    counted,
    printable,
    shortened,
)
from annotator.file_io import write_aside
from annotator.model.reference import FAIL_ON
from annotator.project_source import SourceOptions
from annotator.reports import indented_json, porting_report, verification_report
from annotator.reports.finding_formats import Format, render, render_failure
from annotator.reports.verification_report import of_problems

if TYPE_CHECKING:
    from rich.text import Text

    from annotator.model.reference import Problem
    from annotator.site.version_sites import BuiltSite

OK, FINDINGS, USAGE, INTERNAL = 0, 1, 2, 4

# Options that may be given before or after a command's name.
_ANYWHERE = ("--debug", "--quiet")

# Either of them can ask for colours where there is no terminal.
_COLOURED = ("FORCE_COLOR", "TTY_COMPATIBLE")

_SERVER_END = "the server has ended"

# Of more than this only the number is printed: at a distant tag most have no place.
_FEW = 10

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="Verify references into a Go repository, follow them to any tag, and show them as a site.",
)


DataFormat = Literal["text", "json"]
ReportFormat = Literal["text", "json", "markdown"]

Source = Annotated[
    str | None, typer.Option(metavar="SOURCE", help="A git URL, the path of a git repository, or `debian`.")
]
Tag = Annotated[
    str | None,
    typer.Option(metavar="TAG", help="A tag, another ref or a commit; the baseline tag if not given."),
]
Tags = Annotated[
    list[str] | None,
    typer.Option(
        "--tag",
        metavar="TAG",
        help="A tag, another ref or a commit; the baseline tag if not given; several make a site each.",
    ),
]
All = Annotated[bool, typer.Option("--all", help="The latest patch of each release line, a site each.")]
Supported = Annotated[
    bool,
    typer.Option("--supported", help="The baseline and the latest of each `supported` line, a site each."),
]
History = Annotated[
    bool, typer.Option("--history", help="Follow every mapped symbol over all tags, and show it.")
]
Since = Annotated[
    str | None, typer.Option("--since", metavar="OLD", help="Show what is to be ported since this tag.")
]
Scheduler = Annotated[
    str | None,
    typer.Option(
        metavar="ADDRESS",
        help="Build the sites of several tags on a Dask cluster: tcp://HOST:PORT or tls://HOST:PORT.",
    ),
]
Articles = Annotated[
    list[Path] | None,
    typer.Argument(
        metavar="[ARTICLE]...",
        help="Manifests, texts, folders, patterns such as `docs/**/*.md`, or @FILE that lists such.",
    ),
]
OneArticle = Annotated[
    Path, typer.Argument(metavar="ARTICLE", help="A manifest, text, Markdown or HTML file.")
]
Output = Annotated[Format, typer.Option("--format", help="How findings come out.")]
DataOutput = Annotated[DataFormat, typer.Option("--format", help="How the answer comes out.")]
ReportOutput = Annotated[ReportFormat, typer.Option("--format", help="How the report comes out.")]


def _tell_version(wanted: bool) -> None:  # noqa: FBT001 - typer calls it
    if wanted:
        sys.stdout.write(f"annotator {__version__}\n")
        raise typer.Exit(OK)


@app.callback()
def options(
    *,
    version: Annotated[
        bool, typer.Option("--version", callback=_tell_version, is_eager=True, help="Tell the version.")
    ] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Print the traceback of an internal error.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="Show no progress.")] = False,
) -> None:
    """Verify references into a Go repository, follow them to any tag, and show them as a site."""
    # A callback prints the version; `run` takes the others from anywhere in the arguments.
    _ = version, debug, quiet


@app.command()
def verify(  # noqa: PLR0913 - the options of a command line
    *,
    article: Articles = None,
    source: Annotated[
        list[str] | None,
        typer.Option(
            metavar="SOURCE|NAME=SOURCE",
            help="A git URL, the path of a git repository, or `debian`; with NAME= that of a repository "
            "of the settings, several times if needed.",
        ),
    ] = None,
    tag: Tag = None,
    written_at: Annotated[
        str | None,
        typer.Option(
            metavar="TAG|auto|blame",
            help="The tag at which documents were written that name none; `auto` dates each document, "
            "`blame` takes the commit that last changed each line.",
        ),
    ] = None,
    output: Output = Format.TEXT,
    reports: Annotated[
        list[str] | None,
        typer.Option(
            "--output",
            metavar="FORMAT=FILE",
            help="Write the findings to a file, too: `sarif=references.sarif`.",
        ),
    ] = None,
    fail_on: Annotated[
        str,
        typer.Option(
            metavar="LIST",
            help=f"What else is a finding: {', '.join(FAIL_ON)}; several with commas.",
            show_default=False,
        ),
    ] = "",
    show_unread: Annotated[
        bool, typer.Option("--show-unread", help="List texts that look like references and are not read.")
    ] = False,
    update: Annotated[
        bool, typer.Option("--update", help="Rewrite stale references in place; shows what it changes.")
    ] = False,
    diff: Annotated[
        bool, typer.Option("--diff", help="Show what `--update` would change, and write nothing.")
    ] = False,
    pin: Annotated[
        Literal["tag", "commit"] | None,
        typer.Option(help="What rewritten permalinks name; if not given, each one what it named before."),
    ] = None,
    fix_mistaken: Annotated[
        bool,
        typer.Option(
            "--fix-mistaken", help="Let `--update` rewrite references that were wrong when written, too."
        ),
    ] = False,
    allow_none: Annotated[
        bool, typer.Option("--allow-none", help="Exit 0 if there is no reference to check.")
    ] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Leave out what is verified.")] = False,
) -> None:
    """Check every reference against the source; exit 1 if one is not where it is cited."""
    files = [_report_file(report) for report in reports or ()]
    with _failures_in_reports(output, files):
        rewrites = update or diff
        if rewrites and (files or output is not Format.TEXT):
            raise InvalidInput(
                "`--update` shows a diff; leave `--format` and `--output` away, or verify once more after it"
            )
        if (pin or fix_mistaken) and not rewrites:
            raise InvalidInput(
                "`--pin` and `--fix-mistaken` say how to rewrite; give `--update` or `--diff`, too"
            )
        also_findings = _fail_on(fail_on)
        options = commands.verify.source_options(source, tag, written_at)
        project, options, named = _chosen(article or (), options, allow_none=allow_none)
        with _session(options, project) as at:
            if rewrites:
                rewriting = commands.update.UpdateOptions(pin, fix_mistaken)
                raise typer.Exit(_update(at, named, rewriting, write=not diff, allow_none=allow_none))
            checked = commands.verify.verify(at, named, fail_on=also_findings)
            locate = partial(name_in_repository, project)
            is_patched = {Format.MARKDOWN, Format.PATCH} & {output, *(form for form, _ in files)}
            patch = commands.update.patch(at, checked, locate) if is_patched else ""
        if not allow_none and checked.is_empty:
            raise commands.verify.nothing_to_check(project, named)
        rendered = partial(render, checked=checked, locate=locate, show_unread=show_unread, patch=patch)
        for form, file in files:
            write_aside(file, rendered(form))
    if output is Format.TEXT:
        _print(verification_report.text(checked, quiet=quiet, show_unread=show_unread))
    else:
        sys.stdout.write(rendered(output))
    for failure in checked.failures:
        _say(failure)
    if checked.failures:
        raise typer.Exit(USAGE)
    raise typer.Exit(FINDINGS if checked.has_findings else OK)


def _fail_on(option: str) -> frozenset[str]:
    """Parse a `--fail-on`."""
    words = [word.strip() for word in option.split(",") if word.strip()]
    for word in words:
        if word not in FAIL_ON:
            raise InvalidInput(
                f"`--fail-on {word}`: write one or more of {', '.join(FAIL_ON)}, with commas between them"
            )
    return frozenset(words)


def _report_file(option: str) -> tuple[Format, Path]:
    """Parse an `--output`."""
    form, _, file = option.partition("=")
    if form not in set(Format) or not file:
        raise InvalidInput(f"`--output {option}`: write FORMAT=FILE; the formats are {', '.join(Format)}")
    return Format(form), Path(file)


def _project(articles: Iterable[Path] = (), source: str | None = None) -> config.Project:
    """Return the project of the working directory, or else the one that all the articles lie in.

    Without settings it is guessed from the source, or from the Go repository around the working directory.
    """
    folder = Path.cwd()
    try:
        return config.find(folder)
    except config.NoSettings as error:
        folders = [os.path.normpath(file.absolute().parent) for file in articles]
        if folders:
            with suppress(config.NoSettings):
                return config.find(Path(os.path.commonpath(folders)))
        if guessed := commands.init.guess_project(folder, source):
            return guessed
        raise error from None


def _chosen(
    articles: Sequence[Path], options: SourceOptions, *, allow_none: bool = False
) -> tuple[config.Project, SourceOptions, list[Path] | None]:
    """Return the project of some articles, how its source is read, and the files; None for the project's."""
    project = _project(articles, options.source)
    options = commands.verify.without_settings(project, articles, options)
    if not articles:
        return project, options, None
    return project, options, commands.verify.select_articles(project, articles, _say, allow_none=allow_none)


def _site_articles(project: config.Project, arguments: Iterable[Path] | None) -> list[Path]:
    """Return the documents that a site shows in addition to the project's manifests."""
    named = commands.verify.select_articles(project, arguments or (), _say)
    return [*commands.build.documents(project), *named]


@contextmanager
def _failures_in_reports(output: Format, files: Iterable[tuple[Format, Path]]) -> Iterator[None]:
    """Report an error in the formats that have a form for it, too: what uploads a log needs a valid file."""
    try:
        yield
    except typer.Exit:
        raise
    except Exception as error:
        code = error.exit_code if isinstance(error, AnnotatorError) else INTERNAL
        told = render_failure(str(error), USAGE if isinstance(error, OSError) else code)
        for form, file in files:
            if form in told:
                with suppress(AnnotatorError):  # the first error is the one to tell
                    write_aside(file, told[form])
        if output in told:
            sys.stdout.write(told[output])
        raise


@app.command()
def date(article: OneArticle, source: Source = None, output: DataOutput = "text") -> None:
    """Show the tags at which an article's references are exact."""
    with _session(SourceOptions(source, history=True)) as at:
        dating = commands.date.date(at, article)
        _say_what_is_lacking(at)
    _answer(output, commands.date, dating)
    raise typer.Exit(OK if dating.best else FINDINGS)


@app.command()
def init(
    source: Source = None,
    *,
    force: Annotated[bool, typer.Option("--force", help="Replace settings that are there.")] = False,
    output: DataOutput = "text",
) -> None:
    """Inspect this folder, and write annotator.toml with the settings for its documents."""
    folder = Path.cwd()
    commands.init.check_writable(folder, force=force)
    project = commands.init.guess_project(folder, source, look_around=True)
    if project is None:
        raise InvalidInput(
            f"{folder}: no Go repository is here or beside it, and no document links to one; "
            "name it with `--source`"
        )
    with _session(SourceOptions(source, history=True), project) as at:
        found = commands.init.inspect(at)
    file = commands.init.write(folder, commands.init.settings(found), force=force)
    if output == "json":
        sys.stdout.write(indented_json(found) + "\n")
    else:
        _print(map(printable, commands.init.report(found, file)))


@app.command()
def settings() -> None:
    """List all settings of annotator.toml, with their types and defaults."""
    _print(commands.settings.text())


@app.command()
def manifest(article: OneArticle, source: Source = None) -> None:
    """Draft a manifest from the references of a text.

    No source is opened unless `--source` names one; with it, the text is understood as `verify` does.
    """
    if source is None:
        sys.stdout.write(commands.manifest.manifest(config.find(Path.cwd()), article))
        return
    with _session(SourceOptions(source)) as at:
        sys.stdout.write(commands.manifest.manifest(at.project, article, at.own_names))


@app.command()
def build(  # noqa: PLR0913 - the options of a command line
    article: Articles = None,
    source: Source = None,
    tag: Tags = None,
    *,
    all_: All = False,
    supported: Supported = False,
    history: History = False,
    since: Since = None,
    html: Annotated[
        bool, typer.Option("--html", help="Also let mkdocs make the HTML, in all languages.")
    ] = False,
    scheduler: Scheduler = None,
) -> None:
    """Write the site's pages for mkdocs to build or serve; of several tags, whole sites side by side."""
    errors.require_extra("site", "`annotator build`")
    options = commands.build.BuildOptions(history, since)
    if all_ or supported or len(set(tag or ())) > 1:
        latest, lines = commands.build.latest_tags, commands.build.supported_tags
        choose = latest if all_ else lines if supported else lambda _: tuple(tag or ())
        _build_versions(article or (), source, choose, options, scheduler)
        return
    if scheduler:
        raise InvalidInput("`--scheduler` builds several sites at once: give several `--tag`, or `--all`")
    with _session(SourceOptions(source, tag[0] if tag else None, history or bool(since))) as at:
        built = commands.build.build_site(at, _site_articles(at.project, article), options)
        folder = at.project.site
    _report_problems(built.tag, built.problems, set())
    _print([printable(f"{counted(built.pages, 'page')} at {built.tag} in {folder / 'docs'}")])
    if html:
        _print([printable(f"HTML in {commands.build.make_html(at.project)}")])


def _build_versions(
    article: Iterable[Path],
    source: str | None,
    choose: Callable[[project_source.Session], tuple[str, ...]],
    options: commands.build.BuildOptions,
    scheduler: str | None,
) -> None:
    problems: dict[str, tuple[Problem, ...]] = {}
    warnings: dict[str, None] = {}

    def note(built: BuiltSite) -> None:
        problems[built.tag] = built.problems
        warnings.update(dict.fromkeys(built.warnings))

    with _session(SourceOptions(source, history=True)) as at:
        chosen = choose(at)
        articles = _site_articles(at.project, article)
        published = commands.build.build_versions(at, chosen, articles, options, note, scheduler)
        folder = at.project.site / "html"
    for warning in warnings:
        _say(warning)
    reported: set[Problem] = set()
    for tag in chosen:  # not in the order in which they were finished
        _report_problems(tag, problems.get(tag, ()), reported)
    for failed in published.failed:
        _say(f"{failed.tag}: {failed.reason}")
    if published.versions:
        _print([printable(f"{', '.join(published.versions)} in {folder}")])
    if published.failed:
        raise typer.Exit(max(failed.exit_code for failed in published.failed))


def _report_problems(tag: str, problems: Iterable[Problem], reported: set[Problem]) -> None:
    """Print what our texts get wrong at a tag, each thing once; of many dead links only their number."""
    fresh = [problem for problem in problems if problem not in reported]
    reported.update(fresh)
    unlinked = [problem for problem in fresh if problem.rule == "unlinked"]
    counted_only = unlinked if len(unlinked) > _FEW else []
    for problem in fresh:
        if not counted_only or problem.rule != "unlinked":
            _say(f"{tag}: {problem.file}:{problem.line}: {problem.message}")
    if counted_only:
        files = len({problem.file for problem in counted_only})
        mentions, texts = counted(len(counted_only), "mention"), counted(files, "text")
        _say(f"{tag}: {mentions} in {texts} of ours name what is on no page, and have no link")


@app.command()
def serve(  # noqa: PLR0913 - the options of a command line
    article: Articles = None,
    source: Source = None,
    tag: Tags = None,
    *,
    all_: All = False,
    history: History = False,
    since: Since = None,
    port: Annotated[int, typer.Option(min=1, max=65535, help="The port on 127.0.0.1.")] = 8000,
) -> None:
    """Build the site, then serve it on 127.0.0.1; of several tags, with a switch between them."""
    errors.require_extra("site", "`annotator serve`")
    commands.serve.check_port(port)
    build(article, source, tag, all_=all_, history=history, since=since)
    project = config.find(Path.cwd())
    if all_ or len(set(tag or ())) > 1:
        _print([f"http://127.0.0.1:{port}/ shows the site; Ctrl-C ends it"])
        with _interruptible(_SERVER_END):
            commands.serve.serve_versions(project, port)
        raise typer.Exit(OK)
    options = [f"--source={source}"] * bool(source) + [f"--tag={name}" for name in tag or ()]
    options += ["--history"] * history + [f"--since={since}"] * bool(since)
    rebuild = ["build", *options, "--", *map(str, article or ())]
    with _interruptible(_SERVER_END):
        raise typer.Exit(commands.serve.serve(project, port, rebuild, quiet=not terminal.is_shown()))


@app.command()
def symbols(source: Source = None, tag: Tag = None) -> None:
    """List every declaration of the repository: place, kind and symbol."""
    with _session(SourceOptions(source, tag)) as at:
        listed = [*commands.symbols.symbols(at)]
    sys.stdout.writelines(
        f"{path}:{declaration.line}:{declaration.column} {declaration.kind} {declaration.symbol}\n"
        for path, declaration in listed
    )


@app.command()
def track(
    reference: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[REFERENCE]...",
            help="`path::Symbol`, `path:LINE`, or @FILE with one a line; else all that is mapped.",
        ),
    ] = None,
    *,
    source: Source = None,
    tags: Annotated[str, typer.Option(metavar="GLOB", help="Which tags.")] = "*",
    output: DataOutput = "text",
) -> None:
    """Follow symbols over the tags of the repository."""
    with _session(SourceOptions(source, history=True)) as at:
        references = list(commands.track.parse_references(reference or ()))
        if not references:
            references = commands.verify.mirrored_references(at.project)
        tracked = commands.track.track(at, references, tags)
        _say_what_is_lacking(at)
    _answer(output, commands.track, tracked)


@app.command()
def diff(
    old: Annotated[
        str, typer.Argument(metavar="OLD", help="The tag, other ref or commit that was ported last.")
    ],
    new: Annotated[str, typer.Argument(metavar="NEW", help="The tag, other ref or commit to port.")],
    *,
    source: Source = None,
    output: ReportOutput = "text",
) -> None:
    """Report the changes of each mapped or cited symbol between two tags, and the work that they mean."""
    with _session(SourceOptions(source, history=True)) as at:
        report = commands.diff.porting(at, old, new)
    _answer(output, porting_report, report)


@app.command()
def explain(
    reference: Annotated[
        str,
        typer.Argument(
            metavar="REFERENCE",
            help="`path::Symbol`, `path:LINE`, or `DOCUMENT:LINE` for what is cited there.",
        ),
    ],
    *,
    source: Source = None,
    tag: Tag = None,
    output: DataOutput = "text",
) -> None:
    """Explain the verdict on a reference: its origin, the evidence, each step, the candidates."""
    with _session(SourceOptions(source, tag, history=True)) as at:
        found = commands.explain.explain(at, reference)
    _answer(output, commands.explain, found)
    is_found = all(each.verdict.name == "verified" for each in found)
    raise typer.Exit(OK if is_found else FINDINGS)


@app.command()
def bump(
    tag: Annotated[
        str | None,
        typer.Argument(metavar="[TAG]", help="The tag to move to; the newest release if not given."),
    ] = None,
    *,
    source: Source = None,
    check: Annotated[
        bool, typer.Option("--check", help="Show what would change, and write nothing.")
    ] = False,
    force: Annotated[
        bool,
        typer.Option(
            "--force",
            help="Write also if references are left that would pass for right with the new baseline.",
        ),
    ] = False,
    output: ReportOutput = "text",
) -> None:
    """Move the project's documents and its baseline to another tag: all that is certain, or nothing."""
    project = config.find(Path.cwd())
    with _session(SourceOptions(source, tag, history=True), project) as at:
        found = commands.bump.bump(at if tag else at.at_tag(commands.bump.newest(at)))
        written = not check and (force or not found.hidden)
        if written:
            commands.bump.write(found)
    if output == "json":
        sys.stdout.write(commands.bump.json(found, written=written) + "\n")
    elif output == "markdown":
        sys.stdout.write(commands.bump.markdown(found, written=written))
    else:
        for update in found.rewritten:
            _show_difference(update)
        _print(map(printable, commands.bump.text(found, written=written)))
    if not (written or check):
        _say(
            f"nothing is written: {counted(len(found.hidden), 'reference')} would pass for right at "
            f"{found.new}; correct them, mark them with `annotator: ignore`, or give `--force`"
        )
    raise typer.Exit(FINDINGS if found.remaining or (found.rewritten and not written) else OK)


@app.command()
def affected(
    old: Annotated[str, typer.Argument(metavar="OLD", help="A tag, another ref or a commit.")],
    new: Annotated[str, typer.Argument(metavar="NEW", help="A tag, another ref or a commit.")],
    article: Articles = None,
    *,
    source: Source = None,
    output: ReportOutput = "text",
) -> None:
    """List the documents that cite code which changed between two revisions, and how; exit 1 if any do."""
    project, options, files = _chosen(article or (), SourceOptions(source, old, history=True))
    with _session(options, project) as at:
        found = commands.affected.affected(at, old, new, files)
    _answer(output, commands.affected, found)
    raise typer.Exit(FINDINGS if found.affected else OK)


@app.command()
def record(source: Source = None) -> None:
    """Record the facts of the baseline's symbols in scope, for checks without the source."""
    baseline = config.find(Path.cwd()).config.baseline
    with _session(SourceOptions(source, baseline)) as at:
        file = commands.record.record(at)
    _print([printable(f"{file} holds the facts at {baseline}")])


@app.command()
def parity(
    *,
    output: Output = Format.TEXT,
    coverage: Annotated[
        bool, typer.Option("--coverage", help="Tell what is mapped, package by package.")
    ] = False,
) -> None:
    """Check each Python counterpart against its Go original; exit 1 if a difference has no reason."""
    project = config.find(Path.cwd())
    result = commands.parity.compare_project(project)
    if coverage and output is Format.TEXT:
        _print(commands.parity.coverage(result.coverage))
    elif output in (Format.TEXT, Format.JSON):
        _answer(output, commands.parity, result)
    else:
        sys.stdout.write(render(output, of_problems(project.config, result.remarks, len(result.pairs))))
    raise typer.Exit(FINDINGS if result.remarks else OK)


@app.command()
def translations(
    *,
    accept: Annotated[
        bool, typer.Option("--accept", help="Record that all translations say what their originals do.")
    ] = False,
    output: Output = Format.TEXT,
) -> None:
    """Compare the site's texts with their translations; exit 1 if one changed without the other."""
    errors.require_extra("site", "`annotator translations`")
    project = config.find(Path.cwd())
    if accept:
        _print([f"{counted(commands.translations.accept(project), 'record')} changed"])
    problems = commands.translations.check(project)
    if output is Format.TEXT:
        _print(printable(f"{one.file}:{one.line}: {one.message}") for one in problems)
        _say(f"{counted(len(problems), 'finding')} in the translations")
    else:
        sys.stdout.write(render(output, of_problems(project.config, problems)))
    raise typer.Exit(FINDINGS if problems else OK)


github_app = typer.Typer(no_args_is_help=True, help="Comment on pull requests of GitHub and open them.")
app.add_typer(github_app, name="github")


@github_app.command()
def comment(
    report: Annotated[list[Path], typer.Argument(metavar="REPORT...", help="Reports in Markdown.")],
    *,
    number: Annotated[
        int | None,
        typer.Option(metavar="N", min=1, help="The pull request; that of the workflow if not given."),
    ] = None,
    name: Annotated[
        str, typer.Option(metavar="NAME", help="Which comment it is, where a pull request has several.")
    ] = "references",
    only_update: Annotated[
        bool, typer.Option("--only-update", help="Write no comment where there is none yet.")
    ] = False,
) -> None:
    """Write reports as one comment on a pull request, which is updated from then on.

    Takes GITHUB_TOKEN, GITHUB_REPOSITORY, GITHUB_API_URL and GITHUB_EVENT_PATH from the environment.
    """
    github_api = commands.pull_requests.GitHub(os.environ)
    chosen = number or commands.pull_requests.pull_request_of(os.environ)
    where = commands.pull_requests.comment(github_api, chosen, report, name=name, only_update=only_update)
    _print([printable(where or "there is no comment to update")])


@github_app.command()
def propose(
    *,
    branch: Annotated[
        str | None,
        typer.Option(
            metavar="BRANCH", help="The branch to write to.", show_default="annotator/bump-BASELINE"
        ),
    ] = None,
    title: Annotated[
        str | None,
        typer.Option(
            metavar="TITLE",
            help="The title, and the message of the commit.",
            show_default="Move references to BASELINE",
        ),
    ] = None,
    body: Annotated[Path | None, typer.Option(metavar="FILE", help="The text in Markdown.")] = None,
) -> None:
    """Open a pull request with the changed files of the work tree, or update it.

    Takes GITHUB_TOKEN, GITHUB_REPOSITORY and GITHUB_API_URL from the environment.
    """
    text = body.read_text("utf-8", "replace") if body else ""
    baseline = "" if branch and title else config.find(Path.cwd()).config.baseline
    proposal = commands.pull_requests.Proposal(
        branch or f"annotator/bump-{baseline}", title or f"Move references to {baseline}", text
    )
    made = commands.pull_requests.propose(commands.pull_requests.GitHub(os.environ), Path.cwd(), proposal)
    _print([printable(made)])


@app.command()
def walk(
    *, output: Annotated[DataFormat, typer.Option("--format", help="How the walk comes out.")] = "text"
) -> None:
    """Run the project's walk, and compare the order of the counterparts that ran with Go's, by thread."""
    with _interruptible():
        traced, problems = commands.walk.walk(config.find(Path.cwd()))
    _answer(output, commands.walk, traced)
    for problem in problems:
        _say(f"{problem.file}:{problem.line}: {problem.message}")
    raise typer.Exit(FINDINGS if problems else OK)


@app.command()
def lsp(source: Source = None, tag: Tag = None) -> None:
    """Serve an editor on standard input and output: diagnostics, hover, definition, quick fixes."""
    errors.require_extra("lsp", "`annotator lsp`")
    servers.language_server.serve(SourceOptions(source, tag, history=True))


@app.command()
def mcp(source: Source = None, tag: Tag = None) -> None:
    """Serve an agent on standard input and output: verify, locate, carry, date, list changes."""
    errors.require_extra("mcp", "`annotator mcp`")
    servers.agent_server.serve(_project(source=source), SourceOptions(source, tag, history=True))


def main(arguments: list[str] | None = None) -> None:
    """Run the command line and leave with its exit code."""
    sys.exit(run(arguments))


def run(arguments: list[str] | None = None) -> int:
    """Run a command line and return its exit code; an error is one sentence on standard error."""
    given = sys.argv[1:] if arguments is None else arguments
    options = given[: given.index("--")] if "--" in given else given
    debug = "--debug" in options
    try:
        with nullcontext() if "--quiet" in options else terminal.progress():
            app(args=[*(word for word in options if word not in _ANYWHERE), *given[len(options) :]])
    except SystemExit as left:
        if left.code is None or isinstance(left.code, int):
            return left.code or OK
        _say(str(left.code))  # a text means 1 in Python, which would read as findings
        return INTERNAL
    except AnnotatorError as error:
        _say(str(error))
        return error.exit_code
    except BrokenPipeError:  # whoever reads has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return OK
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        _say(f"{where}{error.strerror or error}")
        return USAGE
    except Exception as error:  # noqa: BLE001 - Python's own exit code 1 would read as findings
        _report_internal_error(error, given, debug=debug)
        return INTERNAL
    return OK


def _report_internal_error(error: Exception, arguments: Sequence[str], *, debug: bool) -> None:
    """Print what to report of an error that is a fault of this program; with `--debug` its traceback too."""
    if debug:
        traceback.print_exception(error)
    last = traceback.extract_tb(error.__traceback__)[-1]
    where = f"{Path(last.filename).name}:{last.lineno}"
    command = shlex.join(["annotator", *arguments])
    hint = "" if debug else "; with `--debug` it prints the traceback"
    _say(
        f"internal error: {type(error).__name__}: {shortened(str(error))} (in {where}); this is a fault of "
        f"annotator {__version__}: please report this line and the command `{shortened(command)}`{hint}"
    )


def _say(sentence: str) -> None:
    terminal.clear()
    sys.stderr.write(f"annotator: {printable(sentence)}\n")


def _say_what_is_lacking(at: project_source.Session) -> None:
    if not at.source.has_history:
        tags = ", ".join(at.source.tags())
        _say(
            f"{at.source.repository} is not at hand with its history: only {tags} can be told of; "
            "give `--source` a repository with all tags"
        )


def _print(lines: Iterable[str | Text]) -> None:
    """Lines on standard output, with their colours where it shows any."""
    console = terminal.plain_console() if sys.stdout.isatty() or any(map(os.environ.get, _COLOURED)) else None
    if console is None or console.color_system is None:  # a line is what it says, and need not be laid out
        sys.stdout.writelines(f"{line}\n" for line in lines)
        sys.stdout.flush()  # a server may run on for long behind it
        return
    for line in lines:
        console.print(line, soft_wrap=True)


def _answer(output: str, form: ModuleType, found: object) -> None:
    """Print an answer with the function of a module that is named like the format: text, json, markdown."""
    made = getattr(form, output)(found)
    if output == "text":
        _print(made)
    else:
        sys.stdout.write(made + "\n")


def _update(
    at: project_source.Session,
    files: Iterable[Path] | None,
    options: commands.update.UpdateOptions,
    *,
    write: bool,
    allow_none: bool,
) -> int:
    """Show what stale references become, and write it; return the exit code."""
    if at.notice:
        raise SourceUnavailable(f"{at.notice}: nothing is rewritten; give `--source` or `--tag`")
    names = commands.update.own_documents(at.project) if files is None else tuple(files)
    stale = references = failures = 0
    for update in commands.update.updates(at, names, options):
        if isinstance(update, InvalidInput):
            failures += 1
            _say(str(update))
            continue
        left = len(update.remaining)
        stale += left
        references += update.references
        if update.before != update.after:
            _show_difference(update)
            if write:
                write_aside(update.file, update.data)
            else:
                stale += 1
            if write and update.relies_on_baseline:
                rest = f"the {left} left are not: correct them, then" if left else "from now on"
                _say(
                    f"{update.name}: it names no tag, and the lines written are those of {at.tag}; "
                    f"{rest} give `--written-at {at.tag}`"
                )
        if left:
            left_as_were = f"{counted(left, 'reference')} not rewritten"
            fixable = f"; `--fix-mistaken` rewrites {update.fixable} of them" if update.fixable else ""
            _say(
                f"{update.name}: {left_as_were}, as it is not certain how; "
                f"`annotator verify` tells more{fixable}"
            )
    if failures:
        return USAGE
    if not references and not allow_none:
        raise commands.verify.nothing_to_check(at.project, None if files is None else names)
    return FINDINGS if stale else OK


def _show_difference(update: commands.update.Update) -> None:
    """Write a unified diff for `patch`; control characters are escaped on a terminal."""
    is_terminal = sys.stdout.isatty()
    for line in commands.update.difference(update, update.name, update.name):
        sys.stdout.write(f"{printable(line.rstrip())}\n" if is_terminal else line)


@contextmanager
def _interruptible(sentence: str = "interrupted; nothing half-written is left") -> Iterator[None]:
    """Turn Ctrl-C into an error with an exit code of its own; it is also how a server ends."""
    try:
        yield
    except KeyboardInterrupt as interrupt:
        raise Interrupted(sentence) from interrupt


@contextmanager
def _session(
    options: SourceOptions, project: config.Project | None = None
) -> Iterator[project_source.Session]:
    project = project or _project(source=options.source)
    with _interruptible(), project_source.open_session(project, options, terminal.report, _say) as at:
        if at.notice:
            _say(at.notice)
        try:
            yield at
        finally:
            terminal.report("", 0, 0)
