"""What the owner of an insight sees below its page: how its check went, and forms that change it. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from londata.records.publications import Finding, Publication, Release, Thresholds, Version
from londata_hub.services.insights_facts import Owned, Shown, was_open
from londata_hub.services.insights_forms import Forms, Refused, whom
from londata_hub.services.insights_look import date, listed, room
from londata_hub.services.look import moment, safe

#: state of a version → words.
VERSIONS = {"checking": "is being checked", "ready": "passed its check", "refused": "did not pass its check"}
#: state of a release → words; and what a button says that moves it there.
RELEASES = {
    "draft": "is drafted",
    "submitted": "waits for a check",
    "reviewed": "was checked by one person and waits for another",
    "approved": "is approved",
    "released": "is released",
    "returned": "was returned",
    "withdrawn": "was withdrawn",
}
#: What a step is, said of whoever took it.
STEPS = {
    "draft": "began it",
    "submitted": "asked for a check",
    "reviewed": "checked it",
    "approved": "approved it",
    "released": "released it",
    "returned": "returned it",
    "withdrawn": "withdrew it",
}
MOVES = {
    "draft": "Begin a release",
    "submitted": "Ask for a check",
    "reviewed": "I have checked it: in order",
    "approved": "Approve it",
    "released": "Release it",
    "returned": "Return it",
    "withdrawn": "Withdraw the release",
}
WEIGHTS = {"must": "Must be mended", "should": "Should be mended", "fine": "In order"}
THRESHOLDS = {
    "minimum": "People behind a count, at least",
    "base": "Counts are rounded to a multiple of",
    "dominance_n": "Largest contributors that are looked at together",
    "dominance_percent": "Most of a sum that they may make up, in per cent",
    "p_percent": "Margin within which nobody may be worked out, in per cent",
}


def owning(prefix: str, shown: Shown, owned: Owned, secret: str, refused: Refused | None = None, done: str = "") -> str:
    """Write the owner's part of a page.

    Parameters
    ----------
    prefix
        The path of the service.
    shown, owned
        The insight, and what its owner is shown beside.
    secret
        What the forms of this visitor hold.
    refused, done
        The form that was just refused, or what was done.
    """
    publication = shown.publication
    if publication is None:
        return ""
    said = f'<div class="note good" role="status"><p>{safe(done)}</p></div>' if done else ""
    make = Forms(f"{prefix}{shown.slug}/", secret, refused)
    parts = [_newest(owned, publication), _unknown(owned)]
    if publication.state != "withdrawn" and secret:
        parts += [_audience(make, publication), _back(make, publication, owned), _release(make, owned, publication)]
        parts += [_thresholds(make, publication.thresholds), _pausing(make, publication), _withdrawing(make)]
    parts += [_forgetting(make, owned)] if secret else []
    inside = "".join(parts)
    heading = '<section class="mine" id="yours" aria-labelledby="yours-title"><h2 id="yours-title">Yours</h2>'
    return f"{heading}{said}{make.left(inside)}{inside}</section>"


def _newest(owned: Owned, publication: Publication) -> str:
    """Tell how the check of the newest version went."""
    if not owned.versions:
        return "<p>Nothing of it is published yet.</p>"
    version = owned.versions[0]
    passed = f"{VERSIONS[version.state]}."
    if version.state == "ready" and not was_open(version, publication):
        until = f"It waits for its release; version {publication.current} stays open until then."
        over = f"It is never shown, because its release was withdrawn; version {publication.current} stays open."
        again = " Publish it again to ask for another release."
        passed += f" {until if version.number == owned.at_stake else over + again}"
    told = f"<p>Version {version.number}, sent {moment(version.published_at)}, {passed}</p>"
    if version.state == "checking":
        told += listed(map(safe, owned.steps)) + "<p>Load this page again to see how it goes.</p>"
        return f"<h3>The newest version</h3>{told}"
    return f"<h3>The newest version</h3>{told}{findings(version.findings)}"


def _unknown(owned: Owned) -> str:
    """Name those of its audience, or of that of its release, of whom nobody here has heard."""
    if not owned.unknown:
        return ""
    said = "They may come later; where it is a slip of the pen, change who may open it."
    return (
        f'<div class="note"><p><strong>Some whom you named are not known here.</strong> {said}</p>'
        f"{listed(map(safe, owned.unknown))}</div>"
    )


def findings(found: Sequence[Finding]) -> str:
    """List what a check looked at, first what weighs most."""
    order = list(WEIGHTS)
    items = sorted(found, key=lambda each: order.index(each.weight))
    lines = "".join(
        f'<li class="{each.weight}"><strong>{WEIGHTS[each.weight]}</strong>{_cell(each)}: {safe(each.sentence)}</li>'
        for each in items
    )
    return f'<ul class="list">{lines}</ul>' if lines else "<p>Nothing that has to be mended.</p>"


def _cell(finding: Finding) -> str:
    return f" (cell {finding.cell})" if finding.cell else ""


def _audience(make: Forms, publication: Publication) -> str:
    chosen, project = publication.audience, publication.project
    fields = whom(make, "audience", chosen, project, "Who may open it", " Nobody: you alone.")
    return make.folded("audience", "Change who may open it", fields, "Let these open it")


def _back(make: Forms, publication: Publication, owned: Owned) -> str:
    there = [each for each in owned.versions if each.number in owned.kept]
    earlier = [each for each in there if was_open(each, publication) and each.number != publication.current]
    if not earlier:
        return ""
    options = "".join(_option(make, "rollback", each) for each in earlier)
    fields = (
        f'<label for="number">Show this version again</label>{make.said("rollback", "number")}'
        f'<select id="number" name="number"{make.marked("rollback", "number")}>{options}</select>'
    )
    return make.folded("rollback", "Go back to another version", fields, "Show it from now on")


def _forgetting(make: Forms, owned: Owned) -> str:
    """Offer to remove the files of versions that nothing needs; the oldest is the first."""
    idle = [each for each in reversed(owned.versions) if each.number in owned.forgettable]
    if not idle:
        return ""
    options = "".join(_option(make, "forget", each, room(owned.kept[each.number])) for each in idle)
    many, size = len(owned.kept), room(sum(owned.kept.values()))
    fields = (
        f"<p>Files of {many} version{'s' if many > 1 else ''} are kept, {size} in all. What is recorded of a version "
        "stays when its files are removed, but it cannot be shown again.</p>"
        f'<label for="forgotten">Which one?</label>{make.said("forget", "number")}'
        f'<select id="forgotten" name="number"{make.marked("forget", "number")}>{options}</select>'
    )
    return make.folded("forget", "Remove the files of an old version", fields, "Remove its files")


def _option(make: Forms, what: str, version: Version, size: str = "") -> str:
    at, number = version.published_at, str(version.number)
    words = f"Version {number}{size and f' ({size})'}, {at.day} {at:%B %Y}"
    chosen = " selected" if make.typed(what, "number", "") == number else ""
    return f'<option value="{number}"{chosen}>{safe(words)}</option>'


def _release(make: Forms, owned: Owned, publication: Publication) -> str:
    release, waits = owned.release, owned.at_stake != publication.current
    # Where nobody has asked for one there is nothing to withdraw, but a version that waits and is not to be shown.
    moves = [each for each in owned.moves if each != "withdrawn" or release or waits]
    if release is None and not moves and not owned.in_the_way:
        return ""
    told = release_steps(release) if release else "<p>Its tables are for those who may open it alone.</p>"
    if waits:
        told = f"<p>This is for version {owned.at_stake}, which is shown from its release on.</p>" + told
    if owned.in_the_way:
        told += f"<p>No check can be asked for:</p>{listed(map(safe, owned.in_the_way))}"
    if release and release.state == "withdrawn":
        told += "<p>Publish it again to ask for another.</p>"
    is_asked_for = release is not None and moves in ([], ["withdrawn"])
    title = "How its release stands" if is_asked_for else "Make its tables more open"
    fields = _step(make, moves, publication, release) if moves else ""
    return make.fold("release", title, told + (make.form("release", fields) if moves else ""))


def _step(make: Forms, moves: Sequence[str], publication: Publication, release: Release | None) -> str:
    """Write the fields and the buttons of the next step of a release."""
    before = release.audience if release and release.audience else ("public",)
    hint = " Nobody: those who may open it now."
    to = whom(make, "release", before, publication.project, "To whom?", hint) if "submitted" in moves else ""
    why = f'<label for="why-release">In words, for those who check it</label>{make.said("release", "why")}'
    why += f'<textarea id="why-release" name="why" rows="3" maxlength="2000"{make.marked("release", "why")}>\n'
    why += f"{safe(make.typed('release', 'why', ''))}</textarea>"
    buttons = "".join(map(move_button, moves))
    return f'{to}{why}<div class="ways">{buttons}</div>'


def move_button(move: str) -> str:
    """Write the button for a step; those that close something are plain."""
    mark = ' class="plain"' if move in ("returned", "withdrawn") else ""
    return f'<button name="to" value="{safe(move)}"{mark}>{MOVES[move]}</button>'


def release_steps(release: Release) -> str:
    """Tell which steps a release took, with their reasons."""
    lines = []
    for step in release.steps:
        why = f": {safe(step.why)}" if step.why else ""
        lines.append(f"{date(step.at)}: {safe(step.by)} {STEPS[step.to]}{why}")
    return f"<p>It {RELEASES[release.state]}.</p>{listed(lines)}"


def _thresholds(make: Forms, now: Thresholds) -> str:
    fields, known = [], Thresholds.model_json_schema()["properties"]
    for name, value in now.model_dump().items():
        whole = isinstance(value, int)
        step = f"{value}" if name == "base" else "1" if whole else "any"
        least, most = (0, value) if name == "dominance_percent" else (value, known[name]["maximum"])
        bound = f'min="{least:.15g}" max="{most:.15g}"'
        fields.append(
            f'<div class="field"><label for="least-{name}">{safe(THRESHOLDS[name])}</label>'
            f'{make.said("thresholds", name)}<input type="number" id="least-{name}" name="{name}" '
            f'value="{safe(make.typed("thresholds", name, f"{value:g}"))}" step="{step}" {bound}'
            f"{make.marked('thresholds', name)}></div>"
        )
    hint = '<p class="hint">They can be made stricter, and never looser again.</p>'
    return make.folded("thresholds", "Show small numbers less", hint + "".join(fields), "Make them stricter")


def _pausing(make: Forms, publication: Publication) -> str:
    if publication.state == "paused":
        return make.form("resume", "", "Open it again")
    return make.folded("pause", "Pause it", _reason(make, "pause"), "Pause it")


def _withdrawing(make: Forms) -> str:
    sure = "<p>It cannot be opened again after that, and its name cannot be used again.</p>"
    return make.folded("withdraw", "Withdraw it for good", sure + _reason(make, "withdraw"), "Yes, withdraw it")


def _reason(make: Forms, what: str) -> str:
    return (
        f'<label for="why-{what}">Why? Its viewers read this.</label>{make.said(what, "reason")}'
        f'<input type="text" id="why-{what}" name="reason" maxlength="500" '
        f'value="{safe(make.typed(what, "reason", ""))}"{make.marked(what, "reason")}>'
    )
