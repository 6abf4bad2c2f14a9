"""The impact statement: one page for people, every number a link to what lies behind it. Pure."""

from calendar import month_name
from collections.abc import Sequence
from html import escape
from typing import Final

from services.gateway.impact_figures import Figure, Impact
from shared.contracts.events import CampaignState
from shared.vocabulary import terms

_WORDS: Final = {"food_parcel": "food parcels", "meal": "meals", "money": "money", "goods": "goods"}

_PAGE: Final = """<!doctype html>
<html lang="en-GB">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{name}: what came of it | BrumTogether</title>
<link rel="icon" href="/static/mark.svg" type="image/svg+xml">
<link rel="stylesheet" href="/static/style.css">
</head>
<body>
<a class="skip" href="#main">Skip to the figures</a>
<header class="top">
<a class="brand" href="/"><img src="/static/mark.svg" alt="" width="32" height="32">Brum<b>Together</b></a>
</header>
<main id="main" class="statement">
<section class="hero">
<p class="live">Impact statement</p>
<h1>{name}</h1>
<p class="lead">{summary}</p>
{head}
<p class="as-of">{known} <time datetime="{as_of}">{day}</time>. Every number opens to what lies behind it.</p>
</section>
{parts}
<section aria-labelledby="method">
<h2 id="method">How this was counted</h2>
<ul class="how">
<li>Only confirmed deliveries count. A correction changes the month of its delivery, and stays readable.</li>
<li>People stand nowhere by name. Who gave without a name stays without one.</li>
<li>What organisers wrote down of events stands beside the deliveries and is never added to them.</li>
</ul>
<p><a href="{json}">The same figures as data (JSON)</a></p>
</section>
</main>
<footer><p>BrumTogether · people of Birmingham, together.</p></footer>
</body>
</html>
"""


def page(campaign: CampaignState, impact: Impact) -> str:
    """The page."""
    asked = f"&as_of={impact.as_of}&known={impact.known}" if impact.partners is None else ""
    return _PAGE.format(
        name=escape(campaign.name),
        summary=escape(campaign.summary),
        head=_head(impact),
        parts="\n".join(_parts(impact)) or '<p class="note-empty">Nothing was delivered yet.</p>',
        known="As known now of what had happened by" if impact.known == "now" else "As known on",
        as_of=impact.as_of,
        day=_day(impact.as_of),
        json=escape(f"/v1/impact?campaign={impact.campaign}{asked}"),
    )


def _head(impact: Impact) -> str:
    shown = [(_amount(figure), _thing(figure), figure) for figure in impact.kinds]
    counts = (("partners", impact.partners), ("volunteers", impact.volunteers))
    shown += [(f"{one.value:,}", name, one) for name, one in counts if one]
    pairs = "".join(
        f'<div><dt>{escape(thing)}</dt><dd><a href="{escape(figure.source)}">{amount}</a></dd></div>'
        for amount, thing, figure in shown
    )
    return f'<dl class="totals">{pairs}</dl>' if pairs else ""


def _parts(impact: Impact) -> list[str]:
    names = {ward.slug: ward.name for ward in terms.wards()}
    principles = {str(number): term.name for number, term in enumerate(terms.terms().principles, 1)}
    parts = [
        _table("When it came", "Month", [(_month(figure.month or ""), figure) for figure in impact.months], bars=True),
        _table("Where it went", "Ward", [(names.get(one.ward or "", "No ward said"), one) for one in impact.wards]),
        _table(
            "What it was for",
            "Principle",
            [(principles.get(str(figure.principle), str(figure.principle)), figure) for figure in impact.principles],
        ),
        _table(
            "What events brought about",
            "Figure",
            [((one.name or "").replace("_", " "), one) for one in impact.outcomes],
        ),
    ]
    return [part for part in parts if part]


def _table(title: str, first: str, rows: Sequence[tuple[str, Figure]], *, bars: bool = False) -> str:
    if not rows:
        return ""
    most: dict[tuple[str | None, str], int] = {}
    for _, figure in rows:
        place = (figure.kind, figure.unit)
        most[place] = max(most.get(place, 1), figure.value)
    name = first.lower()
    body = "".join(_row(label, figure, most[figure.kind, figure.unit] if bars else 0) for label, figure in rows)
    return (
        f'<section aria-labelledby="by-{name}"><h2 id="by-{name}">{title}</h2><div class="scroll" tabindex="0" '
        f'role="region" aria-labelledby="by-{name}"><table><thead><tr><th scope="col">{first}</th>'
        f'<th scope="col">What</th><th scope="col" class="number">How much</th></tr></thead>'
        f"<tbody>{body}</tbody></table></div></section>"
    )


def _row(label: str, figure: Figure, most: int) -> str:
    corrected = f' <span class="more">{figure.corrections:,} corrected</span>' if figure.corrections else ""
    bar = f'<progress max="{most}" value="{max(figure.value, 0)}" aria-hidden="true"></progress>' if most else ""
    link = f'<a href="{escape(figure.source)}" title="{escape(figure.method)}">{_amount(figure)}</a>'
    return (
        f'<tr><th scope="row">{escape(label)}</th><td>{escape(_thing(figure))}{corrected}{bar}</td>'
        f'<td class="number">{link}</td></tr>'
    )


def _amount(figure: Figure) -> str:
    return f"£{figure.value / 100:,.2f}" if figure.unit == "pence" else f"{figure.value:,}"


def _thing(figure: Figure) -> str:
    kind = _WORDS.get(figure.kind or "", figure.kind or "")
    if figure.unit == "pence" or not kind:
        return kind or figure.unit
    return kind if kind.endswith(figure.unit) or kind.rstrip("s") == figure.unit else f"{kind}, {figure.unit}"


def _month(text: str) -> str:
    return f"{month_name[int(text[5:7])]} {text[:4]}"


def _day(instant: str) -> str:
    return f"{int(instant[8:10])} {_month(instant[:7])}, {instant[11:16]} UTC"
