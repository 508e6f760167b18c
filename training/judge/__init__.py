"""A judge of drawn and edited pictures: which things, how many, which colour, what setting."""
