"""The illustrated world: scene description -> picture, captions, questions and edit instructions."""
