"""Words that the glossary explains lead there at their first use on a page."""

from __future__ import annotations

import html

import pytest

from annotator.site import project_texts
from annotator.site.project_texts import LinkedTerm, Term

TERMS = (
    LinkedTerm(Term("rootfs", "The files of a container.", ("root file system",)), "g.html#rootfs"),
    LinkedTerm(Term("restore", "Short."), "g.html#restore"),
    LinkedTerm(Term("live restore", 'Goes on, <b>"alive"</b>.'), "g.html#live-restore"),
)


def linked(body: str) -> list[str]:
    links = str(project_texts.link_terms(body, TERMS)).split('<a class="term"')[1:]
    return [html.unescape(link.partition(">")[2].partition("<")[0]) for link in links]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("A rootfs, and the rootfs again.", ["rootfs"]),
        ("Its root file\nsystem and the Rootfs.", ["root file\nsystem"]),
        ("With live restore it goes on.", ["live restore"]),
        ("`rootfs`, <a href='x'>rootfs</a>, [rootfs](x.md), [rootfs][1]", []),
        ("# rootfs\n```\nrootfs\n```\n", []),
        ("pre-rootfs, rootfs/a, rootfses", []),
    ],
)
def test_a_term_is_linked_at_its_first_use_in_prose(body: str, expected: list[str]) -> None:
    assert linked(body) == expected


def test_an_explanation_cannot_act_as_markup() -> None:
    shown = project_texts.link_terms("live restore", TERMS)

    assert "<b>" not in shown
    assert 'href="g&#46;html&#35;live&#45;restore"' in shown


def test_text_without_terms_stays_as_it_is() -> None:
    assert project_texts.link_terms("rootfs <b>", ()) == "rootfs <b>"
