"""`python -m training.draw`: all stages in order. Stop it at any time; the same command goes on."""

import argparse
from pathlib import Path

import torch

from training.draw.autoencoder import PIXELS
from training.draw.settling import asked_scene
from training.draw.stages import Work
from training.draw.train_autoencoder import Plan
from training.draw.train_critic import CriticPlan
from training.draw.train_decoder import DecoderPlan
from training.draw.train_text import TextPlan
from training.draw.train_transformer import DrawPlan
from training.pictures import PictureFile, scene_of_pairs, scene_of_steady_pairs


def main() -> None:
    options = _parse()
    folder = options.pictures or options.work
    asked = PictureFile(folder / f"asked-{PIXELS}.u8", options.asked, PIXELS, asked_scene)
    varied = PictureFile(folder / f"pairs-{PIXELS}.u8", options.count, PIXELS, scene_of_pairs)
    steady = PictureFile(
        folder / f"steady-{PIXELS}.u8", options.steady, PIXELS, scene_of_steady_pairs
    )
    for pictures in (asked, varied, steady):
        pictures.draw_missing(options.threads)
    torch.set_num_threads(options.threads)
    work = Work(options.work, asked.read(), varied.read(), steady.read(), options.start)
    work.autoencoder(Plan(steps=options.autoencoder_steps))
    work.text(TextPlan(steps=options.text_steps))
    work.encode()
    critic = work.critic(CriticPlan(steps=options.critic_steps))
    work.draw(DrawPlan(minutes=options.minutes, edits=options.edits), critic)
    work.decoder(DecoderPlan(steps=options.decoder_steps))
    if options.out:
        work.export(options.out)


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m training.draw", description=__doc__)
    add = parser.add_argument
    add("--work", type=Path, default=Path("runs/draw"), help="checkpoints, latents, loss tables")
    add("--out", type=Path, help="where to write the finished pipeline")
    add("--start", type=Path, help="folder of a finished pipeline to go on from")
    add("--pictures", type=Path, help="folder of picture pairs; drawn there where they are missing")
    add("--count", type=int, default=48_000, help="pictures (two a pair; 197 kB each)")
    add("--asked", type=int, default=12_000, help="pictures of what a prompt asks for, alone")
    add("--steady", type=int, default=8_000, help="pictures without accidents (two a pair)")
    add(
        "--autoencoder-steps",
        type=int,
        default=1_650,
        help="updates in all, finished ones included",
    )
    add("--text-steps", type=int, default=2_225, help="updates in all, finished ones included")
    add("--critic-steps", type=int, default=1_000, help="updates in all, finished ones included")
    add("--decoder-steps", type=int, default=900, help="updates in all, finished ones included")
    add("--minutes", type=float, default=60, help="of the transformer, from now on")
    add("--edits", type=float, default=0.2, help="share of its batches that edit; 0: it only draws")
    add("--threads", type=int, default=1, help="of the CPU")
    return parser.parse_args()


if __name__ == "__main__":
    main()
