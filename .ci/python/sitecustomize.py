"""What `Path.rglob` does from Python 3.13 on, for the Pythons before it: errors while a directory is scanned are passed over
(the documentation of `pathlib.Path.glob`, "Changed in version 3.13").

The acceptance suite looks for lock files in a repository that a server still writes to, and a directory that vanishes
under the walk is no finding. Goes once CI has Python 3.13.
"""
import contextlib
import os
import pathlib
import sys

if sys.version_info < (3, 13):

    def _scandir(self):
        try:
            return os.scandir(self)
        except FileNotFoundError:
            return contextlib.nullcontext(iter(()))

    pathlib.Path._scandir = _scandir
