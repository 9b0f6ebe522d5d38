"""Writes runner/testing/surface/dbt-selections.json: selections of the bookshop and the nodes that `dbt ls` gives for each.

    python3 -m venv /tmp/dbt && /tmp/dbt/bin/pip install 'dbt-core<1.12' dbt-postgres
    /tmp/dbt/bin/python bench/dbt/selection-cases.py > runner/testing/surface/dbt-selections.json

Each line of bookshop/selections.txt is a selector, or options of `ls` when it begins with two dashes. Names are as `dbt ls` prints them,
sorted; null means that dbt refuses the selection. Needs no database.
"""

import contextlib
import io
import json
import os
import pathlib
import shlex
import shutil
import sys
import tempfile

from dbt.cli.main import dbtRunner
from dbt.version import __version__

BOOKSHOP = pathlib.Path(__file__).resolve().parent / "bookshop"


def main() -> None:
    os.environ["DBT_SEND_ANONYMOUS_USAGE_STATS"] = "false"
    with tempfile.TemporaryDirectory() as temporary, contextlib.redirect_stdout(io.StringIO()):
        project = pathlib.Path(temporary) / "bookshop"
        ignored = shutil.ignore_patterns("target", "logs", ".gm", "dbt_packages")
        shutil.copytree(BOOKSHOP, project, ignore=ignored)
        here = ["--project-dir", str(project), "--profiles-dir", str(project)]
        dbtRunner().invoke(["deps", "--quiet", *here])
        dbt = dbtRunner(manifest=dbtRunner().invoke(["parse", "--quiet", *here]).result)
        cases = []
        for line in (BOOKSHOP / "selections.txt").read_text().splitlines():
            words = shlex.split(line) if line.startswith("--") else ["--select", line]
            done = dbt.invoke(["ls", "--quiet", *words, *here])
            cases.append({"words": words, "nodes": sorted(done.result or []) if done.success else None})
    lines = ",\n".join(f"  {json.dumps(case)}" for case in cases)
    sys.stdout.write(f'{{"dbt": "{__version__}", "cases": [\n{lines}\n]}}\n')


main()
