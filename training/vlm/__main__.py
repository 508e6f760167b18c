"""`python -m training.vlm`: see, align, instruct, write. Stopped, the same command goes on.

`--start FOLDER` goes on from finished weights instead of from nothing: these are aligned already,
and learn at lower rates.
"""

import argparse
from pathlib import Path

import torch

from training.pictures import PictureFile, scene_of_pairs, scene_with_sign
from training.vlm import model as starter
from training.vlm.export import save
from training.vlm.instruct import align, instruct
from training.vlm.pictures import Pictures
from training.vlm.pretrain import new_heads, pretrain, train_heads

_TOWER_SHARE, _SHARE = 0.5, 0.35  # of the rates, for weights that are finished
ROOT = Path(__file__).resolve().parents[2]


def main() -> None:
    options = _parse()
    torch.set_num_threads(options.threads)
    options.work.mkdir(parents=True, exist_ok=True)
    files = (
        PictureFile(options.signs, options.sign_pictures, starter.PIXELS, scene_with_sign),
        PictureFile(options.pairs, options.pictures, starter.PIXELS, scene_of_pairs),
    )
    for file in files:
        file.draw_missing()
    _train(options, Pictures.of(files, options.work / "labels.npz"))


def _train(options: argparse.Namespace, pictures: Pictures) -> None:
    """The stages that are not finished yet; the last one writes the folder at each checkpoint."""
    model = starter.build()
    if options.start:
        starter.adopt(model, options.start)
    else:
        starter.adopt_language_model(model, options.language_model)
    heads = new_heads(model.model.visual)
    work, visual = options.work, model.model.visual
    tower_share, share = (_TOWER_SHARE, _SHARE) if options.start else (1.0, 1.0)
    heads_minutes = options.heads_minutes if options.start and options.tower_minutes else 0.0
    if not train_heads(visual, heads, pictures, work, heads_minutes):
        return
    if not pretrain(visual, heads, pictures, work, options.tower_minutes, tower_share):
        return
    align_minutes = 0.0 if options.start else options.align_minutes
    if not align(model, pictures, work, align_minutes):
        return
    minutes = options.instruct_minutes
    instruct(model, pictures, work, minutes, lambda: save(model, options.out), share)


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--work", type=Path, default=Path("runs/vlm"), help="checkpoints, loss.csv")
    parser.add_argument("--out", type=Path, default=ROOT / "models/starter/vlm")
    parser.add_argument("--pairs", type=Path, default=Path("runs/pairs-256.u8"))
    parser.add_argument("--pictures", type=int, default=48_000)
    parser.add_argument("--signs", type=Path, default=Path("runs/signs-256.u8"))
    parser.add_argument("--sign-pictures", type=int, default=9_000)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--start", type=Path, help="folder of finished weights to go on from")
    parser.add_argument("--language-model", type=Path, default=ROOT / "models/starter/llm")
    parser.add_argument("--heads-minutes", type=float, default=2, help="with --start alone")
    parser.add_argument("--tower-minutes", type=float, default=60)
    parser.add_argument("--align-minutes", type=float, default=10)
    parser.add_argument("--instruct-minutes", type=float, default=60)
    return parser.parse_args()


if __name__ == "__main__":
    main()
