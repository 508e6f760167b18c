"""What the drawing roles share: defaults of a catalogue entry, families of pipelines, the call."""
