"""The engine's API over HTTP: what clients such as `docker` talk to."""

from __future__ import annotations

from typing import Final

DEFAULT_VERSION: Final = "1.39"
"""The newest version that is served, and the one of requests that name none.

Go: api/common.go::DefaultVersion
"""

MIN_VERSION: Final = "1.12"
"""The oldest version that is served.

Go: api/common_unix.go::MinVersion
"""

ENGINE_VERSION: Final = "18.09.6"
"""The engine whose API this is."""
