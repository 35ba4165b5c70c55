"""Anything that speaks OpenAI's HTTP for chat, transcription and speech."""
