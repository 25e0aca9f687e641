"""The errors of the product: one tree. Each message names the thing and the remedy, in one line.

ClassroomError
├── SettingsError      a settings file: unknown key, wrong unit, out of range
├── SourceError        a source cannot be opened or read
│   ├── NoWindowError  no window with that title
│   └── PictureError   a picture or video cannot be read
├── ModelError         a model file is missing, altered or of the wrong kind
├── ScriptError        a rehearsal script is wrong
├── DataError          training or evaluation data are wrong
├── StoreError         the store cannot be opened, read or written
├── ServerError        the pages cannot be served
└── BrowserError       there is no browser to measure the pages with
"""


class ClassroomError(Exception):
    """Base of every error the product raises on purpose; its text is fit to be shown to a teacher."""


class SettingsError(ClassroomError):
    """A settings file has an unknown key, a wrong unit or a value out of range."""


class SourceError(ClassroomError):
    """A source cannot be opened or read."""


class NoWindowError(SourceError):
    """No window on the screen has such a title."""


class PictureError(SourceError):
    """A picture or video is missing, truncated or not a picture."""


class ModelError(ClassroomError):
    """A model file is missing, altered or of the wrong kind."""


class ScriptError(ClassroomError):
    """A rehearsal script cannot be read."""


class DataError(ClassroomError):
    """Training or evaluation data are wrong; names the array, row or file."""


class StoreError(ClassroomError):
    """The store cannot be opened, read or written."""


class ServerError(ClassroomError):
    """The pages cannot be served, for example since the port is in use."""


class BrowserError(ClassroomError):
    """There is no browser to measure the pages with, or it shows nothing."""
