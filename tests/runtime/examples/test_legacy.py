import pytest

from runtime.examples import legacy

REFUSED = "plugin gone: Plugin.Activate: dial tcp 127.0.0.1:1: connect: connection refused"
ASKED = [
    '/Plugin.Activate  -> {"Implements": ["VolumeDriver"]}',
    '/VolumeDriver.List {} -> {"Volumes": []}',
]


def test_the_example_tells_the_same_story_each_time(capsys: pytest.CaptureFixture[str]) -> None:
    legacy.main()
    first = capsys.readouterr().out
    legacy.main()
    assert capsys.readouterr().out == first
    assert first.splitlines() == [
        "In an empty folder there is no plugin: []",
        "A socket and two specs are three names: ['tiny', 'gone', 'typo']",
        "Whoever waits for volume drivers hears of: tiny",
        "The handshake says what it implements: Manifest(implements=('VolumeDriver',))",
        "From then on it can be called: {'Volumes': []}",
        f"  the log, error: plugin gone left out: {REFUSED}",
        "  the log, error: plugin typo left out: Unknown protocol",
        "Listing asks those that are not known, once: ['tiny']",
        "It drives no networks: Plugin does not implement the requested driver",
        f"This one is not there: {REFUSED}",
        "This one cannot be reached by anybody: Unknown protocol",
        "And this one nobody knows: could not find plugin none in v1 plugin registry: plugin not found",
        f"All that the plugin was ever asked: {ASKED}",
    ]
