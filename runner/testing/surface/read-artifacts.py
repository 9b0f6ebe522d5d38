"""Parses the artifacts of a target folder with dbt-artifacts-parser, which is made from dbt's published schemas."""
import json
import pathlib
import sys

from dbt_artifacts_parser import parser

PARSERS = {
    "manifest.json": parser.parse_manifest_v12,
    "run_results.json": parser.parse_run_results_v6,
    "catalog.json": parser.parse_catalog_v1,
    "sources.json": parser.parse_sources_v3,
}

folder = pathlib.Path(sys.argv[1])
for name, parse in PARSERS.items():
    file = folder / name
    if file.exists():
        parse(json.loads(file.read_text()))
        print(name)
