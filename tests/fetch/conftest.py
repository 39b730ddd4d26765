import pytest

from forecast.data.fetch import FetchSettings, fetch_feed
from tests.fetch.server import FaultyServer, places

QUICK = FetchSettings(per_second=1000, first_wait=0.01, longest_wait=0.3, stall=0.25, attempts=3)


@pytest.fixture(autouse=True)
def direct(monkeypatch):
    """This machine is asked directly, whatever proxy there is."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1,localhost")


@pytest.fixture
def server():
    with FaultyServer(places()) as running:
        yield running


@pytest.fixture
def fetch(server, tmp_path):
    """Fetch three days of GDELT 1.0 from the server."""

    def run(start="2018-06-01", end="2018-06-03", feed="gdelt", out=tmp_path / "gdelt", **options):
        settings = QUICK.model_copy(update=options.pop("change", {}))
        return fetch_feed(
            feed, out, start, end, server=server.address, settings=settings, **options
        )

    return run
