"""Builds dbt projects with gm and with dbt on one server and compares tables and statuses.

    python3 -m venv /tmp/dbt && /tmp/dbt/bin/pip install 'dbt-core<1.12' dbt-postgres
    npm run build && /tmp/dbt/bin/python bench/dbt/compare.py runner/testing/dbt-projects/*

PGHOST, PGPORT, PGUSER, PGPASSWORD and PGDATABASE name the server; the database must exist. Each tool builds copies of the
projects twice (the second run is incremental), into schemas that begin with by_gm and by_dbt. Prints a Markdown table.
"""

import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

import psycopg2

REPOSITORY = pathlib.Path(__file__).resolve().parents[2]
DBT = pathlib.Path(sys.executable).with_name("dbt")
TOOLS = {
    "gm": ["node", str(REPOSITORY / "dist/gm.js")],
    "dbt": [str(DBT), "--no-use-colors", "--no-send-anonymous-usage-stats"],
}
# gm has one word for what was built, and does not list exposures among the results.
SAME = {"reused": "success", "no-op": "success"}


def build(tool: str, project: pathlib.Path, folder: pathlib.Path) -> dict[str, str]:
    copy = folder / tool
    ignored = shutil.ignore_patterns("target", "logs", ".gm", "dbt_packages")
    shutil.copytree(project, copy, ignore=ignored, symlinks=True)
    env = {**os.environ, "DBT_SCHEMA": f"by_{tool}"}
    for command in ("deps", "build", "build"):
        done = subprocess.run([*TOOLS[tool], command], cwd=copy, env=env, capture_output=True, text=True)
        if done.returncode not in (0, 1):
            sys.exit(f"{tool} {command} in {project.name}:\n{done.stdout}{done.stderr}")
    results = json.loads((copy / "target/run_results.json").read_text())["results"]
    return {one["unique_id"]: status(one) for one in results if not one["unique_id"].startswith("exposure.")}


def status(one: dict) -> str:
    # A test that gm need not run again has passed.
    if one["status"] in ("reused", "success") and one["unique_id"].startswith("test."):
        return "pass"
    return SAME.get(one["status"], one["status"])


def tables(cursor, prefix: str) -> dict[tuple[str, str], str]:
    cursor.execute(
        """select n.nspname, c.relname from pg_class c join pg_namespace n on n.oid = c.relnamespace
           where c.relkind in ('r', 'v', 'm') and n.nspname like %s order by 1, 2""",
        (prefix.replace("_", r"\_") + "%",),
    )
    return {(schema.removeprefix(prefix), name): schema for schema, name in cursor.fetchall()}


def columns(cursor, schema: str, name: str) -> list[str]:
    cursor.execute(
        """select column_name from information_schema.columns
           where table_schema = %s and table_name = %s and column_name not like '\\_gm\\_%%' order by ordinal_position""",
        (schema, name),
    )
    # When a snapshot looked differs from run to run, whoever runs.
    moments = {"dbt_valid_from", "dbt_valid_to", "dbt_updated_at", "dbt_scd_id"}
    return [column for (column,) in cursor.fetchall() if column not in moments]


def differing(cursor) -> tuple[int, list[str]]:
    ours, theirs = tables(cursor, "by_gm"), tables(cursor, "by_dbt")
    different = [f"{schema}.{name} only in one" for schema, name in ours.keys() ^ theirs.keys()]
    for key in ours.keys() & theirs.keys():
        name = key[1]
        wanted = columns(cursor, theirs[key], name)
        if columns(cursor, ours[key], name) != wanted:
            different.append(f"{name}: other columns")
            continue
        listed = ", ".join(f'"{column}"' for column in wanted)
        of = lambda schema: f'select {listed} from "{schema}"."{name}"'
        a, b = of(ours[key]), of(theirs[key])
        cursor.execute(f"select count(*) from (({a} except all {b}) union all ({b} except all {a})) as d")
        (rows,) = cursor.fetchone()
        if rows > 0:
            different.append(f"{name}: {rows} rows")
    return len(ours.keys() & theirs.keys()), different


def main() -> None:
    connection = psycopg2.connect("")
    connection.autocommit = True
    cursor = connection.cursor()
    print("| project | nodes | statuses that differ | tables | tables that differ |\n|---|---|---|---|---|")
    failed = False
    for project in map(pathlib.Path, sys.argv[1:]):
        if not (project / "dbt_project.yml").exists():
            continue
        cursor.execute(r"select nspname from pg_namespace where nspname ~ '^(by_gm|by_dbt|gm$)'")
        for (schema,) in cursor.fetchall():
            cursor.execute(f'drop schema "{schema}" cascade')
        with tempfile.TemporaryDirectory() as folder:
            ours, theirs = (build(tool, project, pathlib.Path(folder)) for tool in ("gm", "dbt"))
        other = sorted(key for key in ours.keys() | theirs.keys() if ours.get(key) != theirs.get(key))
        count, different = differing(cursor)
        shown = [f"{key}: {ours.get(key)} / {theirs.get(key)}" for key in other]
        print(f"| {project.name} | {len(theirs)} | {'; '.join(shown) or 0} | {count} | {'; '.join(different) or 0} |")
        failed = failed or bool(other or different)
    sys.exit(1 if failed else 0)


main()
