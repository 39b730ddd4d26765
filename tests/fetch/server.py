"""A server on this machine that misbehaves when it is told to: the one of scripts/feed_server.py, with faults."""

import threading
import time

from scripts.feed_server import FeedServer, Handler, gdelt_lists, zipped

DAYS = ("20180601", "20180602", "20180603")


def rows_of(day):
    """Return rows that make an archive of some hundred bytes."""
    return [f"{number}\t{day}\tsome row of no meaning" for number in range(200)]


def places(days=DAYS):
    """Return the files of some days of GDELT 1.0 with their lists."""
    files = {
        f"events/{day}.export.CSV.zip": zipped(f"{day}.export.CSV", rows_of(day)) for day in days
    }
    return files | gdelt_lists(files)


class Faulty(Handler):
    """Does, for a place, the next fault that is planned for it, and then what it should."""

    def do_GET(self):
        """Answer, or do something else."""
        place = self.path.partition("?")[0].lstrip("/")
        self.server.asked.append((place, dict(self.headers)))
        planned = self.server.faults.get(place, [])
        if planned:
            planned.pop(0)(self)
        else:
            super().do_GET()

    @property
    def content(self):
        """What it should answer."""
        return self.server.content(self.path)


class FaultyServer(FeedServer):
    """A server with faults by place, and a record of what it was asked."""

    def __init__(self, files, datasets=None):
        super().__init__(0, files, datasets or {}, Faulty)
        self.faults, self.asked = {}, []
        self.released = threading.Event()

    def __enter__(self):
        threading.Thread(target=self.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *error):
        self.released.set()
        self.shutdown()
        self.server_close()

    def asked_for(self, place):
        """Return the headers of all requests for a place."""
        return [headers for asked, headers in self.asked if asked == place]


def status(number, **headers):
    """Answer with a status."""
    return lambda handler: handler.send(number, b"sorry", **headers)


def page(handler):
    """Send a page of a browser."""
    handler.send(
        200, b"<!DOCTYPE html><title>Sign in</title>", Content_Type="text/html; charset=utf-8"
    )


def hidden_page(handler):
    """Send a page as if it were a file."""
    handler.send(200, b"\n<html><title>Sign in</title>", Content_Type="application/zip")


def redirect(target):
    """Send elsewhere."""
    return lambda handler: handler.send(302, b"", Location=target)


def cut(number):
    """Break the connection after some bytes."""

    def do(handler):
        handler.send_response(200)
        handler.send_header("Content-Length", str(len(handler.content)))
        handler.send_header("ETag", tag_of(handler.content))
        handler.end_headers()
        handler.wfile.write(handler.content[:number])
        handler.wfile.flush()
        handler.close_connection = True

    return do


def stalled(number):
    """Stop after some bytes, and keep the connection."""

    def do(handler):
        cut(number)(handler)
        handler.server.released.wait(5)

    return do


def trickling(handler):
    """Send a byte now and then."""
    handler.send_response(200)
    handler.send_header("Content-Length", str(len(handler.content)))
    handler.end_headers()
    for byte in handler.content:
        handler.wfile.write(bytes([byte]))
        handler.wfile.flush()
        time.sleep(0.02)
        if handler.server.released.is_set():
            return


def other(content, **headers):
    """Send something else, as it should be sent."""
    return lambda handler: handler.send_file(content, **headers)


def endless(handler):
    """Send without end and without saying how much."""
    handler.send_response(200)
    handler.send_header("Connection", "close")
    handler.end_headers()
    handler.close_connection = True
    while not handler.server.released.is_set():
        handler.wfile.write(bytes(1 << 16))


def wrong_part(handler):
    """Send another part than the one that was asked for."""
    size = len(handler.content)
    handler.send(
        206,
        handler.content[5:],
        Content_Range=f"bytes 5-{size - 1}/{size}",
        ETag=tag_of(handler.content),
    )


def tag_of(content):
    """Return the tag with which a file is sent."""
    import hashlib

    return f'"{hashlib.sha256(content).hexdigest()[:16]}"'
