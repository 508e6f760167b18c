"""Which seeds are for what; the ranges do not meet."""

HELD_OUT_SEEDS = range(1_000)
GALLERY_SEEDS = range(1_000, 10_000)
TRAIN_SEEDS = range(10_000, 100_000_000)
