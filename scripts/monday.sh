#!/usr/bin/env bash
# Every Monday: a report with what has become known, what moved it, the questions answered and resolved, a commit.
#
# It works in the current folder, a git repository: what is to be added to the record is in added/, the questions and
# their ledger in questions/. It leaves reports/DAY and changes/DAY, and prints the summary. Run again on the same day,
# it goes on where it stopped (docs/every-monday.md).
#
# Settings, from the environment: DYAD (USA-CHN), DAY (today), REPORT (more options of `forecast report`, separated by
# blanks), PUSH (1: push the commit).
set -euo pipefail
shopt -s nullglob

dyad=${DYAD:-USA-CHN}
day=${DAY:-$(date -u +%F)}
new=reports/$day

added=(added/*.csv)
news=()
if [ "${#added[@]}" -gt 0 ]; then news=(--add added); fi

# The digest of each file of a fit. It is committed with the report, and a fit without it is not believed.
digests() { (cd "$1/fit.zarr" && find . ! -type d -print0 | LC_ALL=C sort -z | xargs -0 sha256sum); }

last=
for fit in reports/*/fit.zarr; do
    report=${fit%/fit.zarr}
    if [ "$report" = "$new" ]; then continue; fi
    if git show "HEAD:./$report/fit.sha256" 2> /dev/null | cmp -s - <(digests "$report"); then
        last=$report
    else
        echo "$fit is not the one that was committed with its report; it is not used." >&2
    fi
done

# The report: from last week's fit, updated, where there is one.
if [ ! -e "$new/index.html" ]; then
    options=(--dyad "$dyad" --out "$new" --export ${news[@]+"${news[@]}"})
    if [ -n "$last" ]; then options+=(--fit "$last/fit.zarr"); fi
    for option in ${REPORT:-}; do options+=("$option"); done
    status=0
    forecast report "${options[@]}" || status=$?
    if [ "$status" -ne 0 ]; then
        if [ -e "$new" ]; then mv "$new" "failed-$day"; fi
        echo "There is no report of $day (exit code $status); nothing was committed." >&2
        exit "$status"
    fi
fi
# Where nothing was new, the fit is last week's and was not saved again.
if [ ! -e "$new/fit.zarr" ]; then cp -R "$last/fit.zarr" "$new/fit.zarr"; fi
digests "$new" > "$new/fit.sha256"

if [ -n "$last" ] && [ ! -e "changes/$day/index.html" ]; then
    forecast compare "$last" "$new" --out "changes/$day" ${news[@]+"${news[@]}"}
fi

# What was added moves the answers, through the fit, but decides no question: that is for the record itself.
if [ -e questions/ledger.jsonl ]; then
    forecast question update --folder questions --fit "$new/fit.zarr"
    forecast question resolve --folder questions
    forecast question score --folder questions --out questions/record
fi

# The next run needs the newest fit only, and git none: each has some 100 MB.
for fit in reports/*/fit.zarr; do
    if [ "$fit" != "$new/fit.zarr" ]; then rm -rf -- "$fit"; fi
done
there=()
for folder in added questions reports changes; do
    if [ -e "$folder" ]; then git add -- "$folder" ':(exclude,glob)reports/*/fit.zarr/**'; fi
    if [ -n "$(git ls-files -- "$folder")" ]; then there+=("$folder"); fi
done
if git diff --cached --quiet -- "${there[@]}"; then
    echo "There is nothing new to commit."
else
    git commit --quiet --message "Forecast of $day" -- "${there[@]}"
fi
if [ "${PUSH:-}" = 1 ]; then git push; fi
cat "$new/summary.md"
