"""The watcher: reads the gallery of a video call off the screen and says how the class looks."""

from importlib.metadata import PackageNotFoundError, version

try:
    __version__ = version("classroom-monitor")
except PackageNotFoundError:  # running from a source tree that was never installed
    __version__ = "0+source"
