"""`forecast test`: tests of general claims, on all dyads of the data at once."""

import os
from pathlib import Path

from forecast.arguments import require_whole
from forecast.cli.options import Tested, echo_json, grouped, opt, output, say, shared
from forecast.cli.terminal import console, escape, progress


@grouped
def test(
    asked: Tested,
    claims: str | None = opt("Codes such as S2,S5. Default: all that the data can answer."),
    dyad: str | None = opt("Show this dyad within the hierarchy as well, such as USA-CHN."),
    out: Path | None = output("Folder of a page with figures, tests.json and tests.csv. Default: no page."),
    replace: bool = shared.replace(),
    cores: int | None = shared.cores(),
    as_json: bool = shared.json(),
) -> None:
    """Test general claims on all dyads of the data at once, in about 20 lines and, with --out, on a page."""
    require_whole("cores", 1 if cores is None else cores)
    if out is not None:
        from forecast.report.folder import TESTS, require_report_folder

        require_report_folder(out, TESTS, asked.paths, replace=replace)
    codes = tuple(code.strip() for code in claims.split(",")) if claims else ()
    with progress() as tell:
        tell("gathering the data", 0, 0)
        from forecast.events import find_dyad
        from forecast.hypotheses.pooled.run import parse_claims, pooled_tests

        parse_claims(codes)
        data = asked.gathered()
        results = pooled_tests(
            data.panel, events=data.events, claims=codes, dyad=find_dyad(dyad, list(data.dyads)) if dyad else None,
            cores=cores or os.cpu_count() or 1, seed=asked.seed, progress=tell,
        )  # fmt: skip
        if out is not None:
            from forecast.report import write_tests

            tell("writing the page", 0, 0)
            page = write_tests(results, out)
    if out is not None:
        say(str(page))
    if as_json:
        from forecast.outlook import plain

        echo_json(plain(results.to_dict()))
    else:
        for line in results.lines():
            console().print(escape(line), soft_wrap=True)
