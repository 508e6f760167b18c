"""`python -m training.judge`: draw, train, write. Stop it at any time; the same command goes on."""

import argparse
import shutil
import signal
from pathlib import Path
from threading import Event

import torch

from training.judge.batches import Batches
from training.judge.model import IMAGE_SIZE
from training.judge.scenes import judge_scene
from training.judge.train import Plan, Trainer
from training.pictures import PictureFile


def main() -> None:
    options = _parse()
    path = options.work / f"pictures-{IMAGE_SIZE}.u8"
    pictures = PictureFile(path, options.pictures, IMAGE_SIZE, judge_scene)
    pictures.draw_missing()
    torch.set_num_threads(options.threads)
    trainer = Trainer(options.work, Plan(options.minutes), options.clip)
    trainer.run(Batches(pictures.read(), options.batch_size), _stop_on_signals())
    if options.out:
        shutil.copytree(options.work / "model", options.out, dirs_exist_ok=True)


def _stop_on_signals() -> Event:
    stop = Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    return stop


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m training.judge", description=__doc__)
    add = parser.add_argument
    add("--work", type=Path, default=Path("runs/judge"), help="pictures, checkpoints, loss.csv")
    add("--out", type=Path, help="where to copy the finished weights")
    add("--clip", type=Path, default=Path("models/starter/clip"), help="whose tower to start from")
    add("--pictures", type=int, default=12_000, help="how many to draw (77 kB each)")
    add("--minutes", type=float, default=12.0, help="of the CPU, earlier sittings included")
    add("--batch-size", type=int, default=24, help="pictures an update")
    add("--threads", type=int, default=1, help="of the CPU")
    return parser.parse_args()


main()
