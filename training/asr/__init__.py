"""Recipe of the starter that hears: a small Whisper, trained on Mandarin spoken by espeak-ng."""
