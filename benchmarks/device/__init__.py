"""Checkpoints of the real classes and sizes with random weights, for who measures a device."""
