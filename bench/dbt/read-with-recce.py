"""Shows what recce, which compares two states of a dbt project, reads from the artifacts of gm.

    python3 -m venv /tmp/recce && /tmp/recce/bin/pip install recce 'dbt-core<1.12' dbt-postgres
    npm run build && /tmp/recce/bin/python bench/dbt/read-with-recce.py runner/testing/dbt-projects/bakery

PGHOST, PGPORT, PGUSER, PGPASSWORD and PGDATABASE name the server. gm builds the project in the schema by_gm_base with its artifacts
in target-base/, then again, with a changed and a new model, in by_gm with target/. recce loads both folders and says what differs:
which nodes and which columns. dbt itself is not run; recce needs it for the connection. Fails when recce says anything else than EXPECTED.
"""

import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

EXPECTED = {
    "health": {"base": "complete", "current": "complete"},
    "nodes": {"base": 12, "current": 13},
    "parents": {"base": 12, "current": 13},
    "diff": {"model.bakery.best_customers": "added", "model.bakery.customers": "modified"},
    "columns that went": ["number_of_orders"],
    "columns that came": ["orders"],
}

REPOSITORY = pathlib.Path(__file__).resolve().parents[2]
work = pathlib.Path(tempfile.mkdtemp(prefix="gm-recce-"))
project = work / "bakery"
(work / ".recce").mkdir()
(work / ".recce" / "profile.yml").write_text("user_id: nobody\nanonymous_tracking: false\n")
os.environ["HOME"] = str(work)


def gm(*words: str, schema: str, target: str) -> None:
    done = subprocess.run(
        ["node", str(REPOSITORY / "dist/gm.cjs"), *words, "--target-path", target],
        cwd=project, env={**os.environ, "DBT_SCHEMA": schema, "NO_COLOR": "1"}, capture_output=True, text=True,
    )
    if done.returncode != 0:
        sys.exit(f"gm {' '.join(words)}:\n{done.stdout}{done.stderr}")


def build(schema: str, target: str) -> None:
    gm("build", schema=schema, target=target)
    gm("docs", "generate", schema=schema, target=target)


def change() -> None:
    file = project / "models/marts/customers.sql"
    text = file.read_text()
    changed = text.replace("as number_of_orders", "as orders").replace("left join orders as o", "join orders as o")
    assert changed != text
    file.write_text(changed)
    (project / "models/marts/best_customers.sql").write_text(
        "select customer_id from {{ ref('customers') }} where orders > 1\n"
    )


def read() -> dict:
    """What recce says of the two folders."""
    from recce.adapter.dbt_adapter import DbtAdapter
    from recce.event.collector import Collector

    # recce tells its makers nothing from here.
    Collector.send_events = lambda self: None

    os.environ["DBT_SCHEMA"] = "by_gm"
    os.chdir(project)
    adapter = DbtAdapter.load(project_dir=str(project), profiles_dir=str(project))
    lineage = adapter.get_lineage_diff()
    sides = {"base": lineage.base, "current": lineage.current}
    columns = {side: set(found["nodes"]["model.bakery.customers"]["columns"]) for side, found in sides.items()}
    return {
        "health": {side: adapter.get_lineage(base=side == "base")["artifact_health"]["status"] for side in sides},
        "nodes": {side: len(found["nodes"]) for side, found in sides.items()},
        "parents": {side: sum(len(of) for of in found["parent_map"].values()) for side, found in sides.items()},
        "diff": {node: change.change_status for node, change in sorted(lineage.diff.items())},
        "columns that went": sorted(columns["base"] - columns["current"]),
        "columns that came": sorted(columns["current"] - columns["base"]),
    }


try:
    ignored = shutil.ignore_patterns("target", "logs", ".gm", "dbt_packages")
    shutil.copytree(sys.argv[1], project, ignore=ignored, symlinks=True)
    gm("deps", schema="by_gm_base", target="target-base")
    build("by_gm_base", "target-base")
    change()
    build("by_gm", "target")
    said = read()
    print(json.dumps(said, indent=2))
    sys.exit(0 if said == EXPECTED else "recce says something else than expected")
finally:
    shutil.rmtree(work, ignore_errors=True)
