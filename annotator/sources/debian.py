"""stub"""

from pathlib import Path
from annotator.config import Config
from annotator.model import Snapshot
from annotator.sources.snapshot import Progress


class DebianSource:
    repository = ""
    has_history = False
