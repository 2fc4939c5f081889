# SPDX-License-Identifier: Apache-2.0
"""At every width and in both sets of colours nothing overflows, overlaps or is blank, and axe-core finds
nothing; pictures are kept for people to look at."""
import os
import shutil
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe

import harness
from browser import CHROMIUM, Page

SIZES = [(1440, 900), (768, 1024), (390, 844)]
SCHEMES = ["light", "dark"]

# Each finding is [what, element]: what stands outside its box, two that lie upon each other, and empty ones.
CHECK = """() => {
  const found = [];
  const named = (e) => e.id || e.className || e.tagName;
  const visible = (e) => e.checkVisibility() && !e.closest('.unseen, .skip');
  if (document.documentElement.scrollWidth > innerWidth) found.push(['page wider than the window', 'html']);
  const all = [...document.querySelectorAll('body *')].filter(visible);
  for (const e of all) {
    const box = e.getBoundingClientRect();
    const scroller = e.closest('.wide');
    if (!scroller && (box.left < -1 || box.right > innerWidth + 1)) found.push(['outside', named(e)]);
    if (!['DIV', 'TABLE'].includes(e.tagName) && e.children.length === 0 && e.scrollWidth > e.clientWidth + 2
        && getComputedStyle(e).display !== 'inline' && !scroller) found.push(['cut', named(e)]);
  }
  const upon = (a, b) => a.left < b.right - 1 && b.left < a.right - 1 && a.top < b.bottom - 1 && b.top < a.bottom - 1;
  for (const parent of [document.querySelector('main'), document.querySelector('header'),
    ...document.querySelectorAll('section, .bar, #numbers, #numbers div, figcaption, tr, td')]) {
    const children = [...parent.children].filter(visible);
    children.forEach((a, i) => children.slice(i + 1).forEach((b) => {
      if (upon(a.getBoundingClientRect(), b.getBoundingClientRect())) found.push(['overlap', `${named(a)} ${named(b)}`]);
    }));
  }
  for (const e of document.querySelectorAll('section, section h2, #numbers dd, tbody td, #drawing, button, th')) {
    if (!visible(e)) continue;
    const box = e.getBoundingClientRect();
    const isBlank = e.tagName !== 'IMG' && e.innerText.trim() === '' && !e.querySelector('progress, img');
    if (box.width < 5 || box.height < 5 || isBlank) found.push(['blank', named(e)]);
  }
  return found;
}"""


