"""The traced walk and the recordings as a page, and the scripts of the player."""

from __future__ import annotations

import msgspec
from made_site import make_site

from annotator.model.port import (
    OutOfOrder,
    PythonObject,
    RecordedCall,
    RecordedEvent,
    Recording,
    TracedRun,
    TracedStep,
    TracedThread,
)
from annotator.site import rendering
from annotator.site.inputs import PythonFile, PythonInput, SiteInput
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
    assert steps[0].order == ("B ran before A: <code>B</code> comes first here",)


def test_a_threads_name_is_only_text(given: SiteInput) -> None:
    site = make_site(msgspec.structs.replace(given, python=PythonInput(walk=WALK)))

    assert "<b>helper" not in rendering.markdown(site.frame, walked(given))


def test_without_a_walk_there_is_no_page(given: SiteInput) -> None:
    assert "walk.md" not in {page.path for page in make_site(given).pages}


RECORDING = Recording(
    "first",
    "<b>First",
    calls=(RecordedCall(-1, "MainThread", "port.outer"), RecordedCall(0, "MainThread", "port.inner")),
    start={"Goods": {}},
    events=(
        RecordedEvent(0, 1),
        RecordedEvent(0, 2),
        RecordedEvent(1, 4),
        RecordedEvent(1, 5, {"Goods": {"<i>tea": "one", "cup": None}}),
    ),
    about="It begins.",
)
PORT = PythonInput(
    modules={"port.py": PythonFile(b"def outer():\n    inner()\n\ndef inner():\n    return '</script>'\n")},
    objects={
        "port.outer": PythonObject("port.outer", "function", "port.py", 1, 2),
        "port.inner": PythonObject("port.inner", "function", "port.py", 4, 5),
    },
    recordings=(RECORDING,),
)


def test_recording_is_a_list_of_steps_with_anchors(given: SiteInput) -> None:
    site = make_site(msgspec.structs.replace(given, python=PORT))
    (page,) = [page for page in site.pages if page.path == "walk.md"]
    (run,) = page.view.recordings
    assert [(step.id, step.says) for step in run.steps] == [
        ("first-1", "outer begins"),
        ("first-2", "inner begins"),
        ("first-3", "inner, line 5"),
    ]
    assert run.steps[2].changes == ("Goods: <i>tea: one", "Goods: cup is gone")
    text = rendering.markdown(site.frame, page)
    assert 'id="first-3"' in text
    assert "<b>First" not in text
    assert "<i>tea" not in text


def test_script_of_a_recording_is_plain_data(given: SiteInput) -> None:
    scripts = make_site(msgspec.structs.replace(given, python=PORT)).data
    text = scripts["recordings/first.js"]
    assert text.startswith(b"annotatorRecording(")
    found = msgspec.json.decode(text[len(b"annotatorRecording(") : -3])
    assert (found["name"], found["about"], found["threads"]) == ("first", "It begins.", ["MainThread"])
    assert [function[0] for function in found["functions"]] == ["outer", "inner"]
    assert found["steps"][2] == [2, 1, 5, 0, 0, [[0, 2, 0]], {"Goods": {"<i>tea": "one", "cup": None}}, []]


def test_script_of_the_code_has_each_function_once_and_escaped(given: SiteInput) -> None:
    text = make_site(msgspec.structs.replace(given, python=PORT)).data["recordings/_code.js"]
    code = msgspec.json.decode(text[len(b"annotatorCode(") : -3])
    assert list(code) == ["port.py:1", "port.py:4"]
    assert b"</script>" not in text


def test_without_recordings_there_are_no_scripts(given: SiteInput) -> None:
    scripts = make_site(given).data
    assert not [path for path in scripts if path.startswith("recordings/")]
