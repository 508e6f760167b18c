"""The illustrated world: scene -> picture, captions, questions and edit instructions."""
