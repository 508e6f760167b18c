"""How quick the page is, from a real browser on the product as `duomo` starts it (Linux).

    python -m benchmarks.front_end [--rounds 30] [--long 200] [--turns 500] [--tabs 0]

- `first_step`: from Enter to the first step that shows, engine warm, a new question every time;
  `--tabs` other people have a conversation of their own open meanwhile.
- `open`: from a tab's first byte to the last turn of a long conversation, half of whose turns found
  a picture, and to every picture that is drawn.
- `memory`: of the page's process while a tab follows many more turns, read every fiftieth.
"""

import argparse
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from playwright.sync_api import Browser, Page, sync_playwright

from api.client import Client
from evaluation.report import Report, Table

PORT, PAGE_PORT = 18865, 18866
URL = f"http://127.0.0.1:{PAGE_PORT}"
PATIENCE = 240.0  # seconds
THINGS = ("拱桥", "宝塔", "亭子", "竹子", "荷花", "小船", "雪山", "松树", "仙鹤", "灯笼")
SMALL_TALK = "你好"
# Told to the page: the moment a step appears that was not there when Enter went down.
WATCH = """() => {
    const steps = () => document.querySelectorAll("[class*='st-key-step-']").length;
    const before = steps();
    window.shown = new Promise((tell) => {
        let pressed = 0;
        const press = (e) => { if (e.key === "Enter") pressed ||= performance.now(); };
        addEventListener("keydown", press, { capture: true });
        const look = () => steps() > before
            ? tell(performance.now() - pressed) : requestAnimationFrame(look);
        requestAnimationFrame(look);
    });
}"""
ALL_DRAWN = """() => [...document.querySelectorAll("[data-testid=stMain] img")]
    .every((image) => image.complete && image.naturalWidth)"""


@dataclass(frozen=True)
class Product:
    client: Client
    page_pid: int


