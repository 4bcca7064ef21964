"""The traced walk as a page."""

from __future__ import annotations

import msgspec
from made_site import make_site

from annotator.model.port import OutOfOrder, TracedRun, TracedStep, TracedThread
from annotator.site import rendering
from annotator.site.inputs import PythonInput, SiteInput
from annotator.site.view_models import SitePage

INNER = TracedStep("port.inner", "port.py", 9, ("a/a.go::Inner",), 500)
OUTER = TracedStep(
    "port.outer",
    "port.py",
    3,
    ("a/a.go::Outer",),
    1500,
    (INNER, INNER),
    (OutOfOrder("a/a.go::B", "a/a.go::A", "`B` comes first here"),),
    ("a/a.go::A", "a/a.go::B"),
)
WALK = TracedRun((TracedThread("MainThread", (OUTER, OUTER)), TracedThread("<b>helper", (INNER,))))


def walked(given: SiteInput) -> SitePage:
    site = make_site(msgspec.structs.replace(given, python=PythonInput(walk=WALK)))
    (page,) = [page for page in site.pages if page.path == "walk.md"]
    return page


def test_steps_stand_thread_by_thread_in_the_order_in_which_they_ran(given: SiteInput) -> None:
    main, helper = walked(given).view.threads

    assert [step.python.text for step in main.steps] == ["port.outer", "port.outer"]
    assert (len(main.steps), len(helper.steps)) == (2, 1)
    assert main.steps[0].took == "1.5 ms"


def test_steps_that_repeat_in_a_row_stand_once(given: SiteInput) -> None:
    outer = walked(given).view.threads[0].steps[0]

    assert [(step.python.text, step.times, step.took) for step in outer.steps] == [
        ("port.inner", 2, "1.0 ms")
    ]
    assert outer.inside == 2


def test_gos_order_is_told_where_a_function_runs_for_the_first_time(given: SiteInput) -> None:
    steps = walked(given).view.threads[0].steps

    assert [[link.text for link in step.calls] for step in steps] == [["A", "B"], []]
    assert steps[0].order == ("B ran before A: `B` comes first here",)


def test_a_threads_name_is_only_text(given: SiteInput) -> None:
    site = make_site(msgspec.structs.replace(given, python=PythonInput(walk=WALK)))

    assert "<b>helper" not in rendering.markdown(site.frame, walked(given))


def test_without_a_walk_there_is_no_page(given: SiteInput) -> None:
    assert "walk.md" not in {page.path for page in make_site(given).pages}
