# What type checkers see of the modules that `__getattr__` loads.
from annotator.commands import affected as affected
from annotator.commands import build as build
from annotator.commands import bump as bump
from annotator.commands import date as date
from annotator.commands import diff as diff
from annotator.commands import explain as explain
from annotator.commands import github as github
from annotator.commands import init as init
from annotator.commands import manifest as manifest
from annotator.commands import parity as parity
from annotator.commands import record as record
from annotator.commands import serve as serve
from annotator.commands import symbols as symbols
from annotator.commands import track as track
from annotator.commands import update as update
from annotator.commands import verify as verify
from annotator.commands import walk as walk
