"""The starter that sees: a small Qwen3-VL trained on pictures of the illustrated world."""
