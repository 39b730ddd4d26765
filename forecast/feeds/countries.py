"""From what feeds call a country to ISO 3166 alpha-3, by pycountry and a table of aliases; nothing is guessed."""

import functools

from forecast.events.codebook import read_small_csv
from forecast.resources import data_folder


@functools.cache
def state_names() -> dict[str, str]:
    """Return the state of every name and code that is known, in lower case; '' for what is known to be no state.

    Names and alpha-3 codes are those of ISO 3166, today's and former ones, and those of `codebook/countries.csv`:
    names that feeds use, CAMEO codes that differ from ISO, regions and organisations, which are no states.
    """
    import pycountry

    names: dict[str, str] = {}
    for country in pycountry.historic_countries:
        names |= {country.alpha_3.casefold(): country.alpha_3, country.name.casefold(): country.alpha_3}
    for country in pycountry.countries:
        written = [
            country.alpha_3,
            country.name,
            *(getattr(country, kind, "") for kind in ("common_name", "official_name")),
        ]
        names |= {one.casefold(): country.alpha_3 for one in written if one}
    table = read_small_csv(data_folder() / "codebook" / "countries.csv")
    return names | {one.casefold(): state for one, state in zip(table["written"], table["state"], strict=True)}
