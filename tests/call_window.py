"""A real window that shows pictures in turn, as a video call would: run by tests/screen.py as a process.

    python call_window.py TITLE SECONDS PICTURE...

The window takes the size of each picture. While it is live a few points change five times a second, as in
video. Commands come on standard input, one a line, and each is answered with a line:
move X Y, size W H, show N, colour R G B, freeze, live, minimise, restore.
"""

from __future__ import annotations

import random
import select
import sys
import time
from pathlib import Path

from PIL import Image
from Xlib import X, display, protocol

TICK = 0.2  # s
ROWS = 32  # a request to an X server holds 256 kB at most


class CallWindow:
    def __init__(self, title: str, seconds: float, pictures: list[Path]) -> None:
        self.display = display.Display()
        self.screen = self.display.screen()
        self.pictures = [Image.open(file).convert("RGB") for file in pictures] or [
            Image.new("RGB", (640, 360))
        ]
        self.seconds = seconds
        self.live = True
        self.window = self.screen.root.create_window(
            0, 0, *self.pictures[0].size, 0, self.screen.root_depth, X.InputOutput, X.CopyFromParent,
            background_pixel=self.screen.black_pixel, event_mask=X.StructureNotifyMask,
        )  # fmt: skip
        self.window.set_wm_name(title.encode("latin-1", "replace").decode("latin-1"))
        name, text = (self.display.intern_atom(each) for each in ("_NET_WM_NAME", "UTF8_STRING"))
        self.window.change_property(name, text, 8, title.encode())
        self.window.set_wm_class("call", "Call")
        self.gc = self.window.create_gc()
        self.show(0)
        self.window.map()
        self.display.sync()

    def show(self, number: int) -> None:
        self.number = number % len(self.pictures)
        self.shown = time.monotonic()
        picture = self.pictures[self.number]
        self.window.configure(width=picture.width, height=picture.height)
        self.paint(picture)

    def paint(self, picture: Image.Image) -> None:
        """As the window's background, so that the server itself draws it again after another window went."""
        pixmap = self.window.create_pixmap(*picture.size, self.screen.root_depth)
        data = picture.convert("RGBA")
        red, green, blue, _ = data.split()
        bgr = Image.merge("RGBA", (blue, green, red, red))
        for top in range(0, picture.height, ROWS):
            rows = bgr.crop((0, top, picture.width, min(top + ROWS, picture.height)))
            pixmap.put_image(
                self.gc, 0, top, rows.width, rows.height, X.ZPixmap, self.screen.root_depth, 0, rows.tobytes()
            )
        self.window.change_attributes(background_pixmap=pixmap)
        pixmap.free()
        self.window.clear_area(0, 0, 0, 0)

    def noise(self) -> None:
        self.gc.change(foreground=random.randrange(1 << 24))
        self.window.fill_rectangle(self.gc, 1, 1, 3, 3)

    def obey(self, words: list[str]) -> None:
        match words:
            case ["move", x, y]:
                self.window.configure(x=int(x), y=int(y))
            case ["size", w, h]:
                self.window.configure(width=int(w), height=int(h))
            case ["show", number]:
                self.show(int(number))
            case ["colour", *levels]:
                red, green, blue = (int(level) for level in levels)
                self.paint(Image.new("RGB", self.pictures[self.number].size, (red, green, blue)))
            case ["freeze"]:
                self.live = False
            case ["live"]:
                self.live = True
            case ["minimise"]:
                change = protocol.event.ClientMessage(
                    window=self.window,
                    client_type=self.display.intern_atom("WM_CHANGE_STATE"),
                    data=(32, [3, 0, 0, 0, 0]),  # IconicState
                )
                mask = X.SubstructureRedirectMask | X.SubstructureNotifyMask
                self.screen.root.send_event(change, event_mask=mask)
            case ["restore"]:
                self.window.map()
            case _:
                raise SystemExit(f"unknown: {words}")

    def run(self) -> None:
        print("ready", flush=True)
        while True:
            readable, _, _ = select.select([sys.stdin, self.display.fileno()], [], [], TICK)
            if sys.stdin in readable:
                line = sys.stdin.readline()
                if not line:
                    return
                self.obey(line.split())
                self.display.sync()
                print("done", flush=True)
            while self.display.pending_events():
                self.display.next_event()
            if self.live:
                self.noise()
                if len(self.pictures) > 1 and time.monotonic() - self.shown >= self.seconds:
                    self.show(self.number + 1)
            self.display.flush()


if __name__ == "__main__":
    CallWindow(sys.argv[1], float(sys.argv[2]), [Path(each) for each in sys.argv[3:]]).run()
