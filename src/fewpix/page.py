"""What all reports are: one HTML file with everything in it, which fetches nothing and runs nothing."""

from __future__ import annotations

import base64
import html

from fewpix.printable import escaped

STYLE = """
:root { color-scheme: light dark; --paper: #ffffff; --ink: #1f2328; --faint: #8886; --soft: #f3f4f6;
  --good: #1f8a62; --bad: #c2403a; --note: #fff7e0; }
@media (prefers-color-scheme: dark) { :root { --paper: #15181c; --ink: #dfe3e8; --soft: #1f2429;
  --good: #4cc598; --bad: #f0837c; --note: #2e2a1b; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink);
  font: 16px/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "DejaVu Sans", sans-serif; }
main { max-width: 64rem; margin: 0 auto; padding: 1.5rem 1.25rem 4rem; }
h1 { font-size: 1.7rem; margin: 0 0 .5rem; }
h2 { font-size: 1.2rem; margin: 2.75rem 0 .75rem; padding-top: 1rem; border-top: 1px solid var(--faint); }
p, li { max-width: 46rem; }
.lead { font-size: 1.15rem; }
.note { background: var(--note); padding: .75rem 1rem; border-radius: .5rem; }
code { background: var(--soft); padding: .1em .3em; border-radius: .25em; }
svg { display: block; width: 100%; height: auto; margin: .5rem 0; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; margin: 1rem 0; font-variant-numeric: tabular-nums; }
caption { text-align: left; font-weight: 600; padding-bottom: .35rem; }
th, td { padding: .3rem .7rem; text-align: left; border-bottom: 1px solid var(--faint); white-space: nowrap; }
th { font-weight: 500; }
figure { margin: 0; }
figcaption { font-size: .82rem; opacity: .9; }
"""
"""The style sheet that reports share: light and dark, on a telephone, on paper."""

_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'"


def escape(text: str) -> str:
    """Text in which nothing means anything to HTML, and whose control and direction characters are seen."""
    return html.escape(escaped(text))


def data_uri(data: bytes, kind: str) -> str:
    """A picture inside a page.

    Args:
        data: the bytes of its file.
        kind: "png" or "jpeg".
    """
    return f"data:image/{kind};base64,{base64.b64encode(data).decode()}"


def page(title: str, style: str, body: str) -> str:
    """A whole page, to which its own policy allows neither a request nor a script.

    Args:
        title: text.
        style: CSS.
        body: HTML, everything in it escaped.
    """
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="generator" content="fewpix">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(title)}</title>\n<style>{style}</style>\n</head>\n<body>\n<main>\n"
        f"{body}</main>\n</body>\n</html>\n"
    )
