"""The look of a report in HTML: the colours and the typography of the live page.

Mail clients drop style sheets or parts of them, so every element has its light style in place. The style
sheet adds dark colours and narrow screens where a client knows it.
"""

import re
from collections.abc import Mapping
from typing import Final

_FONT: Final = (
    "Inter,system-ui,-apple-system,'Segoe UI',Roboto,'Helvetica Neue',Arial,sans-serif"  # as the live page
)
#: Name of a colour -> its light and its dark value, as in `streams/http/live_page/static/page.css`.
_COLOURS: Final[Mapping[str, tuple[str, str]]] = {
    "bg": ("#f6f7f9", "#0c0e13"),
    "surface": ("#ffffff", "#14171f"),
    "line": ("#e5e8ee", "#252a36"),
    "text": ("#10141d", "#e8ebf2"),
    "muted": ("#566072", "#9ba5b7"),
    "faint": ("#c3c9d4", "#4a5265"),
    "retained": ("#4f46e5", "#7c7af7"),
    "lost": ("#e0405e", "#f0647d"),
    "reactivated": ("#0e8fb3", "#35b3d6"),
    "new": ("#0b9b6b", "#31c48d"),
    "good": ("#067647", "#4ad295"),
    "watch": ("#8a5200", "#f0b64a"),
    "alarm": ("#b42318", "#ff8f84"),
    "good-tint": ("#e7f6ee", "#10291f"),
    "watch-tint": ("#fdf1dc", "#2d220e"),
    "alarm-tint": ("#fdeae8", "#331917"),
}
_CELL: Final = "padding:6px 0 6px 12px;border-top:1px solid [line];text-align:right"
_TITLE: Final = "margin:6px 0 0;font-size:26px;font-weight:650;letter-spacing:-.03em;line-height:1.25"
_CHIP: Final = (
    "display:inline-block;padding:0 6px;border-radius:5px;font-size:12px;line-height:20px;white-space:nowrap"
)

