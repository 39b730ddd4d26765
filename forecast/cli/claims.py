"""`forecast test`: tests of general claims, on all dyads of the data at once."""

import os

from forecast.arguments import require_whole
from forecast.cli.options import Tested, echo_json, grouped, opt, shared
from forecast.cli.terminal import console, escape, progress


@grouped
def test(
    asked: Tested,
    claims: str | None = opt("Codes such as S2,S5. Default: all that the data can answer."),
    cores: int | None = shared.cores(),
    as_json: bool = shared.json(),
) -> None:
    """Test general claims on all dyads of the data at once, in about 20 lines."""
    require_whole("cores", 1 if cores is None else cores)
    codes = tuple(code.strip() for code in claims.split(",")) if claims else ()
    with progress() as tell:
        tell("gathering the data", 0, 0)
        from forecast.hypotheses.pooled.run import parse_claims, pooled_tests

        parse_claims(codes)
        panel = asked.gathered().panel
        results = pooled_tests(panel, claims=codes, cores=cores or os.cpu_count() or 1, seed=asked.seed, progress=tell)
    if as_json:
        from forecast.outlook import plain

        echo_json(plain(results.to_dict()))
    else:
        for line in results.lines():
            console().print(escape(line), soft_wrap=True)
