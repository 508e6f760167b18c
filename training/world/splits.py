"""Which seeds are for what; the ranges do not meet."""

HELD_OUT_SEEDS = range(1_000)
GALLERY_SEEDS = range(1_000, 10_000)
TRAIN_SEEDS = range(10_000, 100_000_000)
JUDGE_SEEDS = range(200_000_000, 300_000_000)  # for models that judge what others draw
EVALUATION_SEEDS = range(300_000_000, 300_100_000)  # where a thousand held-out scenes are too few