#: Class -> its declarations; `[name]` is a colour.
CLASSES: Final[Mapping[str, str]] = {
    "page": f"margin:0;padding:0;background:[bg];color:[text];font:14px/1.5 {_FONT}",
    "outer": "width:100%;border-collapse:collapse;background:[bg]",
    "frame": "padding:20px 12px 28px",
    "sheet": "width:100%;max-width:720px;margin:0 auto;border-collapse:separate;border-spacing:0;"
    "color:[text]",
    "head": "padding:0 4px 14px",
    "brand": "font-size:13px;font-weight:600;letter-spacing:-.01em;color:[muted]",
    "title": f"{_TITLE};color:[text]",
    "subtitle": "margin:2px 0 0;font-size:13px;color:[muted]",
    "panel": "padding:16px;border:1px solid [line];border-radius:12px;background:[surface]",
    "gap": "height:12px;line-height:12px;font-size:1px",
    "notice": "margin:0 0 10px;padding:9px 12px;border-radius:10px;font-size:13px;"
    "background:[watch-tint];color:[watch]",
    "summary": "margin:0;font-size:16px;line-height:1.5;letter-spacing:-.01em;color:[text]",
    "columns": "width:100%;border-collapse:collapse;table-layout:fixed",
    "tile": "width:25%;padding:0 8px 0 0;vertical-align:top",
    "tile-name": "font-size:12.5px;line-height:1.35;color:[muted]",
    "tile-value": "font-size:24px;font-weight:600;letter-spacing:-.03em;line-height:1.3;color:[text]",
    "tile-note": "font-size:12px;color:[muted]",
    "half": "width:50%;padding:0 10px 14px 0;vertical-align:top",
    "heading": "margin:0 0 8px;font-size:15px;font-weight:600;letter-spacing:-.01em;color:[text]",
    "caption": "margin:0 0 6px;font-size:13px;font-weight:500;color:[text]",
    "topic": "margin:14px 0 4px;font-size:13px;font-weight:500;color:[text]",
    "note": "margin:0 0 8px;font-size:12.5px;color:[muted]",
    "legend": "margin:4px 0 0;font-size:12px;color:[muted]",
    "numbers": "width:100%;border-collapse:collapse;font-size:13px;font-variant-numeric:tabular-nums",
    "figures": "table-layout:fixed",
    "later": "margin-top:14px",
    "c-name": "width:27%",
    "c-now": "width:15%",
    "c-bounds": "width:17%",
    "c-before": "width:14%",
    "c-change": "width:27%",
    "mark": "vertical-align:-4px;margin-right:7px",
    "column": "padding:2px 0 4px 12px;text-align:right;vertical-align:bottom;font-size:12px;font-weight:400;"
    "color:[muted]",
    "corner": "padding:2px 0 4px;text-align:left;font-size:14px;font-weight:600;color:[text]",
    "name": "padding:6px 0;border-top:1px solid [line];text-align:left;font-weight:400",
    "cell": _CELL,
    "quiet": f"{_CELL};white-space:nowrap;color:[muted]",
    "strong": f"{_CELL};font-weight:600;white-space:nowrap",
    "change-good": f"{_CHIP};background:[good-tint];color:[good]",
    "change-bad": f"{_CHIP};background:[alarm-tint];color:[alarm]",
    "change-none": f"{_CHIP};padding:0;color:[muted]",
    "doubt": "font-size:12px;white-space:nowrap;color:[muted]",
    "level-critical": f"{_CHIP};font-weight:500;background:[alarm-tint];color:[alarm]",
    "level-warning": f"{_CHIP};font-weight:500;background:[watch-tint];color:[watch]",
    "level-good": f"{_CHIP};font-weight:500;background:[good-tint];color:[good]",
    "mark-retained": "color:[retained]",
    "mark-reactivated": "color:[reactivated]",
    "mark-new": "color:[new]",
    "mark-lost": "color:[lost]",
    "foot": "padding:14px 4px 0;font-size:12px;color:[muted]",
    "picture": "display:block;width:100%;height:auto",
    "bars": "width:100%;border-collapse:collapse;font-size:12px;line-height:16px",
    "bar-name": "width:1%;padding:1px 8px 1px 0;white-space:nowrap;color:[muted]",
    "bar-value": "width:1%;padding:1px 0 1px 8px;white-space:nowrap;text-align:right",
    "block-retained": "background:[retained]",
    "block-reactivated": "background:[reactivated]",
    "block-new": "background:[new]",
    "block-lost": "background:[lost]",
    "block-faint": "background:[faint]",
    "grid": "stroke:[line];stroke-width:1",
    "axis": "fill:[muted];font-size:10.5px;font-family:inherit",
    "label": "fill:[text];font-size:11.5px;font-weight:600;font-family:inherit",
    "line-retained": "fill:none;stroke:[retained];stroke-width:2;stroke-linejoin:round",
    "area-retained": "fill:[retained];fill-opacity:.13",
    "dot": "fill:[surface];stroke:[retained];stroke-width:1.75",
    "dot-subject": "fill:[retained];stroke:[surface];stroke-width:2",
    "whisker": "stroke:[retained];stroke-width:2;stroke-opacity:.35;stroke-linecap:round",
    "bar-retained": "fill:[retained]",
    "bar-reactivated": "fill:[reactivated]",
    "bar-new": "fill:[new]",
    "bar-lost": "fill:[lost]",
    "bar-faint": "fill:[retained];fill-opacity:.28",
}
_COLOUR: Final = re.compile(r"\[([a-z-]+)\]")
#: Widths below which a phone's style applies, pixels.
_NARROW: Final = 560
_PHONE: Final = """
.tile{display:inline-block!important;width:49%!important;box-sizing:border-box;padding-bottom:10px!important}
.half{display:block!important;width:100%!important;padding:0 0 12px!important;box-sizing:border-box}
.rare{display:none!important}
.panel{padding:14px!important}
.title{font-size:22px!important}
.cell,.quiet,.strong,.column{padding-left:6px!important}
.quiet,.cell{font-size:12px!important}
.figures .quiet,.figures span{font-size:11px!important}
.c-name{width:28%!important}
.c-now{width:21%!important}
.c-bounds{width:22%!important}
.c-change{width:29%!important}
"""


def inline(*names: str) -> str:
    """Return the light style of some classes, for the attribute `style`. Classes without one add nothing."""
    return ";".join(_coloured(CLASSES[name], 0) for name in names if name in CLASSES)


def sheet() -> str:
    """Return the style sheet: dark colours, and the style of a phone."""
    dark = "\n".join(f".{name}{{{rule}}}" for name in CLASSES if (rule := _dark(CLASSES[name])))
    return (
        ":root{color-scheme:light dark}\n"
        f"@media screen and (prefers-color-scheme:dark){{\n{dark}\n}}\n"
        f"@media (max-width:{_NARROW}px){{{_PHONE}}}\n"
        "@media print{.panel,.numbers tr,svg{break-inside:avoid}.heading,.topic{break-after:avoid}}"
    )


def _dark(declarations: str) -> str:
    """Return the declarations with a colour, with its dark value and above the style in place."""
    coloured = [part for part in declarations.split(";") if _COLOUR.search(part)]
    return ";".join(f"{_coloured(part, 1)}!important" for part in coloured)


def _coloured(declarations: str, theme: int) -> str:
    return _COLOUR.sub(lambda match: _COLOURS[match[1]][theme], declarations)
