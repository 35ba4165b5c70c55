"""Text to speech: the sound of one sentence."""
