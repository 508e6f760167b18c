"""With the network cut off nothing changes, and nothing tries to reach it."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.e2e.conftest import STARTERS
from tests.e2e.product import chromium

ROOT = Path(__file__).parents[2]
APART = ("unshare", "--map-root-user", "--net")


def can_be_cut_off() -> bool:
    if shutil.which("unshare") is None:
        return False
    return subprocess.run([*APART, "true"], capture_output=True, check=False).returncode == 0


@pytest.mark.skipif(not can_be_cut_off(), reason="no network namespaces here")
@pytest.mark.skipif(not (STARTERS / "llm" / "model.safetensors").exists(), reason="no weights")
def test_the_whole_product_works_and_reaches_for_nothing(tmp_path: Path) -> None:
    done = subprocess.run(
        [*APART, sys.executable, "-m", "tests.e2e.offline", str(tmp_path / "home")],
        cwd=ROOT,
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    told = json.loads(done.stdout.splitlines()[-1])
    assert told["found"] == 4
    assert told["elements"] > 20
    assert told["seen"] == (4 if chromium() else None)
    assert told["unroutable"] == 0