@pytest.fixture(scope="module")
def wrecked(shared, samples):
    """A run with failures, so that every part of the page has something to show."""
    def make(folder):
        runner = harness.Runner(folder)
        run = harness.from_samples(samples, target_events=400)
        broken = folder / "broken<b>&amp;.h5"  # a name that would be markup
        good = Path(run["samples"][0]["files"][0])
        shutil.copyfile(sorted(good.parent.glob(good.name))[0], broken)
        with open(broken, "r+b") as f:
            f.truncate(broken.stat().st_size // 2)
        run["samples"][0]["files"].append(str(broken))
        done = runner.launch(harness.write_run(folder / "run.yaml", run), "--run-dir", "run")
        assert done.status == harness.INCOMPLETE, done
    return shared("wrecked_page", make) / "run"


def keep(page, name):
    folder = os.environ.get("PICOBARN_SCREENSHOTS")
    if folder:
        Path(folder).mkdir(parents=True, exist_ok=True)
        page.tab.screenshot(path=str(Path(folder) / f"{name}.png"), full_page=True)


def check_everywhere(page, name):
    page.wait_picture()
    for width, height in SIZES:
        page.tab.set_viewport_size({"width": width, "height": height})
        for scheme in SCHEMES:
            page.tab.emulate_media(color_scheme=scheme)
            page.look("() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
            keep(page, f"{name}-{width}-{scheme}")
            assert page.look(CHECK) == [], f"{name} at {width} pixels, {scheme}"


def test_the_check_sees_what_is_wrong(wrecked, served):
    page = served("picobarn", "serve", wrecked, "--listen", "127.0.0.1:0")
    page.wait_picture()
    assert page.look(CHECK) == []
    for selector, style in (("#progress", {"width": "200vw"}), ("#samples", {"marginTop": "-5rem"}),
                            ("#percent", {"position": "absolute", "left": "-3rem"}),
                            ("#theme", {"height": "2px", "minHeight": "0", "padding": "0"})):
        change = """([selector, style]) => {
            const e = document.querySelector(selector);
            const before = e.getAttribute('style');
            Object.assign(e.style, style);
            return before;
        }"""
        page.look(change, [selector, style])
        assert page.look(CHECK) != [], selector
        page.look("selector => document.querySelector(selector).removeAttribute('style')", selector)
        assert page.look(CHECK) == [], selector


def test_a_run_with_failures_is_laid_out_well_everywhere(wrecked, served):
    page = served("picobarn", "serve", wrecked, "--listen", "127.0.0.1:0", "--allow-control")
    page.wait_state("incomplete")
    check_everywhere(page, "incomplete")
    assert page.look("document.querySelectorAll('#failures b').length") == 0
    assert "broken<b>&amp;.h5" in page.text("failures")


def test_a_run_that_goes_on_is_laid_out_well_everywhere(runner, samples, served):
    run = harness.write_run(runner.folder / "run.yaml", harness.from_samples(samples, target_events=15))
    page = served("picobarn", "launch", run, "--run-dir", "run", "--dashboard", "--allow-control")
    page.wait("document.querySelectorAll('#workers tbody tr').length > 0", "workers")
    page.wait("!document.getElementById('events').textContent.startsWith('0 ')", "events")
    check_everywhere(page, "running")


def test_nothing_jumps_while_the_state_comes(wrecked, served):
    """The sum of layout shifts that no input caused, as Chromium counts them."""
    page = served("picobarn", "serve", wrecked, "--listen", "127.0.0.1:0")
    page.wait_picture()
    before = page.look("document.getElementById('picture').getBoundingClientRect().toJSON()")
    page.tab.select_option("#histogram", "z1_mass")
    page.wait("document.getElementById('drawing').complete", "the next picture")
    assert page.look("document.getElementById('picture').getBoundingClientRect().toJSON()") == before


def test_the_switch_changes_the_colours_and_is_remembered(wrecked, served):
    page = served("picobarn", "serve", wrecked, "--listen", "127.0.0.1:0")
    page.tab.emulate_media(color_scheme="light")
    colour = "getComputedStyle(document.body).backgroundColor"
    light = page.look(colour)
    button = page.tab.locator("#theme")
    button.click()
    assert page.look(colour) == light
    button.click()
    dark = page.look(colour)
    assert dark != light
    page.tab.reload()
    assert page.look(colour) == dark


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("width", [1440, 390])
def test_axe_finds_no_violation(wrecked, runner, browser, scheme, width):
    started = runner.start("picobarn", "serve", wrecked, "--listen", "127.0.0.1:0", "--allow-control")
    page = browser.open(started, bypass_csp=True, color_scheme=scheme,  # axe is injected as a script
                        viewport={"width": width, "height": 900})
    page.wait_picture()
    found = Axe().run(page.tab).response["violations"]
    page.close()
    assert [(v["id"], [n["html"] for n in v["nodes"]]) for v in found] == []


def test_everything_can_be_reached_and_seen_by_keyboard(wrecked, served):
    page = served("picobarn", "serve", wrecked, "--listen", "127.0.0.1:0", "--allow-control")
    page.wait_picture()
    wanted = page.look("""[...document.querySelectorAll('button, a, select, input, summary')]
        .filter(e => e.checkVisibility() && !e.disabled).length""")
    reached = set()
    for _ in range(wanted + 10):
        page.tab.keyboard.press("Tab")
        reached.add(page.look("""(() => { const e = document.activeElement;
            return `${e.tagName} ${e.id} ${e.textContent.slice(0, 40)}`; })()"""))
        outline = page.look("""document.activeElement === document.body
            ? 'of the window' : getComputedStyle(document.activeElement).outlineStyle""")
        assert outline != "none", reached
    assert len(reached) >= wanted
