"""One module a page, found by its name: each has `PATH`, `TITLE`, `layout(context, **values)` and `register`.

PATH is the address, with `<name>` for a part that varies (`/review/<session>`). `layout` gets those parts and
the query of the address as keywords, all text. `register` adds the callbacks of the page, once.
"""
