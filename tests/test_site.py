"""The site that docs/build_site.py makes: its links, its pages of rules, and what a browser shows."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from html.parser import HTMLParser
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from urllib.parse import unquote, urlsplit

import pytest
from browser import browser, chromium

from configlint import rules
from configlint.reporters import pages

pytestmark = pytest.mark.heavy


class _Page(HTMLParser):
    """What a page links to, what it loads, and the places in it that have names."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.links, self.loads, self.names = list[str](), list[str](), set[str]()
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        held = dict(attrs)
        self.names.add(held.get("id") or "")
        if tag == "a" and held.get("href"):
            self.links.append(held["href"] or "")
        elif tag != "a" and (target := held.get("src") or held.get("href")):
            self.loads.append(target)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from build_site import build

    folder = tmp_path_factory.mktemp("site")
    build(folder)
    return folder


@pytest.fixture(scope="module")
def served(site: Path) -> Iterator[str]:
    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, format: str, *arguments: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(site))) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


def test_every_link_leads_to_a_page_and_nothing_is_loaded_from_elsewhere(site: Path) -> None:
    found = {path: _Page(path) for path in site.rglob("*.html")}
    broken = []
    for path, page in found.items():
        if path.name == "404.html":
            continue  # its links are absolute, from wherever it is shown
        for link in page.links + page.loads:
            parts = urlsplit(link)
            if parts.scheme:
                assert link not in page.loads, f"{path} loads {link}"
                continue
            target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            target = target / "index.html" if target.is_dir() else target
            held = found.get(target)
            if not target.exists() or (held and parts.fragment and unquote(parts.fragment) not in held.names):
                broken.append((str(path.relative_to(site)), link))
    assert broken == []


def test_each_name_of_a_rule_has_a_page_with_an_example_that_was_run(site: Path) -> None:
    made = {path.parent.relative_to(site / "rules").as_posix(): path for path in site.glob("rules/*/*/index.html")}
    assert made.keys() == rules.rule_names()
    for name, path in made.items():
        assert f"[{name}]" in path.read_text(encoding="utf-8"), name


def test_the_keys_of_the_spec_and_the_recipes_are_there(site: Path) -> None:
    assert "effective_tokens" in (site / "spec" / "index.html").read_text(encoding="utf-8")
    recipe = (site / "recipes" / "three-targets" / "index.html").read_text(encoding="utf-8")
    assert "build/three-targets/laptop" in recipe


def test_a_browser_shows_a_rule_where_reports_link_to_and_finds_it_by_its_words(
    served: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = chromium()
    if program is None:
        pytest.skip("there is no Chromium: apt-get install chromium")
    monkeypatch.setattr(pages, "SITE", served)
    address = pages.address("batch/indivisible")
    assert address
    with browser(program) as tab:
        tab.open(address)
        assert tab.value("document.querySelector('h1').innerText").startswith("batch/indivisible")
        assert "100 samples cannot be split over 24 replicas" in tab.value("document.body.innerText")
        tab.open(f"{served}?q=indivisible")
        found = f"document.querySelector('.md-search-result__link[href^=\"{address}\"]')?.href"
        tab.open(tab.wait_for(found))
        tab.wait_for("document.querySelector('mark')?.innerText == 'indivisible'")
        assert tab.errors == []
