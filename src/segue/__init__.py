"""Segue: live voice conversations with machines that survive the machines."""

__version__ = "0.1.0"
