"""Rate-limited HTTP client with retries and restricted redirects.

Certificates are always verified. Only http and https are allowed, and redirects never lead from
https to http. Redirects to another host require https, because Dataverse stores its files on other
servers.
"""

import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from importlib.metadata import version
from threading import Event, Lock
from typing import Self
from urllib.parse import urlsplit

import httpx
import tenacity

from forecast.base.errors import AbsentError, FetchError, PassingError, StoppedError
from forecast.base.escaping import printable
from forecast.data.fetch.addresses import redirect_target, shown_address
from forecast.data.fetch.manifest import FetchSettings

# Bytes of an answer that is held in memory
MAX_ANSWER = 100_000_000
CONNECTING = 15.0
"""Seconds to reach a server."""
ABSENT = (404, 410)
"""Answers of HTTP: there is no such file."""
BUSY = (408, 425, 429, 500, 502, 503, 504)
"""Answers of HTTP after which a later attempt may succeed."""
CERTIFICATE = (
    "its certificate is not valid for it. Nothing is fetched from a server that cannot prove who "
    "it is. Give another address of the same files with --server (`forecast help fetching`)"
)


class Client:
    """One way to all servers of a fetch, for all of its threads."""

    def __init__(self, settings: FetchSettings) -> None:
        self.settings = settings
        self._stop = Event()
        self._pace = _Pace(settings, self._stop)
        self._open: set[httpx.Response] = set()
        limits = httpx.Limits(max_connections=settings.parallel + 1)
        timeout = httpx.Timeout(settings.stall, connect=min(CONNECTING, settings.stall))
        headers = {
            "User-Agent": f"pendulum-forecast/{version('pendulum-forecast')}",
            # sizes and checksums are those of the bytes as they are sent
            "Accept-Encoding": "identity",
        }
        self._http = httpx.Client(
            headers=headers, timeout=timeout, limits=limits, follow_redirects=False
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()

    def abort(self) -> None:
        """End everything that is under way, in whatever thread, and let nothing begin."""
        self._stop.set()
        for response in tuple(self._open):
            with suppress(OSError, KeyError, AttributeError):
                response.extensions["network_stream"].get_extra_info("socket").shutdown(
                    socket.SHUT_RDWR
                )

    def with_retries[Result](self, work: Callable[[], Result]) -> Result:
        """Do something, and retry if the error may be over after a while."""
        settings = self.settings
        growing = tenacity.wait_exponential_jitter(
            multiplier=settings.first_wait, jitter=settings.first_wait, max=settings.longest_wait
        )

        def wait(state: tenacity.RetryCallState) -> float:
            error = state.outcome.exception() if state.outcome else None
            stated_wait = error.wait if isinstance(error, PassingError) else None
            return growing(state) if stated_wait is None else stated_wait

        retrying = tenacity.Retrying(
            stop=tenacity.stop_after_attempt(settings.attempts),
            wait=wait,
            retry=tenacity.retry_if_exception_type(PassingError),
            sleep=tenacity.sleep_using_event(self._stop),
            reraise=True,
        )
        return retrying(work)

    def answer(self, address: str) -> bytes:
        """Return a whole answer, trying again if need be."""

        def once() -> bytes:
            with self.asked(address) as response:
                content = bytearray()
                for piece in self.pieces(response):
                    content += piece
                    if len(content) > MAX_ANSWER:
                        raise FetchError(
                            f"{shown_address(address)} answers with more than {MAX_ANSWER:,} bytes"
                        )
                return bytes(content)

        return self.with_retries(once)

    @contextmanager
    def asked(
        self, address: str, headers: dict[str, str] | None = None
    ) -> Iterator[httpx.Response]:
        """Ask once, and follow redirects.

        What is yielded has an answer of 200 or 206, and is to be read.
        """
        with self._understood(address):
            for _ in range(self.settings.redirects + 1):
                self._pace.keep(urlsplit(address).netloc)
                with self._http.stream("GET", address, headers=headers) as response:
                    if response.is_redirect:
                        address = redirect_target(address, response.headers.get("Location", ""))
                        continue
                    self._require_good(response)
                    self._open.add(response)
                    try:
                        yield response
                    finally:
                        self._open.discard(response)
                    return
            raise FetchError(
                f"{shown_address(address)}: more than {self.settings.redirects} redirects"
            )

    def pieces(self, response: httpx.Response) -> Iterator[bytes]:
        """Yield what a server sends, as long as it sends fast enough."""
        since = time.monotonic()
        came = 0
        for piece in response.iter_raw():
            if self._stop.is_set():
                raise StoppedError("stopped")
            yield piece
            came += len(piece)
            if (gone := time.monotonic() - since) > self.settings.stall:
                if came < gone * self.settings.slowest:
                    raise PassingError(f"stalled: {came:,} bytes in {gone:.0f} s")
                since = time.monotonic()
                came = 0

    def _require_good(self, response: httpx.Response) -> None:
        """Raise an error for an answer that gives nothing, and note a wait that is asked for."""
        status = response.status_code
        url = response.url
        where = shown_address(str(url))
        if status in ABSENT:
            raise AbsentError(f"HTTP {status}: not there")
        if status in BUSY:
            wait = _asked_to_wait(response.headers.get("Retry-After", ""))
            if wait is not None and wait > self.settings.longest_wait:
                raise FetchError(
                    f"HTTP {status}: {where} asks to come back in {wait:,.0f} s; do so"
                )
            if wait is not None:
                self._pace.hold(url.netloc.decode("ascii", "replace"), wait)
            raise PassingError(f"HTTP {status} from {where}", wait)
        if status == 416:  # the part that was asked for does not exist: it has changed
            raise PassingError("HTTP 416: the file has changed", 0.0)
        if status in (401, 403):
            raise FetchError(
                f"HTTP {status}: {where} does not give it to everybody; look at its terms in a "
                "browser"
            )
        if status not in (200, 206):
            raise FetchError(f"HTTP {status} from {where}")

    @contextmanager
    def _understood(self, address: str) -> Iterator[None]:
        """Turn the errors of the library into ours."""
        where = shown_address(address)
        try:
            yield
        except httpx.TimeoutException as error:
            raise PassingError(f"{where}: nothing came for {self.settings.stall:g} s") from error
        except httpx.TransportError as error:
            if self._stop.is_set():
                raise StoppedError("stopped") from error
            if "CERTIFICATE_VERIFY_FAILED" in str(error):
                raise FetchError(f"{where}: {CERTIFICATE}") from error
            reason = printable(str(error))[:200] or type(error).__name__
            raise PassingError(f"{where}: the connection broke ({reason})") from error
        except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError, UnicodeError) as error:
            raise FetchError(f"{where}: {printable(str(error))[:200]}") from error


class _Pace:
    """Rate limit of requests to a host, over all threads."""

    def __init__(self, settings: FetchSettings, stop: Event) -> None:
        self._gap = 1 / settings.per_second
        self._stop = stop
        self._next: dict[str, float] = {}
        self._lock = Lock()

    def keep(self, host: str) -> None:
        """Wait for the turn of a request."""
        with self._lock:
            turn = max(time.monotonic(), self._next.get(host, 0.0))
            self._next[host] = turn + self._gap
        if self._stop.wait(max(turn - time.monotonic(), 0.0)) or self._stop.is_set():
            raise StoppedError("stopped")

    def hold(self, host: str, seconds: float) -> None:
        """Suspend requests to a host for a while."""
        with self._lock:
            self._next[host] = max(self._next.get(host, 0.0), time.monotonic() + seconds)


def _asked_to_wait(text: str) -> float | None:
    """Return the seconds of a Retry-After, which is a number or a date."""
    if text.strip().isdecimal():
        return float(text.strip()[:10])
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, TypeError):
        return None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return max((moment - datetime.now(UTC)).total_seconds(), 0.0)
