"""Recipe of the starter CLIP: draw pictures, train an open_clip model, write it to disk."""
