"""`python -m training.asr`: speak, train, write. Stop it at any time; the same command goes on."""

import argparse
import shutil
from pathlib import Path

import torch

from training.asr.batches import Batches
from training.asr.train import Plan, Trainer
from training.asr.units import Units


def main() -> None:
    options = _parse()
    torch.set_num_threads(options.threads)
    units = Units.kept_in(options.work / "units.json")
    trainer = Trainer(options.work, Plan(minutes=options.minutes), units, options.start)
    trainer.run(Batches(units, options.batch_size, options.words, options.easy_steps))
    if options.out:
        shutil.copytree(trainer.model_folder, options.out, dirs_exist_ok=True)


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m training.asr", description=__doc__)
    add = parser.add_argument
    add("--work", type=Path, default=Path("runs/asr"), help="checkpoints, loss.csv")
    add("--out", type=Path, help="where to copy the finished model")
    add("--start", type=Path, help="folder of finished weights to go on from")
    add("--words", type=Path, help="lexicon for wider coverage: lines of a word and its count")
    add("--minutes", type=float, default=120, help="of training in all, finished ones included")
    add("--batch-size", type=int, default=16, help="clips an update")
    add("--easy-steps", type=int, default=450, help="first updates on short sentences alone")
    add("--threads", type=int, default=1, help="of the CPU")
    return parser.parse_args()


main()
