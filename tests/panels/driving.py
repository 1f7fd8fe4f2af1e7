"""What the tests of all panels need: wait for a background thread, walk through a panel's controls, click at once."""

import threading
import time


def wait(until, seconds=20):
    end = time.monotonic() + seconds
    while not until():
        assert time.monotonic() < end, "it never happened"
        time.sleep(0.005)


def inside(widget):
    """The widget and all that it contains."""
    yield widget
    for child in getattr(widget, "children", ()):
        yield from inside(child)


def click_at_once(clicks):
    """Each click on a thread of its own; all of them must come back."""
    threads = [threading.Thread(target=click) for click in clicks]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert not any(thread.is_alive() for thread in threads)
