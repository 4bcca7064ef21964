"""The page about editors and agents says what the servers offer."""

from __future__ import annotations

import json
import re

import msgspec
from your_editor_page import PAGE, shown

from annotator.servers import agent_server, language_server


def test_page_lists_every_tool():
    assert re.findall(r"^\| `(\w+)` \|", PAGE, re.MULTILINE) == list(agent_server.TOOLS)


def test_options_of_the_page_are_read():
    found = msgspec.json.decode(shown("json"), type=language_server.Options, strict=True)

    assert found == language_server.Options("../kiln", "v1.1.0", "v1.0.0")


def test_command_for_agents_is_one():
    command = json.loads(shown("json", 1))["mcpServers"]["annotator"]

    assert [command["command"], *command["args"]] == ["annotator", "mcp", "--source", "../kiln"]
