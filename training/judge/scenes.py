"""The scenes a judge learns from: its own seeds, and every second one changed by an edit."""

from random import Random

from training.world.edits import sample_change
from training.world.scene import Scene, sample_scene
from training.world.splits import JUDGE_SEEDS


def judge_scene(row: int) -> Scene:
    """The scene of row `row`. Edits make combinations that plain sampling makes seldom or never,
    so that the judge looks rather than guesses from what usually goes together."""
    scene = sample_scene(JUDGE_SEEDS[row])
    return sample_change(scene, Random(f"judge-{scene.seed}")).after if row % 2 else scene
