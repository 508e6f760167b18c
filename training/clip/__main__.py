"""`python -m training.clip`: draw, train, write. Stop it at any time; the same command goes on."""

import argparse
import shutil
from pathlib import Path

import torch

from training.clip.batches import Batches
from training.clip.model import IMAGE_SIZE
from training.clip.tokenizer import build_tokenizer
from training.clip.train import Plan, Trainer
from training.pictures import PictureFile


def main() -> None:
    options = _parse()
    pictures = PictureFile(options.work / f"pictures-{IMAGE_SIZE}.u8", options.pictures, IMAGE_SIZE)
    pictures.draw_missing()
    torch.set_num_threads(options.threads)
    trainer = Trainer(options.work, Plan(steps=options.steps, batch_size=options.batch_size))
    trainer.run(Batches(pictures.read(), build_tokenizer(), options.batch_size))
    if options.out:
        shutil.copytree(trainer.model_folder, options.out, dirs_exist_ok=True)


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m training.clip", description=__doc__)
    add = parser.add_argument
    add("--work", type=Path, default=Path("runs/clip"), help="pictures, checkpoints, loss.csv")
    add("--out", type=Path, help="where to copy the finished model")
    add("--pictures", type=int, default=42_000, help="how many to draw (28 kB each)")
    add("--steps", type=int, default=1_700, help="updates in all, finished ones included")
    add("--batch-size", type=int, default=128, help="pictures an update")
    add("--threads", type=int, default=1, help="of the CPU")
    return parser.parse_args()


main()
