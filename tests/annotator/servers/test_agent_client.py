"""`annotator mcp` as the SDK's own client talks to it."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from pathlib import Path

import pytest
from mcp import Client, MCPError, StdioServerParameters

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[3]


@pytest.fixture
def talk(kiln, source, made_kiln):
    """Run a conversation with the server."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "ANNOTATOR_CACHE": str(made_kiln / "cache")}
    arguments = ["-m", "annotator", "mcp", "--source", source]
    server = StdioServerParameters(command=sys.executable, args=arguments, cwd=kiln, env=environment)

    def run(conversation):
        async def begun():
            async with Client(server) as client:
                return await conversation(client)

        return asyncio.run(begun())

    return run


def test_client_is_answered(talk, kiln):
    chapters = kiln / "site" / "chapters"
    chapters.mkdir(parents=True)
    (chapters / "1.md").write_text("# Heat\n\nThe kiln.\n")

    async def conversation(client):
        tools = {tool.name: tool for tool in (await client.list_tools()).tools}
        assert {"verify_text", "locate_symbol", "carry_reference", "date_article", "list_changes"} == set(
            tools
        )
        assert all(tool.annotations.read_only_hint and tool.output_schema for tool in tools.values())

        carried = await client.call_tool(
            "carry_reference", {"reference": "kiln/kiln.go:4", "old": "v1.0.0", "new": "v1.2.0"}
        )
        assert carried.structured_content["after"]["line"] == 8
        assert carried.structured_content["at"]["tag"] == "v1.2.0"
        assert '"line": 8' in carried.content[0].text

        verified = await client.call_tool("verify_text", {"text": "See `kiln/kiln.go::Fire`."})
        assert verified.structured_content["summary"]["verified"] == 1

        refused = await client.call_tool("date_article", {"path": "/etc/passwd"})
        assert refused.is_error
        assert "not a document of the project" in refused.content[0].text

        (chapter,) = (await client.list_resources()).resources
        assert str(chapter.uri) == "annotator://chapters/1"
        read = await client.read_resource(chapter.uri)
        assert read.contents[0].text == "# Heat\n\nThe kiln.\n"
        for uri in ("annotator://chapters/../../annotator", "file:///etc/passwd"):
            with pytest.raises(MCPError, match="no resource"):
                await client.read_resource(uri)

    talk(conversation)


def test_malformed_message_does_not_end_the_server(kiln, source):
    messages = b'no JSON\n{}\n{"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": 3}\n'
    done = subprocess.run(
        [sys.executable, "-m", "annotator", "mcp", "--source", source],
        input=messages, capture_output=True, cwd=kiln, check=False, timeout=60,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip

    assert done.returncode == 0
    assert b"Traceback" not in done.stderr