@contextmanager
def product(home: Path) -> Iterator[Product]:
    """`duomo` in a process of its own; ready and indexed inside the block."""
    told = {"DUOMO_HOME": home, "DUOMO_PORT": PORT, "DUOMO_UI_PORT": PAGE_PORT}
    process = subprocess.Popen(
        [sys.executable, "-m", "ui.cli", "--no-browser"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={**os.environ, **{name: str(value) for name, value in told.items()}},
    )
    try:
        with Client(f"http://127.0.0.1:{PORT}", patience=PATIENCE) as client:
            client.wait_ready(PATIENCE)
            while not ((job := client.index_job()) and job.state == "finished"):
                time.sleep(0.2)
            yield Product(client, _page_of(process.pid))
    finally:
        process.terminate()
        process.wait(60)


def _page_of(pid: int) -> int:
    """The child that serves the page."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    commands = {child: Path(f"/proc/{child}/cmdline").read_bytes() for child in children}
    return next(int(child) for child, command in commands.items() if b"ui.web" in command)


def resident_mib(pid: int) -> float:
    status = Path(f"/proc/{pid}/status").read_text()
    return int(re.findall(r"VmRSS:\s+(\d+) kB", status)[0]) / 1024


def ask_engine(client: Client, conversation: str, question: str) -> None:
    run = client.start_run(conversation, question)
    for _ in client.run_events(run.run_id):
        pass


def question(number: int) -> str:
    """A new one every time, so that no answer is kept from before."""
    rng = random.Random(number)
    return f"找{rng.choice('两三四')}张{rng.choice(THINGS)}和{rng.choice(THINGS)}的图，第{number}次"


def look_on(browser: Browser, client: Client, tabs: int) -> None:
    """Each of `tabs` people has one answer on the screen."""
    for number in range(tabs):
        conversation = client.create_conversation().id
        ask_engine(client, conversation, question(20_000 + number))
        page = browser.new_context(locale="zh-CN").new_page()
        page.goto(f"{URL}/?c={conversation}")
        page.locator("[class*='st-key-turn-']").wait_for()


def first_step(page: Page, rounds: int) -> list[float]:
    """Milliseconds."""
    page.goto(URL)
    waits = []
    for number in range(rounds):
        box = page.get_by_test_id("stChatInputTextArea").last
        box.fill(question(number))
        page.wait_for_timeout(500)  # a person rests a moment before Enter
        page.evaluate(WATCH)
        box.press("Enter")
        waits.append(page.evaluate("window.shown"))
        page.wait_for_timeout(3_000)
    return waits


def long_conversation(client: Client, turns: int) -> str:
    """Every other turn finds one picture; its id."""
    conversation = client.create_conversation("long").id
    for number in range(turns):
        thing = THINGS[number % len(THINGS)]
        ask_engine(client, conversation, SMALL_TALK if number % 2 else f"找一张{thing}的图")
    return conversation


def open_times(browser: Browser, conversation: str, last_run: str, rounds: int) -> list[float]:
    """Milliseconds, each in a new tab that has nothing of the page yet."""
    waits = []
    for _ in range(rounds):
        context = browser.new_context(viewport={"width": 1440, "height": 900}, locale="zh-CN")
        page = context.new_page()
        began = time.perf_counter()
        page.goto(f"{URL}/?c={conversation}", wait_until="commit")
        page.locator(f".st-key-turn-{last_run}").wait_for()
        page.wait_for_function(ALL_DRAWN)
        waits.append(1000 * (time.perf_counter() - began))
        context.close()
    return waits


def memory(page: Page, there: Product, turns: int) -> list[float]:
    """MiB before the first turn and after every fiftieth; a new conversation every fifty."""
    held = [resident_mib(there.page_pid)]
    for start in range(0, turns, 50):
        conversation = there.client.create_conversation().id
        page.goto(f"{URL}/?c={conversation}")
        for number in range(start, start + 50):
            ask_engine(there.client, conversation, question(10_000 + number))
        page.wait_for_timeout(3_000)
        held.append(resident_mib(there.page_pid))
    return held


def measure(rounds: int, long: int, turns: int, tabs: int) -> Report:
    with (
        tempfile.TemporaryDirectory() as home,
        product(Path(home)) as there,
        sync_playwright() as playwright,
    ):
        path = shutil.which("chromium") or shutil.which("google-chrome")
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        look_on(browser, there.client, tabs)
        page = browser.new_page(viewport={"width": 1440, "height": 900}, locale="zh-CN")
        steps = first_step(page, rounds)[1:]  # the first also warms the page up
        conversation = long_conversation(there.client, long)
        last = there.client.transcript(conversation).turns[-1].run_id
        opened = open_times(browser, conversation, last, 10)
        held = memory(page, there, turns)
        browser.close()
    figures = {
        "first_step_p50_ms": float(np.percentile(steps, 50)),
        "first_step_p95_ms": float(np.percentile(steps, 95)),
        "open_p50_ms": float(np.percentile(opened, 50)),
        "open_p95_ms": float(np.percentile(opened, 95)),
        "memory_start_mib": held[0],
        "memory_end_mib": held[-1],
    }
    rows = [[50 * i, mib] for i, mib in enumerate(held)]
    title = f"page: {rounds} questions, {tabs} others, {long} turns opened, {turns} followed"
    return Report(title, figures, [Table("memory of the page", ["turns", "MiB"], rows)])


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.front_end", description=__doc__)
    parser.add_argument("--rounds", type=int, default=30, help="questions typed")
    parser.add_argument("--long", type=int, default=200, help="turns of the long conversation")
    parser.add_argument("--turns", type=int, default=500, help="turns followed for memory")
    parser.add_argument("--tabs", type=int, default=0, help="others who look on")
    given = parser.parse_args()
    measure(given.rounds, given.long, given.turns, given.tabs).print()


if __name__ == "__main__":
    main()
