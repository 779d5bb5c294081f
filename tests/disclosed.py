"""Tables for tests of disclosure control, protected and ready to be released."""

from __future__ import annotations

from londata.disclosure import Released, protect_counts, protect_sums

PUPILS = {("Camden", "primary"): 4, ("Camden", "secondary"): 60, ("Brent", "primary"): 80, ("Brent", "secondary"): 70}
PUPILS |= {("Barnet", "primary"): 90, ("Barnet", "secondary"): 85}
SPENT = {
    ("Camden",): {"acme": 900, **{f"c{n}": 5 for n in range(12)}},
    ("Brent",): {f"b{n}": 20 + n for n in range(20)},
    ("Barnet",): {f"d{n}": 90 for n in range(30)},
    ("Ealing",): {f"e{n}": 95 for n in range(30)},
}


def pupils(counts=PUPILS, name="pupils", **more):
    table = protect_counts(counts, ["home", "phase"], **more)
    return Released(name, table.rows("pupils"), "pupils", table)


def spent(given=SPENT, **more):
    table = protect_sums(given, ["home"], **more)
    return Released("spent", table.rows("pounds"), "pounds", table)


def said(findings):
    assert all(finding.check == "disclosure" for finding in findings)
    return " ".join(finding.sentence for finding in findings if finding.weight == "must")
