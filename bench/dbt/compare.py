"""Builds dbt projects with gm and with dbt on one server and compares what they left behind and what they said.

    python3 -m venv /tmp/dbt && /tmp/dbt/bin/pip install 'dbt-core<1.12' dbt-postgres
    npm run build && /tmp/dbt/bin/python bench/dbt/compare.py bench/dbt/bookshop bench/dbt/promises runner/testing/dbt-projects/*

PGHOST, PGPORT, PGUSER, PGPASSWORD and PGDATABASE name the server; the database must exist and is emptied of schemas that begin with
by_gm and by_dbt. The folder of a project may hold

    rounds.json     what to do, round by round: SQL of rounds/ that changes the sources, then commands; else build, build
    known.json      differences that are meant: {"what is printed": "why"}

After each command the status of every node is compared, after each round every relation: kind, columns, types, comments, privileges,
constraints, indexes, and rows with `except all` in both directions. Prints a Markdown table; every difference that is not known is a failure.
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
    "gm": ["node", str(REPOSITORY / "dist/gm.cjs")],
    "dbt": [str(DBT), "--no-use-colors", "--no-send-anonymous-usage-stats"],
}
# What gm need not do again has succeeded, and a test among it has passed.
SAME = {"reused": "success", "no-op": "success"}
PLAIN = [{"sql": None, "commands": [["build"]]}, {"sql": None, "commands": [["build"]]}]
# Changes with every version of a row and says nothing more than its columns do.
LEFT_OUT = {"dbt_scd_id", "version_id"}


class Differences:
    def __init__(self, known: dict[str, str]):
        self.known, self.met, self.unknown = known, set(), []

    def add(self, text: str) -> None:
        if text in self.known:
            self.met.add(text)
        else:
            print(f"  {text}", file=sys.stderr)
            self.unknown.append(text)


def environment(tool: str) -> dict[str, str]:
    return {**os.environ, "DBT_SCHEMA": f"by_{tool}", "DBT_SEND_ANONYMOUS_USAGE_STATS": "false", "NO_COLOR": "1"}


def run(tool: str, words: list[str], folder: pathlib.Path) -> subprocess.CompletedProcess:
    done = subprocess.run([*TOOLS[tool], *words], cwd=folder / tool, env=environment(tool), capture_output=True, text=True)
    if done.returncode not in (0, 1):
        sys.exit(f"{tool} {' '.join(words)}:\n{done.stdout}{done.stderr}")
    return done


def statuses(folder: pathlib.Path, artifact: str) -> dict[str, str]:
    file = folder / "target" / artifact
    results = json.loads(file.read_text())["results"] if file.exists() else []
    kept = {}
    for one in results:
        kind = one["unique_id"].split(".")[0]
        # gm does not list exposures among the results, and hooks are not nodes in it.
        if kind in ("exposure", "operation"):
            continue
        status = SAME.get(one["status"], one["status"])
        if kind == "test" and status == "success":
            status = "pass"
        failures = one.get("failures") if kind == "test" else None
        kept[one["unique_id"]] = f"{status} ({failures})" if failures else status
    return kept


def relations(cursor, tool: str) -> dict[tuple[str, str], tuple[str, int]]:
    """Schema (without the tool's prefix) and name of every relation, with its kind and oid."""
    cursor.execute(
        """select n.nspname, c.relname, c.relkind, c.oid from pg_class c join pg_namespace n on n.oid = c.relnamespace
           where c.relkind in ('r', 'v', 'm') and n.nspname ~ %s order by 1, 2""",
        (f"^by_{tool}(_|$)",),
    )
    return {(schema.removeprefix(f"by_{tool}"), name): (kind, oid) for schema, name, kind, oid in cursor.fetchall()}


def facts(cursor, oid: int) -> dict[str, object]:
    """What stands in the catalog of one relation, without what gm keeps for itself."""
    cursor.execute(
        """select a.attname, format_type(a.atttypid, a.atttypmod), col_description(a.attrelid, a.attnum)
           from pg_attribute a where a.attrelid = %s and a.attnum > 0 and not a.attisdropped and a.attname !~ '^_gm_'
           order by a.attnum""",
        (oid,),
    )
    columns = cursor.fetchall()
    cursor.execute("select obj_description(%s, 'pg_class')", (oid,))
    (comment,) = cursor.fetchone()
    cursor.execute(
        """select coalesce(r.rolname, 'public'), g.privilege_type from pg_class c, aclexplode(c.relacl) g
           left join pg_roles r on r.oid = g.grantee where c.oid = %s and g.grantee <> c.relowner order by 1, 2""",
        (oid,),
    )
    grants = cursor.fetchall()
    cursor.execute(
        """select am.amname, i.indisunique, array(select pg_get_indexdef(i.indexrelid, k, true)
                  from generate_series(1, i.indnkeyatts) k) as columns
           from pg_index i join pg_class c on c.oid = i.indexrelid join pg_am am on am.oid = c.relam
           where i.indrelid = %s order by 3, 1""",
        (oid,),
    )
    indexes = [one for one in cursor.fetchall() if not any(column.startswith("_gm_") for column in one[2])]
    cursor.execute(
        "select contype, pg_get_constraintdef(oid) from pg_constraint where conrelid = %s and contype in ('c', 'f', 'p', 'u') order by 1, 2",
        (oid,),
    )
    constraints = cursor.fetchall()
    return {
        "constraints": constraints,
        "columns": [(name, kind) for name, kind, _ in columns],
        # gm marks the tables of failing rows, which are the only ones that it may drop there.
        "comment": None if comment == "Failing rows of a data test, kept by gm." else comment,
        "comments of columns": {name: text for name, _, text in columns if text},
        "privileges": grants,
        "indexes": indexes,
    }


def query(schema: str, name: str, columns: list[tuple[str, str]]) -> str:
    """Its rows, in which a moment of this comparison is the number of the round and a tool's schema is `by`."""
    def shown(column: str, kind: str) -> str:
        if kind.startswith("timestamp"):
            return f"compared.moment(\"{column}\"::timestamptz)"
        if kind == "text" or kind.startswith("character varying"):
            return f"replace(replace(\"{column}\", 'by_gm', 'by'), 'by_dbt', 'by')"
        return f'"{column}"::text' if kind == "json" else f'"{column}"'

    listed = ", ".join(shown(*one) for one in columns if one[0] not in LEFT_OUT)
    return f'select {listed} from "{schema}"."{name}"'


def compare_relations(cursor, differences: Differences) -> int:
    ours, theirs = relations(cursor, "gm"), relations(cursor, "dbt")
    named = lambda key: f"{key[0].lstrip('_')}.{key[1]}"
    for key in sorted(ours.keys() ^ theirs.keys()):
        differences.add(f"{named(key)}: only made by {'gm' if key in ours else 'dbt'}")
    both = sorted(ours.keys() & theirs.keys())
    for key in both:
        (our_kind, our_oid), (their_kind, their_oid) = ours[key], theirs[key]
        if our_kind != their_kind:
            differences.add(f"{named(key)}: kind {our_kind} / {their_kind}")
        our_facts, their_facts = facts(cursor, our_oid), facts(cursor, their_oid)
        for what, ours_said in our_facts.items():
            # gm makes indexes of keys as well, asked or not.
            if what == "indexes":
                ours_said = [one for one in ours_said if one in their_facts[what]]
            if ours_said != their_facts[what]:
                differences.add(f"{named(key)}: {what} {ours_said} / {their_facts[what]}")
        if [name for name, _ in our_facts["columns"]] != [name for name, _ in their_facts["columns"]]:
            continue
        a = query(f"by_gm{key[0]}", key[1], our_facts["columns"])
        b = query(f"by_dbt{key[0]}", key[1], their_facts["columns"])
        cursor.execute(f"select count(*) filter (where mine), count(*) filter (where not mine) from "
                       f"((select true as mine, a.* from ({a} except all {b}) as a) union all (select false, b.* from ({b} except all {a}) as b)) as d")
        more, fewer = cursor.fetchone()
        if more + fewer > 0:
            differences.add(f"{named(key)}: rows, {more} only of gm, {fewer} only of dbt")
    return len(both)


def compare_project(cursor, project: pathlib.Path, folder: pathlib.Path) -> tuple[str, bool]:
    known = project / "known.json"
    differences = Differences(json.loads(known.read_text()) if known.exists() else {})
    rounds = json.loads((project / "rounds.json").read_text()) if (project / "rounds.json").exists() else PLAIN
    for tool in TOOLS:
        ignored = shutil.ignore_patterns("target", "logs", ".gm", "dbt_packages")
        shutil.copytree(project, folder / tool, ignore=ignored, symlinks=True)
        run(tool, ["deps"], folder)
    compared = {"nodes": set(), "commands": 0, "statuses": 0, "relations": 0}
    for number, one in enumerate(rounds, 1):
        cursor.execute("insert into compared.rounds values (%s, clock_timestamp())", (number,))
        if one["sql"] is not None:
            cursor.execute((project / "rounds" / one["sql"]).read_text())
        for words in one["commands"]:
            done = {tool: run(tool, words, folder) for tool in TOOLS}
            codes = {tool: one.returncode for tool, one in done.items()}
            command = f"round {number}, {' '.join(words)}"
            if codes["gm"] != codes["dbt"]:
                differences.add(f"{command}: exit code {codes['gm']} / {codes['dbt']}")
            artifact = "sources.json" if words[0] == "source" else "run_results.json"
            if words[0] == "run-operation":
                continue
            ours, theirs = (statuses(folder / tool, artifact) for tool in ("gm", "dbt"))
            for key in sorted(ours.keys() | theirs.keys()):
                if ours.get(key) != theirs.get(key):
                    differences.add(f"{command}: {key} {ours.get(key)} / {theirs.get(key)}")
            compared["commands"] += 1
            compared["statuses"] += len(theirs)
            compared["nodes"] |= theirs.keys()
        before = len(differences.unknown)
        compared["relations"] = compare_relations(cursor, differences)
        print(f"{project.name}, round {number}: {compared['relations']} relations, {len(differences.unknown) - before} differ", file=sys.stderr)
    stale = sorted(differences.known.keys() - differences.met)
    for text in stale:
        print(f"  known, but not so: {text}", file=sys.stderr)
    row = (f"| {project.name} | {len(compared['nodes'])} | {len(rounds)} | {compared['commands']} | {compared['statuses']} | {compared['relations']} | "
           f"{len(differences.met)} | {len(differences.unknown) + len(stale)} |")
    return row, bool(differences.unknown or stale)


def empty(cursor) -> None:
    cursor.execute(r"select nspname from pg_namespace where nspname ~ '^(by_gm|by_dbt)(_|$)' or nspname in ('gm', 'compared')")
    for (schema,) in cursor.fetchall():
        cursor.execute(f'drop schema "{schema}" cascade')
    cursor.execute(
        """create schema compared; create table compared.rounds (number int, begins timestamptz);
           create function compared.moment(at timestamptz) returns text language sql stable as $$
             select coalesce('round ' || max(number), at::text) from compared.rounds where begins <= at and at < '9000-01-01' $$"""
    )


def main() -> None:
    connection = psycopg2.connect("", options="-c timezone=UTC")
    connection.autocommit = True
    cursor = connection.cursor()
    head = ["project", "nodes", "rounds", "commands", "statuses", "relations", "known differences", "other differences"]
    rows, failed = [f"| {' | '.join(head)} |", f"|{'---|' * len(head)}"], False
    for project in map(pathlib.Path, sys.argv[1:]):
        if not (project / "dbt_project.yml").exists():
            continue
        empty(cursor)
        with tempfile.TemporaryDirectory() as folder:
            row, differs = compare_project(cursor, project.resolve(), pathlib.Path(folder))
        rows.append(row)
        failed = failed or differs
    print("\n".join(rows))
    sys.exit(1 if failed else 0)


main()
