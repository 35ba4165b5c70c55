"""Speech to text: the words of one utterance."""
