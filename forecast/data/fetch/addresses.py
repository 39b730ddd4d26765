"""Addresses of servers: which are accepted, and where a redirect may lead."""

from urllib.parse import SplitResult, urljoin, urlsplit

from forecast.base.errors import FetchError, SpecError
from forecast.base.escaping import has_controls, printable


def require_server(text: str) -> str:
    """Return the address of a server without the stroke at its end."""
    parts = _split(text.strip())
    if parts is None or parts.username or parts.password or parts.query or parts.fragment:
        raise SpecError(
            f"server: got {text!r:.100}; expected an address such as "
            "https://data.gdeltproject.org, http or https, "
            "without a name, password or query"
        )
    return text.strip().rstrip("/")


def _split(address: str) -> SplitResult | None:
    """Return the parts of an address that can be asked, else nothing."""
    try:
        parts = urlsplit(address)
        fine = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return None
    return parts if fine and not has_controls(address) and " " not in address else None


def redirect_target(address: str, location: str) -> str:
    """Return where a redirect leads, if it may lead there."""
    here = urlsplit(address)
    target = _split(urljoin(address, location))
    where = shown_address(address)
    if not location or target is None or target.username:
        raise FetchError(
            f"{where} redirects to {shown_address(location)!r:.100}, which is not followed"
        )
    if target.scheme == "http" and here.scheme == "https":
        raise FetchError(f"{where} redirects from https to http, which is not followed")
    if target.scheme == "http" and target.netloc != here.netloc:
        raise FetchError(
            f"{where} redirects to another host by http, which is not followed: {target.netloc}"
        )
    return target.geturl()


def shown_address(address: str) -> str:
    """Return the address without what a signed one has of secrets."""
    return printable(address.partition("?")[0])[:200]
